"""A team works as its members do: leave, other hours and departures."""

from collections.abc import Mapping, Sequence
from datetime import date

import pytest

from schemas.alerts import Transition
from schemas.catalogue.models import Catalogue
from schemas.events.times import parse_us
from streams.core.calendar import build
from streams.core.policy import HOUR_US, Policy
from streams.core.presence import Presence
from streams.core.replay import Outcome, replay

Rows = Sequence[Mapping[str, object]]
START, END = parse_us("2026-11-09T00:00:00+07:00"), parse_us("2026-11-16T00:00:00+07:00")


def company(*, leave: Rows = (), people: Rows = ()) -> Catalogue:
    return Catalogue.model_validate(
        {
            "version": 1,
            "tenant": {"id": "acme", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND"},
            "calendar": {"hours": {"mon-fri": ["08:00-12:00", "13:00-17:00"]}},
            "teams": [{"id": "t1", "department": "sales"}, {"id": "t2", "department": "sales"}],
            "people": people or [{"id": "an", "team": "t1"}, {"id": "bo", "team": "t1"}],
            "leave": leave,
            "kpis": [
                {
                    "id": "calls",
                    "title": "Calls",
                    "kind": "leading",
                    "unit": "calls",
                    "scope": "person",
                    "period": "month",
                    "measure": {"count": "call.completed"},
                    "targets": [{"value": 160, "per": "person", "from": date(2026, 11, 1)}],
                }
            ],
        }
    )


def presence(catalogue: Catalogue) -> Presence:
    people = sorted({person.id for person in catalogue.people})
    return Presence([(START, END, build(catalogue).person(person)) for person in people], len(people))


def calls(days: list[int], owners: str) -> list[tuple[str, bytes]]:
    return [
        (
            "",
            (
                f'{{"specversion":"1.0","id":"{owner}{day}{hour}","source":"pbx","type":"call.completed",'
                f'"time":"2026-11-{day:02}T{hour:02}:05:00+07:00","subject":"c{owner}{day}{hour}",'
                f'"data":{{"owner":"{owner}","duration_s":60,"outcome":"answered"}}}}'
            ).encode(),
        )
        for day in days
        for hour in (8, 9, 10, 11, 13, 14, 15, 16)
        for owner in owners.split()
    ]


def stalls(outcome: Outcome[str], subject: str) -> list[Transition]:
    return [alert.transition for alert in outcome.alerts if alert.subject == subject and alert.cls == "stalled"]


def test_a_team_at_work_has_the_hours_of_its_calendar() -> None:
    assert presence(company()).between(START, END) == 40 * HOUR_US


def test_half_a_team_on_leave_works_half_the_time() -> None:
    leave = [{"person": "an", "from": date(2026, 11, 9), "to": date(2026, 11, 14)}]

    assert presence(company(leave=leave)).between(START, END) == 20 * HOUR_US


@pytest.mark.parametrize("hours", [0, 1, 3, 17, 39])
def test_due_is_the_first_instant_by_which_so_much_is_worked(hours: int) -> None:
    leave = [{"person": "bo", "from": date(2026, 11, 10), "to": date(2026, 11, 11)}]
    team = presence(company(leave=leave))
    if hours == 39:
        assert team.due(START, hours * HOUR_US) is None
        return

    due_us = team.due(START, hours * HOUR_US)

    assert due_us is not None
    assert team.between(START, due_us) >= hours * HOUR_US
    assert hours == 0 or team.between(START, due_us - 2) < hours * HOUR_US


def test_nobody_there_never_works() -> None:
    assert Presence([], 0).between(START, END) == 0
    assert Presence([], 0).due(START, 1) is None


def test_a_team_on_leave_is_not_stalled() -> None:
    leave = [{"person": who, "from": date(2026, 11, 11), "to": date(2026, 11, 21)} for who in ("an", "bo")]
    until = parse_us("2026-11-20T18:00:00+07:00")

    outcome = replay(calls([2, 3, 4, 5, 6, 9, 10], "an bo"), company(leave=leave), Policy(future_us=None), until)

    assert stalls(outcome, "t1") == []


def test_the_same_silence_without_leave_is_a_stall() -> None:
    until = parse_us("2026-11-20T18:00:00+07:00")

    outcome = replay(calls([2, 3, 4, 5, 6, 9, 10], "an bo"), company(), Policy(future_us=None), until)

    assert stalls(outcome, "t1") == [Transition.FIRING]


def test_a_team_that_everybody_has_left_is_not_stalled() -> None:
    people = [{"id": who, "team": "t1", "to": date(2026, 11, 13)} for who in ("an", "bo")]
    until = parse_us("2026-12-20T18:00:00+07:00")

    outcome = replay(
        calls([2, 3, 4, 5, 6, 9, 10, 11, 12], "an bo"), company(people=people), Policy(future_us=None), until
    )

    assert stalls(outcome, "t1") == []
