"""`kpi replay`: the same core over recorded events, in event time, with no broker."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from babel.numbers import get_currency_precision
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from schemas.alerts import Alert
from schemas.catalogue.load import load
from schemas.catalogue.models import Catalogue
from schemas.catalogue.problems import CatalogueError
from schemas.values import Value
from streams.commands.instants import Instant
from streams.core.policy import DAY_US, SECOND_US, Policy
from streams.core.replay import Outcome, replay
from streams.event_files import EventFileError, read_events, total_bytes
from streams.garbage import collector
from streams.progress import bar

PIPE_COLUMNS = 160
"""Width of the table where no terminal says how wide it is."""


@click.command(name="replay")
@click.argument("events", nargs=-1, required=True, type=click.Path())
@click.option(
    "-c", "--catalogue", "paths", multiple=True, required=True, type=click.Path(exists=True, path_type=Path),
    help="Catalogue file or folder; may be given several times.",
)  # fmt: skip
@click.option("--until", type=Instant(), help="End of the clock (default: the last event). Later events are ignored.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line: values, then alerts.")
@click.option("--grace", default=300, show_default=True, type=click.IntRange(0), help="Seconds after a period's end.")
@click.option("--horizon", default=100, show_default=True, type=click.IntRange(1), help="Days kept for corrections.")
def command(
    events: tuple[str, ...], paths: tuple[Path, ...], until: int | None, as_json: bool, grace: int, horizon: int
) -> None:
    """Replay event files (JSONL of CloudEvents, .gz, - for stdin) over a catalogue; prints values and alerts.

    The table tells money in units of the currency, --json in its smallest, as on kpi.values.

    Exit 0: replayed, events that were refused are told on stderr; 1: a file or the catalogue cannot be read.
    """
    try:
        catalogue = load(paths)
    except CatalogueError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None
    policy = Policy(grace_us=grace * SECOND_US, horizon_us=horizon * DAY_US, future_us=None)
    try:
        with bar("Replaying", total_bytes(events), "bytes") as advance, collector.kept_out():
            placed = ((raw.place, raw.value) for raw in read_events(events, advance))
            outcome = replay(placed, catalogue, policy, until)
    except EventFileError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    if as_json:
        for line in json_lines(outcome):
            print(line)
    else:
        show(outcome, catalogue, Console() if sys.stdout.isatty() else Console(width=PIPE_COLUMNS))
    report(outcome)


def json_lines(outcome: Outcome[str]) -> Iterator[str]:
    """Values by (kpi, subject, period, series), then alerts in time order (DESIGN 4.3)."""
    for value in outcome.values:
        yield value.model_dump_json()
    for alert in outcome.alerts:
        shown = alert.model_dump(mode="json", by_alias=True, exclude={"evidence"})
        yield json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def show(outcome: Outcome[str], catalogue: Catalogue, console: Console) -> None:
    """Values and alerts as a person reads them."""
    places = _places(catalogue)
    with_series = any(value.series is not None for value in outcome.values)
    table = Table(
        "KPI",
        "Subject",
        "Period",
        *(["Series"] if with_series else []),
        "Value",
        "Target",
        "By now",
        "Attained",
        "n",
        "Status",
        "Version",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for column in table.columns:
        column.no_wrap = True
    for column in table.columns[3 + with_series : 8 + with_series]:
        column.justify = "right"
    for value in outcome.values:
        if value.n or value.version == 0:  # closed periods in which nothing happened are in --json
            table.add_row(*_cells(value, places.get(value.kpi, 0), with_series=with_series))
    console.print(table)
    for alert in outcome.alerts:
        console.print(_said(alert), highlight=False)


def report(outcome: Outcome[str]) -> None:
    """What became of the events, on stderr."""
    for refusal in outcome.refusals:
        print(f"{refusal.place}: {refusal.rejected.reason}: {refusal.rejected.sentence}", file=sys.stderr)
    for letter in outcome.misplaced:
        print(f"{letter.reason}: {letter.sentence}", file=sys.stderr)
    for owner in outcome.unknown_owners:
        print(f"warning: owner {owner!r} is not among the catalogue's people: credited to no person", file=sys.stderr)
    for crowded in outcome.crowded:
        print(f"warning: {crowded.sentence}", file=sys.stderr)
    totals: dict[str, int] = {}
    for (name, _), number in outcome.counts.items():
        totals[name] = totals.get(name, 0) + number
    told = ", ".join(f"{number:,} {name}" for name, number in sorted(totals.items()) if number)
    ignored = f"; {outcome.ignored:,} after --until ignored" if outcome.ignored else ""
    print(f"{sum(totals.values()):,} events: {told or 'none'}{ignored}", file=sys.stderr)


def _places(catalogue: Catalogue) -> dict[str, int]:
    """The decimals of each KPI of money, whose values are in the smallest unit of the currency."""
    currency = catalogue.tenant.currency
    precision = get_currency_precision(currency)
    return {kpi.id: precision for kpi in catalogue.kpis if kpi.unit.partition("/")[0] == currency}


def _cells(value: Value, places: int, *, with_series: bool) -> list[str]:
    numbers = [value.value, value.target, value.expected]
    attained = "" if value.attainment is None else f"{value.attainment:.0%}"
    told = ["" if number is None else _number(number, places) for number in numbers]
    names = [value.kpi, value.subject, value.period, *([value.series or ""] if with_series else [])]
    return [*names, *told, attained, str(value.n), value.status, str(value.version)]


def _number(number: int | float, places: int) -> str:
    """With the decimals of a currency's unit, of which there are `places`; else with two where it has any."""
    if places:
        return f"{number / 10**places:,.{places}f}"
    return f"{number:,.{0 if number == int(number) else 2}f}"


def _said(alert: Alert) -> str:
    return f"{alert.at}  {alert.transition:<8}  {alert.cls:<8}  {alert.kpi}  {alert.subject}  {alert.reason}"
