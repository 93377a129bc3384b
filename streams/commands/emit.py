"""`kpi emit`: events of files to Kafka, each acknowledged by all replicas and, over retries, written once."""

import asyncio
import logging
import sys
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

import click
import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.topics import EVENTS
from streams.cluster import StartError, connection, ensure_topics
from streams.event_files import STDIN, EventFileError, RawEvent, read_events, total_bytes
from streams.progress import Advance, bar
from streams.settings import SettingError, Settings, load_settings

CONNECT_S = 8.0
MAX_IN_FLIGHT = 20_000
"""Events sent and not yet acknowledged; bounds memory."""
MAX_SENT_BYTES = 1_000_000
"""Kafka refuses a record of more (max.message.bytes); an event may have 64 KiB."""
MAX_REPORTS = 50
BATCH_BYTES = 1 << 19  # measured on one loopback broker: 60,000 events/s, 47,000 with 256 KiB, 10,000 with 16 KiB


# What aiokafka logs about connections is said once, in one line, by EmitError.
logging.getLogger("aiokafka").addHandler(logging.NullHandler())


class EmitError(Exception):
    """Nothing more can be sent; one sentence that says why."""


class _Subject(msgspec.Struct):
    """What the Kafka key needs of an event."""

    subject: str


@click.command("emit")
@click.argument("events", nargs=-1, required=True, type=click.Path(path_type=str))
@click.option("--broker", help="Kafka, as host:port; default KPI_BROKER_URL.")
@click.option("--topic-prefix", help="Put before topic names; default KPI_TOPIC_PREFIX.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Events a second at most.")
@click.option("--raw", is_flag=True, help="Also send lines that are not events, without a key, to see them rejected.")
def command(
    events: tuple[str, ...], broker: str | None, topic_prefix: str | None, rate: float | None, raw: bool
) -> None:
    """Send the events of files (JSONL, JSON, .gz; - is stdin) to the topic kpi.events, keyed by their subject.

    A line that is no JSON object with a subject is reported with its place and not sent. All else is the worker's to
    judge: what it cannot use becomes a dead letter with the reason.
    """
    told = {"broker_url": broker, "topic_prefix": topic_prefix}
    try:
        settings = load_settings(**{name: value for name, value in told.items() if value is not None})
    except SettingError as error:
        raise click.UsageError(f"{error}" if broker is None else f"--broker or a setting: {error}") from None
    try:
        total = total_bytes(events)
        with bar("emit", total, "bytes") as advance:
            emitting = _Emitting(settings, rate, raw)
            asyncio.run(emitting.run(events, advance))
    except (EventFileError, EmitError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    click.echo(emitting.sentence(), err=True)
    sys.exit(1 if emitting.skipped else 0)


class _Emitting:
    """One run: counts what was acknowledged and what was not sent."""

    def __init__(self, settings: Settings, rate: float | None, raw: bool) -> None:
        self.sent = self.skipped = 0
        self._settings, self._rate, self._raw = settings, rate, raw
        self._topic = settings.topic(EVENTS.name)
        self._subject = msgspec.json.Decoder(_Subject)
        self._seconds = 0.0
        self._reports = 0
        self._in_flight: deque[asyncio.Future[Any]] = deque()

    def sentence(self) -> str:
        """`50,000 events sent to kpi.events in 2.1 s, 0 skipped`."""
        return f"{self.sent:,} events sent to {self._topic} in {self._seconds:.1f} s, {self.skipped:,} skipped"

    async def run(self, paths: Sequence[str], advance: Advance) -> None:
        """Sends everything and waits for the last acknowledgement. Raises EmitError, EventFileError."""
        producer = await self._connect()
        start = asyncio.get_running_loop().time()
        try:
            await self._send_all(producer, paths, advance, start)
            while self._in_flight:
                await self._acknowledged()
        except KafkaError as error:
            raise EmitError(
                f"{self._brokers()}: {_words(error)}, after {self.sent:,} events were acknowledged"
            ) from error
        finally:
            self._seconds = asyncio.get_running_loop().time() - start
            self._forget()
            with suppress(TimeoutError, KafkaError):
                await asyncio.wait_for(producer.stop(), CONNECT_S)

    async def _connect(self) -> Any:
        # A retried batch is written once, and in order: idempotence needs acks=all.
        producer = AIOKafkaProducer(
            **connection(self._settings), acks="all", enable_idempotence=True, linger_ms=5, max_batch_size=BATCH_BYTES
        )
        try:
            async with asyncio.timeout(CONNECT_S):
                await producer.start()
                known = await producer.client.fetch_all_metadata()
            if self._topic not in known.topics():
                if known.controller is None:  # librdkafka's embedded broker
                    raise StartError(f"{self._brokers()} has no topic {self._topic} and cannot create it")
                await ensure_topics(self._settings, (EVENTS,))
        except (KafkaError, OSError, TimeoutError) as error:
            with suppress(TimeoutError, KafkaError):
                await asyncio.wait_for(producer.stop(), 1)
            hint = "is it running, and is its address right (--broker, KPI_BROKER_URL)?"
            raise EmitError(f"{self._brokers()} does not answer; {hint}") from error
        except StartError as error:
            await producer.stop()
            raise EmitError(str(error)) from error
        return producer

    async def _send_all(self, producer: Any, paths: Sequence[str], advance: Advance, start: float) -> None:
        clock = asyncio.get_running_loop().time
        taken = 0
        async for event in _read(paths, advance):
            key, fault = self._key_of(event)
            if fault is not None:
                sent_anyway = self._raw and len(event.value) <= MAX_SENT_BYTES
                self._report(f"{event.place}: {'sent without a key' if sent_anyway else 'not sent'}: {fault}")
                if not sent_anyway:
                    self.skipped += 1
                    continue
            if self._rate and (wait_s := start + taken / self._rate - clock()) > 0:
                await asyncio.sleep(wait_s)
            taken += 1
            self._in_flight.append(await producer.send(self._topic, event.value, key=key))
            if len(self._in_flight) >= MAX_IN_FLIGHT:
                await self._acknowledged()

    def _key_of(self, event: RawEvent) -> tuple[bytes | None, str | None]:
        """The event's subject as Kafka key, or why there is none."""
        if len(event.value) > MAX_SENT_BYTES:
            return None, f"longer than the {MAX_SENT_BYTES:,} bytes that Kafka takes"
        try:
            subject = self._subject.decode(event.value).subject
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return None, str(error)
        return (subject.encode(), None) if subject else (None, "the subject is empty")

    def _report(self, sentence: str) -> None:
        self._reports += 1
        if self._reports <= MAX_REPORTS:
            click.echo(sentence, err=True)
        elif self._reports == MAX_REPORTS + 1:
            click.echo("... more such lines are only counted", err=True)

    async def _acknowledged(self) -> None:
        await self._in_flight.popleft()
        self.sent += 1

    def _forget(self) -> None:
        for future in self._in_flight:
            future.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _brokers(self) -> str:
        return f"Kafka at {', '.join(self._settings.broker_url)}"


async def _read(paths: Sequence[str], advance: Advance) -> AsyncIterator[RawEvent]:
    records = read_events(paths, advance)
    if STDIN in paths:
        # A pipe may be slow: what came through it must not wait for what has not.
        while (record := await asyncio.to_thread(next, records, None)) is not None:
            yield record
        return
    for number, record in enumerate(records):
        if number % 1000 == 0:
            await asyncio.sleep(0)  # lets the sender send while files are read
        yield record


def _words(error: BaseException) -> str:
    return str(error).rstrip(".") or type(error).__name__
