"""Brings the slices of several sources into the order of event time.

A stage behind several partitions must not decide about 10:00 before all of them have told it what happened until
10:00. Slices wait here, per source in their order, until the slowest source's clock has reached them. The clock is the
minimum over the sources: of the watermark of those that lag, of the sending time of those that are caught up. So a
backfill is judged at its own time and silence at wall time, and nothing here reads a clock.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush

import msgspec

from streams.core.frames import Frame, Slice
from streams.core.rows import Rows

SOURCE, HELD = "source", "held"


class Alignment:
    """Slices of `sources` by event time. Clock and held slices are rows of the stage that owns it."""

    def __init__(self, rows: Rows, sources: Sequence[str]) -> None:
        self._rows = rows
        self._queues: dict[str, deque[tuple[int, Slice]]] = {source: deque() for source in sources}
        self._heads: list[tuple[int, str]] = []  # stamp of the first slice of each source that has one
        self._clocks: dict[str, int | None] = dict.fromkeys(sources)
        self._firsts: dict[str, int | None] = dict.fromkeys(sources)
        self._first_us: int | None = None
        self._next = 0
        self._unsaved: dict[int, tuple[str, Slice]] = {}

    def ready(self) -> None:
        """Take up what the rows say."""
        for key, (clock_us, first_us) in self._rows.items(SOURCE):
            if key[1] in self._clocks:
                self._clocks[str(key[1])], self._firsts[str(key[1])] = clock_us, first_us
        self._first_us = min((first for first in self._firsts.values() if first is not None), default=None)
        held = sorted((key[2], key[1], value) for key, value in self._rows.items(HELD))
        for number, source, value in held:
            if source in self._queues:
                slice_ = msgspec.convert(value, Slice, strict=False)  # digits, as in frames
                self._queue(str(source), int(number), slice_)
            self._next = max(self._next, int(number) + 1)

    @property
    def clock_us(self) -> int | None:
        """Event time up to which every source has reported, or None before all have."""
        known = [clock for clock in self._clocks.values() if clock is not None]
        return min(known) if len(known) == len(self._clocks) else None

    @property
    def clocks(self) -> Mapping[str, int | None]:
        """How far each source has reported."""
        return self._clocks

    @property
    def first_us(self) -> int | None:
        """The earliest event time that any source has seen."""
        return self._first_us

    @property
    def held(self) -> int:
        """Number of slices that wait."""
        return sum(map(len, self._queues.values()))

    def take(self, frame: Frame) -> None:
        """Take a frame in. A source's clock never goes back; a source that is not one of ours is ignored."""
        if frame.source not in self._queues:
            return
        before = self._clocks[frame.source]
        if frame.clock_us is not None and (before is None or frame.clock_us > before):
            self._clocks[frame.source] = frame.clock_us
        if frame.first_us is not None:
            first = self._firsts[frame.source]
            self._firsts[frame.source] = frame.first_us if first is None else min(first, frame.first_us)
            self._first_us = min(frame.first_us, frame.first_us if self._first_us is None else self._first_us)
        self._rows.put((SOURCE, frame.source), [self._clocks[frame.source], self._firsts[frame.source]])
        for slice_ in frame.slices:
            self._queue(frame.source, self._next, slice_)
            self._unsaved[self._next] = (frame.source, slice_)
            self._next += 1

    @property
    def next_us(self) -> int | None:
        """The stamp of the next slice, if the clock has reached it."""
        clock_us = self.clock_us
        if clock_us is None or not self._heads or self._heads[0][0] > clock_us:
            return None
        return self._heads[0][0]

    def pop(self) -> tuple[str, Slice]:
        """(source, slice) of `next_us`; of two with one stamp, by the name of the source."""
        _, source = heappop(self._heads)
        queue = self._queues[source]
        number, slice_ = queue.popleft()
        if queue:
            heappush(self._heads, (queue[0][1].stamp_us, source))
        if self._unsaved.pop(number, None) is None:
            self._rows.drop((HELD, source, number))
        return source, slice_

    def release(self) -> Iterator[tuple[str, Slice]]:
        """(source, slice) for every slice that the clock has reached, in the order of their stamps."""
        while self.next_us is not None:
            yield self.pop()

    def save(self) -> None:
        """Make rows of the slices that came in this step and still wait."""
        for number, (source, slice_) in self._unsaved.items():
            self._rows.put((HELD, source, number), slice_)
        self._unsaved.clear()

    def _queue(self, source: str, number: int, slice_: Slice) -> None:
        if not self._queues[source]:
            heappush(self._heads, (slice_.stamp_us, source))
        self._queues[source].append((number, slice_))
