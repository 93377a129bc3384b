"""`kpi explain`: how a value came about, from the state on Kafka or from event files."""

import asyncio
import json
import logging
from pathlib import Path

import click

from schemas.catalogue.models import Catalogue
from schemas.values import RowName
from streams.commands.asking import asked_of, catalogue_of, fail, refuse, settings_of, spec_of
from streams.commands.instants import Instant
from streams.core.explain.explaining import Explanation, explain
from streams.core.policy import DAY_US, SECOND_US, Policy
from streams.core.replay import replay
from streams.core.windows import Window
from streams.event_files import EventFileError, read_events, total_bytes
from streams.inspection.asked import Asked
from streams.inspection.changelogs import StateError
from streams.inspection.explain_text import lines_of
from streams.inspection.explain_words import LOCALES
from streams.inspection.explained import as_object
from streams.inspection.kept import read_kept
from streams.progress import bar
from streams.settings import Settings

Names = tuple[str, str, str | None, str | None]
"""KPI, subject, period, series."""

# What aiokafka logs about connections is said once, in one line, by StateError.
logging.getLogger("aiokafka").addHandler(logging.NullHandler())


@click.command("explain")
@click.argument("kpi")
@click.argument("subject")
@click.option(
    "--period", help="As 2026-11-23, 2026-W48, 2026-11, 2026-Q4 or 2026; default the one that the clock is in."
)
@click.option("--series", help="Of a KPI with `by`: the series with this value; default the whole.")
@click.option("--events", multiple=True, type=click.Path(), help="Explain a replay of this file; may be repeated.")
@click.option("--until", type=Instant(), help="With --events: end of the clock (default: the last event).")
@click.option("--grace", type=click.IntRange(0), help="With --events: seconds after a period's end. [default: 300]")
@click.option("--horizon", type=click.IntRange(1), help="With --events: days kept for corrections. [default: 100]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--lang", type=click.Choice(LOCALES), help="Language; default the tenant's.")
@click.option(
    "-c", "--catalogue", "paths", multiple=True, type=click.Path(exists=True, path_type=Path),
    help="Catalogue file or folder; default KPI_CATALOGUE.",
)  # fmt: skip
@click.option("--broker", help="Kafka, as host:port; default KPI_BROKER_URL.")
@click.option("--topic-prefix", help="Put before topic names; default KPI_TOPIC_PREFIX.")
def command(
    kpi: str,
    subject: str,
    period: str | None,
    series: str | None,
    events: tuple[str, ...],
    until: int | None,
    grace: int | None,
    horizon: int | None,
    as_json: bool,
    lang: str | None,
    paths: tuple[Path, ...],
    broker: str | None,
    topic_prefix: str | None,
) -> None:
    """Explain how a value came about: what was counted by type and day, what was not and why, corrections, the
    arithmetic, the target's versions and members, and the calendar.

    Without --events it reads the state on Kafka beside the workers, as `kpi state` does, and writes nothing. What the
    state does not keep is said in the notes.

    Exit 0: explained, also where there is nothing; 1: Kafka, a file or the catalogue failed; 2: wrong use.
    """
    if events:
        if broker or topic_prefix:
            raise click.UsageError("--events explains files: it takes no --broker and no --topic-prefix")
        if not paths:
            raise click.UsageError("no catalogue: --events needs --catalogue")
        given = Policy()
        policy = Policy(
            grace_us=given.grace_us if grace is None else grace * SECOND_US,
            horizon_us=given.horizon_us if horizon is None else horizon * DAY_US,
            future_us=None,
        )
        told = _of_files(catalogue_of(paths), policy, events, until, (kpi, subject, period, series))
    else:
        for name, value in (("--until", until), ("--grace", grace), ("--horizon", horizon)):
            if value is not None:
                raise click.UsageError(f"{name} needs --events: a live state has its own")
        told = _of_state(settings_of(broker, topic_prefix), paths, (kpi, subject, period, series))
    locale = lang or told.scene.spec.catalogue.tenant.locale
    if as_json:
        click.echo(json.dumps(as_object(told, locale), ensure_ascii=False))
    else:
        for line in lines_of(told, locale):
            click.echo(line)


def _of_state(settings: Settings, paths: tuple[Path, ...], names: Names) -> Explanation:
    """From the changelogs on Kafka."""
    files = paths or settings.catalogue
    if not files:
        raise click.UsageError("no catalogue: give --catalogue, or set KPI_CATALOGUE")
    policy = Policy(grace_us=settings.grace_s * SECOND_US, horizon_us=settings.horizon_days * DAY_US)
    asked = asked_of(spec_of(catalogue_of(files), policy, settings.partitions), *names)
    try:
        stored = asyncio.run(read_kept(settings, asked))
    except StateError as error:
        fail(str(error))
    for fault in stored.faults:
        click.echo(f"warning: {fault}", err=True)
    window = _window(asked, stored.clock_us)
    row, clock_us = stored.published(asked, window), stored.clock_us
    clock_us = window.start_us if clock_us is None else clock_us
    return explain(asked.spec, asked.kpi, asked.subject, window, clock_us, stored.kept, row, asked.series)


def _of_files(
    catalogue: Catalogue, policy: Policy, events: tuple[str, ...], until_us: int | None, names: Names
) -> Explanation:
    """From a replay of files."""
    asked = asked_of(spec_of(catalogue, policy, 1), *names)
    try:
        with bar("Replaying", total_bytes(events), "bytes") as advance:
            placed = ((raw.place, raw.value) for raw in read_events(events, advance))
            outcome = replay(placed, catalogue, policy, until_us)
    except EventFileError as error:
        fail(str(error))
    clock_us = outcome.kept.watermark_us if until_us is None else until_us
    window = _window(asked, clock_us)
    rows = {RowName.of(row): row for row in outcome.values}
    row = rows.get(RowName(asked.kpi, asked.subject, window.id, asked.series))
    clock_us = window.start_us if clock_us is None else clock_us
    return explain(asked.spec, asked.kpi, asked.subject, window, clock_us, [outcome.kept], row, asked.series)


def _window(asked: Asked, clock_us: int | None) -> Window:
    """The period asked for, else the one that the clock is in."""
    if asked.period is not None:
        return asked.spec.windows.parse(asked.period)[1]
    if clock_us is None:
        refuse("there is no event yet, and so no clock: give --period")
    return asked.spec.windows.period(asked.plan.kpi.period, clock_us)
