"""`latest`: a level, such as headcount, that holds from each event of a key until the next, through all periods.

What an item tells of a period can be read at any clock: the mean of a period that goes on is a sum over what is over
and a rate for what holds now. A level that passes from one team to another is each one's while it was theirs.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from schemas.catalogue.measures import Level
from streams.core.accumulators import sparse
from streams.core.accumulators.sparse import Sparse
from streams.core.journeys.contract import FOREVER_US, Account, Chain, Ground, Linked, Moment, Told, View
from streams.core.windows import Window

PRESENT, KEYS, SUM = range(3)
SPENT = 16
"""First of pairs of slots: of levels known from some microsecond of the period on, the area that is over and the rate
at which it grows. Most are known from its beginning."""


@dataclass(frozen=True, slots=True)
class Latest:
    """The level at the period's end, at its start, or its mean over the time since it is known."""

    at: Level
    scale: int = 1

    @property
    def reach_us(self) -> int:
        """What is over is over."""
        return 0

    def account(self, moments: Sequence[Moment], ground: Ground, view: View) -> Account:
        """What an item adds."""
        if not moments:
            return Account([], None, 0)
        told: list[Told] = []
        until_us = max(view.now_us, moments[-1].time_us)
        for window in ground.windows.between(ground.grain, max(moments[0].time_us, view.oldest_us), until_us + 1):
            if window.end_us >= view.oldest_us:
                told += [
                    Told(ground.subjects(chain), window.id, vector)
                    for chain, vector in self._of(moments, window).items()
                ]
        return Account(told, ground.windows.period(ground.grain, until_us).end_us, FOREVER_US)

    def prune(self, moments: Sequence[Moment], ground: Ground, oldest_us: int) -> list[Moment]:
        """Of what came before the oldest period that is told of, the last."""
        start_us = ground.windows.period(ground.grain, oldest_us).start_us
        return list(moments[max(0, bisect_left(moments, (start_us,)) - 1) :])

    def read(self, vector: Mapping[int, int], linked: Linked, pool: Mapping[int, int]) -> Fraction | None:
        """The sum over keys."""
        if self.at is not Level.MEAN:
            return Fraction(vector.get(SUM, 0), self.scale) if vector.get(KEYS, 0) > 0 else None
        clock_us = min(linked.now_us, linked.end_us) - linked.start_us
        known = {(slot - SPENT) // 2 for slot in vector if slot >= SPENT}
        if not known:
            return Fraction(0) if vector.get(KEYS, 0) > 0 else None
        total = Fraction(0)
        for since_us in known:
            spent, rate = vector.get(SPENT + 2 * since_us, 0), vector.get(SPENT + 2 * since_us + 1, 0)
            passed_us = clock_us - since_us
            # At its very first instant a level is its own mean.
            total += Fraction(spent + rate * clock_us, passed_us) if passed_us > 0 else rate
        return total / self.scale

    def count(self, vector: Mapping[int, int]) -> int:
        """Levels that are known."""
        return vector.get(KEYS, 0)

    def _of(self, moments: Sequence[Moment], window: Window) -> dict[Chain, Sparse]:
        before = bisect_left(moments, (window.start_us,))
        after = bisect_left(moments, (window.end_us,))
        held = list(moments[max(0, before - 1) : after])
        found: dict[Chain, Sparse] = defaultdict(dict)
        for moment in held:
            found[moment.chain][PRESENT] = 1
        if self.at is Level.MEAN:
            self._areas(held, window, found)
            found[held[-1].chain][KEYS] = 1
        else:
            level = held[-1] if self.at is Level.END else held[0] if before > 0 else None
            if level is not None:
                sparse.add(found[level.chain], {KEYS: 1, SUM: level.value})
        return found

    def _areas(self, held: Sequence[Moment], window: Window, found: dict[Chain, Sparse]) -> None:
        """Areas relative to the period's start."""
        times_us = [max(moment.time_us - window.start_us, 0) for moment in held]
        area = SPENT + 2 * times_us[0]
        for at, moment in enumerate(held):
            if at + 1 < len(held):
                change = {area: moment.value * (times_us[at + 1] - times_us[at])}
            else:
                change = {area: -moment.value * times_us[at], area + 1: moment.value}
            sparse.add(found[moment.chain], change)
