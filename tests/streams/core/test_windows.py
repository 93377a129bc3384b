import timeit
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue.models import Period
from streams.core.local_clock import DAY_US, HOUR_US
from streams.core.windows import Windows
from tests.streams.core.test_local_clock import ODD_ZONES, ZONES, us

FROM_US, TO_US = us("1990-01-01T00:00:00Z"), us("2040-01-01T00:00:00Z")
HCM = ZoneInfo("Asia/Ho_Chi_Minh")

zones = st.sampled_from(ODD_ZONES) | st.sampled_from(ZONES)
grains = st.sampled_from(Period)
_known: dict[str, Windows] = {}


@st.composite
def instants(draw: st.DrawFn, zone: str) -> int:
    """Any instant, but half of the time one within an hour of a change of offset."""
    time_us = draw(st.integers(FROM_US, TO_US))
    if draw(st.booleans()):
        clock = windows_of(zone).clock
        end_us = clock.stretch(time_us).end_us
        time_us = end_us + draw(st.integers(-HOUR_US, HOUR_US) | st.sampled_from([-1, 0, 1]))
    return time_us


@st.composite
def places(draw: st.DrawFn) -> tuple[Windows, int]:
    zone = draw(zones)
    return windows_of(zone), draw(instants(zone))


def windows_of(zone: str) -> Windows:
    """One per zone for all examples, so that answers from the cache are tested too."""
    if zone not in _known:
        _known[zone] = Windows(ZoneInfo(zone))
    return _known[zone]


@given(places())
def test_panes_tile_time_without_gap_or_overlap(place: tuple[Windows, int]) -> None:
    windows, time_us = place
    pane = windows.pane(time_us)

    assert pane.start_us <= time_us < pane.end_us
    assert windows.pane(pane.end_us).start_us == pane.end_us
    assert windows.pane(pane.start_us - 1).end_us == pane.start_us
    assert windows.pane(pane.end_us - 1) == pane


@given(places())
def test_a_pane_starts_where_the_clock_reads_a_full_hour_or_changes(place: tuple[Windows, int]) -> None:
    windows, time_us = place
    zone = windows.clock.zone
    pane = windows.pane(time_us)
    minutes = range(pane.start_us, pane.end_us, 60_000_000)
    local = [datetime.fromtimestamp(minute // 1_000_000, zone) for minute in minutes]
    before = datetime.fromtimestamp(pane.start_us // 1_000_000 - 1, zone)

    assert local[0].minute == 0 or local[0].utcoffset() != before.utcoffset()
    assert all(reading.minute != 0 for reading in local[1:])
    assert len({reading.utcoffset() for reading in local}) == 1
    assert pane.id == f"h{pane.start_us // 60_000_000}"


@given(places(), grains)
def test_every_instant_is_in_exactly_one_period_of_a_grain(place: tuple[Windows, int], grain: Period) -> None:
    windows, time_us = place
    period = windows.period(grain, time_us)

    assert period.start_us <= time_us < period.end_us
    assert windows.period(grain, period.end_us).start_us == period.end_us
    assert windows.period(grain, period.start_us - 1).end_us == period.start_us
    assert windows.period(grain, period.end_us - 1) == windows.period(grain, period.start_us) == period


@given(places(), grains)
def test_a_period_is_a_union_of_panes(place: tuple[Windows, int], grain: Period) -> None:
    windows, time_us = place
    period = windows.period(grain, time_us)

    assert windows.pane(period.start_us).start_us == period.start_us
    assert windows.pane(period.end_us - 1).end_us == period.end_us


@given(places(), st.sampled_from([Period.WEEK, Period.MONTH, Period.QUARTER, Period.YEAR]))
def test_a_period_is_a_union_of_days(place: tuple[Windows, int], grain: Period) -> None:
    windows, time_us = place
    period = windows.period(grain, time_us)

    assert windows.period(Period.DAY, period.start_us).start_us == period.start_us
    assert windows.period(Period.DAY, period.end_us).start_us == period.end_us


@given(places(), grains)
def test_an_id_reads_back_as_its_period(place: tuple[Windows, int], grain: Period) -> None:
    windows, time_us = place
    period = windows.period(grain, time_us)

    assert windows.parse(period.id) == (grain, period)


@given(places())
def test_ids_follow_the_local_calendar(place: tuple[Windows, int]) -> None:
    windows, time_us = place
    day = date.fromisoformat(windows.period(Period.DAY, time_us).id)
    local = datetime.fromtimestamp(time_us // 1_000_000, windows.clock.zone).date()

    # Readings that come again after midnight stay with the date that has begun.
    assert day == local or (day == local + timedelta(1) and windows.day(day).start_us < time_us)
    assert windows.period(Period.WEEK, time_us).id == f"{day:%G-W%V}"
    assert windows.period(Period.MONTH, time_us).id == f"{day:%Y-%m}"
    assert windows.period(Period.QUARTER, time_us).id == f"{day.year}-Q{(day.month - 1) // 3 + 1}"
    assert windows.period(Period.YEAR, time_us).id == f"{day:%Y}"


@given(places(), grains, st.integers(0, 40 * DAY_US))
def test_between_gives_the_periods_that_share_an_instant(place: tuple[Windows, int], grain: Period, span: int) -> None:
    windows, time_us = place
    found = list(windows.between(grain, time_us, time_us + span))

    if span == 0:
        assert found == []
    else:
        assert found[0] == windows.period(grain, time_us)
        assert found[-1] == windows.period(grain, time_us + span - 1)
        assert all(windows.next(grain, one) == two for one, two in pairwise(found))


@given(places())
def test_rfc3339_reads_back_as_the_same_instant_in_the_local_offset(place: tuple[Windows, int]) -> None:
    windows, time_us = place
    read = datetime.fromisoformat(windows.rfc3339(time_us))

    assert (read - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) == time_us
    assert read.utcoffset() == datetime.fromtimestamp(time_us // 1_000_000, windows.clock.zone).utcoffset()


@pytest.mark.parametrize(
    ("period_id", "grain", "start", "end"),
    [
        ("2026-11-23", Period.DAY, "2026-11-23T00:00:00+07:00", "2026-11-24T00:00:00+07:00"),
        ("2026-W48", Period.WEEK, "2026-11-23T00:00:00+07:00", "2026-11-30T00:00:00+07:00"),
        ("2026-W53", Period.WEEK, "2026-12-28T00:00:00+07:00", "2027-01-04T00:00:00+07:00"),
        ("2026-W01", Period.WEEK, "2025-12-29T00:00:00+07:00", "2026-01-05T00:00:00+07:00"),
        ("2024-02", Period.MONTH, "2024-02-01T00:00:00+07:00", "2024-03-01T00:00:00+07:00"),
        ("2026-12", Period.MONTH, "2026-12-01T00:00:00+07:00", "2027-01-01T00:00:00+07:00"),
        ("2026-Q4", Period.QUARTER, "2026-10-01T00:00:00+07:00", "2027-01-01T00:00:00+07:00"),
        ("2026", Period.YEAR, "2026-01-01T00:00:00+07:00", "2027-01-01T00:00:00+07:00"),
    ],
)
def test_periods_of_vietnam(period_id: str, grain: Period, start: str, end: str) -> None:
    windows = Windows(HCM)

    assert windows.parse(period_id) == (grain, (period_id, us(start), us(end)))
    assert (windows.rfc3339(us(start)), windows.rfc3339(us(end))) == (start, end)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),  # starts at 01:00
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Asia/Ho_Chi_Minh", date(2026, 3, 8), 24),
    ],
)
def test_a_day_is_as_long_as_its_clock_makes_it(zone: str, day: date, hours: float) -> None:
    window = Windows(ZoneInfo(zone)).day(day)

    assert (window.end_us - window.start_us) / HOUR_US == hours


def test_a_change_of_half_an_hour_cuts_a_pane() -> None:
    windows = Windows(ZoneInfo("Australia/Lord_Howe"))  # 02:00+11:00 becomes 01:30+10:30
    panes = [windows.pane(us("2026-04-05T01:15:00+11:00"))]
    panes += [windows.pane(panes[0].end_us), windows.pane(windows.pane(panes[0].end_us).end_us)]

    assert [(pane.end_us - pane.start_us) / HOUR_US for pane in panes] == [1, 0.5, 1]
    assert windows.rfc3339(panes[1].start_us) == "2026-04-05T01:30:00+10:30"


def test_panes_of_kathmandu_start_at_a_quarter_past_in_utc() -> None:
    pane = Windows(ZoneInfo("Asia/Kathmandu")).pane(us("2026-11-23T10:20:00Z"))

    assert pane == (
        f"h{us('2026-11-23T10:15:00Z') // 60_000_000}",
        us("2026-11-23T10:15:00Z"),
        us("2026-11-23T11:15:00Z"),
    )


def test_a_skipped_date_is_no_period() -> None:
    windows = Windows(ZoneInfo("Pacific/Apia"))
    days = windows.between(Period.DAY, us("2011-12-29T12:00:00-10:00"), us("2011-12-31T12:00:00+14:00"))

    assert [day.id for day in days] == ["2011-12-29", "2011-12-31"]
    with pytest.raises(ValueError, match="2011-12-30 does not exist in Pacific/Apia"):
        windows.day(date(2011, 12, 30))
    with pytest.raises(ValueError, match="2011-12-30"):
        windows.parse("2011-12-30")


def test_a_window_edge_inside_a_quarter_of_an_hour_is_kept_exactly() -> None:
    windows = Windows(ZoneInfo("America/St_Johns"))  # in 2010 its clocks went back at 00:01
    end_us = us("2010-11-07T00:01:00-02:30")

    assert [
        windows.pane(end_us + step).start_us <= end_us + step < windows.pane(end_us + step).end_us for step in (-1, 0)
    ]
    assert windows.pane(end_us - 1).end_us == end_us
    assert windows.pane(end_us).start_us == end_us
    assert windows.rfc3339(end_us) == "2010-11-06T23:01:00-03:30"


@pytest.mark.parametrize(
    "period_id",
    ["", "2026-13", "2026-00", "2025-W53", "2026-W00", "2026-Q5", "2026-02-29", "26", "2026-1", "2026-w48", "٢٠٢٦"],
)
def test_what_is_no_period_is_refused_with_its_text(period_id: str) -> None:
    with pytest.raises(ValueError, match=f"period '{period_id}'"):
        Windows(HCM).parse(period_id)


def test_an_offset_of_odd_seconds_is_written_in_utc() -> None:
    time_us = us("1900-01-01T00:00:00+00:00")

    assert Windows(HCM).rfc3339(time_us) == "1900-01-01T00:00:00+00:00"


def test_microseconds_are_written_only_where_there_are_any() -> None:
    time_us = us("2026-11-23T09:15:00+07:00")

    assert Windows(HCM).rfc3339(time_us) == "2026-11-23T09:15:00+07:00"
    assert Windows(HCM).rfc3339(time_us + 5) == "2026-11-23T09:15:00.000005+07:00"


def test_a_known_lookup_takes_less_than_two_microseconds() -> None:
    windows, time_us = Windows(HCM), us("2026-11-23T09:15:00+07:00")
    windows.period(Period.MONTH, time_us)
    best_s = min(timeit.repeat(lambda: windows.period(Period.MONTH, time_us), number=2000, repeat=7)) / 2000

    assert best_s < 2e-6  # 0.2 us measured on a quiet core; the margin is for a busy one


def test_memory_is_bounded_over_years_of_instants() -> None:
    windows = Windows(HCM)
    for time_us in range(us("2020-01-01T00:00:00Z"), us("2021-01-01T00:00:00Z"), HOUR_US // 4):
        windows.pane(time_us)

    assert len(windows._panes) <= 16_384
