"""`kpi schema`: the contracts as files, for whoever sends events, reads topics or writes a catalogue."""

from pathlib import Path

import click

from schemas.catalogue.load import load
from schemas.catalogue.problems import CatalogueError
from schemas.events.registry import Registry
from schemas.export.documents import documents


@click.command("schema")
@click.option(
    "--out",
    required=True,
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write to; made if need be.",
)
@click.option(
    "--catalogue",
    "-c",
    multiple=True,
    metavar="PATH",
    type=click.Path(exists=True, path_type=Path),
    help="Catalogue whose own event types are to be included.",
)
def command(out: Path, catalogue: tuple[Path, ...]) -> None:
    """Write JSON Schemas of all events, values, alerts, notices, dead letters and of the catalogue, and AsyncAPI 3.0.

    Files of an earlier run are overwritten; nothing is deleted. Exit 0 when all is written, 1 on failure.
    """
    try:
        registry = Registry.of(load(catalogue).event_types) if catalogue else Registry.of()
    except CatalogueError as error:
        click.echo(f"error: {error}", err=True)
        raise SystemExit(1) from None
    files = documents(registry)
    for name, content in files.items():
        path = out / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8", newline="\n")
        except OSError as error:
            click.echo(f"error: {path}: cannot be written: {error.strerror}", err=True)
            raise SystemExit(1) from None
    click.echo(f"{out}: {len(files)} files, begin with asyncapi.json", err=True)
