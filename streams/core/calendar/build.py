"""The working time of the tenant, of each team and of each person, from a catalogue."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schemas.catalogue.models import Calendar, Catalogue, Tenant
from schemas.values import Scope
from streams.core.calendar.schedule import Schedule, laid_over
from streams.core.calendar.spans import Span
from streams.core.calendar.text import CalendarError, Place, Problem, check_calendar
from streams.core.calendar.working_time import WorkingTime
from streams.core.local_clock import LocalClock
from streams.core.membership import Row, rows_of


class Calendars:
    """Working time by subject. A team's or person's `calendar` is laid over the next wider one (see `laid_over`)."""

    def __init__(self, tenant: WorkingTime, teams: dict[str, WorkingTime], persons: dict[str, WorkingTime]) -> None:
        self.tenant = tenant
        self._teams = teams
        self._persons = persons

    def team(self, team_id: str) -> WorkingTime:
        """Working time of a team; of one the catalogue does not know, the tenant's."""
        return self._teams.get(team_id, self.tenant)

    def person(self, person_id: str) -> WorkingTime:
        """Working time of a person: on each date that of the team then held under their own calendar, never on leave
        or outside of their rows. Of somebody the catalogue does not know, the tenant's.
        """
        return self._persons.get(person_id, self.tenant)

    def changed(self, persons: dict[str, WorkingTime]) -> "Calendars":
        """The same with other working time for some persons."""
        return Calendars(self.tenant, self._teams, {**self._persons, **persons})

    def of(self, scope: Scope, subject: str) -> WorkingTime:
        """Working time of any subject of a KPI; departments keep the tenant's."""
        if scope is Scope.PERSON:
            return self.person(subject)
        return self.team(subject) if scope is Scope.TEAM else self.tenant


def build(catalogue: Catalogue) -> Calendars:
    """Understand every calendar of a catalogue.

    Raises:
        CalendarError: the first problem that `check_calendars` finds.
    """
    for problem in check_calendars(catalogue):
        raise CalendarError(problem)
    clock = LocalClock(zone_of(catalogue.tenant))

    def understood(calendar: Calendar) -> WorkingTime:
        return WorkingTime(clock, Schedule(calendar).spans_on)

    never = WorkingTime(clock, lambda day: ())
    tenant = understood(catalogue.calendar)
    written = {team.id: laid_over(catalogue.calendar, team.calendar) for team in catalogue.teams}
    teams = {team.id: understood(written[team.id]) if team.calendar else tenant for team in catalogue.teams}
    leave: dict[str, list[tuple[date, date]]] = defaultdict(list)
    for away in catalogue.leave:
        leave[away.person].append((away.from_, away.to))

    def of_row(row: Row) -> WorkingTime:
        if row.calendar is None:
            return teams.get(row.team, tenant)
        return understood(laid_over(written.get(row.team, catalogue.calendar), row.calendar))

    persons = {
        person_id: _in_turn(clock, [(row.start, row.end, of_row(row)) for row in rows], never).less(leave[person_id])
        for person_id, rows in rows_of(catalogue.people).items()
    }
    return Calendars(tenant, teams, persons)


def check_calendars(catalogue: Catalogue) -> list[Problem]:
    """Everything wrong with the time zone and the calendars of a catalogue; places start at its root."""
    return list(_problems(catalogue))


def zone_of(tenant: Tenant) -> ZoneInfo:
    """The tenant's time zone. Raises CalendarError for a name that the tz database does not have."""
    try:
        return ZoneInfo(tenant.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        vi = f"không có múi giờ `{tenant.timezone}`; viết tên trong cơ sở dữ liệu IANA như Asia/Ho_Chi_Minh"
        en = f"there is no time zone `{tenant.timezone}`; write a name of the IANA database, like Asia/Ho_Chi_Minh"
        raise CalendarError(Problem(("tenant", "timezone"), tenant.timezone, vi, en)) from None


def _problems(catalogue: Catalogue) -> Iterator[Problem]:
    try:
        zone_of(catalogue.tenant)
    except CalendarError as error:
        yield error.problem
    yield from _placed(("calendar",), catalogue.calendar, None)
    teams = {}
    for index, team in enumerate(catalogue.teams):
        yield from _placed(("teams", index, "calendar"), team.calendar, catalogue.calendar)
        teams[team.id] = laid_over(catalogue.calendar, team.calendar)
    for index, person in enumerate(catalogue.people):
        base = teams.get(person.team, catalogue.calendar)
        yield from _placed(("people", index, "calendar"), person.calendar, base)


def _placed(place: Place, calendar: Calendar | None, base: Calendar | None) -> Iterator[Problem]:
    for problem in check_calendar(calendar, base) if calendar else ():
        yield problem._replace(path=(*place, *problem.path))


def _in_turn(clock: LocalClock, rows: list[tuple[date, date, WorkingTime]], never: WorkingTime) -> WorkingTime:
    """The working time of each row on its dates [start, end), none between them."""
    if [row[:2] for row in rows] == [(date.min, date.max)]:
        return rows[0][2]

    def days(day: date) -> tuple[Span, ...]:
        return next((time.wall_spans(day) for start, end, time in rows if start <= day < end), ())

    def shared(first: date, last: date) -> WorkingTime | None:
        touched = [row for row in rows if row[0] <= last and first < row[1]]
        if not touched:
            return never
        start, end, time = touched[0]
        return time if start <= first and last < end else None

    return WorkingTime(clock, days, shared)
