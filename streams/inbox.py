"""What was fetched for a lane and not yet processed: when a chunk is due, how large, and what offset follows it.

It is also where back-pressure begins: a full inbox makes the lane pause its partition, so that a stage or a sink that
is slow, or hangs, leaves records on the broker and not in memory. What a partition can hold is two chunks or
`FULL_BYTES`, plus the fetch that was on its way (tests/kafka/test_back_pressure.py).
"""

from collections.abc import Callable, Sequence

from streams.core.stage import Record

SLOW_FEED_S = 0.4
"""A chunk that takes longer halves the next one's size: heartbeats and the other lanes wait meanwhile."""
LEAST_RECORDS = 10
"""Also the size of the first chunk: what a record costs shows when some are fed (a frame of partials is some 20 ms)."""
FULL_BYTES = 16 << 20
"""Of values in one partition's inbox: 5,000 events of 64 KiB would be 320 MB."""


class Inbox:
    """Records in order. `most_records` and `linger_s` bound a chunk; `time` gives monotonic seconds."""

    def __init__(self, most_records: int, linger_s: float, time: Callable[[], float]) -> None:
        self.read_to = 0
        """Offset after everything fetched, commit markers included."""
        self.bytes = 0
        """Of the values that wait, about: what is taken counts with the mean."""
        self._most = most_records
        self._limit = min(most_records, LEAST_RECORDS)
        self._linger_s = linger_s
        self._time = time
        self._records: list[Record] = []
        self._since = 0.0
        self._rests_until = 0.0

    def __len__(self) -> int:
        return len(self._records)

    @property
    def limit(self) -> int:
        """Records of the next chunk, at most."""
        return self._limit

    @property
    def has_chunk(self) -> bool:
        """A whole chunk waits."""
        return len(self._records) >= self._limit or self.bytes >= FULL_BYTES

    @property
    def is_full(self) -> bool:
        """Two chunks wait, one to work on while the next comes: fetch no more until there is room."""
        return len(self._records) >= 2 * self._limit or self.bytes >= FULL_BYTES

    @property
    def has_room(self) -> bool:
        """Less than a chunk waits: fetch again.

        Not before: what is on its way when a partition is paused is thrown away by aiokafka and fetched again.
        """
        return len(self._records) < self._limit and self.bytes < FULL_BYTES // 2

    def restart(self, offset: int) -> None:
        """Empty, and what comes next is fetched from `offset`."""
        self._records.clear()
        self.bytes = 0
        self.read_to = offset

    def put(self, records: Sequence[Record], position: int) -> None:
        """Takes what one fetch brought, and the offset after it."""
        if not self._records:
            self._since = self._time()
        self._records += records
        self.bytes += _bytes(records)
        self.read_to = position

    def due_in_s(self) -> float | None:
        """Seconds until a chunk is to be taken, None while there is nothing."""
        if not self._records:
            return None
        if self.has_chunk:
            return 0.0
        return max(0.0, max(self._since + self._linger_s, self._rests_until) - self._time())

    def rest(self, until: float) -> None:
        """Has less than a whole chunk wait until then, however old it is by that time."""
        self._rests_until = until

    def take(self) -> list[Record]:
        """The next chunk; empty where nothing waits."""
        before = len(self._records)
        taken = self._records[: self._limit]
        del self._records[: self._limit]
        self.bytes = self.bytes * len(self._records) // before if before else 0
        self._since = self._time()
        return taken

    def put_back(self, records: Sequence[Record]) -> None:
        """Puts the end of the chunk taken last in front again."""
        self._records[:0] = records
        self.bytes += _bytes(records)

    def offset_after(self, last_offset: int) -> int:
        """Where to go on when the record at `last_offset` is processed: past commit markers, if nothing waits."""
        return self._records[0].offset if self._records else max(last_offset + 1, self.read_to)

    def pace(self, records: int, took_s: float) -> None:
        """Learns from how long a chunk took."""
        if took_s > SLOW_FEED_S:
            self._limit = max(LEAST_RECORDS, records // 2)
        elif took_s < SLOW_FEED_S / 4 and records >= self._limit:
            self._limit = min(self._most, self._limit * 2)


def _bytes(records: Sequence[Record]) -> int:
    return sum([len(record.value or b"") for record in records])
