"""Working time as a clock of its own: B(t), the open microseconds up to t, its differences and its inverse.

B is kept as prefix sums over blocks of 32 UTC days, built when first asked for. Opening spans are wall readings and
become UTC one by one, so a day of 23 or 25 hours needs no rule: a span's edge is the first instant at which the local
clock has reached it (see `LocalClock.instant`).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from itertools import accumulate
from typing import NamedTuple

from streams.core.calendar.spans import Span, united, without
from streams.core.local_clock import DAY_US, EPOCH_ORDINAL, MINUTE_US, LocalClock
from streams.core.windows import Window

Days = Callable[[date], tuple[Span, ...]]
"""A date to the opening spans that start on it, in minutes after its 00:00."""

FIRST_YEAR, LAST_YEAR = 1970, 2099
"""Outside of these years every calendar is closed, so that one absurd date cannot make us sum millennia."""

_BLOCK_DAYS = 32
_BLOCK_US = _BLOCK_DAYS * DAY_US
_FIRST_US = (date(FIRST_YEAR, 1, 1).toordinal() - EPOCH_ORDINAL) * DAY_US
_LAST_US = (date(LAST_YEAR + 1, 1, 1).toordinal() - EPOCH_ORDINAL) * DAY_US
_ZERO_BLOCK = (date(2020, 1, 1).toordinal() - EPOCH_ORDINAL) // _BLOCK_DAYS
_MAX_BLOCKS = 64
_SEARCH_BLOCKS = 64  # due and next_open look five and a half years ahead


class _Block(NamedTuple):
    """Open intervals of a block; `done` is the open time in the block before each, `total` all of it."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    done: tuple[int, ...]
    total: int


class WorkingTime:
    """When one calendar is open. A known instant costs about a microsecond; memory is bounded."""

    def __init__(
        self,
        clock: LocalClock,
        days: Days,
        shared: Callable[[date, date], "WorkingTime | None"] | None = None,
        away: tuple[Span, ...] = (),
    ) -> None:
        """Args:

        `shared(first, last)` may name another calendar with the same days, so that they share blocks; `away` are
        stretches [start_us, end_us) in which nobody works whatever the days say, in order, without overlap.
        """
        self._clock = clock
        self._days = days
        self._shared = shared
        self._away = away
        self._blocks: dict[int, _Block] = {}
        self._ready: dict[int, tuple[int, _Block]] = {}
        self._totals: dict[int, int] = {}
        self._sums = {_ZERO_BLOCK: 0}
        self._low = self._high = _ZERO_BLOCK

    def worked(self, time_us: int) -> int:
        """B(t): open microseconds since a fixed instant near the start of 2020, negative before it."""
        time_us = min(max(time_us, _FIRST_US), _LAST_US)
        index = time_us // _BLOCK_US
        before, (starts, ends, done, _) = self._ready.get(index) or self._load(index)
        at = bisect_right(starts, time_us) - 1
        if at < 0:
            return before
        return before + done[at] + min(time_us, ends[at]) - starts[at]

    def between(self, from_us: int, to_us: int) -> int:
        """Open microseconds from one instant to another, negative when they are in the other order."""
        return self.worked(to_us) - self.worked(from_us)

    def due(self, time_us: int, duration_us: int) -> int | None:
        """The earliest instant by which `duration_us` has been worked since `time_us`; that itself for 0.

        None when that is more than about five and a half years (64 blocks of 32 days) ahead, as for a calendar that
        never opens. ValueError for a negative duration.
        """
        if duration_us < 0:
            raise ValueError(f"duration {duration_us} us is negative; a due instant lies ahead")
        if duration_us == 0:
            return time_us
        goal = self.worked(time_us) + duration_us
        for index in self._ahead(time_us):
            before, (starts, _, done, total) = self._ready.get(index) or self._load(index)
            rest = goal - before
            if rest <= total:
                at = bisect_left(done, rest) - 1
                return starts[at] + rest - done[at]
        return None

    def is_open(self, time_us: int) -> bool:
        """Whether work goes on at an instant; at a closing instant it does not."""
        return self.next_open(time_us, blocks=1) == time_us

    def next_open(self, time_us: int, *, blocks: int = _SEARCH_BLOCKS) -> int | None:
        """The first open instant at or after `time_us`; None when there is none for five and a half years."""
        for index in self._ahead(time_us)[:blocks]:
            block = self._block(index)
            at = bisect_right(block.ends, time_us)
            if at < len(block.starts):
                return max(time_us, block.starts[at])
        return None

    def open_within(self, from_us: int, to_us: int) -> list[Span]:
        """Open stretches (start_us, end_us) inside [from, to), in order; one may be told in two pieces that touch."""
        first, last = max(from_us, _FIRST_US), min(to_us, _LAST_US)
        found = []
        for index in range(first // _BLOCK_US, (last - 1) // _BLOCK_US + 1):
            block = self._block(index)
            for start_us, end_us in zip(block.starts, block.ends, strict=True):
                if start_us < last and end_us > first:
                    found.append((max(start_us, first), min(end_us, last)))
        return found

    def spans(self, day: date) -> list[Span]:
        """Open stretches (start_us, end_us) that start on a date; the last may end on the next one."""
        wall_us = (day.toordinal() - EPOCH_ORDINAL) * DAY_US
        return list(without(united(self._utc(wall_us, span) for span in self.wall_spans(day)), self._away))

    def wall_spans(self, day: date) -> tuple[Span, ...]:
        """Opening spans that start on a date as the clock on the wall reads them, in minutes after its 00:00."""
        return self._days(day) if FIRST_YEAR <= day.year <= LAST_YEAR else ()

    def is_working_day(self, day: date) -> bool:
        """Whether any work starts on a date."""
        return bool(self.spans(day))

    def working_days(self, first: date, after: date) -> int:
        """How many of the dates [first, after) are working days."""
        return sum(self.is_working_day(first + timedelta(n)) for n in range((after - first).days))

    def less(self, leave: Iterable[tuple[date, date]]) -> "WorkingTime":
        """The same without the dates of each [from, to): for leave of whole days."""
        away = tuple(leave)
        if not away:
            return self

        def days(day: date) -> tuple[Span, ...]:
            return () if any(start <= day < end for start, end in away) else self.wall_spans(day)

        def shared(first: date, last: date) -> WorkingTime | None:
            return None if any(start <= last and first < end for start, end in away) else self

        return WorkingTime(self._clock, days, shared, self._away)

    def less_between(self, stretches: Iterable[Span]) -> "WorkingTime":
        """The same without the stretches [start_us, end_us): for leave of some hours."""
        away = united(stretches)
        if not away:
            return self
        clock = self._clock

        def shared(first: date, last: date) -> WorkingTime | None:
            # A span of the last date ends, and one of the first begins, at most a day outside of them.
            start_us, end_us = clock.start_of(first) - DAY_US, clock.start_of(last) + 3 * DAY_US
            return None if any(from_us < end_us and start_us < to_us for from_us, to_us in away) else self

        return WorkingTime(clock, self.wall_spans, shared, united((*self._away, *away)))

    def _ahead(self, time_us: int) -> range:
        first = max(time_us, _FIRST_US) // _BLOCK_US
        return range(first, min(first + _SEARCH_BLOCKS, _LAST_US // _BLOCK_US + 1))

    def _load(self, index: int) -> tuple[int, _Block]:
        """B at the start of a block, and the block."""
        while self._high < index:
            self._sums[self._high + 1] = self._sums[self._high] + self._total(self._high)
            self._high += 1
        while self._low > index:
            self._sums[self._low - 1] = self._sums[self._low] - self._total(self._low - 1)
            self._low -= 1
        if len(self._ready) >= _MAX_BLOCKS:
            self._ready.clear()
        self._ready[index] = self._sums[index], self._block(index)
        return self._ready[index]

    def _total(self, index: int) -> int:
        total = self._totals.get(index)
        if total is None:
            other = self._same_as(index)
            total = self._totals[index] = other._total(index) if other else self._block(index).total
        return total

    def _block(self, index: int) -> _Block:
        block = self._blocks.get(index)
        if block is None:
            other = self._same_as(index)
            block = other._block(index) if other else self._build(index)
            if len(self._blocks) >= _MAX_BLOCKS:
                self._blocks.clear()
            self._blocks[index] = block
        return block

    def _same_as(self, index: int) -> "WorkingTime | None":
        return self._shared(*_dates(index)) if self._shared else None

    def _build(self, index: int) -> _Block:
        start_us, end_us = index * _BLOCK_US, (index + 1) * _BLOCK_US
        first, last = _dates(index)
        found = []
        for n in range((last - first).days + 1):
            wall_us = (first.toordinal() + n - EPOCH_ORDINAL) * DAY_US
            for span in self.wall_spans(first + timedelta(n)):
                opens_us, closes_us = self._utc(wall_us, span)
                found.append((max(opens_us, start_us), min(closes_us, end_us)))
        intervals = without(united(found), self._away)
        starts, ends = zip(*intervals, strict=True) if intervals else ((), ())
        lengths = [closes_us - opens_us for opens_us, closes_us in intervals]
        *done, total = accumulate(lengths, initial=0)
        return _Block(starts, ends, tuple(done), total)

    def _utc(self, wall_us: int, span: Span) -> Span:
        return self._clock.instant(wall_us + span[0] * MINUTE_US), self._clock.instant(wall_us + span[1] * MINUTE_US)


def _dates(index: int) -> tuple[date, date]:
    """First and last date on which an opening span of a block may start.

    A local date starts up to 14 hours before its UTC date, and a span ends up to 60 hours after that.
    """
    first = date.fromordinal(EPOCH_ORDINAL + index * _BLOCK_DAYS) - timedelta(2)
    return first, first + timedelta(_BLOCK_DAYS + 2)


def expected_share(working_time: WorkingTime, window: Window, time_us: int) -> float:
    """E(t): the share of a window's working time that is over at an instant, 0..1 (PRODUCT 4.1).

    A window without working time has 0.0 before its end and 1.0 from then on.
    """
    if time_us >= window.end_us:
        return 1.0
    if time_us <= window.start_us:
        return 0.0
    start = working_time.worked(window.start_us)
    whole = working_time.worked(window.end_us) - start
    return (working_time.worked(time_us) - start) / whole if whole else 0.0
