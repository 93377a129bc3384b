"""What a restore is made of: the changelog read to its end, the rows loaded, the progress shown.

A worker with an empty disk, a rebalance and a lost commit all come here (the recovery path: streams.lanes). Everything
works in slices that leave the event loop to heartbeats and to other lanes.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.batches import fetch_bare

log = logging.getLogger("streams")

FETCH_BYTES = 1 << 20
"""Per fetch; some 7,000 rows, which are taken in within 15 ms."""
SLICE = 1000
"""Rows loaded in one go: some 4 ms. Other lanes commit meanwhile, which takes them a dozen turns of the loop within the
transaction's timeout, and four lanes restore at a time: with 5,000 rows, workers with 600,000 rows on a machine that
was ten times overloaded had their transactions aborted, dropped their states for it, and restored again and again."""
SHOWN_S = 3.0


class Progress:
    """How far a restore is; a line in the log every few seconds. `time` gives monotonic seconds."""

    def __init__(self, name: str, time: Callable[[], float]) -> None:
        self.rows = 0
        """Read or loaded in this phase, rows written again and deleted ones included while it reads."""
        self.share = 0.0
        """Of this phase: of the changelog's offsets while it reads, of its live rows while it loads them."""
        self._name = name
        self._time = time
        self._phase = "read"
        self._shown_at = self._began_at = time()

    def __str__(self) -> str:
        took_s = self._time() - self._began_at
        speed = f", {self.rows / took_s:,.0f} rows/s" if took_s > 1 else ""
        of = "changelog" if self._phase == "read" else "rows"
        return f"{self.rows:,} rows {self._phase}, {self.share:.0%} of its {of}{speed}"

    def loads(self) -> None:
        """Everything is read; the state is built from it now."""
        self._phase, self._began_at, self.rows, self.share = "loaded", self._time(), 0, 0.0

    def at(self, rows: int, share: float) -> None:
        """So far it is."""
        self.rows, self.share = rows, share
        if self._time() - self._shown_at >= SHOWN_S:
            self._shown_at = self._time()
            log.info("%s: restoring its state: %s", self._name, self)


async def read_changelog(
    connection: Mapping[str, Any], tp: TopicPartition, progress: Progress | None = None
) -> tuple[dict[bytes, bytes], int]:
    """The newest value of every key that is not deleted, and the number of records read.

    Raises:
        KafkaError: the cluster does not answer.
    """
    # Faust's own recovery waits for the last offset, which under transactions is a commit marker and never comes
    # (faust-streaming 0.15.3); position() steps over markers. No group: a changelog is not assigned, but owned.
    consumer = AIOKafkaConsumer(
        **connection,
        group_id=None,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_wait_ms=50,
    )
    rows: dict[bytes, bytes] = {}
    records = 0
    try:
        await consumer.start()
        fetch_bare(consumer)
        consumer.assign([tp])
        first = (await consumer.beginning_offsets([tp]))[tp]
        end = (await consumer.end_offsets([tp]))[tp]
        consumer.seek(tp, first)
        while (position := await consumer.position(tp)) < end:
            if progress is not None:
                progress.at(records, (position - first) / (end - first))
            for record in (await consumer.getmany(tp, timeout_ms=200)).get(tp, ()):
                records += 1
                if record.value is None:
                    rows.pop(record.key, None)
                else:
                    rows[record.key] = record.value
            # getmany() returns without yielding while data is at hand.
            await asyncio.sleep(0)
    finally:
        await consumer.stop()
    return rows, records


async def load(rows: dict[bytes, bytes], take: Callable[[bytes, bytes], None], progress: Progress) -> None:
    """Hands every row to `take` and empties `rows` meanwhile: all of it at once would block the loop, and be in memory
    twice.
    """
    live = len(rows)
    progress.loads()
    while rows:
        for _ in range(min(SLICE, len(rows))):
            take(*rows.popitem())
        progress.at(live - len(rows), 1 - len(rows) / live)
        await asyncio.sleep(0)
