"""A month, or any dates, of one calendar as a person reads them: each date with its hours and the reason for them.

The hours are those that values are judged by (`WorkingTime`); the reasons are read from what the catalogue says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from schemas.catalogue.models import Calendar, Catalogue
from schemas.values import Scope
from streams.core.calendar.build import Calendars
from streams.core.calendar.public_holidays import holiday_names, public_holidays
from streams.core.calendar.schedule import DayKind, Schedule, laid_over
from streams.core.calendar.spans import Span, united
from streams.core.local_clock import DAY_US, EPOCH_ORDINAL, MINUTE_US, LocalClock
from streams.core.membership import rows_of

LANGS = ("vi", "en")


class Whose(NamedTuple):
    """Whose calendar is looked at: the organisation's, a team's or a person's."""

    scope: Scope
    subject: str


@dataclass(frozen=True, slots=True)
class Day:
    """One date. `spans` are the wall's readings in minutes after 00:00, over 1440 after midnight; `open_us` is the
    working time that starts on the date, `usual_us` what its weekday has. `name` says a holiday's name by language,
    `instead_of` the day off that a make-up day is worked for, `made_up_on` the day on which such a day off is."""

    on: date
    kind: DayKind
    spans: tuple[Span, ...]
    open_us: int
    usual_us: int
    name: Mapping[str, str] | None = None
    instead_of: date | None = None
    made_up_on: date | None = None

    @property
    def is_short(self) -> bool:
        """Whether less is worked than on others of its weekday: a half day."""
        return 0 < self.open_us < self.usual_us


@dataclass(frozen=True, slots=True)
class Stretch:
    """Dates [first, after) of one calendar. `open_us` is the working time between their midnights, which a night shift
    at the edge makes other than the sum of its days; `confirmed` maps each year to whether somebody has confirmed its
    holidays, and is empty where no country's are kept."""

    whose: Whose
    first: date
    after: date
    days: tuple[Day, ...]
    open_us: int
    country: str | None
    subdivision: str | None
    confirmed: Mapping[int, bool]

    @property
    def working_days(self) -> int:
        """Dates on which work starts."""
        return sum(day.open_us > 0 for day in self.days)


class Diary:
    """The dates of any calendar of a catalogue."""

    def __init__(self, catalogue: Catalogue, calendars: Calendars, clock: LocalClock) -> None:
        self._catalogue, self._calendars, self._clock = catalogue, calendars, clock
        self._teams = {team.id: laid_over(catalogue.calendar, team.calendar) for team in catalogue.teams}
        self._rows = rows_of(catalogue.people)
        self._own: dict[tuple[str, int], Calendar] = {}
        self._schedules: dict[int, Schedule] = {}

    def stretch(self, whose: Whose, first: date, after: date) -> Stretch:
        """The dates [first, after). KeyError for a team or person that the catalogue does not have."""
        days = tuple(self._day(whose, first + timedelta(n)) for n in range((after - first).days))
        calendar = (
            self._calendar(whose, first) or self._calendar(whose, after - timedelta(1)) or self._catalogue.calendar
        )
        known = set(calendar.holidays.confirmed) if calendar.holidays else set()
        years = range(first.year, (after - timedelta(1)).year + 1)
        working = self._calendars.of(*whose)
        return Stretch(
            whose,
            first,
            after,
            days,
            working.between(self._clock.start_of(first), self._clock.start_of(after)),
            calendar.country,
            calendar.subdivision,
            {year: year in known for year in years} if calendar.country else {},
        )

    def _day(self, whose: Whose, day: date) -> Day:
        spans = self._calendars.of(*whose).spans(day)
        open_us = sum(end_us - start_us for start_us, end_us in spans)
        calendar = self._calendar(whose, day)
        if calendar is None:
            return Day(day, DayKind.ABSENT, (), open_us, 0)
        schedule = self._schedule(calendar)
        kind, wall = schedule.read(day)
        usual_us = sum(end - start for start, end in schedule.usual(day)) * MINUTE_US
        name, instead_of, made_up_on = self._named(calendar, day, kind)
        if whose.scope is Scope.PERSON and open_us < self._without_leave(wall, day):
            kind, wall = DayKind.LEAVE, self._on_the_wall(spans, day)
        if self._clock.start_of(day) == self._clock.start_of(day + timedelta(1)):
            kind, wall = DayKind.SKIPPED, ()
        return Day(day, kind, wall, open_us, usual_us, name, instead_of, made_up_on)

    def _without_leave(self, wall: Iterable[Span], day: date) -> int:
        """What the spans come to on the clock, which may jump."""
        wall_us = (day.toordinal() - EPOCH_ORDINAL) * DAY_US
        instant = self._clock.instant
        edges = [(instant(wall_us + start * MINUTE_US), instant(wall_us + end * MINUTE_US)) for start, end in wall]
        return sum(end_us - start_us for start_us, end_us in united(edges))

    def _on_the_wall(self, spans: Iterable[Span], day: date) -> tuple[Span, ...]:
        wall_us = (day.toordinal() - EPOCH_ORDINAL) * DAY_US
        read = [[time_us + self._clock.offset_us(time_us) - wall_us for time_us in span] for span in spans]
        return tuple((start // MINUTE_US, -(-end // MINUTE_US)) for start, end in read)

    def _named(
        self, calendar: Calendar, day: date, kind: DayKind
    ) -> tuple[dict[str, str] | None, date | None, date | None]:
        """A holiday's names, the day off that a make-up day is for, the make-up day of such a day off."""
        country, subdivision = calendar.country, calendar.subdivision
        if country is None:
            return None, None, None
        if kind is DayKind.MADE_UP:
            return None, public_holidays(country, subdivision, day.year).made_up[day], None
        names = {lang: holiday_names(country, subdivision, day.year, lang).get(day) for lang in LANGS}
        told = {lang: name for lang, name in names.items() if name is not None}
        near = [public_holidays(country, subdivision, year).made_up for year in (day.year - 1, day.year, day.year + 1)]
        worked = next((on for swaps in near for on, off in swaps.items() if off == day), None)
        return told or None, None, worked

    def _calendar(self, whose: Whose, day: date) -> Calendar | None:
        """What holds for the subject on a date; None where a person has no row on it."""
        if whose.scope is Scope.TEAM:
            return self._teams[whose.subject]
        if whose.scope is not Scope.PERSON:
            return self._catalogue.calendar
        for place, row in enumerate(self._rows[whose.subject]):
            if row.start <= day < row.end:
                key = whose.subject, place
                if key not in self._own:
                    base = self._teams.get(row.team, self._catalogue.calendar)
                    self._own[key] = laid_over(base, row.calendar)
                return self._own[key]
        return None

    def _schedule(self, calendar: Calendar) -> Schedule:
        key = id(calendar)  # one of the catalogue's, or of those kept above
        if key not in self._schedules:
            self._schedules[key] = Schedule(calendar)
        return self._schedules[key]
