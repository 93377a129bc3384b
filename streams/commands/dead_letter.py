"""`kpi dead-letter`: what was rejected and why, and sending it back once the cause is gone."""

import asyncio
import json
import logging
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from heapq import nlargest
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

import click

from schemas.catalogue.load import load
from schemas.catalogue.problems import CatalogueError
from schemas.events.decode import Decoder
from schemas.events.reasons import Reason
from schemas.events.registry import Registry
from streams.clock import SystemClock
from streams.commands.instants import Instant
from streams.dead_letters.letters import Letter, Place, Selection, Unreadable, readable
from streams.dead_letters.replaying import Kept, Replaying
from streams.dead_letters.shown import named, row_of, show_table, whole
from streams.dead_letters.topic import DeadLetterError, DeadLetterTopic, Resender
from streams.settings import SettingError, Settings, load_settings

SHOWN = 50
"""Rows of the table unless --limit says otherwise."""

# What aiokafka logs about connections is said once, in one line, by DeadLetterError.
logging.getLogger("aiokafka").addHandler(logging.NullHandler())

Command = TypeVar("Command", bound=Callable[..., Any])


class PlaceType(click.ParamType):
    """PARTITION:OFFSET in kpi.dead-letter."""

    name = "partition:offset"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Place:
        """Parses; a wrong text is wrong use (exit 2)."""
        try:
            return Place.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _cluster(command: Command) -> Command:
    broker = click.option("--broker", help="Kafka, as host:port; default KPI_BROKER_URL.")
    prefix = click.option("--topic-prefix", help="Put before topic names; default KPI_TOPIC_PREFIX.")
    return broker(prefix(command))


def _filters(command: Command) -> Command:
    reasons = click.Choice([reason.value for reason in Reason])
    for option in (
        click.option("--until", "until_us", type=Instant(), help="Only what was rejected before this time."),
        click.option("--since", "since_us", type=Instant(), help="Only what was rejected at this time or later."),
        click.option("--source", "sources", multiple=True, help="Only events of this source."),
        click.option("--type", "types", multiple=True, help="Only events of this type."),
        click.option("--reason", "reasons", multiple=True, type=reasons, help="Only this reason."),
    ):
        command = option(command)
    return command


@click.group("dead-letter")
def command() -> None:
    """Records that were rejected: list them, look at one, send them back.

    A letter's place in the topic kpi.dead-letter is written PARTITION:OFFSET, as 3:17. Options that select may be
    given several times. --type and --source see only what can be read of a broken record.
    """


@command.command("list")
@_filters
@click.option("--limit", type=click.IntRange(1), help=f"Rows at most (default: {SHOWN}, and with --json all).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, in the order of the topic.")
@_cluster
def list_(limit: int | None, as_json: bool, broker: str | None, topic_prefix: str | None, **chosen: Any) -> None:
    """List rejected records, the newest first, and how many there are of each reason."""
    settings, selection = _settings(broker, topic_prefix), _selection(**chosen)
    found = _run(_collect(settings, selection, limit, as_json))
    if not as_json:
        show_table(found.shown)
    counted = ", ".join(f"{reason} {number:,}" for reason, number in found.reasons.most_common())
    newest = "" if as_json or len(found.shown) == found.reasons.total() else f", the newest {len(found.shown):,} shown"
    click.echo(f"{found.reasons.total():,} letters{newest}{': ' if counted else ''}{counted}", err=True)
    if found.unreadable:
        click.echo(f"{found.unreadable:,} records of the topic are no dead letters", err=True)


@command.command("show")
@click.argument("place", type=PlaceType())
@click.option("--raw", is_flag=True, help="Only the bytes of the value, to be mended and sent by `kpi emit`.")
@_cluster
def show(place: Place, raw: bool, broker: str | None, topic_prefix: str | None) -> None:
    """Show one letter whole: the sentence, where the record lay, its headers, key and value.

    What is not UTF-8 is shown as 0x and hexadecimal. Exit 1 where there is no letter.
    """
    letter = _run(_letter_at(_settings(broker, topic_prefix), place))
    if raw:
        sys.stdout.buffer.write(letter.content.value or b"")
        return
    for name, text in whole(letter):
        click.echo(f"{name + ':':<10} {text}")


@command.command("replay")
@click.argument("places", nargs=-1, type=PlaceType())
@_filters
@click.option("--all", "everything", is_flag=True, help="Every letter there is.")
@click.option("--limit", type=click.IntRange(1), help="At most so many letters.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and send nothing.")
@click.option("--anyway", is_flag=True, help="Also send what can only be rejected again.")
@click.option(
    "-c", "--catalogue", "paths", multiple=True, type=click.Path(exists=True, path_type=Path),
    help="Catalogue to judge by whether an event would be accepted now; default KPI_CATALOGUE.",
)  # fmt: skip
@_cluster
def replay(
    places: tuple[Place, ...],
    everything: bool,
    limit: int | None,
    dry_run: bool,
    anyway: bool,
    paths: tuple[Path, ...],
    broker: str | None,
    topic_prefix: str | None,
    **chosen: Any,
) -> None:
    """Send rejected records back to the topic they came from, as they are, once the cause is gone.

    Select by PLACES (PARTITION:OFFSET), by options, or --all. An event is keyed by its subject, which mends
    key_mismatch; nothing else is edited. What lies in the record itself (bad JSON, a missing field) would only be
    rejected again and is kept back, unless the catalogue now says otherwise, or --anyway.

    Replaying a letter twice does no harm: an event's source and id count once, the other is counted as a duplicate.
    Each replay shows in the headers of the new record: kpi-replay-of, kpi-replayed-at and kpi-replays.

    Exit 0: all selected were sent; 1: some were not, or Kafka failed; 2: wrong use.
    """
    selection = _selection(**chosen)
    if places and (everything or selection != Selection()):
        raise click.UsageError("places and options select in different ways: give one of them")
    if not (places or everything or selection != Selection()):
        raise click.UsageError("nothing is selected: give places (as 3:17), --reason and the like, or --all")
    settings = _settings(broker, topic_prefix)
    rules = Replaying(_decoder(paths or settings.catalogue), settings.topic_prefix, anyway)
    told = _Told(dry_run)
    try:
        _run(_replay(settings, places, selection, limit, rules, told))
    finally:
        click.echo(told.sentence(), err=True)
    sys.exit(1 if told.kept or told.missing else 0)


class _Found:
    """What a listing saw."""

    def __init__(self) -> None:
        self.shown: list[Letter] = []
        self.reasons: Counter[str] = Counter()
        self.unreadable = 0


async def _collect(settings: Settings, selection: Selection, limit: int | None, as_json: bool) -> _Found:
    found, kept = _Found(), SHOWN if limit is None else limit
    async with DeadLetterTopic(settings) as topic:
        async for letter in topic.letters(selection.since_us):
            if isinstance(letter, Unreadable):
                found.unreadable += 1
            elif selection.takes(letter):
                found.reasons[letter.content.reason] += 1
                if not as_json:
                    found.shown.append(letter)
                elif limit is None or found.reasons.total() <= limit:
                    click.echo(json.dumps(row_of(letter), ensure_ascii=False))
            if len(found.shown) >= 2 * kept + 200:
                found.shown = nlargest(kept, found.shown, key=attrgetter("at_us", "place"))
    found.shown = nlargest(kept, found.shown, key=attrgetter("at_us", "place"))
    return found


async def _letter_at(settings: Settings, place: Place) -> Letter:
    async with DeadLetterTopic(settings) as topic:
        letter = await topic.at(place)
    if letter is None:
        raise DeadLetterError(f"there is no dead letter at {place} (they are kept for 30 days)")
    if isinstance(letter, Unreadable):
        raise DeadLetterError(f"the record at {place} is no dead letter: {letter.fault}")
    return letter


class _Told:
    """What a replay did, letter by letter, and in all."""

    def __init__(self, dry_run: bool) -> None:
        self.dry_run = dry_run
        self.sent = self.missing = 0
        self.kept: Counter[str] = Counter()

    def wrote(self, letter: Letter, place: Place) -> None:
        self.sent += 1
        click.echo(f"{named(letter)}: replayed, now at {place}")

    def would_write(self, letter: Letter, to: str, key: bytes | None) -> None:
        self.sent += 1
        click.echo(f"{named(letter)}: would be replayed to {to} with key {readable(key)}")

    def kept_back(self, letter: Letter, kept: Kept) -> None:
        self.kept[letter.content.reason] += 1
        click.echo(f"{named(letter)}: not replayed: {kept.sentence}{' (--anyway sends it)' if kept.by_choice else ''}")

    def not_there(self, place: Place, fault: str) -> None:
        self.missing += 1
        click.echo(f"{place}: {fault}")

    def sentence(self) -> str:
        """`12 replayed, 3 not replayed (bad_json 2, wrong_field 1)`."""
        verb = "would be replayed" if self.dry_run else "replayed"
        why = ", ".join(f"{reason} {number:,}" for reason, number in self.kept.most_common())
        missing = f", {self.missing:,} not there" if self.missing else ""
        return f"{self.sent:,} {verb}, {self.kept.total():,} not replayed{f' ({why})' if why else ''}{missing}"


async def _replay(
    settings: Settings,
    places: tuple[Place, ...],
    selection: Selection,
    limit: int | None,
    rules: Replaying,
    told: _Told,
) -> None:
    clock = SystemClock()
    async with DeadLetterTopic(settings) as topic, Resender(settings, told.wrote) as resender:

        async def one(letter: Letter) -> None:
            plan = rules.plan(letter, clock.now_us())
            if isinstance(plan, Kept):
                told.kept_back(letter, plan)
            elif told.dry_run:
                told.would_write(letter, settings.topic(plan.topic.name), plan.key)
            else:
                await resender.send(letter, plan)

        for place in islice(dict.fromkeys(places), limit):
            letter = await topic.at(place)
            if isinstance(letter, Letter):
                await one(letter)
            else:
                told.not_there(place, "no such letter" if letter is None else f"no dead letter: {letter.fault}")
        if places:
            return
        taken = 0
        async for letter in topic.letters(selection.since_us):
            if isinstance(letter, Letter) and selection.takes(letter):
                await one(letter)
                taken += 1
                if taken == limit:
                    return


Result = TypeVar("Result")


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    try:
        return asyncio.run(work)
    except DeadLetterError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


def _settings(broker: str | None, topic_prefix: str | None) -> Settings:
    told = {"broker_url": broker, "topic_prefix": topic_prefix}
    try:
        return load_settings(**{name: value for name, value in told.items() if value is not None})
    except SettingError as error:
        raise click.UsageError(f"{error}" if broker is None else f"--broker or a setting: {error}") from None


def _selection(
    reasons: tuple[str, ...],
    types: tuple[str, ...],
    sources: tuple[str, ...],
    since_us: int | None,
    until_us: int | None,
) -> Selection:
    return Selection(
        frozenset(map(Reason, reasons)), frozenset(types), frozenset(sources), since_us=since_us, until_us=until_us
    )


def _decoder(paths: Iterable[Path]) -> Decoder | None:
    """The worker's decoder, where a catalogue is known."""
    files = tuple(paths)
    if not files:
        return None
    try:
        catalogue = load(files)
    except CatalogueError as error:
        click.echo(f"{error}\nerror: the catalogue cannot be loaded", err=True)
        sys.exit(1)
    return Decoder(Registry.of(catalogue.event_types), catalogue.tenant.currency)
