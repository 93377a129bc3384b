"""The calendar that a value is judged by: whose it is, the hours of the period so far and in all, and its odd days."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from schemas.catalogue.models import Calendar, Catalogue
from schemas.values import Scope
from streams.core.calendar import WorkingTime
from streams.core.calendar.absences import LEAVE, absence_of, without_absences
from streams.core.calendar.public_holidays import public_holidays
from streams.core.calendar.schedule import laid_over
from streams.core.explain.scene import Scene


class Odd(StrEnum):
    """Why a date has other hours than its weekday."""

    HOLIDAY = "holiday"
    MADE_UP = "made_up"
    OVERRIDE = "override"
    LEAVE = "leave"
    NOT_A_MEMBER = "not_a_member"


class OddDay(NamedTuple):
    """A date that is not like its weekday: why, the name where it has one, and its opening spans."""

    day: str
    why: Odd
    name: str
    spans: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimeTold:
    """`whose` names the catalogue's block that the calendar is written in: tenant, team or person. Microseconds of
    working time of the period until the clock and in all; `confirmed` are the years whose holidays somebody has
    confirmed, `unconfirmed` those of the period that nobody has."""

    whose: Scope
    country: str | None
    subdivision: str | None
    hours: dict[str, tuple[str, ...]]
    unconfirmed: tuple[int, ...]
    worked_us: int
    whole_us: int
    working_days: int
    odd_days: tuple[OddDay, ...]

    @property
    def share(self) -> float | None:
        """The share that is over; None where the period has no working time."""
        return self.worked_us / self.whole_us if self.whole_us else None


def tell_time(scene: Scene) -> TimeTold:
    """The calendar of the scene's subject over its period."""
    spec, window = scene.spec, scene.window
    scope = spec.targets.scopes[scene.subject]
    working = less_leave(scene) if scope is Scope.PERSON else spec.calendars.of(scope, scene.subject)
    whose, calendar = _written(spec.catalogue, scope, scene.subject, window.end_us - 1, scene)
    now_us = min(max(scene.clock_us, window.start_us), window.end_us)
    first, last = (spec.windows.clock.date(at_us) for at_us in (window.start_us, window.end_us - 1))
    days = [first + timedelta(n) for n in range((last - first).days + 1)]
    known = set(calendar.holidays.confirmed) if calendar.holidays else set()
    years = sorted({day.year for day in days}) if calendar.country else []
    return TimeTold(
        whose=whose,
        country=calendar.country,
        subdivision=calendar.subdivision,
        hours={key: tuple(spans) for key, spans in (calendar.hours or {}).items()},
        unconfirmed=tuple(year for year in years if year not in known),
        worked_us=working.between(window.start_us, now_us),
        whole_us=working.between(window.start_us, window.end_us),
        working_days=sum(bool(working.wall_spans(day)) for day in days),
        odd_days=tuple(odd for day in days if (odd := _odd(scene, calendar, working, day)) is not None),
    )


def less_leave(scene: Scene) -> WorkingTime:
    """A person's working time less the leave that events tell of."""
    working, clock = scene.spec.calendars.person(scene.subject), scene.spec.windows.clock
    told = [fact.data for fact in scene.evidence.facts() if fact.type == LEAVE]
    away = [
        absence_of(scene.subject, one["start"], one["end"], clock) for one in told if one["person_id"] == scene.subject
    ]
    return without_absences(working, [one for one in away if one is not None])


def _written(catalogue: Catalogue, scope: Scope, subject: str, at_us: int, scene: Scene) -> tuple[Scope, Calendar]:
    """Whose block has the calendar, and the calendar with what it is laid over."""
    whose, calendar = Scope.ORG, catalogue.calendar
    team = subject if scope is Scope.TEAM else None
    own = None
    if scope is Scope.PERSON:
        on = scene.spec.windows.clock.date(at_us)
        rows = [row for row in catalogue.people if row.id == subject and (row.from_ is None or row.from_ <= on)]
        if rows:
            row = max(rows, key=lambda row: row.from_ or date.min)
            team, own = row.team, row.calendar
    for one in catalogue.teams:
        if one.id == team and one.calendar is not None:
            whose, calendar = Scope.TEAM, laid_over(calendar, one.calendar)
    if own is not None:
        whose, calendar = Scope.PERSON, laid_over(calendar, own)
    return whose, calendar


def _odd(scene: Scene, calendar: Calendar, working: WorkingTime, day: date) -> OddDay | None:
    spans = tuple(f"{_clock(start)}-{_clock(end)}" for start, end in working.wall_spans(day))
    found = _why(scene, calendar, day, bool(spans))
    return None if found is None else OddDay(day.isoformat(), *found, spans)


def _why(scene: Scene, calendar: Calendar, day: date, is_open: bool) -> tuple[Odd, str] | None:
    if scene.spec.targets.scopes[scene.subject] is Scope.PERSON and not is_open:
        if any(one.person == scene.subject and one.from_ <= day < one.to for one in scene.spec.catalogue.leave):
            return Odd.LEAVE, ""
        if not any(
            row.id == scene.subject and (row.from_ is None or row.from_ <= day) and (row.to is None or day < row.to)
            for row in scene.spec.catalogue.people
        ):
            return (Odd.NOT_A_MEMBER, "") if day.weekday() < 5 else None
        if scene.spec.calendars.person(scene.subject).wall_spans(day):
            return Odd.LEAVE, ""  # told by an event
    if day in calendar.overrides:
        return Odd.OVERRIDE, ""
    if calendar.country is None:
        return None
    year = public_holidays(calendar.country, calendar.subdivision, day.year)
    if day in year.off:
        return Odd.HOLIDAY, year.off[day]
    if day in year.made_up:
        replaced = year.made_up[day]
        return Odd.MADE_UP, replaced.isoformat() if replaced else ""
    return None


def _clock(minutes: int) -> str:
    """Minutes after 00:00 of a date as a wall clock reads; of the next date beyond 24:00."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
