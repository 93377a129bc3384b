"""Keeps a Board up to date from `kpi.values` and `kpi.alerts`: reads both from the beginning, then follows.

Outside any consumer group, so every process that shows a wall sees all partitions. Positions survive a lost broker:
after a reconnect the board goes on where it was instead of running through history in front of everybody.

Rows wait here until somebody looks at the board, and only the newest of each key is read: at 10,000 events a second a
worker publishes some 50,000 rows a second, of which most are replaced before anyone looks, and reading them all took a
fifth of a core. Some before it wait along, for what cannot be read replaces nothing.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from itertools import islice
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.topics import ALERTS, VALUES
from streams.batches import fetch_bare
from streams.clock import Clock, SystemClock
from streams.core.board import Board, Refusal, is_value
from streams.core.stage import Record

log = logging.getLogger(__name__)

FIRST_ALERTS = 20_000
"""How far back alerts are read in a partition; what still fires from before that is not shown."""
POLL_MS = 200
PAUSE_S = 0.1
"""After a small fetch: each costs the worker about a millisecond, and every commit would be one."""
SMALL_FETCH = 1000
"""Records: after as many there are more where a topic is read from its beginning, which nobody should wait for."""
MOST_WAITING = 30_000
"""Keys, 15 to 45 MB, and 100 ms of whoever looks. A topic read from its beginning may have any number of them."""
MOST_OF_KEY = 3
"""Rows of a key that wait: then it is seen whether the newest can be read, and those before it may go."""
SLICE = 4000
"""Keys whose rows are put in one go where nobody looks: some 15 ms of the worker's loop."""
FIRST_BACKOFF_S = 0.5
LAST_BACKOFF_S = 15.0
EXPECTED_REFUSALS: frozenset[Refusal] = frozenset({"older_period", "other_audience", "not_held"})

Put = Callable[[str, bytes | None, int], Refusal | None]
Report = Callable[[str | None], None]
"""Told a sentence when the feed cannot read, None when it is reading again."""


async def run(
    board: Board,
    connection: Mapping[str, Any],
    *,
    topic_prefix: str = "",
    clock: Clock | None = None,
    report: Report | None = None,
) -> None:
    """Feeds `board` until cancelled; broker errors are reported, logged and tried again after a growing pause.

    Args:
        board: what to feed.
        connection: keyword arguments of an aiokafka client: `bootstrap_servers`, TLS and SASL.
        topic_prefix: as in the settings.
        clock: turns the broker's time of a record into the time the board shows.
        report: see `Report`.
    """
    feed = BoardFeed(board, connection, topic_prefix, clock or SystemClock())
    tell = report or (lambda reason: None)
    pause_s = FIRST_BACKOFF_S
    while True:
        try:
            async for _ in feed.chunks():
                tell(None)
                pause_s = FIRST_BACKOFF_S
        except (KafkaError, OSError) as error:
            reason = f"wallboard cannot read from Kafka: {type(error).__name__}: {error}"
            tell(reason)
            log.warning("%s; trying again in %.1f s", reason, pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, LAST_BACKOFF_S)


class BoardFeed:
    """One board's reader; remembers how far it has read each partition."""

    def __init__(self, board: Board, connection: Mapping[str, Any], topic_prefix: str, clock: Clock) -> None:
        self._board = board
        self._connection = connection
        self._clock = clock
        self._alerts = topic_prefix + ALERTS.name
        self._values = topic_prefix + VALUES.name
        self._waiting: dict[bytes, tuple[TopicPartition, list[Record]]] = {}
        """By key, the newest row last."""
        board.before_a_look = self._put_waiting
        self._positions: dict[TopicPartition, int] = {}
        self.refused: Counter[Refusal] = Counter()

    async def chunks(self) -> AsyncGenerator[int, None]:
        """Reads until an error; yields the number of records taken, also 0 when there was nothing to read."""
        # Without a group, naming the topics assigns every partition; a topic that is not there raises in start().
        consumer = AIOKafkaConsumer(
            self._values,
            self._alerts,
            **self._connection,
            group_id=None,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=POLL_MS,
        )
        try:
            await consumer.start()
            fetch_bare(consumer)
            await self._seek(consumer)
            while True:
                fetched = await consumer.getmany(timeout_ms=POLL_MS)
                for partition, records in fetched.items():
                    await self._take(partition, records)
                    await self._keep_waiting(MOST_WAITING)
                taken = sum(len(records) for records in fetched.values())
                yield taken
                if taken < SMALL_FETCH:
                    await asyncio.sleep(PAUSE_S)
        finally:
            await consumer.stop()

    async def _seek(self, consumer: AIOKafkaConsumer) -> None:
        partitions = consumer.assignment()
        alerts = [partition for partition in partitions if partition.topic == self._alerts]
        first = await consumer.beginning_offsets(alerts)
        end = await consumer.end_offsets(alerts)
        for partition in partitions:
            known = self._positions.get(partition)
            if known is not None:
                consumer.seek(partition, known)
            elif partition in end:
                consumer.seek(partition, max(first[partition], end[partition] - FIRST_ALERTS))

    async def _take(self, partition: TopicPartition, records: Sequence[Record]) -> None:
        waiting, holds_values = self._waiting, partition.topic == self._values
        for record in records:
            if not holds_values:
                self._put(self._board.put_alert, partition, record)
            elif record.key and record.value is not None:
                known = waiting.get(record.key)
                if known is None:
                    waiting[record.key] = partition, [record]
                elif len(known[1]) < MOST_OF_KEY:
                    known[1].append(record)
                else:
                    self._replace(known[1], partition, record)
            else:  # what is deleted has to be there, and no key says what a row replaces
                await self._keep_waiting(0)
                self._put(self._board.put_value, partition, record)
        self._positions[partition] = records[-1].offset + 1

    def _replace(self, rows: list[Record], partition: TopicPartition, record: Record) -> None:
        """All rows of a key by a newer one, if that can be read."""
        if is_value(record.value or b""):
            rows[:] = [record]
        else:
            self._note("not_a_value", partition, record.offset)

    async def _keep_waiting(self, most: int) -> None:
        """Puts what waits beyond so many keys, and lets others have the loop in between."""
        await asyncio.sleep(0)
        while len(self._waiting) > most:
            self._put_waiting(SLICE)
            await asyncio.sleep(0)

    def _put_waiting(self, most: int | None = None) -> None:
        """Puts the newest row of each key that waits, or of so many keys."""
        for key in [*islice(self._waiting, most)]:
            partition, rows = self._waiting.pop(key)
            for record in reversed(rows):
                refusal = self._put(self._board.put_value, partition, record)
                if refusal is None or refusal in EXPECTED_REFUSALS:
                    break

    def _put(self, put: Put, partition: TopicPartition, record: Record) -> Refusal | None:
        key = (record.key or b"").decode(errors="replace")
        refusal = put(key, record.value, self._clock.of_wall_us(record.timestamp * 1000))
        if refusal is not None:
            self._note(refusal, partition, record.offset)
        return refusal

    def _note(self, refusal: Refusal, partition: TopicPartition, offset: int) -> None:
        self.refused[refusal] += 1
        if refusal not in EXPECTED_REFUSALS and self.refused[refusal] == 1:
            at = f"{partition.topic}-{partition.partition} offset {offset}"
            log.warning("the wallboard leaves out a record (%s) at %s; further ones are only counted", refusal, at)
