"""kpi.dead-letter on the cluster: read to its end as of now, or at one place; and records sent back, acknowledged."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from schemas.dead_letter import DeadLetter
from schemas.topics import DEAD_LETTER
from streams.cluster import connection
from streams.dead_letters.letters import Letter, Place, Unreadable
from streams.dead_letters.replaying import Resend
from streams.settings import Settings

CONNECT_S = 8.0
SILENT_S = 15.0
"""A broker that sends nothing for so long, although there is more to read, is lost."""
MAX_IN_FLIGHT = 2_000

Answer = TypeVar("Answer")
Sent = Callable[[Letter, Place], None]


class DeadLetterError(Exception):
    """The topic cannot be read, or records cannot be sent; one sentence."""


class DeadLetterTopic:
    """Reads letters. `async with`; every method raises DeadLetterError where the cluster does not answer."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._name = settings.topic(DEAD_LETTER.name)
        self._consumer = AIOKafkaConsumer(
            **connection(settings),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            # a letter of a chunk that was not committed was never written
            isolation_level="read_committed",
            max_partition_fetch_bytes=4 << 20,
            fetch_max_wait_ms=50,
        )
        self._tps: list[TopicPartition] = []

    async def __aenter__(self) -> "DeadLetterTopic":
        try:
            async with asyncio.timeout(CONNECT_S):
                partitions = await self._partitions()
                await self._consumer.start()
        except (KafkaError, OSError, TimeoutError) as error:
            await self._consumer.stop()
            raise DeadLetterError(f"{_brokers(self._settings)} does not answer; {_HINT}") from error
        except DeadLetterError:
            await self._consumer.stop()
            raise
        self._tps = [TopicPartition(self._name, partition) for partition in partitions]
        self._consumer.assign(self._tps)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(TimeoutError, KafkaError):
            await asyncio.wait_for(self._consumer.stop(), CONNECT_S)

    async def letters(self, since_us: int | None = None) -> AsyncIterator[Letter | Unreadable]:
        """All that lies there now, partition by partition in order; with `since_us`, from about that time on.

        What is written meanwhile, such as a replayed record that is rejected again, is not read.
        """
        ends = await self._answer(self._consumer.end_offsets(self._tps))
        await self._answer(self._start(since_us, ends))
        clock = asyncio.get_running_loop().time
        heard = clock()
        while open_ := [tp for tp in self._tps if await self._answer(self._consumer.position(tp)) < ends[tp]]:
            batches = await self._answer(self._consumer.getmany(*open_, timeout_ms=200))
            for tp, records in batches.items():
                for record in records:
                    if record.offset < ends[tp]:
                        yield _letter(record)
            if batches:
                heard = clock()
            elif clock() - heard > SILENT_S:
                raise DeadLetterError(f"{_brokers(self._settings)} stopped answering")

    async def at(self, place: Place) -> Letter | Unreadable | None:
        """The letter at a place; None where there is none (never was, or is deleted after 30 days)."""
        tp = TopicPartition(self._name, place.partition)
        if tp not in self._tps:
            return None
        begin = (await self._answer(self._consumer.beginning_offsets([tp])))[tp]
        end = (await self._answer(self._consumer.end_offsets([tp])))[tp]
        if not begin <= place.offset < end:
            return None
        self._consumer.seek(tp, place.offset)
        clock = asyncio.get_running_loop().time
        deadline = clock() + SILENT_S
        # Between the offsets of letters lie those of commit markers.
        while await self._answer(self._consumer.position(tp)) <= place.offset:
            for record in (await self._answer(self._consumer.getmany(tp, timeout_ms=200))).get(tp, ()):
                return _letter(record) if record.offset == place.offset else None
            if clock() > deadline:
                raise DeadLetterError(f"{_brokers(self._settings)} stopped answering")
        return None

    async def _partitions(self) -> Sequence[int]:
        # All topics are listed: asking for one by name would make some brokers create it.
        admin = AIOKafkaAdminClient(**connection(self._settings))
        try:
            await admin.start()
            topics = {topic["topic"]: topic for topic in await admin.describe_topics()}
        finally:
            await admin.close()
        if self._name not in topics:
            raise DeadLetterError(f"{_brokers(self._settings)} has no topic {self._name} (KPI_TOPIC_PREFIX)")
        return sorted(partition["partition"] for partition in topics[self._name]["partitions"])

    async def _start(self, since_us: int | None, ends: dict[TopicPartition, int]) -> None:
        await self._consumer.seek_to_beginning(*self._tps)
        if since_us is None:
            return
        # A record's own time is never before the `at` of its letter.
        found = await self._consumer.offsets_for_times(dict.fromkeys(self._tps, max(0, since_us // 1000)))
        for tp in self._tps:
            self._consumer.seek(tp, ends[tp] if found.get(tp) is None else found[tp].offset)

    async def _answer(self, asked: Awaitable[Answer]) -> Answer:
        try:
            return await asked
        except (KafkaError, OSError, TimeoutError) as error:
            raise DeadLetterError(f"{_brokers(self._settings)}: {_words(error)}") from error


class Resender:
    """Sends records back, acknowledged by all replicas and, over retries, written once. `async with`; connects late.

    `sent` hears of every letter in order, with partition and offset of the new record.
    """

    def __init__(self, settings: Settings, sent: Sent) -> None:
        self._settings = settings
        self._sent = sent
        self._producer: AIOKafkaProducer | None = None
        self._in_flight: deque[tuple[Letter, asyncio.Future[Any]]] = deque()

    async def __aenter__(self) -> "Resender":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                await self.flush()
        finally:
            for _, future in self._in_flight:
                future.add_done_callback(lambda done: done.cancelled() or done.exception())
            if self._producer is not None:
                with suppress(TimeoutError, KafkaError):
                    await asyncio.wait_for(self._producer.stop(), CONNECT_S)

    async def send(self, letter: Letter, again: Resend) -> None:
        """Sends one; waits only where too many are on their way. Raises DeadLetterError."""
        producer = self._producer or await self._started()
        name = self._settings.topic(again.topic.name)
        try:
            future = await producer.send(name, again.value, key=again.key, headers=list(again.headers))
        except KafkaError as error:
            raise DeadLetterError(f"{letter.place}: {_brokers(self._settings)}: {_words(error)}") from error
        self._in_flight.append((letter, future))
        while len(self._in_flight) >= MAX_IN_FLIGHT:
            await self._acknowledged()

    async def flush(self) -> None:
        """Waits for every acknowledgement. Raises DeadLetterError."""
        while self._in_flight:
            await self._acknowledged()

    async def _started(self) -> AIOKafkaProducer:
        options = {**connection(self._settings), "acks": "all", "enable_idempotence": True, "linger_ms": 5}
        self._producer = AIOKafkaProducer(**options)
        try:
            await asyncio.wait_for(self._producer.start(), CONNECT_S)
        except (KafkaError, OSError, TimeoutError) as error:
            raise DeadLetterError(f"{_brokers(self._settings)} does not answer; {_HINT}") from error
        return self._producer

    async def _acknowledged(self) -> None:
        letter, future = self._in_flight[0]
        try:
            placed = await future
        except KafkaError as error:
            raise DeadLetterError(f"{letter.place}: {_brokers(self._settings)}: {_words(error)}") from error
        self._in_flight.popleft()
        self._sent(letter, Place(placed.partition, placed.offset))


_HINT = "is it running, and is its address right (--broker, KPI_BROKER_URL)?"


def _letter(record: ConsumerRecord) -> Letter | Unreadable:
    place = Place(record.partition, record.offset)
    try:
        return Letter.of(place, DeadLetter.model_validate_json(record.value or b""))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "value"
        return Unreadable(place, f"{where}: {first['msg']}")


def _brokers(settings: Settings) -> str:
    return f"Kafka at {', '.join(settings.broker_url)}"


def _words(error: BaseException) -> str:
    return str(error).rstrip(".") or type(error).__name__
