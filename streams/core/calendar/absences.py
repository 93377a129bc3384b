"""Leave as HR systems tell it: `employee.leave` events, with their corrections and retractions, to stretches of time.

A chain of corrections counts by its greatest standing one (DESIGN 4.1); the order of the events does not matter. Whole
days are dates, as in the catalogue's `leave`, so that a night shift is away with the date on which it starts; anything
with a time of day is a stretch between two instants.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from schemas.events.envelope import Event
from schemas.events.registry import RETRACTED
from schemas.events.times import parse_us
from streams.core.calendar.build import Calendars
from streams.core.calendar.spans import Span
from streams.core.calendar.working_time import WorkingTime
from streams.core.local_clock import LocalClock

LEAVE = "employee.leave"
_TYPES = (LEAVE, LEAVE + RETRACTED)
_Identity = tuple[str, str]


class Absence(NamedTuple):
    """Days off of one person: dates [start, end), or where a time of day was told, instants [start_us, end_us)."""

    person: str
    dates: tuple[date, date] | None
    stretch_us: Span | None
    why: str | None


def absences(events: Iterable[Event], clock: LocalClock) -> list[Absence]:
    """The leave that stands after all events, by person and beginning; events of other types are passed over.

    A chain whose root is not among the events, and leave that ends before it begins, count for nothing.
    """
    told: dict[_Identity, Event] = {}
    for event in events:
        if event.type in _TYPES:
            told.setdefault((event.source, event.id), event)  # the first seen of an identity stands
    chains: dict[_Identity, list[Event]] = defaultdict(list)
    undone: set[_Identity] = set()
    for event in told.values():
        if event.type != LEAVE and event.supersedes is not None:
            undone.add(event.supersedes)
        elif (root := _root_of(event, told)) is not None:
            chains[root].append(event)
    standing = [_standing(chain, undone) for root, chain in chains.items() if root not in undone]
    data = [event.data for event in standing if event is not None]
    found = [absence_of(one["person_id"], one["start"], one["end"], clock, one.get("kind")) for one in data]
    return sorted((one for one in found if one is not None), key=lambda one: (one.person, _start_us(one, clock)))


def with_absences(calendars: Calendars, found: Iterable[Absence]) -> Calendars:
    """The calendars of everyone, with these absences on top of the leave that the catalogue has."""
    away: dict[str, list[Absence]] = defaultdict(list)
    for one in found:
        away[one.person].append(one)
    return calendars.changed(
        {person: without_absences(calendars.person(person), told) for person, told in sorted(away.items())}
    )


def _root_of(event: Event, told: dict[_Identity, Event]) -> _Identity | None:
    """The identity of the event that a chain began with; None where it is not there, or the chain is a circle."""
    seen: set[_Identity] = set()
    identity = (event.source, event.id)
    while (held := told.get(identity)) is not None and identity not in seen:
        seen.add(identity)
        if held.supersedes is None:
            return identity
        identity = held.supersedes
    return None


def _standing(chain: list[Event], undone: set[_Identity]) -> Event | None:
    """The event that says what the chain says now: its greatest correction that was not retracted, else its root."""
    left = [event for event in chain if (event.source, event.id) not in undone]
    return max(left, key=lambda event: (event.supersedes is not None, event.time_us, event.source, event.id))


def absence_of(person: str, start: str, end: str, clock: LocalClock, why: str | None = None) -> Absence | None:
    """The absence that `start` and `end` of an event say: days or instants; None where it ends before it begins."""
    if "T" not in f"{start}{end}".upper():
        first, after = date.fromisoformat(start), date.fromisoformat(end)
        return Absence(person, (first, after), None, why) if first < after else None
    start_us, end_us = _instant(start, clock), _instant(end, clock)
    return Absence(person, None, (start_us, end_us), why) if start_us < end_us else None


def without_absences(working_time: WorkingTime, found: Iterable[Absence]) -> WorkingTime:
    """Working time of somebody with these absences of theirs taken out."""
    told = list(found)
    dates = [one.dates for one in told if one.dates is not None]
    return working_time.less(dates).less_between(one.stretch_us for one in told if one.stretch_us is not None)


def _instant(text: str, clock: LocalClock) -> int:
    return parse_us(text) if "T" in text.upper() else clock.start_of(date.fromisoformat(text))


def _start_us(one: Absence, clock: LocalClock) -> int:
    return one.stretch_us[0] if one.stretch_us else clock.start_of(one.dates[0]) if one.dates else 0
