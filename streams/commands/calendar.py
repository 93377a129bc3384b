"""`kpi calendar show`: a month or a year of working time as people read it, of the organisation, a team or a person."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import click

from schemas.catalogue.models import Catalogue, text
from schemas.catalogue.slips import guess
from schemas.events.decode import Decoder
from schemas.events.envelope import Event, Rejected
from schemas.events.registry import Registry
from schemas.values import Scope
from streams import clock
from streams.commands.asking import catalogue_of, fail
from streams.commands.calendar_words import Lang, say_stretch
from streams.core.calendar import CalendarError, build, zone_of
from streams.core.calendar.absences import absences, with_absences
from streams.core.calendar.month import Day, Diary, Stretch, Whose
from streams.core.local_clock import HOUR_US, LocalClock
from streams.event_files import EventFileError, read_events
from streams.settings import SettingError, load_settings


class Dates(click.ParamType):
    """A month `2026-02` or a year `2026`, as its dates [first, after)."""

    def __init__(self, grain: Literal["month", "year"]) -> None:
        self.name = grain

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[date, date]:
        """Parses; a wrong text is wrong use (exit 2)."""
        form = "2026-02" if self.name == "month" else "2026"
        try:
            if len(str(value)) != len(form):
                raise ValueError
            first = date.fromisoformat(f"{value}-01" if self.name == "month" else f"{value}-01-01")
            if not 1970 <= first.year <= 2099:
                raise ValueError
        except ValueError:
            self.fail(f"{value!r} is no {self.name} of the years 1970 to 2099 (write {form})", param, ctx)
        if self.name == "year":
            return first, date(first.year + 1, 1, 1)
        return first, (first + timedelta(31)).replace(day=1)


@click.group("calendar")
def command() -> None:
    """Look at the working time that values are judged by."""


@command.command("show")
@click.argument("catalogue", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--month", type=Dates("month"), help="The month, as 2026-02 (default: this one in the tenant's zone).")
@click.option(
    "--year", type=Dates("year"), help="A whole year, as 2026: its months and every day that is not as usual."
)
@click.option("--team", help="The working time of a team.")
@click.option("--person", help="The working time of a person: their teams', their own hours and their leave.")
@click.option(
    "--events",
    multiple=True,
    type=click.Path(),
    help="Event files whose `employee.leave` is taken out, too.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--lang", type=click.Choice(["vi", "en"]), help="Language (default: the tenant's locale).")
def show(
    catalogue: tuple[Path, ...],
    month: tuple[date, date] | None,
    year: tuple[date, date] | None,
    team: str | None,
    person: str | None,
    events: tuple[str, ...],
    as_json: bool,
    lang: Lang | None,
) -> None:
    """Print a month of working time: hours by day, holidays, swapped and substitute days, overrides, leave, totals.

    CATALOGUE defaults to KPI_CATALOGUE. Exit 0: shown; 1: the catalogue, its calendar or an event file cannot be
    read; 2: wrong use.
    """
    if month and year:
        raise click.UsageError("give --month or --year, not both")
    if team and person:
        raise click.UsageError("give --team or --person, not both")
    found = catalogue_of(catalogue or _default_catalogue())
    whose = _whose(found, team, person)
    try:
        local, calendars = LocalClock(zone_of(found.tenant)), build(found)
    except CalendarError as error:
        fail(str(error))
    if events:
        try:
            calendars = with_absences(calendars, absences(_leave_of(events, found), local))
        except EventFileError as error:
            fail(str(error))
    today = clock.today(local.zone)
    dates = month or year or Dates("month").convert(f"{today:%Y-%m}", None, None)
    stretch = Diary(found, calendars, local).stretch(whose, *dates)
    if as_json:
        click.echo(json.dumps(as_object(stretch, found), ensure_ascii=False, indent=2))
    else:
        title = _titled(found, whose, lang or found.tenant.locale)
        for line in say_stretch(stretch, title, found.tenant.timezone, lang or found.tenant.locale):
            click.echo(line)


def as_object(stretch: Stretch, catalogue: Catalogue) -> dict[str, Any]:
    """All that is known of the dates; `to` is exclusive, hours are numbers, spans past midnight end after 24:00."""
    return {
        "scope": stretch.whose.scope.value,
        "subject": stretch.whose.subject,
        "timezone": catalogue.tenant.timezone,
        "from": stretch.first.isoformat(),
        "to": stretch.after.isoformat(),
        "country": stretch.country,
        "subdivision": stretch.subdivision,
        "confirmed": {str(year): known for year, known in stretch.confirmed.items()},
        "working_days": stretch.working_days,
        "working_hours": stretch.open_us / HOUR_US,
        "days": [_day(day) for day in stretch.days],
    }


def _day(day: Day) -> dict[str, Any]:
    year, week, weekday = day.on.isocalendar()
    return {
        "date": day.on.isoformat(),
        "week": f"{year}-W{week:02}",
        "weekday": weekday,
        "kind": day.kind.value,
        "hours": day.open_us / HOUR_US,
        "usual_hours": day.usual_us / HOUR_US,
        "half_day": day.is_short,
        "spans": [f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}" for start, end in day.spans],
        "name": day.name,
        "made_up_on": day.made_up_on.isoformat() if day.made_up_on else None,
        "instead_of": day.instead_of.isoformat() if day.instead_of else None,
    }


def _default_catalogue() -> tuple[Path, ...]:
    try:
        paths = load_settings(broker_url="localhost").catalogue  # no broker is asked, but a setting it is
    except SettingError as error:
        raise click.UsageError(str(error)) from None
    if not paths:
        raise click.UsageError("no catalogue: name files or folders, or set KPI_CATALOGUE")
    return paths


def _whose(catalogue: Catalogue, team: str | None, person: str | None) -> Whose:
    if team is None and person is None:
        return Whose(Scope.ORG, catalogue.tenant.id)
    wanted = team or person or ""
    known = {one.id for one in catalogue.teams} if team else {one.id for one in catalogue.people}
    if wanted not in known:
        sort = "team" if team else "person"
        raise click.UsageError(f"there is no {sort} `{wanted}`{guess(wanted, known)[1]}")
    return Whose(Scope.TEAM if team else Scope.PERSON, wanted)


def _titled(catalogue: Catalogue, whose: Whose, lang: str) -> str:
    """The subject's name with its id."""
    name: str | None = None
    if whose.scope is Scope.PERSON:
        name = next((row.name for row in reversed(catalogue.people) if row.id == whose.subject and row.name), None)
    else:
        team = next((one for one in catalogue.teams if one.id == whose.subject), None)
        title = team.title if team and whose.scope is Scope.TEAM else catalogue.tenant.title
        name = text(title, lang) if title else None
    return f"{name} ({whose.subject})" if name else whose.subject


def _leave_of(paths: tuple[str, ...], catalogue: Catalogue) -> Iterator[Event]:
    decoder = Decoder(Registry.of(catalogue.event_types), catalogue.tenant.currency)
    for raw in read_events(paths):
        event = decoder.decode(None, raw.value)
        if isinstance(event, Rejected):
            click.echo(f"{raw.place}: {event.reason}: {event.sentence}", err=True)
        else:
            yield event
