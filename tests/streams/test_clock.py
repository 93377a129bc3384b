from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from streams.clock import ManualClock, ScaledClock, SystemClock, today


def test_the_system_clock_is_between_two_readings_of_the_wall() -> None:
    before = datetime.now(UTC).timestamp()  # noqa: TID251 - compares with the wall
    now_us = SystemClock().now_us()
    after = datetime.now(UTC).timestamp()  # noqa: TID251

    assert before - 0.001 <= now_us / 1e6 <= after + 0.001


def test_a_scaled_clock_stretches_wall_time_around_its_start() -> None:
    wall = SystemClock()
    before = wall.now_us()
    clock = ScaledClock(start_us=1_000_000, factor=60)
    after = wall.now_us()

    hour_later = clock.of_wall_us(after + 60_000_000)

    assert 1_000_000 + 3_600_000_000 <= hour_later <= 1_000_000 + 3_600_000_000 + 60 * (after - before)


def test_a_scaled_clock_maps_appends_from_before_its_start_to_before_its_start() -> None:
    wall = SystemClock()
    clock = ScaledClock(start_us=10**15, factor=2)

    assert clock.of_wall_us(wall.now_us() - 60_000_000) < 10**15 - 119_000_000


def test_a_scaled_clock_refuses_to_stand_still() -> None:
    with pytest.raises(ValueError, match="factor 0"):
        ScaledClock(0, 0)


def test_a_manual_clock_moves_only_when_told_and_never_back() -> None:
    clock = ManualClock(5)
    clock.advance_us(10)

    assert clock.now_us() == 15
    with pytest.raises(ValueError, match="-1 us"):
        clock.advance_us(-1)


def test_today_is_the_date_of_the_zone() -> None:
    assert (today(ZoneInfo("Pacific/Kiritimati")) - today(ZoneInfo("Pacific/Niue"))).days == 1
