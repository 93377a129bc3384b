from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.clock import ManualClock, PacedClock, SystemClock, today


def test_the_system_clock_is_between_two_readings_of_the_wall() -> None:
    before = datetime.now(UTC).timestamp()  # noqa: TID251 - compares with the wall
    now_us = SystemClock().now_us()
    after = datetime.now(UTC).timestamp()  # noqa: TID251

    assert before - 0.001 <= now_us / 1e6 <= after + 0.001


def uneven(time_us: int) -> tuple[float, int]:
    """Ten times as fast up to 1,000,000, then a thousand times, a million at a time."""
    return (10, 1_000_000) if time_us < 1_000_000 else (1000, (time_us // 1_000_000 + 1) * 1_000_000)


def test_a_paced_clock_stands_until_it_runs() -> None:
    clock = PacedClock(500_000, uneven)
    wall_us = SystemClock().now_us()

    assert [clock.now_us(), clock.of_wall_us(wall_us + 10**9), clock.age_s(500_000)] == [500_000, 500_000, 0.0]


def test_a_paced_clock_runs_as_fast_as_it_is_told_at_each_time() -> None:
    clock = PacedClock(500_000, uneven)
    before = SystemClock().now_us()
    clock.run()
    after = SystemClock().now_us()

    slow = clock.of_wall_us(after + 20_000)
    fast = clock.of_wall_us(after + 50_000 + 1_000_000)

    assert 700_000 <= slow <= 700_000 + 10 * (after - before)
    assert 1_000_000 + 1000 * 1_000_000 <= fast <= 1_000_000 + 1000 * (1_000_000 + after - before)


def test_a_paced_clock_waits_for_its_world() -> None:
    clock = PacedClock(2_000_000, uneven)
    clock.run()
    late = SystemClock().now_us() + 1000
    while SystemClock().now_us() < late:  # a millisecond, in which the clock would run on by a second
        pass

    assert clock.now_us() == 2_000_000
    assert clock.ahead_us() >= 3_000_000
    clock.allow(2_000_500)
    clock.allow(2_000_400)
    assert clock.now_us() == 2_000_500


@given(st.lists(st.integers(-(10**6), 10**7), min_size=2))
def test_a_paced_clock_never_goes_back(walls: list[int]) -> None:
    clock = PacedClock(500_000, uneven)
    clock.run()
    start_us = SystemClock().now_us()

    asked_in_any_order = {wall: clock.of_wall_us(start_us + wall) for wall in walls}

    read = [asked_in_any_order[wall] for wall in sorted(walls)]
    assert read == sorted(read)
    assert read[0] >= 500_000


def test_age_on_a_paced_clock_is_wall_time() -> None:
    clock = PacedClock(500_000, uneven)
    clock.run()
    wall_us = SystemClock().now_us()

    ages = [clock.age_s(clock.of_wall_us(wall_us - 10)), clock.age_s(clock.of_wall_us(wall_us + 3_000_000))]

    assert 0 <= ages[0] < 1
    assert -3.1 < ages[1] < -2


def test_a_pace_that_stands_still_is_refused() -> None:
    clock = PacedClock(0, lambda time_us: (0, time_us + 1))
    clock.run()
    with pytest.raises(ValueError, match="pace 0"):
        clock.now_us()


def test_a_manual_clock_moves_only_when_told_and_never_back() -> None:
    clock = ManualClock(5)
    clock.advance_us(10)

    assert clock.now_us() == 15
    with pytest.raises(ValueError, match="-1 us"):
        clock.advance_us(-1)


def test_today_is_the_date_of_the_zone() -> None:
    assert (today(ZoneInfo("Pacific/Kiritimati")) - today(ZoneInfo("Pacific/Niue"))).days == 1
