"""The opening spans of each date under one calendar: overrides, then public holidays, then the usual week.

Every span belongs to the date on which it starts: what closes that date takes the whole span, also its part after
midnight, and a night that began the day before goes on into a holiday.
"""

from datetime import date
from enum import StrEnum

from schemas.catalogue.models import Calendar
from streams.core.calendar.public_holidays import public_holidays
from streams.core.calendar.spans import Span
from streams.core.calendar.text import CalendarError, check_calendar, spans_of, week_of

DEFAULT_SPANS: tuple[Span, ...] = ((8 * 60, 11 * 60 + 30), (13 * 60 + 30, 17 * 60 + 30))
"""08:00-11:30 and 13:30-17:30, the usual Vietnamese office day: what a calendar without `hours` is open from Monday to
Friday, or outside of its country's weekend."""

_MONDAY = date(1970, 1, 5)


def laid_over(base: Calendar, top: Calendar | None) -> Calendar:
    """The calendar of a team or person: each key that `top` names replaces that of `base`.

    Two keys need more: `overrides` are merged date by date, so that a company day holds for everyone who does not say
    otherwise; and a new `country` drops the subdivision of the old one. `country: null` works on public holidays.
    """
    if top is None:
        return base
    named = {key: getattr(top, key) for key in top.model_fields_set}
    if "country" in named:
        named.setdefault("subdivision", None)
    if "overrides" in named:
        named["overrides"] = {**base.overrides, **top.overrides}
    return base.model_copy(update=named)


class DayKind(StrEnum):
    """Why a date is as it is."""

    WORKING = "working"  # by the usual hours
    REST = "rest"  # none of the usual hours
    HOLIDAY = "holiday"  # public, or the substitute of one
    MADE_UP = "made_up"  # worked instead of a day off
    CHANGED = "changed"  # by an override, with hours
    CLOSED = "closed"  # by an override
    LEAVE = "leave"  # of one person
    SKIPPED = "skipped"  # the time zone has no such date
    ABSENT = "absent"  # not yet, or no more, a member


class Schedule:
    """One calendar, understood.

    Raises:
        CalendarError: the first problem that `check_calendar` finds.
    """

    def __init__(self, calendar: Calendar) -> None:
        for problem in check_calendar(calendar):
            raise CalendarError(problem)
        self._country = calendar.country
        self._subdivision = calendar.subdivision
        self._week = None if calendar.hours is None else week_of(calendar.hours)
        self._overrides = {
            day: () if says == "closed" else spans_of(says, ("overrides", day.isoformat()))
            for day, says in calendar.overrides.items()
        }

    def spans_on(self, day: date) -> tuple[Span, ...]:
        """Opening spans that start on a date, in minutes after its 00:00, in order, without overlap."""
        return self.read(day)[1]

    def usual(self, day: date) -> tuple[Span, ...]:
        """What would be open if the date were like any other of its weekday."""
        if self._country is None:
            return self._usual(day, rests=day.weekday() >= 5)
        return self._usual(day, rests=day in public_holidays(self._country, self._subdivision, day.year).weekend)

    def read(self, day: date) -> tuple[DayKind, tuple[Span, ...]]:
        """Why a date is as it is, and its opening spans."""
        spans = self._overrides.get(day)
        if spans is not None:
            return DayKind.CHANGED if spans else DayKind.CLOSED, spans
        if self._country is not None:
            year = public_holidays(self._country, self._subdivision, day.year)
            if day in year.off:
                return DayKind.HOLIDAY, ()
            if day in year.made_up:
                # Who never works on the replaced weekday has nothing to make up and keeps their own hours.
                return DayKind.MADE_UP, self._usual(year.made_up[day] or _MONDAY) or self._usual(day)
        spans = self.usual(day)
        return DayKind.WORKING if spans else DayKind.REST, spans

    def _usual(self, day: date, *, rests: bool = False) -> tuple[Span, ...]:
        if self._week is not None:
            return self._week[day.weekday()]
        return () if rests else DEFAULT_SPANS
