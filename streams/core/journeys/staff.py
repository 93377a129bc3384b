"""`retention` of employees: the catalogue says who was employed when a period began, events say who has left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from streams.core.accumulators.sparse import Sparse
from streams.core.journeys.contract import FOREVER_US, Account, Ground, Linked, Moment, Told, View
from streams.core.journeys.retention import AT_START, BASE, LOST, STILL

JOINS, LEAVES = 4, 8
"""Roles of the catalogue's own moments: a stretch in a team begins, the last one ends."""


@dataclass(frozen=True, slots=True)
class Staff:
    """Of those in the catalogue at a period's first instant, who has not left by an event in it, or was hired again."""

    @property
    def reach_us(self) -> int:
        """What is over is over."""
        return 0

    def account(self, moments: Sequence[Moment], ground: Ground, view: View) -> Account:
        """What a person adds."""
        stays = [moment for moment in moments if moment.roles & (JOINS | LEAVES)]
        if not stays:
            return Account([], None, moments[-1].time_us if moments else 0)
        if view.first_us is None:  # a worker may wait for its first event for months: the catalogue's people stay known
            return Account([], None, FOREVER_US)
        told: list[Told] = []
        for window in ground.windows.between(ground.grain, max(view.first_us, view.oldest_us), view.now_us + 1):
            held = [stay for stay in stays if stay.time_us <= window.start_us]
            if window.end_us < view.oldest_us or not held or held[-1].roles & LEAVES:
                continue
            inside = [
                moment
                for moment in moments
                if moment.roles & (BASE | LOST) and window.start_us <= moment.time_us < window.end_us
            ]
            gone = bool(inside) and not inside[-1].roles & BASE
            vector: Sparse = {AT_START: 1} if gone else {AT_START: 1, STILL: 1}
            told.append(Told(ground.subjects(held[-1].chain), window.id, vector))
        next_us: int | None = view.first_us
        if view.now_us >= view.first_us:
            ended = stays[-1].roles & LEAVES and stays[-1].time_us <= view.now_us
            next_us = None if ended else ground.windows.period(ground.grain, view.now_us).end_us
        return Account(told, next_us, stays[-1].time_us if stays[-1].roles & LEAVES else FOREVER_US)

    def prune(self, moments: Sequence[Moment], ground: Ground, oldest_us: int) -> list[Moment]:
        """The catalogue's, and the events of periods that are told of."""
        start_us = ground.windows.period(ground.grain, oldest_us).start_us
        return [moment for moment in moments if moment.time_us >= start_us or moment.roles & (JOINS | LEAVES)]

    def read(self, vector: Mapping[int, int], linked: Linked, pool: Mapping[int, int]) -> Fraction | None:
        """The share that is there still."""
        start = vector.get(AT_START, 0)
        return Fraction(vector.get(STILL, 0), start) if start > 0 else None

    def count(self, vector: Mapping[int, int]) -> int:
        """Employees at the start."""
        return vector.get(AT_START, 0)
