"""Working time of calendars of `hours` and `overrides`, span by span."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from schemas.catalogue.models import Catalogue
from tests.reference.periods import midnight

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def elapsed_s(catalogue: Catalogue, start: datetime, end: datetime, zone: ZoneInfo) -> int:
    return int((end - start).total_seconds())


def worked_s(catalogue: Catalogue, start: datetime, end: datetime, zone: ZoneInfo) -> int:
    """Open seconds of the tenant's calendar, span by span."""
    total_s, day = 0, start.astimezone(zone).date() - timedelta(1)
    while midnight(day, zone) < end:
        for opens, closes in spans(catalogue, day):
            left, right = wall(day, opens, zone), wall(day, closes, zone)
            total_s += max(0, int((min(right, end) - max(left, start)).total_seconds()))
        day += timedelta(1)
    return total_s


@cache
def wall(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(
        day + timedelta(minutes // 1440), time(minutes % 1440 // 60, minutes % 60), zone
    ).astimezone(UTC)


def spans(catalogue: Catalogue, day: date) -> list[tuple[int, int]]:
    said = catalogue.calendar.overrides.get(day)
    if said is None:
        said = ()
        for days, given in (catalogue.calendar.hours or {}).items():
            first, _, last = days.partition("-")
            if WEEKDAYS.index(first) <= day.weekday() <= WEEKDAYS.index(last or first):
                said = given
    if said == "closed":
        return []
    return [(minute(span[:5]), minute(span[6:])) for span in said]


def minute(reading: str) -> int:
    return int(reading[:2]) * 60 + int(reading[3:])
