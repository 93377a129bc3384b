"""Working time for the detector tests: a plain list of open spans, independent of the product's calendar."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US


def us(text: str) -> int:
    """`2026-11-23T09:00` as µs since the epoch, UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND_US


class OpenSpans:
    """Open in the given [start, end) spans, closed else."""

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        self._spans = spans
        self._starts = [start for start, _ in spans]
        self._before = [0, *accumulate(end - start for start, end in spans)]

    def worked(self, t_us: int) -> int:
        index = bisect_right(self._starts, t_us) - 1
        if index < 0:
            return 0
        start, end = self._spans[index]
        return self._before[index] + min(t_us, end) - start

    def between(self, t1_us: int, t2_us: int, /) -> int:
        return self.worked(t2_us) - self.worked(t1_us)

    def due(self, t_us: int, worked_us: int, /) -> int:
        goal = self.worked(t_us) + worked_us
        if worked_us == 0:
            return t_us
        index = bisect_right(self._before, goal - 1) - 1
        return self._spans[index][0] + goal - self._before[index]


def office(
    first: date, days: int, closed: Sequence[date] = (), hours: Sequence[tuple[int, int]] = ((9, 17),)
) -> OpenSpans:
    """Monday to Friday at these hours UTC, except on closed days."""
    spans = []
    for day in (first + timedelta(days=n) for n in range(days)):
        if day.weekday() < 5 and day not in closed:
            midnight = us(day.isoformat())
            spans += [(midnight + opens * HOUR_US, midnight + closes * HOUR_US) for opens, closes in hours]
    return OpenSpans(spans)
