"""The offsets that our tables hold, against the tz database's own files and zoneinfo."""

import struct
from datetime import UTC, date, datetime
from importlib.resources import files
from io import BytesIO
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.local_clock import DAY_US, FIRST_US, HOUR_US, LAST_US, LocalClock

ZONES = sorted(files("tzdata").joinpath("zones").read_text().split())
FROM_S = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp())
TO_S = int(datetime(2038, 1, 1, tzinfo=UTC).timestamp())

# Zones with unusual days: jumps at midnight, half hours, three hours, a whole date.
ODD_ZONES = (  # noqa: SIM905
    "Asia/Ho_Chi_Minh America/New_York Europe/Berlin America/Sao_Paulo Asia/Beirut America/St_Johns Africa/Casablanca "
    "Australia/Lord_Howe Asia/Kathmandu Pacific/Apia Pacific/Chatham Antarctica/Casey Antarctica/Troll Africa/Cairo "
    "Asia/Gaza America/Havana Europe/Dublin Asia/Pyongyang America/Caracas Pacific/Kiritimati Etc/GMT+12 UTC"
).split()


def us(text: str) -> int:
    """Microseconds of an RFC 3339 time."""
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


def file_stretches(data: bytes) -> list[tuple[int, int]]:
    """(start, offset) in seconds of each change of offset in a TZif file (RFC 9636, version 2+ block)."""
    isutc, isstd, leap, times, types, chars = struct.unpack(">6l", data[20:44])
    at = 44 + times * 5 + types * 6 + chars + leap * 8 + isstd + isutc
    isutc, isstd, leap, times, types, chars = struct.unpack(">6l", data[at + 20 : at + 44])
    at += 44
    starts = struct.unpack(f">{times}q", data[at : at + 8 * times])
    kinds = data[at + 8 * times : at + 9 * times]
    at += 9 * times
    offsets = [struct.unpack(">l", data[at + 6 * n : at + 6 * n + 4])[0] for n in range(types)]
    found = [(start, offsets[kind]) for start, kind in zip(starts, kinds, strict=True)]
    return [after for before, after in pairwise([(0, offsets[0]), *found]) if before[1] != after[1]]


def test_every_change_of_offset_in_the_tz_database_is_found() -> None:
    # Every fifth zone keeps this quick; all of them passed when it was written.
    for name in {*ZONES[::5], *ODD_ZONES}:
        content = files("tzdata.zoneinfo").joinpath(*name.split("/")).read_bytes()
        clock = LocalClock(ZoneInfo.from_file(BytesIO(content), name))
        expected = [(start, offset) for start, offset in file_stretches(content) if FROM_S <= start < TO_S]

        last_s = max(
            (start for start, _ in expected), default=FROM_S
        )  # what follows is by the rule in the file's footer
        changes, time_us, offset_us = [], FROM_S * 1_000_000, clock.offset_us(FROM_S * 1_000_000)
        while time_us <= last_s * 1_000_000:
            stretch = clock.stretch(time_us)
            if stretch.offset_us != offset_us:
                changes.append((time_us // 1_000_000, stretch.offset_us // 1_000_000))
            time_us, offset_us = stretch.end_us, stretch.offset_us

        assert changes == expected, name


@given(st.sampled_from(ODD_ZONES), st.integers(us("1990-01-01T00:00:00Z"), us("2040-01-01T00:00:00Z")))
def test_the_offset_is_that_of_zoneinfo(zone: str, time_us: int) -> None:
    offset = datetime.fromtimestamp(time_us // 1_000_000, ZoneInfo(zone)).utcoffset()

    assert offset is not None
    assert LocalClock(ZoneInfo(zone)).offset_us(time_us) == offset.total_seconds() * 1_000_000


@given(
    st.sampled_from(ODD_ZONES),
    st.integers(us("1990-01-01T00:00:00Z"), us("2040-01-01T00:00:00Z")),
    st.integers(0, 2 * DAY_US),
)
def test_the_instant_of_a_reading_never_falls_while_the_reading_rises(zone: str, wall_us: int, more_us: int) -> None:
    clock = LocalClock(ZoneInfo(zone))

    assert clock.instant(wall_us) <= clock.instant(wall_us + more_us)


@given(st.sampled_from(ODD_ZONES), st.integers(us("1990-01-01T00:00:00Z"), us("2040-01-01T00:00:00Z")))
def test_the_instant_of_a_reading_is_the_first_at_which_the_clock_has_reached_it(zone: str, wall_us: int) -> None:
    clock = LocalClock(ZoneInfo(zone))
    time_us = clock.instant(wall_us)

    assert time_us + clock.offset_us(time_us) >= wall_us
    before = range(time_us - 1, time_us - 30 * HOUR_US, -HOUR_US // 7)
    assert all(earlier + clock.offset_us(earlier) < wall_us for earlier in before)


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T01:00:00-02:00"),  # 00:00 became 01:00
        ("Asia/Beirut", date(2024, 3, 31), "2024-03-31T01:00:00+03:00"),
        ("America/St_Johns", date(2010, 11, 7), "2010-11-07T00:00:00-02:30"),  # back at 00:01: midnight comes twice
        ("America/Havana", date(2026, 11, 1), "2026-11-01T00:00:00-04:00"),  # back at 01:00 to 00:00
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-31T00:00:00+14:00"),  # skipped
        ("Asia/Ho_Chi_Minh", date(2026, 2, 16), "2026-02-16T00:00:00+07:00"),
    ],
)
def test_a_day_starts_at_the_first_instant_of_its_date(zone: str, day: date, start: str) -> None:
    assert LocalClock(ZoneInfo(zone)).start_of(day) == us(start)


def test_the_minutes_that_come_again_after_midnight_stay_with_the_new_date() -> None:
    clock = LocalClock(ZoneInfo("America/St_Johns"))

    assert clock.date(us("2010-11-06T23:30:00-02:30")) == date(2010, 11, 6)
    assert clock.date(us("2010-11-06T23:30:00-03:30")) == date(2010, 11, 7)


@pytest.mark.parametrize("time_us", [FIRST_US - 1, LAST_US])
def test_a_time_outside_the_supported_years_is_refused(time_us: int) -> None:
    with pytest.raises(ValueError, match="outside the supported years 2 to 9998"):
        LocalClock(ZoneInfo("Asia/Ho_Chi_Minh")).offset_us(time_us)


@pytest.mark.parametrize("time_us", [FIRST_US, LAST_US - 1])
def test_the_edges_of_the_supported_years_have_an_offset(time_us: int) -> None:
    assert abs(LocalClock(ZoneInfo("Pacific/Apia")).offset_us(time_us)) < DAY_US
