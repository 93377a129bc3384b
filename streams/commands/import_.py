"""`kpi import`: a table as somebody exported it to a file of events."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

import click

from schemas.catalogue.models import Catalogue
from streams.importing.contract import checker, line_of, unknown_types, unread_fields
from streams.importing.importing import TableImport
from streams.importing.load import MappingError, load_mapping
from streams.importing.mapping import Mapping
from streams.importing.ordering import in_time_order, since_year_one_us
from streams.importing.suggest import Seen
from streams.importing.tables import Advance, TableError, size
from streams.progress import bar

MAX_REPORTS = 50
"""Bad rows that are spoken of one by one; the rest is counted."""

EPILOG = """\b
Exit status: 0 every row was read, 1 rows were skipped or the file cannot be read, 2 wrong use.
The mapping is explained in deploy/examples/README.md."""


@click.command("import", epilog=EPILOG)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--mapping",
    "-m",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML file that says what the columns mean and which events a row makes.",
)
@click.option(
    "--out", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Event file to write (JSONL); default stdout."
)
@click.option(
    "--catalogue",
    "-c",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Catalogue whose own event types and currency hold (files or folders).",
)
@click.option("--json", "as_json", is_flag=True, help="Print the counts as one JSON object on stdout; needs --out.")
@click.option(
    "--suggest",
    is_flag=True,
    help="Instead of events, print the people and teams they speak of as rows for a catalogue.",
)
def command(
    file: Path, mapping: Path, out: Path | None, catalogue: tuple[Path, ...], as_json: bool, suggest: bool
) -> None:
    """Turn the CSV or XLSX table FILE into events, one JSON event a line, in the order of their time.

    A row that cannot be read is reported with its line and skipped as a whole. The same table imported twice makes the
    same events with the same identities, so it counts once.
    """
    if as_json and out is None:
        raise click.UsageError("--json prints the counts on stdout: say with --out where the events go")
    if suggest and (out or as_json):
        raise click.UsageError("--suggest writes no events: it goes with neither --out nor --json")
    rules, known = _load(mapping, catalogue)
    reports = _Reports()
    table = TableImport(file, rules, checker(known), reports.bad_row)
    try:
        with bar(f"import {file.name}", size(file), "bytes" if size(file) else "items") as advance:
            if suggest:
                _suggest(table, advance)
            else:
                with _destination(out) as lines:
                    timed = ((since_year_one_us(event["time"]), line_of(event)) for event in table.events(advance))
                    for line in in_time_order(timed):
                        lines.write(line + b"\n")
    except TableError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    reports.end(table.notes + unread_fields(rules, known))
    if as_json:
        click.echo(json.dumps(table.counts.as_dict()))
    else:
        click.echo(table.counts.sentence(), err=True)
    sys.exit(1 if table.counts.skipped else 0)


def _load(mapping: Path, paths: tuple[Path, ...]) -> tuple[Mapping, Catalogue | None]:
    """The mapping, and the catalogue where one is given; leaves with status 2 and every problem where one is wrong."""
    from schemas.catalogue.load import load
    from schemas.catalogue.problems import CatalogueError

    try:
        catalogue = load(paths) if paths else None
        rules = load_mapping(mapping, partial(unknown_types, catalogue=catalogue))
    except (MappingError, CatalogueError) as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    return rules, catalogue


def _suggest(table: TableImport, advance: Advance) -> None:
    seen = Seen(table.name_of)
    for event in table.events(advance):
        seen.add(event)
    click.echo(seen.rows(), nl=False)


@contextmanager
def _destination(out: Path | None) -> Iterator[BinaryIO]:
    """Where the events go. A regular file gets its name only when it is whole."""
    if out is None:
        yield click.get_binary_stream("stdout")
        return
    if out.exists() and not out.is_file():  # a pipe or a device
        with out.open("wb") as stream:
            yield stream
        return
    part = out.with_name(out.name + ".part")
    try:
        with part.open("wb") as stream:
            yield stream
        part.replace(out)
    except OSError as error:
        raise click.ClickException(f"{out}: cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


class _Reports:
    """Says what was wrong with the first rows, and how many more there were."""

    def __init__(self) -> None:
        self._bad_rows = 0

    def bad_row(self, sentence: str) -> None:
        self._bad_rows += 1
        if self._bad_rows <= MAX_REPORTS:
            click.echo(sentence, err=True)

    def end(self, notes: list[str]) -> None:
        if self._bad_rows > MAX_REPORTS:
            click.echo(f"... and {self._bad_rows - MAX_REPORTS:,} more rows", err=True)
        for note in notes[:MAX_REPORTS]:
            click.echo(f"note: {note}", err=True)
