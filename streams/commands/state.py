"""`kpi state`: what the changelogs hold of one KPI and subject, stage by stage, beside the workers that write them."""

import asyncio
import json
import logging
from pathlib import Path

import click

from streams.commands.asking import asked_of, catalogue_of, fail, settings_of, spec_of
from streams.core.policy import Policy
from streams.inspection.changelogs import StateError, find
from streams.inspection.shown import as_object, show

# What aiokafka logs about connections is said once, in one line, by StateError.
logging.getLogger("aiokafka").addHandler(logging.NullHandler())


@click.command("state")
@click.argument("kpi")
@click.argument("subject")
@click.option("--period", help="Only this period, as 2026-11-23, 2026-W48, 2026-11, 2026-Q4 or 2026.")
@click.option("--series", help="Of a KPI with `by`: the series with this value; default the whole.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option(
    "-c", "--catalogue", "paths", multiple=True, type=click.Path(exists=True, path_type=Path),
    help="Catalogue of the worker; default KPI_CATALOGUE.",
)  # fmt: skip
@click.option("--broker", help="Kafka, as host:port; default KPI_BROKER_URL.")
@click.option("--topic-prefix", help="Put before topic names; default KPI_TOPIC_PREFIX.")
def command(
    kpi: str,
    subject: str,
    period: str | None,
    series: str | None,
    as_json: bool,
    paths: tuple[Path, ...],
    broker: str | None,
    topic_prefix: str | None,
) -> None:
    """Show what the state on Kafka holds of one KPI and subject (a person, team, department or the organisation).

    Of each partition of OBSERVE: offset, end and lag, rows and whether they agree with the seal of the last commit, and
    the slots of the KPI's vector by their names. Of LINK the distinct keys. Of JUDGE the merged vector, the value rows,
    open alerts, the hourly baseline and how far its sources have reported.

    It only reads, beside a running worker or without one; each partition is shown as of its last commit. All rows of
    the changelogs are read, so that a large state takes a while.

    Exit 0: shown, also where there is nothing; 1: Kafka or the catalogue failed; 2: wrong use.
    """
    settings = settings_of(broker, topic_prefix)
    files = paths or settings.catalogue
    if not files:
        raise click.UsageError("no catalogue: give --catalogue, or set KPI_CATALOGUE")
    # Nothing that a policy says changes how rows read.
    asked = asked_of(spec_of(catalogue_of(files), Policy(), settings.partitions), kpi, subject, period, series)
    try:
        found = asyncio.run(find(settings, asked))
    except StateError as error:
        fail(str(error))
    if as_json:
        click.echo(json.dumps(as_object(found), ensure_ascii=False))
    else:
        show(found)
