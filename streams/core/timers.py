"""Minutes at which JUDGE has to look at something again. A detector has no event to be woken by."""

import heapq
from collections.abc import Iterator

from streams.core.alerting.lifecycle import HoldEnds
from streams.core.detectors.contract import WorkingTime, minute_when_worked
from streams.core.policy import MINUTE_US
from streams.core.windows import Window

OPEN, CLOSE, RESTATE, HOUR, EVALUATE, SCORE = range(6)
"""What is due, in the order in which one minute's work is done."""

Due = tuple[int, int, tuple[str, ...]]
"""(minute, kind, what)."""


def minute_after(time_us: int) -> int:
    """The first whole minute later than an instant."""
    return (time_us // MINUTE_US + 1) * MINUTE_US


def minute_from(time_us: int) -> int:
    """The first whole minute at or after an instant."""
    return -(-time_us // MINUTE_US) * MINUTE_US


def by_working_time(working_time: WorkingTime, window: Window) -> HoldEnds:
    """A finding holds in working time: one of the day's last minute, or of the night, is told when work goes on. Where
    the period has too little of it left the wall's time decides, for else it would never be told."""

    def ends_us(since_us: int, hold_us: int) -> int:
        worked_us = minute_when_worked(working_time, since_us, hold_us, window.end_us)
        return since_us + hold_us if worked_us is None else worked_us

    return ends_us


class Timers:
    """At most one timer a (kind, what), the earliest asked for. Rebuilt from the state, never stored."""

    def __init__(self) -> None:
        self._heap: list[Due] = []
        self._earliest: list[dict[tuple[str, ...], int]] = [{} for _ in range(SCORE + 1)]

    def set(self, minute_us: int, kind: int, *what: str) -> None:
        """Ask for a look at a whole minute; a later one for the same thing is forgotten."""
        earliest = self._earliest[kind]
        known = earliest.get(what)
        if known is not None and known <= minute_us:
            return
        earliest[what] = minute_us
        heapq.heappush(self._heap, (minute_us, kind, what))

    def is_set(self, kind: int, *what: str) -> bool:
        """Whether a look at it is due some time."""
        return what in self._earliest[kind]

    @property
    def next_us(self) -> int | None:
        """The minute of the next look, or one before it where a look was forgotten."""
        return self._heap[0][0] if self._heap else None

    def due(self, until_us: int) -> Iterator[Due]:
        """Everything due up to and with a minute, in order; what is set on the way comes in its turn."""
        while self._heap and self._heap[0][0] <= until_us:
            minute_us, kind, what = heapq.heappop(self._heap)
            if self._earliest[kind].get(what) == minute_us:
                del self._earliest[kind][what]
                yield minute_us, kind, what
