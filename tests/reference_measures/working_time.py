"""The business clock by interval: a list of open stretches, from which pauses are cut, walked one by one.

Reads `hours`, `overrides` and `country` of the tenant's calendar (no make-up days). A span whose end is not after its
start crosses midnight.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from tests import reference
from tests.reference_measures.world import Node, seconds

Stretch = tuple[datetime, datetime]
FOREVER = timedelta(days=800)


def stretches(calendar: Node | None, start: datetime, zone: ZoneInfo) -> Iterator[Stretch]:
    """When time runs from an instant on: always where there is no calendar (the wall clock), else in opening hours."""
    if calendar is None:
        yield start, start + FOREVER
        return
    day = start.astimezone(zone).date() - timedelta(1)
    done = start  # a night may reach into the hours of the next day: no time runs twice
    for _ in range(FOREVER.days):
        for opens, closes in opening(calendar, day):
            left, right = reference.hours.wall(day, opens, zone), reference.hours.wall(day, closes, zone)
            if right > done:
                yield max(left, done), right
                done = right
        day += timedelta(1)


def opening(calendar: Node, day: date) -> list[tuple[int, int]]:
    """Spans of a day in minutes since its midnight, in order."""
    said = {str(of): spans for of, spans in calendar.get("overrides", {}).items()}.get(day.isoformat())
    if said is None and is_holiday(calendar, day):
        said = "closed"
    if said is None:
        said = next((spans for days, spans in calendar.get("hours", {}).items() if day.weekday() in weekdays(days)), [])
    if said == "closed":
        return []
    spans = [(minutes(span.split("-")[0]), minutes(span.split("-")[1])) for span in said]
    return sorted((opens, closes if closes > opens else closes + 1440) for opens, closes in spans)


def is_holiday(calendar: Node, day: date) -> bool:
    if "country" not in calendar:
        return False
    return day in holidays.country_holidays(calendar["country"], calendar.get("subdivision"), years=day.year)


def weekdays(key: str) -> set[int]:
    named = set()
    for part in key.split(","):
        first, _, last = part.strip().partition("-")
        begin, end = reference.hours.WEEKDAYS.index(first), reference.hours.WEEKDAYS.index(last or first)
        named |= {(begin + step) % 7 for step in range((end - begin) % 7 + 1)}
    return named


def minutes(reading: str) -> int:
    said = time.fromisoformat(reading) if reading != "24:00" else None
    return 1440 if said is None else said.hour * 60 + said.minute


def without(running: Iterator[Stretch], pauses: Sequence[Stretch]) -> Iterator[Stretch]:
    """What is left of stretches when pauses (disjoint, in order) are cut out."""
    for start, end in running:
        for pause, resume in pauses:
            if pause < end and resume > start:
                if pause > start:
                    yield start, pause
                start = min(max(start, resume), end)
        if start < end:
            yield start, end


def due(running: Iterator[Stretch], allowed: timedelta) -> datetime | None:
    """The earliest instant at which so much time has run; None where it never does."""
    left = allowed
    for start, end in running:
        if end - start >= left:
            return start + left
        left -= end - start
    return None


def elapsed(running: Iterator[Stretch], end: datetime) -> Fraction:
    """Seconds that ran before an instant."""
    total = Fraction()
    for left, right in running:
        if left >= end:
            break
        total += seconds(min(right, end) - left)
    return total


def calendar_of(catalogue: Mapping[str, Any], clock: str) -> Node | None:
    return catalogue.get("calendar", {}) if clock == "business" else None
