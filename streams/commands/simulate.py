"""`kpi simulate`: seeded events of a simulated company, one JSON event a line, in the order in which they arrive."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import click

from schemas.catalogue.load import load
from schemas.catalogue.problems import CatalogueError
from schemas.events.envelope import encode
from streams import clock
from streams.core.calendar import CalendarError
from streams.core.local_clock import DAY_US
from streams.progress import bar
from streams.simulation.company import Company, company_of, demo_company
from streams.simulation.generate import generate
from streams.simulation.stories import last_working_day, no_stories, stories_from

DEFAULT_DAYS = 7
MOST_DAYS = 3660

DATE = click.DateTime(["%Y-%m-%d"])


@click.command(name="simulate")
@click.option(
    "--catalogue",
    "-c",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Whose people work: files or folders with the departments sales, marketing, service and people "
    "(default: the company of `kpi demo`).",
)
@click.option("--start", type=DATE, help="First date, in the tenant's zone (default: a week before the end).")
@click.option("--end", type=DATE, help="The date after the last one (default: tomorrow).")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, other events.")
@click.option("--quiet", is_flag=True, help="Without the stall and the collapse of the last working day.")
@click.option("--out", "-o", type=click.Path(dir_okay=False, path_type=Path), help="File to write; default stdout.")
def command(
    catalogue: tuple[Path, ...],
    start: datetime | None,
    end: datetime | None,
    seed: int,
    quiet: bool,
    out: Path | None,
) -> None:
    """Write the events of a simulated company.

    About 1,750 a working day, with late ones, repeats, corrections, reversals and retractions among them. On the last
    working day one salesperson goes quiet and marketing's leads dry up for an hour; both recover. The same arguments
    write the same bytes.
    """
    company = _company(catalogue)
    last = end.date() if end else clock.today(company.windows.clock.zone) + timedelta(1)
    first = start.date() if start else last - timedelta(DEFAULT_DAYS)
    days = (last - first).days
    if not 0 < days <= MOST_DAYS:
        raise click.UsageError(f"from {first} to {last} are {days} days: expected 1 to {MOST_DAYS}")
    told = None if quiet else last_working_day(company, first, last)
    stories = stories_from(company, told, seed) if told else no_stories
    start_us, end_us = company.windows.day(first).start_us, company.windows.day(last).start_us
    written = 0
    with bar("simulate", days) as advance, _destination(out) as lines:
        day = 0
        for arrival in generate(company, start_us, end_us, seed, stories):
            lines.write(encode(arrival.event) + b"\n")
            written += 1
            if (passed := (arrival.at_us - start_us) // DAY_US) > day:
                advance(passed - day)
                day = passed
    click.echo(f"{written:,} events from {first} to {last - timedelta(1)}, seed {seed}", err=True)


def _company(paths: tuple[Path, ...]) -> Company:
    try:
        return company_of(load(paths)) if paths else demo_company()
    except CatalogueError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except (CalendarError, ValueError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


@contextmanager
def _destination(out: Path | None) -> Iterator[BinaryIO]:
    if out is None:
        yield click.get_binary_stream("stdout")
        return
    try:
        with out.open("wb") as stream:
            yield stream
    except OSError as error:
        raise click.ClickException(f"{out}: cannot be written: {error.strerror}") from error
