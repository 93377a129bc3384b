"""`elapsed`: how long items took from their first `from` to their first `to`, or whether they were in time.

Time runs on the wall or on the tenant's working calendar and stands still while an item is paused. As a mean or
quantile an item belongs to the period of its answer. As a share within a limit it belongs to the period of its due
instant and counts as soon as it is answered, or as bad when it falls due; no row of a period begins before the period.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from streams.core.accumulators.sparse import Sparse
from streams.core.journeys.buckets import bucket, quantile
from streams.core.journeys.contract import Account, Ground, Linked, Moment, Told, View, first, last_us
from streams.core.policy import DAY_US

FROM, TO, STOP, UNDO, PAUSE, RESUME = (1 << bit for bit in range(6))
ITEMS, PART = 0, 1
"""Slots: items, and their time in microseconds or how many of them are good."""
OPEN_US = 400 * DAY_US
"""An item that nobody answers or stops is waited for so long."""
Run = tuple[int, int | None]
"""A stretch in which an item's time runs; open to the end where nothing has ended it yet."""


@dataclass(frozen=True, slots=True)
class Elapsed:
    """`within_us` makes it a share, `q` a quantile, neither a mean. Without `hold_us` any later undoing counts."""

    business: bool
    within_us: int | None = None
    late_is_good: bool = False
    q: float | None = None
    hold_us: int | None = None
    credits_answer: bool = False

    @property
    def reach_us(self) -> int:
        """An answer after the due instant may turn an item good, or move it to who answered; one may be undone."""
        late_us = OPEN_US if self.within_us is not None and (self.late_is_good or self.credits_answer) else 0
        return late_us + (self.hold_us or 0)

    def account(self, moments: Sequence[Moment], ground: Ground, view: View) -> Account:
        """What an item adds."""
        start = first(moments, FROM)
        if start is None:
            return Account([], None, last_us(moments))
        answer, stop = first(moments, TO, start.time_us), first(moments, STOP, start.time_us)
        if answer is not None and stop is not None and stop.time_us < answer.time_us:
            answer = None
        undone = answer is not None and self._is_undone(moments, answer)
        credited = answer if answer is not None and self.credits_answer else start
        subjects = ground.subjects(credited.chain, start.chain)
        keep_us = last_us(moments)
        if answer is not None:
            keep_us = max(keep_us, answer.time_us + (self.hold_us or 0))
        elif stop is None:
            keep_us = max(keep_us, start.time_us + OPEN_US)
        if self.within_us is None:
            if answer is None or undone:
                return Account([], None, keep_us)
            window = ground.windows.period(ground.grain, answer.time_us)
            return Account([Told(subjects, window.id, self._took(moments, start, answer, ground))], None, keep_us)
        due_us = self._due_us(moments, start, answer, ground, self.within_us)
        if due_us is None or (answer is None and stop is not None and stop.time_us < due_us):
            return Account([], None, keep_us)
        window = ground.windows.period(ground.grain, due_us)
        in_time = answer is not None and answer.time_us <= due_us
        counted_us = window.start_us if in_time else due_us
        if view.now_us < counted_us:
            return Account([], counted_us, max(keep_us, due_us))
        good = not undone and (in_time or (answer is not None and self.late_is_good))
        vector = {ITEMS: 1, PART: 1} if good else {ITEMS: 1}
        return Account([Told(subjects, window.id, vector)], None, max(keep_us, due_us))

    def prune(self, moments: Sequence[Moment], ground: Ground, oldest_us: int) -> list[Moment]:
        """All: an item is forgotten as a whole."""
        return list(moments)

    def read(self, vector: Mapping[int, int], linked: Linked, pool: Mapping[int, int]) -> Fraction | None:
        """Microseconds, or the share that is good."""
        if self.q is not None:
            found = quantile(vector, self.q)
            return None if found is None else Fraction(found)
        items = vector.get(ITEMS, 0)
        return Fraction(vector.get(PART, 0), items) if items > 0 else None

    def count(self, vector: Mapping[int, int]) -> int:
        """Items that were answered, or that count as due."""
        return sum(vector.values()) if self.q is not None else vector.get(ITEMS, 0)

    def _is_undone(self, moments: Sequence[Moment], answer: Moment) -> bool:
        if self.hold_us is None:
            return first(moments, UNDO, answer.time_us + 1) is not None
        return first(moments, UNDO, answer.time_us + 1, answer.time_us + self.hold_us) is not None

    def _took(self, moments: Sequence[Moment], start: Moment, answer: Moment, ground: Ground) -> Sparse:
        runs = _runs(moments, start.time_us, answer.time_us)
        took_us = sum(
            self._between(ground, from_us, answer.time_us if to_us is None else to_us) for from_us, to_us in runs
        )
        return {bucket(took_us): 1} if self.q is not None else {ITEMS: 1, PART: took_us}

    def _due_us(
        self, moments: Sequence[Moment], start: Moment, answer: Moment | None, ground: Ground, left_us: int
    ) -> int | None:
        """When the limit is used up; None while the item is paused, or where no working time lies ahead."""
        for from_us, to_us in _runs(moments, start.time_us, None if answer is None else answer.time_us):
            if to_us is not None:
                run_us = self._between(ground, from_us, to_us)
                if run_us < left_us:
                    left_us -= run_us
                    continue
            return ground.working_time.due(from_us, left_us) if self.business else from_us + left_us
        return None

    def _between(self, ground: Ground, from_us: int, to_us: int) -> int:
        return ground.working_time.between(from_us, to_us) if self.business else to_us - from_us


def _runs(moments: Sequence[Moment], start_us: int, answer_us: int | None) -> Iterator[Run]:
    """The stretches between pauses from the start on. What comes after the answer pauses nothing, and a pause that is
    on at the answer ends with it."""
    run_us: int | None = start_us
    for moment in moments:
        at_us = max(moment.time_us, start_us)
        if answer_us is not None and moment.time_us > answer_us:
            break
        if moment.roles & PAUSE and run_us is not None:
            if at_us > run_us:
                yield run_us, at_us
            run_us = None
        elif moment.roles & RESUME and run_us is None:
            run_us = at_us
    if run_us is not None:
        yield run_us, None
    elif answer_us is not None:
        yield answer_us, None
