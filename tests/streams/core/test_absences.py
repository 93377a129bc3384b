"""Leave told by events: chains of corrections, whole days and hours, in any order."""

import random
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalogue.models import Catalogue
from schemas.events.envelope import Event
from streams.core.calendar import build, zone_of
from streams.core.calendar.absences import Absence, absences, with_absences
from streams.core.local_clock import HOUR_US, LocalClock
from tests.streams.core.test_local_clock import us

COMPANY = Catalogue.model_validate(
    {
        "version": 1,
        "tenant": {"id": "demo", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND"},
        "calendar": {"hours": {"mon-fri": ["08:00-11:30", "13:30-17:30"]}},
        "teams": [
            {"id": "day", "department": "x"},
            {"id": "night", "department": "x", "calendar": {"hours": {"mon-fri": ["22:00-06:00"]}}},
        ],
        "people": [{"id": "an", "team": "day"}, {"id": "bo", "team": "night"}],
        "leave": [{"person": "an", "from": "2026-11-23", "to": "2026-11-24"}],
    }
)
CLOCK = LocalClock(zone_of(COMPANY.tenant))
WEEK = us("2026-11-23T00:00:00+07:00"), us("2026-11-30T00:00:00+07:00")


def told(id_: str, start: str = "2026-11-25", end: str = "2026-11-26", *, of: str | None = None, **more: Any) -> Event:
    type_ = more.pop("type", "employee.leave")
    at_us = us(more.pop("at", "2026-11-01T00:00:00Z"))
    data = {"person_id": more.pop("person", "an"), "start": start, "end": end}
    return Event("hr", id_, type_, at_us, data["person_id"], data, None if of is None else ("hr", of))


def retracted(id_: str, of: str) -> Event:
    return told(id_, of=of, type="employee.leave.retracted")


def dates_of(*events: Event) -> list[tuple[str, str]]:
    return [(str(one.dates[0]), str(one.dates[1])) for one in absences(events, CLOCK) if one.dates]


def hours(events: list[Event], person: str = "an") -> float:
    return with_absences(build(COMPANY), absences(events, CLOCK)).person(person).between(*WEEK) / HOUR_US


def test_whole_days_come_on_top_of_the_leave_that_the_catalogue_has() -> None:
    assert hours([]) == 4 * 7.5
    assert hours([told("a")]) == 3 * 7.5
    assert hours([told("a", "2026-11-20", "2026-11-24")]) == 4 * 7.5  # Monday is away already


def test_a_few_hours_are_a_stretch_between_instants() -> None:
    afternoon = told("a", "2026-11-25T13:30:00+07:00", "2026-11-25T15:00:00+07:00")

    assert hours([afternoon]) == 4 * 7.5 - 1.5


def test_a_date_and_an_instant_may_be_mixed() -> None:
    assert hours([told("a", "2026-11-25", "2026-11-25T10:00:00+07:00")]) == 4 * 7.5 - 2


def test_a_night_worker_is_away_with_the_shift_that_starts_on_the_date() -> None:
    night = told("a", "2026-11-25", "2026-11-26", person="bo")
    bo = with_absences(build(COMPANY), absences([night], CLOCK)).person("bo")

    assert bo.is_open(us("2026-11-25T03:00:00+07:00"))
    assert not bo.is_open(us("2026-11-26T03:00:00+07:00"))


def test_a_correction_replaces_and_a_retraction_gives_back() -> None:
    root, later = told("a"), told("b", "2026-11-26", "2026-11-28", of="a", at="2026-11-02T00:00:00Z")

    assert dates_of(root) == [("2026-11-25", "2026-11-26")]
    assert dates_of(root, later) == [("2026-11-26", "2026-11-28")]
    assert dates_of(root, later, retracted("c", "b")) == [("2026-11-25", "2026-11-26")]
    assert dates_of(root, later, retracted("c", "a")) == []


def test_a_correction_of_a_correction_belongs_to_the_same_chain() -> None:
    chain = [
        told("a"),
        told("b", "2026-11-26", "2026-11-27", of="a", at="2026-11-02T00:00:00Z"),
        told("c", "2026-11-27", "2026-11-28", of="b", at="2026-11-03T00:00:00Z"),
    ]

    assert dates_of(*chain) == [("2026-11-27", "2026-11-28")]
    assert dates_of(*chain, retracted("d", "c")) == [("2026-11-26", "2026-11-27")]


def test_a_repeat_counts_once_and_an_orphan_not_at_all() -> None:
    assert dates_of(told("a"), told("a")) == [("2026-11-25", "2026-11-26")]
    assert dates_of(told("b", of="nothing")) == []


def test_a_circle_of_corrections_counts_for_nothing() -> None:
    assert dates_of(told("a", of="b"), told("b", of="a")) == []


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-25", "2026-11-25"),
        ("2026-11-26", "2026-11-25"),
        ("2026-11-25T09:00:00Z", "2026-11-25T09:00:00Z"),
    ],
)
def test_leave_that_ends_before_it_begins_is_none(start: str, end: str) -> None:
    assert absences([told("a", start, end)], CLOCK) == []


def test_other_events_are_passed_over_and_why_is_kept() -> None:
    sick = told("a")
    sick.data["kind"] = "sick"
    other = told("x", type="employee.left")

    assert absences([other, sick], CLOCK) == [Absence("an", (date(2026, 11, 25), date(2026, 11, 26)), None, "sick")]


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.lists(st.tuples(st.integers(0, 7), st.booleans()), max_size=7))
def test_the_order_of_the_events_does_not_matter(chance: random.Random, links: list[tuple[int, bool]]) -> None:
    events = [told("0")]
    for number, (of, takes_back) in enumerate(links, start=1):
        about = str(of % number)
        day = f"2026-12-{number:02}"
        events.append(retracted(str(number), about) if takes_back else told(str(number), day, "2026-12-20", of=about))
    shuffled = events.copy()
    chance.shuffle(shuffled)

    assert absences(shuffled, CLOCK) == absences(events, CLOCK)
