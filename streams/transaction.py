"""What the chunks of one transaction did: while a lane lags, it gathers several chunks and commits them together.

A transaction costs some 10 ms of waiting for the broker, and a stage touches nearly the same rows with every chunk, so
a backlog goes faster in few large transactions: rows are written once and values sent once in each. When a lane has
caught up every chunk is committed by itself, at once: latency is not traded for throughput where nobody waits behind.
"""

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter

from streams.core.stage import Record, Step

MOST_CHUNKS = 20
"""Full ones: 100,000 records with the setting's default, which cost a tenth less CPU each than in transactions of half
as many. What a failure or a lost partition repeats."""
MOST_BYTES = 16 << 20
"""Of rows and sends: all of it is in memory at once, and it has to be written within the transaction's timeout."""
MOST_READ_BYTES = 32 << 20
"""Of the values of its records. OBSERVE gives out its rows at the end; they hold the events, in half as many bytes."""
MOST_S = 5.0
"""Since its first chunk; the other lanes of the worker take their turns meanwhile. Whoever reads the results of a
backlog sees them so much later for each hop."""

_timestamp = attrgetter("timestamp")


class Transaction:
    """Steps merged in order: of the rows with one key the last stands, sends follow each other."""

    def __init__(self, began_s: float) -> None:
        self.step = Step([], {})
        self.records = 0
        self.read_bytes = 0
        """Of the values of its records, the ones about to be fed included."""
        self.last_offset = -1
        self.by_time: Counter[int] = Counter()
        """How many records were appended at a time (ms). Those of one produced batch share it, so there are few."""
        self._began_s = began_s
        self._bytes = 0

    def add(self, records: Sequence[Record], step: Step) -> None:
        """Takes one chunk and what it did."""
        if records:
            self.records += len(records)
            self.last_offset = records[-1].offset
            self.by_time.update(map(_timestamp, records))
        if self.step.sends or self.step.rows:
            self.step.sends.extend(step.sends)
            self.step.rows.update(step.rows)
        else:
            self.step = step
        self._bytes += sum([len(send.value or b"") for send in step.sends])
        self._bytes += sum([len(value or b"") for value in step.rows.values()])

    def has_room(self, records: int, most_records: int, now_s: float) -> bool:
        """Whether another chunk may follow the one of `records` that is about to be fed."""
        is_small = self._bytes < MOST_BYTES and self.read_bytes < MOST_READ_BYTES
        return is_small and self.records + records < most_records and now_s - self._began_s < MOST_S
