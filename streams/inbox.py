"""What was fetched for a lane and not yet processed: when a chunk is due, how large, and what offset follows it."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from streams.core.stage import Record

SLOW_FEED_S = 0.4
"""A chunk that takes longer halves the next one's size: heartbeats and the other lanes wait meanwhile."""
LEAST_RECORDS = 10
"""Also the size of the first chunk: what a record costs shows when some are fed (a frame of partials is some 20 ms)."""


class Inbox:
    """Records in order. `most_records` and `linger_s` bound a chunk; `time` gives monotonic seconds."""

    def __init__(self, most_records: int, linger_s: float, time: Callable[[], float]) -> None:
        self.read_to = 0
        """Offset after everything fetched, commit markers included."""
        self._most = most_records
        self._limit = min(most_records, LEAST_RECORDS)
        self._linger_s = linger_s
        self._time = time
        self._records: deque[Record] = deque()
        self._since = 0.0

    def __len__(self) -> int:
        return len(self._records)

    @property
    def is_full(self) -> bool:
        """A whole chunk waits: fetch no more until it is taken."""
        return len(self._records) >= self._limit

    def restart(self, offset: int) -> None:
        """Empty, and what comes next is fetched from `offset`."""
        self._records.clear()
        self.read_to = offset

    def put(self, records: Iterable[Record], position: int) -> None:
        """Takes what one fetch brought, and the offset after it."""
        if not self._records:
            self._since = self._time()
        self._records.extend(records)
        self.read_to = position

    def due_in_s(self) -> float | None:
        """Seconds until a chunk is to be taken, None while there is nothing."""
        if not self._records:
            return None
        return 0.0 if self.is_full else max(0.0, self._since + self._linger_s - self._time())

    def take(self) -> list[Record]:
        """The next chunk."""
        records = self._records
        taken = [records.popleft() for _ in range(min(self._limit, len(records)))]
        self._since = self._time()
        return taken

    def put_back(self, records: Sequence[Record]) -> None:
        """Puts the end of the chunk taken last in front again."""
        self._records.extendleft(reversed(records))

    def offset_after(self, last: Record) -> int:
        """Where to go on after `last` is processed: past commit markers, if nothing waits behind it."""
        return int(self._records[0].offset) if self._records else max(int(last.offset) + 1, self.read_to)

    def pace(self, records: int, took_s: float) -> None:
        """Learns from how long a chunk took."""
        if took_s > SLOW_FEED_S:
            self._limit = max(LEAST_RECORDS, records // 2)
        elif took_s < SLOW_FEED_S / 4 and records >= self._limit:
            self._limit = min(self._most, self._limit * 2)
