"""`kpi state`: what the changelogs hold of one KPI and subject, stage by stage, beside the workers that write them."""

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import NoReturn

import click

from schemas.catalogue.load import load
from schemas.catalogue.models import Catalogue
from schemas.catalogue.problems import CatalogueError
from streams.core.judge_spec import JudgeSpec
from streams.core.pipeline import compiled
from streams.core.policy import Policy
from streams.inspection.changelogs import StateError, find
from streams.inspection.holdings import Asked
from streams.inspection.shown import as_object, show
from streams.routing import partition_of
from streams.settings import SettingError, Settings, load_settings

# What aiokafka logs about connections is said once, in one line, by StateError.
logging.getLogger("aiokafka").addHandler(logging.NullHandler())


@click.command("state")
@click.argument("kpi")
@click.argument("subject")
@click.option("--period", help="Only this period, as 2026-11-23, 2026-W48, 2026-11, 2026-Q4 or 2026.")
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
    settings = _settings(broker, topic_prefix)
    files = paths or settings.catalogue
    if not files:
        raise click.UsageError("no catalogue: give --catalogue, or set KPI_CATALOGUE")
    asked = _asked(_spec(_catalogue(files), settings), kpi, subject, period)
    try:
        found = asyncio.run(find(settings, asked))
    except StateError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    if as_json:
        click.echo(json.dumps(as_object(found), ensure_ascii=False))
    else:
        show(found)


def _spec(catalogue: Catalogue, settings: Settings) -> JudgeSpec:
    # Nothing that a policy says changes how rows read.
    return compiled(catalogue, Policy(), settings.partitions, partition_of(settings.partitions))


def _asked(spec: JudgeSpec, kpi: str, subject: str, period: str | None) -> Asked:
    """What is asked, where the catalogue knows of it; else one line and exit 2."""
    if kpi not in spec.plans:
        _refuse(f"the catalogue has no KPI {kpi!r}")
    if subject not in spec.targets.scopes:
        _refuse(f"the catalogue has no person, team, department or organisation {subject!r}")
    if subject not in spec.subjects[kpi]:
        scopes = f"its scope is {spec.plans[kpi].kpi.scope.value}, and {subject} is finer"
        _refuse(f"KPI {kpi!r} has no rows of {subject!r}: {scopes}")
    if period is not None:
        grain = spec.plans[kpi].kpi.period
        try:
            known = spec.windows.parse(period)[0]
        except ValueError as error:
            _refuse(str(error))
        if known is not grain:
            _refuse(f"{period!r} is a {known.value}, and KPI {kpi!r} goes by {grain.value}")
    return Asked(spec, kpi, subject, period)


def _refuse(sentence: str) -> NoReturn:
    click.echo(f"error: {sentence}", err=True)
    sys.exit(2)


def _catalogue(paths: tuple[Path, ...]) -> Catalogue:
    try:
        return load(paths)
    except CatalogueError as error:
        click.echo(f"{error}\nerror: the catalogue cannot be loaded", err=True)
        sys.exit(1)


def _settings(broker: str | None, topic_prefix: str | None) -> Settings:
    told = {"broker_url": broker, "topic_prefix": topic_prefix}
    try:
        return load_settings(**{name: value for name, value in told.items() if value is not None})
    except SettingError as error:
        raise click.UsageError(f"{error}" if broker is None else f"--broker or a setting: {error}") from None
