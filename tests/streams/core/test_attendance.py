"""Leave told by events changes what is expected of people and teams, live as in replay."""

import json
from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.alerts import Alert, Transition
from schemas.catalogue.models import Catalogue
from schemas.events.times import parse_us
from schemas.values import Status, Value
from streams.core.attendance import KEPT_US, Attendance
from streams.core.calendar import build, zone_of
from streams.core.local_clock import DAY_US, LocalClock
from streams.core.policy import MINUTE_US, SECOND_US, Policy
from streams.core.replay import replay
from streams.core.rows import Rows
from streams.core.stage import Now
from tests.streams.core.road import Road

POLICY = Policy(future_us=None)
UNTIL = parse_us("2026-11-20T18:00:17+07:00")
Event = dict[str, Any]

COMPANY = Catalogue.model_validate(
    {
        "version": 1,
        "tenant": {"id": "acme", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND"},
        "calendar": {"hours": {"mon-fri": ["08:00-12:00", "13:00-17:00"]}},
        "teams": [{"id": "t1", "department": "sales"}, {"id": "t2", "department": "sales"}],
        "people": [{"id": "an", "team": "t1"}, {"id": "bo", "team": "t1"}, {"id": "chi", "team": "t2"}],
        "kpis": [
            {
                "id": f"calls_{period}",
                "title": "Calls",
                "kind": "leading",
                "unit": "calls",
                "scope": "person",
                "period": period,
                "measure": {"count": "call.completed"},
                "targets": [{"value": value, "per": "person", "from": date(2026, 11, 1)}],
            }
            for period, value in (("month", 160), ("week", 40))
        ],
    }
)


def event(type_: str, id_: str, at: str, subject: str, data: Event) -> Event:
    return {"specversion": "1.0", "id": id_, "source": "s", "type": type_, "time": at, "subject": subject, "data": data}


def calls(owners: str, days: list[int]) -> list[Event]:
    """Eight calls a day of each owner."""
    return [
        event(
            "call.completed",
            f"{owner}{day}{hour}",
            f"2026-11-{day:02}T{hour:02}:05:00+07:00",
            f"c{owner}{day}{hour}",
            {"owner": owner, "duration_s": 60, "outcome": "answered"},
        )
        for day in days
        for hour in (8, 9, 10, 11, 13, 14, 15, 16)
        for owner in owners.split()
    ]


def leave(who: str, start: str, end: str, *, id_: str = "l1", at: str = "2026-11-10T17:00:00+07:00") -> Event:
    return event("employee.leave", id_, at, who, {"person_id": who, "start": start, "end": end})


def amended(what: Event, of: str) -> Event:
    return what | {"data": what["data"] | {"supersedes": {"source": "s", "id": of}}}


def lines(events: list[Event]) -> Iterator[tuple[str, bytes]]:
    for one in sorted(events, key=lambda one: (parse_us(one["time"]), one["id"])):
        yield "", json.dumps(one).encode()


def told(events: list[Event], subject: str) -> list[Transition]:
    outcome = replay(lines(events), COMPANY, POLICY, UNTIL)
    return [one.transition for one in outcome.alerts if one.subject == subject and one.cls == "stalled"]


def value(events: list[Event], subject: str, period: str, kpi: str = "calls_month") -> Value:
    outcome = replay(lines(events), COMPANY, POLICY, UNTIL)
    return next(one for one in outcome.values if (one.kpi, one.subject, one.period) == (kpi, subject, period))


WORKED = calls("an", [2, 3, 4, 5, 6, 9, 10]) + calls("bo chi", [2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20])


def test_silence_without_leave_is_a_stall() -> None:
    assert Transition.FIRING in told(WORKED, "an")


def test_somebody_on_leave_is_not_stalled() -> None:
    assert told([*WORKED, leave("an", "2026-11-11", "2026-11-23")], "an") == []


def test_leave_that_was_retracted_is_none() -> None:
    gone = amended(leave("an", "2026-11-11", "2026-11-23", id_="l2"), "l1") | {"type": "employee.leave.retracted"}

    assert Transition.FIRING in told([*WORKED, leave("an", "2026-11-11", "2026-11-23"), gone], "an")


def test_a_correction_moves_the_days() -> None:
    moved = amended(leave("an", "2026-12-07", "2026-12-12", id_="l2", at="2026-11-10T17:30:00+07:00"), "l1")

    assert Transition.FIRING in told([*WORKED, leave("an", "2026-11-11", "2026-11-23"), moved], "an")


def test_a_sick_note_that_comes_late_ends_the_alert() -> None:
    late = leave("an", "2026-11-11", "2026-11-23", at="2026-11-18T09:00:00+07:00")

    assert told([*WORKED, late], "an")[-1] is Transition.RESOLVED


def test_what_is_expected_by_now_follows_the_leave() -> None:
    # November has 21 working days and 15 are over; three of these on leave leave 18 in all and 12 that are over.
    away = leave("an", "2026-11-18", "2026-11-21")

    assert value(WORKED, "an", "2026-11").expected == 160 * 15 / 21
    assert value([*WORKED, away], "an", "2026-11").expected == pytest.approx(160 * 12 / 18)
    assert value([*WORKED, away], "bo", "2026-11").expected == 160 * 15 / 21


def test_nobody_misses_a_week_in_which_they_were_away_whenever_it_is_told() -> None:
    for at in ("2026-11-06T09:00:00+07:00", "2026-11-17T09:00:00+07:00"):
        away = leave("an", "2026-11-09", "2026-11-14", at=at)
        worked = calls("an", [2, 3, 4, 5, 6, 16])

        assert value([*worked, away], "an", "2026-W46", "calls_week").status is Status.NONE
    assert value(worked, "an", "2026-W46", "calls_week").status is Status.MISSED


def test_a_team_of_which_all_are_away_is_not_stalled() -> None:
    quiet = calls("an bo", [2, 3, 4, 5, 6, 9, 10])
    away = [leave(who, "2026-11-11", "2026-11-23", id_=who) for who in ("an", "bo")]

    assert Transition.FIRING in told(quiet, "t1")
    assert told([*quiet, *away], "t1") == []


def shown(alerts: list[Alert]) -> list[tuple[str, ...]]:
    return sorted((one.at, one.kpi, one.subject, one.cls, one.transition, one.reason) for one in alerts)


def figures(values: list[Value]) -> dict[tuple[str, ...], tuple[Any, ...]]:
    return {(v.kpi, v.subject, v.period): (v.value, v.target, v.status, v.version > 0) for v in values}


absent = st.lists(
    st.tuples(st.sampled_from(["an", "bo", "chi"]), st.integers(2, 20), st.integers(1, 6), st.integers(1, 20)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=8, deadline=None)
@given(absent, st.integers(0, 2**32), st.sampled_from([1, 3]))
def test_live_over_partitions_and_restarts_says_what_replay_says(
    away: list[tuple[str, int, int, int]], deal: int, partitions: int
) -> None:
    events = list(WORKED)
    for number, (who, first, length, at) in enumerate(away):
        days = f"2026-11-{first:02}", f"2026-11-{first + length:02}"
        events.append(leave(who, *days, id_=f"l{number}", at=f"2026-11-{at:02}T10:30:00+07:00"))
    expected = replay(lines(events), COMPANY, POLICY, UNTIL)
    events.sort(key=lambda one: (parse_us(one["time"]), one["id"]))

    road = Road(COMPANY, POLICY, partitions, Random(deal))
    road.put(events)
    road.run(Now(UNTIL - SECOND_US, caught_up=False), restarts=0.1)
    for now_us in (UNTIL, UNTIL + 2 * SECOND_US, UNTIL + 2 * MINUTE_US):
        road.tick(now_us)

    assert figures(list(road.values.values())) == figures(expected.values)
    assert [one for one in shown(road.alerts) if parse_us(one[0]) <= UNTIL] == shown(expected.alerts)


@settings(max_examples=5, deadline=None)
@given(absent, st.integers(0, 2**32))
def test_the_order_of_the_events_changes_no_value(away: list[tuple[str, int, int, int]], deal: int) -> None:
    events = list(WORKED)
    for number, (who, first, length, at) in enumerate(away):
        days = f"2026-11-{first:02}", f"2026-11-{first + length:02}"
        events.append(leave(who, *days, id_=f"l{number}", at=f"2026-11-{at:02}T10:30:00+07:00"))
    expected = replay(lines(events), COMPANY, POLICY, UNTIL)
    Random(deal).shuffle(events)

    road = Road(COMPANY, POLICY, 2, Random(deal))
    road.put(events)
    road.run(Now(UNTIL - SECOND_US, caught_up=False))
    for now_us in (UNTIL, UNTIL + 2 * SECOND_US, UNTIL + 2 * MINUTE_US):
        road.tick(now_us)

    assert figures(list(road.values.values())) == figures(expected.values)


def attendance(rows: Rows) -> Attendance:
    return Attendance(rows, build(COMPANY), LocalClock(zone_of(COMPANY.tenant)))


WEEK = parse_us("2026-11-09T00:00:00+07:00"), parse_us("2026-11-16T00:00:00+07:00")


def test_leave_is_told_in_absolute_terms_and_a_repeat_changes_nothing() -> None:
    kept = attendance(Rows())

    assert kept.tell(("s", "l1", "an", "2026-11-09", "2026-11-11")).keys() == {"an"}
    assert kept.tell(("s", "l1", "an", "2026-11-09", "2026-11-11")) == {}
    assert kept.person("an").between(*WEEK) == 3 * DAY_US // 3
    assert kept.tell(("s", "l1", "bo", "2026-11-09", "2026-11-11")).keys() == {"an", "bo"}  # it was somebody else's
    assert kept.person("an").between(*WEEK) == 5 * DAY_US // 3
    assert kept.tell(("s", "l1", "bo", None, None)).keys() == {"bo"}
    assert kept.tell(("s", "l1", "bo", None, None)) == {}


def test_leave_survives_a_restart() -> None:
    rows = Rows()
    attendance(rows).tell(("s", "l1", "an", "2026-11-09", "2026-11-11"))
    copied = Rows()
    for key, row in rows.flush().items():
        assert row is not None
        copied.load(key, row)
    again = attendance(copied)
    again.ready()

    assert again.person("an").between(*WEEK) == 3 * DAY_US // 3


def test_leave_is_forgotten_long_after_its_end() -> None:
    rows = Rows()
    kept = attendance(rows)
    kept.tell(("s", "l1", "an", "2026-11-09", "2026-11-11"))
    end_us = parse_us("2026-11-11T00:00:00+07:00")

    kept.sweep(end_us + DAY_US)  # a night shift may run on
    assert len(rows) == 1
    kept.sweep(end_us + DAY_US + 1)
    assert len(rows) == 0
    assert KEPT_US > 366 * DAY_US


@pytest.mark.parametrize(("start", "end"), [("2026-11-11", "2026-11-11"), ("2026-11-12", "2026-11-11")])
def test_leave_that_ends_before_it_begins_changes_nothing(start: str, end: str) -> None:
    assert attendance(Rows()).tell(("s", "l1", "an", start, end)) == {}
