"""Shares of a cohort: `conversion`, whose items begin with `from` and go on to `to`, and `repeat`, who come again.

The period is that of the item's beginning, for ever. Whether an item has gone on is known late, so the share reads in
three ways: raw, over matured items only, and projected (`survival`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from schemas.catalogue.measures_journeys import Cohort
from schemas.catalogue.models import Period
from streams.core.accumulators.sparse import Sparse
from streams.core.journeys.contract import POOL, Account, Ground, Linked, Moment, Told, View, first, last_us
from streams.core.journeys.survival import projected
from streams.core.policy import DAY_US
from streams.core.windows import Window

FROM, TO = 1, 2
ITEMS, CONVERTED, MATURED, MATURED_CONVERTED = range(4)
BORN = 16
"""First of the slots that count items by the day of their period on which they began."""
OPEN = 1 << 20
"""In the pool, first of the slots of items that have not gone on, by the day since the epoch on which they began; the
slots below are those that have, by whole days that it took."""


@dataclass(frozen=True, slots=True)
class Share:
    """What both have in common."""

    within_us: int
    how: Cohort

    @property
    def reach_us(self) -> int:
        """The window of the item that began last."""
        return self.within_us

    def prune(self, moments: Sequence[Moment], ground: Ground, oldest_us: int) -> list[Moment]:
        """All: an item is forgotten as a whole."""
        return list(moments)

    def read(self, vector: Mapping[int, int], linked: Linked, pool: Mapping[int, int]) -> Fraction | None:
        """The share, as the KPI asks for it."""
        return self.read_as(self.how, vector, linked, pool)

    def read_as(
        self, how: Cohort, vector: Mapping[int, int], linked: Linked, pool: Mapping[int, int]
    ) -> Fraction | None:
        """The share in one of the three ways."""
        items, converted = vector.get(ITEMS, 0), vector.get(CONVERTED, 0)
        if how is Cohort.MATURED:
            items, converted = vector.get(MATURED, 0), vector.get(MATURED_CONVERTED, 0)
        if items <= 0:
            return None
        if how is not Cohort.PROJECTED or vector.get(MATURED, 0) == items:
            return Fraction(converted, items)
        by_age = {slot - BORN: number for slot, number in vector.items() if slot >= BORN}
        delays = {slot: number for slot, number in pool.items() if slot < OPEN}
        waiting = {slot - OPEN: number for slot, number in pool.items() if slot >= OPEN}
        return projected(converted, by_age, linked.start_us, linked.aged_us, delays, waiting, self.within_us)

    def count(self, vector: Mapping[int, int]) -> int:
        """Items of the cohort; of matured ones, those that are."""
        return vector.get(MATURED if self.how is Cohort.MATURED else ITEMS, 0)

    def _account(
        self, start: Moment, end: Moment | None, credited: Moment, moments: Sequence[Moment], ground: Ground, view: View
    ) -> Account:
        window = ground.windows.period(ground.grain, start.time_us)
        ripe_us = start.time_us + self.within_us
        ripe = view.now_us >= ripe_us
        vector: Sparse = {ITEMS: 1}
        told = [Told(ground.subjects(credited.chain, start.chain), window.id, vector)]
        if end is not None:
            vector[CONVERTED] = 1
        if self.how is not Cohort.RAW and ripe:
            vector[MATURED] = 1
            if end is not None:
                vector[MATURED_CONVERTED] = 1
        next_us = None if ripe or self.how is Cohort.RAW else ripe_us
        if self.how is Cohort.PROJECTED:
            vector[BORN + (start.time_us - window.start_us) // DAY_US] = 1
            today = ground.windows.period(Period.DAY, max(view.now_us, start.time_us))
            pooled = _pooled(start, end, today)
            if pooled is not None:
                told.append(Told((), POOL, {pooled: 1}))
            if (end or start).time_us >= today.start_us:
                next_us = today.end_us if next_us is None else min(next_us, today.end_us)
        return Account(told, next_us, max(last_us(moments), ripe_us))


def _pooled(start: Moment, end: Moment | None, today: Window) -> int | None:
    """Where an item counts in the pool. The pool is that of the local day's beginning: every item of a KPI moves the
    values of all, and must not do so with every event."""
    if start.time_us >= today.start_us:
        return None
    if end is None or end.time_us >= today.start_us:
        return OPEN + start.time_us // DAY_US
    return (end.time_us - start.time_us) // DAY_US


@dataclass(frozen=True, slots=True)
class Conversion(Share):
    """Items that went on to `to` inside the window, counted from their first `from`."""

    credits_answer: bool = False

    def account(self, moments: Sequence[Moment], ground: Ground, view: View) -> Account:
        """What an item adds."""
        start = first(moments, FROM)
        if start is None:
            return Account([], None, last_us(moments))
        end = first(moments, TO, start.time_us, start.time_us + self.within_us)
        credited = end if end is not None and self.credits_answer else start
        return self._account(start, end, credited, moments, ground, view)


@dataclass(frozen=True, slots=True)
class Repeat(Share):
    """Those who came again on a later local day inside the window, counted from their first time."""

    def account(self, moments: Sequence[Moment], ground: Ground, view: View) -> Account:
        """What an item adds."""
        start = first(moments, FROM)
        if start is None:
            return Account([], None, last_us(moments))
        day = ground.windows.period(Period.DAY, start.time_us)
        end = first(moments, FROM, day.end_us, start.time_us + self.within_us)
        account = self._account(start, end, start, moments, ground, view)
        # Who keeps coming stays known: a customer of years does not come for the first time again.
        return account._replace(keep_us=last_us(moments) + self.within_us)
