"""Laws of working time, against a slow reference that looks at every minute of the clock on the wall."""

from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalogue.models import Calendar
from streams.core.calendar.schedule import Schedule
from streams.core.calendar.spans import united
from streams.core.calendar.text import WEEKDAYS
from streams.core.calendar.working_time import WorkingTime
from streams.core.local_clock import DAY_US, MINUTE_US, LocalClock
from tests.streams.core.test_local_clock import ODD_ZONES, us

DAYS = 6

# Days with a change of the clock, and plain ones.
odd_days = st.sampled_from(
    [
        ("America/New_York", date(2026, 3, 8)),
        ("America/New_York", date(2026, 11, 1)),
        ("America/Sao_Paulo", date(2018, 11, 4)),
        ("America/Sao_Paulo", date(2018, 2, 18)),
        ("America/St_Johns", date(2010, 11, 7)),
        ("America/Havana", date(2026, 11, 1)),
        ("Australia/Lord_Howe", date(2026, 4, 5)),
        ("Australia/Lord_Howe", date(2026, 10, 4)),
        ("Pacific/Apia", date(2011, 12, 30)),
        ("Antarctica/Casey", date(2018, 3, 11)),
        ("Antarctica/Troll", date(2026, 3, 29)),
        ("Asia/Beirut", date(2024, 3, 31)),
        ("Africa/Casablanca", date(2026, 2, 15)),
    ]
)
any_days = st.tuples(st.sampled_from(ODD_ZONES), st.dates(date(1990, 1, 1), date(2039, 1, 1)))
readings = st.builds(lambda hour, quarter: f"{hour:02d}:{15 * quarter:02d}", st.integers(0, 23), st.integers(0, 3))
span_texts = st.builds(lambda start, end: f"{start}-{end}", readings, readings | st.just("24:00"))
day_texts = st.lists(span_texts, max_size=3)


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, date, Calendar]:
    zone, day = draw(odd_days | any_days)
    hours = {name: draw(day_texts) for name in WEEKDAYS}
    overrides = draw(
        st.dictionaries(st.integers(0, DAYS).map(lambda n: day + timedelta(n - 3)), st.just("closed") | day_texts)
    )
    return zone, day, Calendar.model_validate({"hours": hours, "overrides": overrides})


def working_time(zone: str, calendar: Calendar) -> WorkingTime:
    return WorkingTime(LocalClock(ZoneInfo(zone)), Schedule(calendar).spans_on)


def open_minutes(zone: str, day: date, calendar: Calendar) -> tuple[int, list[bool]]:
    """Start, and for each UTC minute of some days around `day` whether it is open, by reading the clock each minute."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=DAYS // 2)
    minutes = (DAYS + 1) * 1440
    walls = [(start + timedelta(minutes=n)).astimezone(ZoneInfo(zone)).replace(tzinfo=None) for n in range(minutes)]
    reached = walls.copy()  # the furthest reading so far: a clock set back does not open a day again
    for n in range(1, minutes):
        reached[n] = max(reached[n], reached[n - 1])
    is_open = [False] * minutes
    for n in range(-3, DAYS + 4):
        opening = day + timedelta(n - DAYS // 2)
        texts = calendar.overrides.get(opening, (calendar.hours or {})[WEEKDAYS[opening.weekday()]])
        for text in () if texts == "closed" else texts:
            edges = []
            for reading in text.split("-"):
                hour, minute = map(int, reading.split(":"))
                edges.append(datetime(opening.year, opening.month, opening.day) + timedelta(hours=hour, minutes=minute))
            if edges[1] <= edges[0]:
                edges[1] += timedelta(days=1)
            first, after = (bisect_left(reached, edge) for edge in edges)
            is_open[first:after] = [True] * (after - first)
    return int(start.timestamp()) * 1_000_000, is_open


@settings(max_examples=50, deadline=None)
@given(cases(), st.data())
def test_working_time_is_that_of_a_clock_read_every_minute(
    case: tuple[str, date, Calendar], data: st.DataObject
) -> None:
    zone, _, calendar = case
    fast, (start_us, is_open) = working_time(zone, calendar), open_minutes(*case)
    base_us = fast.worked(start_us)

    worked, expected = [], [0]
    for n, now_open in enumerate(is_open):
        worked.append((fast.worked(start_us + n * MINUTE_US) - base_us) // MINUTE_US)
        expected.append(expected[-1] + now_open)
    assert worked == expected[:-1]

    minute, inside_us = data.draw(st.integers(0, len(is_open) - 1)), data.draw(st.integers(0, MINUTE_US - 1))
    within_us = expected[minute] * MINUTE_US + (inside_us if is_open[minute] else 0)
    assert fast.worked(start_us + minute * MINUTE_US + inside_us) - base_us == within_us

    opened, more = data.draw(st.integers(0, len(is_open) - 1)), data.draw(st.integers(1, 2000))
    assert fast.is_open(start_us + opened * MINUTE_US) == is_open[opened]
    if expected[opened] + more <= expected[-1]:
        due = bisect_left(expected, expected[opened] + more)
        assert fast.due(start_us + opened * MINUTE_US, more * MINUTE_US) == start_us + due * MINUTE_US
    if any(is_open[opened:]):
        assert fast.next_open(start_us + opened * MINUTE_US) == start_us + is_open.index(True, opened) * MINUTE_US


@st.composite
def instants(draw: st.DrawFn) -> tuple[WorkingTime, int, int, int]:
    """A calendar and three instants in order, near one day or years apart."""
    zone, day, calendar = draw(cases())
    noon_us = us(f"{day}T12:00:00Z")
    reach_us = draw(st.sampled_from([DAY_US, 40 * DAY_US, 1000 * DAY_US]))
    a, b, c = sorted(draw(st.lists(st.integers(noon_us - reach_us, noon_us + reach_us), min_size=3, max_size=3)))
    return working_time(zone, calendar), a, b, c


@settings(max_examples=50, deadline=None)
@given(instants())
def test_working_time_is_additive_and_monotone_and_never_faster_than_the_clock(
    case: tuple[WorkingTime, int, int, int],
) -> None:
    wt, a, b, c = case

    assert wt.between(a, b) + wt.between(b, c) == wt.between(a, c)
    assert 0 <= wt.between(a, b) <= b - a
    assert wt.between(b, a) == -wt.between(a, b)


@settings(max_examples=50, deadline=None)
@given(instants())
def test_nothing_is_worked_while_closed(case: tuple[WorkingTime, int, int, int]) -> None:
    wt, a, _, _ = case
    opens_us = wt.next_open(a)
    if opens_us is not None:
        assert wt.between(a, opens_us) == 0
        assert wt.is_open(opens_us)
        assert wt.between(opens_us, opens_us + 1) == 1


@settings(max_examples=50, deadline=None)
@given(instants(), st.integers(1, 2 * DAY_US))
def test_a_due_instant_is_the_earliest_and_lies_in_open_time_or_at_its_close(
    case: tuple[WorkingTime, int, int, int], duration_us: int
) -> None:
    wt, a, b, _ = case
    due_us = wt.due(a, duration_us)
    if due_us is not None:
        assert wt.between(a, due_us) == duration_us
        assert wt.is_open(due_us - 1)
    assert wt.due(a, wt.between(a, b)) is None or wt.due(a, wt.between(a, b)) <= b  # type: ignore[operator]


@settings(max_examples=50, deadline=None)
@given(cases(), st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 3)), max_size=2))
def test_leave_takes_the_spans_of_its_dates_and_nothing_else(
    case: tuple[str, date, Calendar], away: list[tuple[int, int]]
) -> None:
    zone, day, calendar = case
    dates = [(day + timedelta(first), day + timedelta(first + length)) for first, length in away]
    gone = {first + timedelta(n): "closed" for first, after in dates for n in range((after - first).days)}
    closed = calendar.model_copy(update={"overrides": {**calendar.overrides, **gone}})
    rested, expected = working_time(zone, calendar).less(dates), working_time(zone, closed)
    start_us = us(f"{day}T00:00:00Z") - 60 * DAY_US

    instants_us = range(start_us, start_us + 120 * DAY_US, 7 * 60 * MINUTE_US)
    assert [rested.between(start_us, t) for t in instants_us] == [expected.between(start_us, t) for t in instants_us]


@settings(max_examples=50, deadline=None)
@given(cases(), st.data())
def test_leave_of_hours_takes_those_instants_and_nothing_else(
    case: tuple[str, date, Calendar], data: st.DataObject
) -> None:
    zone, day, calendar = case
    whole = working_time(zone, calendar)
    start_us, end_us = us(f"{day}T00:00:00Z") - 3 * DAY_US, us(f"{day}T00:00:00Z") + 4 * DAY_US
    edges = st.integers(start_us, end_us)
    away = data.draw(st.lists(st.tuples(edges, edges).map(lambda pair: (min(pair), max(pair))), max_size=4))
    part = whole.less_between(away)

    gone = united(away)
    for from_us, to_us in [*data.draw(st.lists(st.tuples(edges, edges), max_size=5)), (start_us - DAY_US, end_us)]:
        first, last = min(from_us, to_us), max(from_us, to_us)
        lost = sum(max(whole.between(max(a, first), min(b, last)), 0) for a, b in gone if a < last and first < b)
        assert part.between(first, last) == whole.between(first, last) - lost
    # Two dates may both tell of the same hours: what starts on one may end on the next.
    told = united(span for n in range(-4, 6) for span in part.spans(day + timedelta(n)))
    assert sum(b - a for a, b in told) <= part.between(start_us - 4 * DAY_US, end_us + 4 * DAY_US)
    opens_us = part.next_open(start_us)
    assert opens_us is None or not any(a <= opens_us < b for a, b in gone)


def test_hours_that_two_dates_tell_of_are_worked_once() -> None:
    calendar = Calendar.model_validate({"hours": {"thu": ["00:15-00:15"], "fri": ["00:00-24:00"]}})
    thursday, friday = date(2026, 3, 5), date(2026, 3, 6)
    part = working_time("America/New_York", calendar).less_between([(0, 1)])

    [first], [second] = part.spans(thursday), part.spans(friday)

    assert (DAY_US, DAY_US) == (first[1] - first[0], second[1] - second[0])
    assert 2 * DAY_US - 15 * MINUTE_US == part.between(first[0], second[1])


@settings(max_examples=50, deadline=None)
@given(cases(), st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 3)), max_size=2), st.data())
def test_leave_of_days_and_of_hours_commute(
    case: tuple[str, date, Calendar], away: list[tuple[int, int]], data: st.DataObject
) -> None:
    zone, day, calendar = case
    dates = [(day + timedelta(first), day + timedelta(first + length)) for first, length in away]
    start_us = us(f"{day}T00:00:00Z") - 3 * DAY_US
    from_us = data.draw(st.integers(start_us, start_us + 6 * DAY_US))
    hours = [(from_us, from_us + data.draw(st.integers(1, 2 * DAY_US)))]
    one = working_time(zone, calendar).less(dates).less_between(hours)
    other = working_time(zone, calendar).less_between(hours).less(dates)

    instants_us = range(start_us - DAY_US, start_us + 8 * DAY_US, 5 * 60 * MINUTE_US)
    assert [one.between(start_us, t) for t in instants_us] == [other.between(start_us, t) for t in instants_us]
