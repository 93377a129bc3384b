"""State of one (stage, source partition) on Kafka: its changelog partition and the producer that may write to it.

The commit rule. A chunk or tick writes its state rows, its sends and one offset row in ONE transaction, so they become
visible together or never. The offset row is the only truth about how far the source partition is processed: the
group's committed offsets are hints for lag tools, and a partition without offset row starts at its beginning.

Who may commit. `open` runs InitProducerId for `{app}-{topic}-{partition}`, which aborts an open transaction of any
earlier owner and fences that owner for good. Only then does `read` take the changelog's end: nothing can be added to
what it reads but by us. After a failed or unknown commit the rows in memory are worthless: drop them, open, read.

What must hold, and what breaks otherwise:
- Compute first, then begin, send, commit, and wait for nothing else in between: an open transaction keeps every
  read_committed reader behind it, and the broker aborts it after the session's timeout.
- Open before read. The other way round, an owner that still lives may write after the read, and its rows are missing in
  ours (test_tables: a new owner fences the old one; test_workers: a worker that slept through its session).
- Rows, sends and offset in one transaction: what is outside of it is repeated or missing after a kill (test_workers).
- Commit only what has arrived whole: aiokafka commits the rest when one batch failed (test_tables: what Kafka refuses
  takes the whole commit with it).
- The manifest in the offset row (number of live rows, XOR of their digests) costs one CRC a row and is what notices a
  changelog that retention, an operator or a broken disk cut short or changed. It needs the digest of what a row was
  before, so digests of all live rows stay in memory: about 140 bytes a row, which is why stages pack many things into
  one row. It cannot see a tail that is missing as a whole, or that all is missing: that is an older state that was
  true once, with the offset to go on from. The lane refuses it where the group remembers a later offset (hints are
  committed every few seconds and when a worker ends in order); of a tail younger than the last hint nobody knows.
- How rows become digests and keys (`ROW`, crc32 of key and value) is the format of the changelog: a change of it makes
  every changelog there is look broken.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import IllegalOperation, KafkaError, ProducerFenced

from streams.core.stage import Send, Step
from streams.restoring import Progress, read_changelog
from streams.routing import places

OPEN_S = 30.0
CLOSE_S = 2.0
BATCH_BYTES = 512 * 1024
"""Of one produce batch: a chunk's rows for one partition travel in few requests; brokers take 1 MiB."""

MOST_PLACED = 50_000
"""Keys whose partition a ledger remembers, some 5 MB."""
SLICE = 2000
"""Rows restored in one go: some 2 ms."""

BEGIN_ANEW = "delete it and the group's offsets (kafka-consumer-groups --delete-offsets) and replay the source topic"
"""What else an operator can do about a changelog that is broken."""

ROW = b"r"
OFFSET_KEY = b"o"
"""Every stage row's key gets the prefix ROW in the changelog, so that none can collide with the offset row."""


class CommitLostError(Exception):
    """A commit failed or its outcome is unknown: the state in memory may not be used any more."""


class ChangelogBrokenError(Exception):
    """The changelog holds other rows than its manifest says; using it would publish wrong values."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What `Ledger.read` found: live rows, the source offset to go on from (None: the beginning), and records read."""

    rows: dict[bytes, bytes]
    offset: int | None
    records: int


class Ledger:
    """Reads and writes the state of one source partition. Not for use by two tasks at a time."""

    def __init__(
        self,
        connection: Mapping[str, Any],
        changelog: TopicPartition,
        transactional_id: str | None,
        timeout_s: int,
        topic_prefix: str,
        partitions: int,
    ) -> None:
        """`transactional_id` None: a broker without transactions; a crash may then tear a chunk apart."""
        self._connection = connection
        self._changelog = changelog
        self._transactional_id = transactional_id
        self._timeout_s = timeout_s
        self._prefix = topic_prefix
        self._partitions = partitions
        self._keyless = 0
        self._placed: dict[bytes, int] = {}
        """The partition of a key: values are sent again and again, each time under the same one."""
        self._producer: AIOKafkaProducer | None = None
        self._digests: dict[bytes, int] = {}
        self._seal = 0

    @property
    def name(self) -> str:
        """Of the changelog, for messages."""
        return f"changelog {self._changelog.topic} partition {self._changelog.partition}"

    @property
    def live_rows(self) -> int:
        """Rows in the changelog that are not deleted."""
        return len(self._digests)

    async def open(self) -> None:
        """Starts a producer; with transactions, this fences every earlier owner of the partition.

        Raises:
            KafkaError, TimeoutError: the cluster did not grant it.
        """
        await self.close()
        options: dict[str, Any] = {"max_batch_size": BATCH_BYTES, "enable_idempotence": True, **self._connection}
        if self._transactional_id:
            # An open transaction blocks every reader behind it: it lives no longer than a silent worker does.
            options |= {"transactional_id": self._transactional_id, "transaction_timeout_ms": self._timeout_s * 1000}
        self._producer = producer = AIOKafkaProducer(**options)
        await asyncio.wait_for(producer.start(), OPEN_S)

    async def read(self, progress: Progress | None = None) -> Restored:
        """The live rows of the changelog, to its end as of now.

        Raises:
            ChangelogBrokenError: rows are missing or differ from the manifest written with the last commit.
            KafkaError: the cluster does not answer.
        """
        restored, fault = await self.look(progress)
        if fault is not None:
            raise ChangelogBrokenError(fault)
        return restored

    async def look(self, progress: Progress | None = None) -> tuple[Restored, str | None]:
        """What `read` finds, and what is wrong with it, if anything is. Needs no `open`, and so fences nobody.

        Raises:
            KafkaError: the cluster does not answer.
        """
        rows, records = await read_changelog(self._connection, self._changelog, progress)
        manifest = json.loads(rows.pop(OFFSET_KEY, b"{}"))
        live: dict[bytes, bytes] = {}
        self._digests, self._seal = digests, seal = {}, 0
        while rows:
            # In slices: heartbeats go out between. What is taken over is let go of, or the rows would be held twice.
            for _ in range(min(SLICE, len(rows))):
                key, value = rows.popitem()
                key = key[len(ROW) :]
                live[key] = value
                digests[key] = digest = crc32(value, crc32(key))
                seal ^= digest
            await asyncio.sleep(0)
        self._seal = seal
        fault = None
        if (manifest.get("rows", 0), manifest.get("seal", 0)) != (len(live), self._seal):
            fault = (
                f"{self.name} holds {len(live)} rows where its last commit says {manifest.get('rows', 0)} (or their "
                f"content differs): it was cut or altered; restore it, or {BEGIN_ANEW}"
            )
        return Restored(live, manifest.get("offset"), records), fault

    async def commit(self, step: Step, offset: int | None) -> None:
        """Writes what a chunk or tick did, together with the source offset it was done at, atomically.

        Raises:
            CommitLostError: it did not happen, or nobody can say; `fenced` in its text when another owner took over.
        """
        producer = self._producer
        if producer is None:
            raise CommitLostError("the producer is closed")
        # Everything is computed before the transaction begins: while it is open, read_committed readers wait.
        batches = self._batches(producer, step, offset)
        pending: list[asyncio.Future[Any]] = []
        try:
            if self._transactional_id:
                await producer.begin_transaction()
            for batch, topic, partition in batches:
                pending.append(await producer.send_batch(batch, topic, partition=partition))
            # aiokafka 0.14 commits what is left when a batch of the transaction failed (flush_for_commit waits for all
            # and looks at none): the offset would stand and its sends would be lost. So every batch is looked at first.
            # Not by gather: it would cancel what the producer still counts on.
            await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
            for sent in pending:
                if sent.done():
                    sent.result()
            if self._transactional_id:
                await producer.commit_transaction()
        # aiokafka 0.14 ends the transaction itself when it notices the fence between two batches.
        except (KafkaError, IllegalOperation, OSError, ValueError, AssertionError) as error:
            raise CommitLostError(_reason(error)) from error
        finally:
            await _collect(pending)

    def _batches(self, producer: AIOKafkaProducer, step: Step, offset: int | None) -> list[tuple[Any, str, int]]:
        """Rows and sends as (record batch, topic, partition), in order for each partition.

        With one `producer.send` each, a toy stage that sends for every record ran at 17,000 records/s; so, at 84,000.
        """
        changelog = self._changelog
        batch = producer.create_batch()
        batches: list[tuple[Any, str, int]] = [(batch, changelog.topic, changelog.partition)]
        for key, value in self._changed(step.rows, offset):
            if batch.append(timestamp=None, key=key, value=value) is None:
                batch = producer.create_batch()
                batch.append(timestamp=None, key=key, value=value)
                batches.append((batch, changelog.topic, changelog.partition))
        filling: dict[tuple[str, int], Any] = {}

        def add(topic: str, partition: int, key: bytes | None, value: bytes | None, headers: list[Any]) -> None:
            batch = filling.get((topic, partition))
            if batch is None or batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
                filling[topic, partition] = batch = producer.create_batch()
                batch.append(timestamp=None, key=key, value=value, headers=headers)
                batches.append((batch, topic, partition))

        for send, partition in zip(step.sends, self._places(step.sends), strict=True):
            add(self._prefix + send.topic.name, partition, send.key, send.value, list(send.headers))
        return batches

    def _places(self, sends: Sequence[Send]) -> list[int]:
        """The partition of each send: the one that it names, that of its key, or where it has neither each in turn."""
        placed = self._placed
        if len(placed) > MOST_PLACED:
            placed.clear()
        keys = {send.key for send in sends if send.partition is None and send.key is not None}
        new = [key for key in keys if key not in placed]
        if new:
            placed.update(zip(new, places(new, self._partitions), strict=True))
        return [
            send.partition if send.partition is not None else self._next() if send.key is None else placed[send.key]
            for send in sends
        ]

    def _next(self) -> int:
        self._keyless += 1
        return self._keyless % self._partitions

    def _changed(self, rows: Mapping[bytes, bytes | None], offset: int | None) -> Iterator[tuple[bytes, bytes | None]]:
        """Changelog records of the rows, and last the offset row with the manifest: the digests of all live rows."""
        digests, seal = self._digests, self._seal
        for key, value in rows.items():
            before = digests.get(key)
            if before is not None:
                seal ^= before
            if value is not None:
                digests[key] = digest = crc32(value, crc32(key))
                seal ^= digest
            elif before is not None:
                del digests[key]
            else:
                continue  # a row that was never written needs no tombstone
            yield ROW + key, value
        self._seal = seal
        manifest = {"offset": offset, "rows": len(digests), "seal": seal}
        yield OFFSET_KEY, json.dumps(manifest, separators=(",", ":")).encode()

    async def close(self) -> None:
        """Stops the producer; an open transaction is left to `open` (ours or the next owner's) to abort."""
        producer, self._producer = self._producer, None
        if producer is not None:
            # A lane that is cancelled while it closes must not leave a producer behind that still sends.
            await asyncio.shield(_shut(producer))


async def _shut(producer: AIOKafkaProducer) -> None:
    with suppress(KafkaError, OSError):
        try:
            await asyncio.wait_for(producer.stop(), CLOSE_S)
        except TimeoutError:
            # aiokafka 0.14: stop() flushes without a limit while the broker is away, and does nothing when called
            # again; these two are what it would have done next.
            with suppress(asyncio.CancelledError, TimeoutError):
                await asyncio.wait_for(producer._sender.close(), CLOSE_S)
            await producer.client.close()


def _reason(error: Exception) -> str:
    if isinstance(error, ProducerFenced):
        return "fenced: another worker owns the partition now"
    if isinstance(error, IllegalOperation):
        return f"the transaction was ended from outside, fenced or aborted: {error}"
    return f"{type(error).__name__}: {error}"


async def _collect(pending: list[asyncio.Future[Any]]) -> None:
    """Takes the result of every send, so that none is reported as never retrieved."""
    for future in pending:
        if not future.done():
            future.add_done_callback(lambda done: done.cancelled() or done.exception())
        elif not future.cancelled():
            future.exception()
