"""`retention`: of those who were members when a period began, how many are members still.

Set-based: who comes in the period counts in none of both. A member is credited as its latest base event before the
period says. A loss by an event takes effect when it is known, one by idleness when the clock reaches it.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from streams.core.accumulators.sparse import Sparse
from streams.core.journeys.contract import FOREVER_US, Account, Ground, Linked, Moment, Told, View

BASE, LOST = 1, 2
AT_START, STILL = 0, 1


class _Stay(NamedTuple):
    """A membership [start_us, end_us]; `idle` says that it ends by idleness."""

    start_us: int
    end_us: int
    idle: bool


@dataclass(frozen=True, slots=True)
class Retention:
    """`idle_us` after its last base event a member is lost; None: only by an event."""

    idle_us: int | None = None

    @property
    def reach_us(self) -> int:
        """What is over is over."""
        return 0

    def account(self, moments: Sequence[Moment], ground: Ground, view: View) -> Account:
        """What an item adds."""
        stays = self._stays(moments)
        bases = [moment for moment in moments if moment.roles & BASE]
        if not stays or view.first_us is None:
            return Account([], None, moments[-1].time_us if moments else 0)
        starts = [stay.start_us for stay in stays]
        from_us = max(view.first_us, view.oldest_us, stays[0].start_us)
        told: list[Told] = []
        for window in ground.windows.between(ground.grain, from_us, view.now_us + 1):
            at = bisect_left(starts, window.start_us) - 1
            if window.end_us < view.oldest_us or at < 0 or stays[at].end_us < window.start_us:
                continue
            credited = bases[bisect_left(bases, (window.start_us,)) - 1]
            # Who was lost and came back is there still.
            last = stays[bisect_left(starts, window.end_us) - 1]
            gone = last.end_us < window.end_us and (not last.idle or last.end_us <= view.now_us)
            vector: Sparse = {AT_START: 1} if gone else {AT_START: 1, STILL: 1}
            told.append(Told(ground.subjects(credited.chain), window.id, vector))
        return Account(told, _next_us(stays, ground, view, view.first_us), self._keep_us(moments, stays))

    def prune(self, moments: Sequence[Moment], ground: Ground, oldest_us: int) -> list[Moment]:
        """Of what came before the oldest period that is told of, the last base event and what followed it."""
        start_us = ground.windows.period(ground.grain, oldest_us).start_us
        before = bisect_left(moments, (start_us,))
        bases = [at for at in range(before) if moments[at].roles & BASE]
        return list(moments[bases[-1] :] if bases else moments[before:])

    def read(self, vector: Mapping[int, int], linked: Linked, pool: Mapping[int, int]) -> Fraction | None:
        """The share that is there still."""
        start = vector.get(AT_START, 0)
        return Fraction(vector.get(STILL, 0), start) if start > 0 else None

    def count(self, vector: Mapping[int, int]) -> int:
        """Members at the start."""
        return vector.get(AT_START, 0)

    def _stays(self, moments: Sequence[Moment]) -> list[_Stay]:
        stays: list[_Stay] = []
        start_us: int | None = None
        idle_at_us = FOREVER_US
        for moment in moments:
            if start_us is not None and moment.time_us > idle_at_us:
                stays.append(_Stay(start_us, idle_at_us, idle=True))
                start_us = None
            if moment.roles & LOST and start_us is not None:
                stays.append(_Stay(start_us, moment.time_us, idle=False))
                start_us = None
            elif moment.roles & BASE:
                start_us = moment.time_us if start_us is None else start_us
                idle_at_us = FOREVER_US if self.idle_us is None else moment.time_us + self.idle_us
        if start_us is not None:
            stays.append(_Stay(start_us, idle_at_us, idle=True))
        return stays

    def _keep_us(self, moments: Sequence[Moment], stays: Sequence[_Stay]) -> int:
        return max(moments[-1].time_us, stays[-1].end_us)


def _next_us(stays: Sequence[_Stay], ground: Ground, view: View, first_us: int) -> int | None:
    """The period after the clock's, if somebody is carried over into it, or an end by idleness before that."""
    if view.now_us < first_us:
        return first_us
    at_us = max(view.now_us, stays[0].start_us)
    following_us = ground.windows.period(ground.grain, at_us).end_us
    ends = [stay.end_us for stay in stays if stay.idle and view.now_us < stay.end_us < following_us]
    if ends:
        return min(ends)
    return following_us if any(stay.end_us >= following_us for stay in stays) else None
