"""A compiled KPI: what a fact adds to its vector, and how a vector reads as a value.

Vector layout: slot 0 counts the facts that take part (a row exists while it is above zero), slot 1 the events behind
the value, then one slot a leaf. Distinct keys, and measures that join events, are stage LINK's: one sparse vector a
linked leaf.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from schemas.catalogue.measures_journeys import Cohort, Conversion, Repeat
from schemas.catalogue.models import Kpi
from streams.core.facts import Fact
from streams.core.journeys.cohorts import Share
from streams.core.journeys.contract import Linked
from streams.core.journeys.distinct import DistinctLeads
from streams.core.journeys.quantiles import Quantile as Quantiles
from streams.core.measures.classes import MeasureClass
from streams.core.measures.growing import Growing
from streams.core.measures.journey_leaves import JourneyLeaf
from streams.core.measures.leaves import CountLeaf, KeyLeaf, SumLeaf

FACTS_SLOT, N_SLOT, FIRST_LEAF_SLOT = 0, 1, 2


class Rational(NamedTuple):
    """An exact quotient of integers; `den` 0 says that there is nothing to read."""

    num: int
    den: int


class Reading(NamedTuple):
    """A value in the KPI's unit (None where nothing can be said) and the events or entities behind it; beside a
    projected share, the `raw` one of all items, and that of the `matured` ones alone."""

    value: int | float | None
    n: int
    raw: int | float | None = None
    matured: int | float | None = None


Read = Callable[[Sequence[int], Linked], Rational]
"""Reads a vector and the vectors of the linked leaves."""


@dataclass(frozen=True, slots=True)
class SlotRead:
    """Reads one slot over a denominator. Known as such, for what is made of slots alone is read at once: a rational for
    each of them took a tenth of the time of publishing."""

    slot: int
    den: int

    def __call__(self, vector: Sequence[int], linked: Linked) -> Rational:
        """As every `Read`."""
        return Rational(vector[self.slot], self.den)


@dataclass(frozen=True, slots=True)
class SlotsRead:
    """Reads the sum of slots with their signs, times `num`, over `den` and over the slot `lower`, where there is one.
    Known as such too: its rows are told without a reading of each (streams.core.told)."""

    terms: tuple[tuple[int, int], ...]
    lower: int | None
    num: int
    den: int

    def __call__(self, vector: Sequence[int], linked: Linked) -> Rational:
        """As every `Read`."""
        upper = sum([sign * vector[slot] for sign, slot in self.terms])
        return Rational(upper * self.num, self.den if self.lower is None else self.den * vector[self.lower])


class Slots(NamedTuple):
    """As `SlotsRead`, but in the KPI's unit and by slots of its group's vector; `n` is that of the events."""

    terms: tuple[tuple[int, int], ...]
    lower: int | None
    num: int
    den: int
    n: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled KPI. `base_*` name the leaves whose events, keys or items are the ones behind the value; `tag` is the
    KPI's id and a hash of its measure and series, because what was joined for another measure is another thing."""

    kpi: Kpi
    tag: str
    types: frozenset[str]
    leaves: tuple[CountLeaf | SumLeaf, ...]
    keys: tuple[KeyLeaf, ...]
    journeys: tuple[JourneyLeaf, ...]
    base_slots: frozenset[int]
    base_linked: frozenset[int]
    read: Read
    factor: Rational
    measure_class: MeasureClass
    growing: Growing | None = None

    @property
    def width(self) -> int:
        """Length of the vector."""
        return FIRST_LEAF_SLOT + len(self.leaves)

    @property
    def linked(self) -> int:
        """How many leaves stage LINK has to tell of: distinct keys and journeys have one numbering."""
        return len(self.keys) + len(self.journeys)

    @property
    def by_lead(self) -> bool:
        """Whether anything is joined or told apart by the lead, so that merges matter."""
        return any(leaf.by_lead for leaf in self.keys) or any(leaf.by_lead for leaf in self.journeys)

    @property
    def percent(self) -> int:
        """What a share or growth of 1 is in the KPI's unit."""
        return 100 if self.kpi.unit == "%" else 1

    @property
    def is_paced(self) -> bool:
        """Whether a part of the target is due, or may be used up, by a part of the working time."""
        return self.measure_class.paced or (self.growing is not None and self.growing.adds_up)

    @property
    def one_by_one(self) -> bool:
        """Whether its facts are not counted by columns."""
        return self.linked > 0 or self.kpi.by is not None

    @property
    def is_one_series(self) -> bool:
        """Whether whatever is counted once is counted in one series, so that series add up: not so of keys."""
        by_key = [isinstance(leaf.journey, DistinctLeads | Quantiles) and bool(leaf.fields) for leaf in self.journeys]
        return not self.keys and not any(by_key)

    @property
    def is_projected(self) -> bool:
        """Whether the value is a projected share, and no more than that."""
        measure = self.kpi.measure
        return isinstance(measure, Conversion | Repeat) and measure.as_ is Cohort.PROJECTED

    @property
    def ages(self) -> bool:
        """Whether the value of a period that is over changes with the clock alone."""
        return any(isinstance(leaf.journey, Share) and leaf.journey.how is Cohort.PROJECTED for leaf in self.journeys)

    @property
    def reach_us(self) -> int:
        """How long after its end a period can still change, by an event that is not late."""
        return max((leaf.journey.reach_us for leaf in self.journeys), default=0)

    def slots(self, at: int) -> Slots | None:
        """How the value is read from a vector in which the KPI's slots begin at `at`, where nothing else makes it."""
        read = self.read
        if self.linked or self.growing is not None or not isinstance(read, SlotRead | SlotsRead):
            return None
        if isinstance(read, SlotRead):
            read = SlotsRead(((1, read.slot),), None, 1, read.den)
        terms = tuple((sign, at + slot) for sign, slot in read.terms)
        lower = None if read.lower is None else at + read.lower
        return Slots(terms, lower, read.num * self.factor.num, read.den * self.factor.den, at + N_SLOT)

    def contribution(self, fact: Fact) -> list[int] | None:
        """What a fact adds to the vector, or None where it has no part in this KPI."""
        vector = [0] * self.width
        taken = False
        for leaf in self.leaves:
            amount = leaf.take(fact)
            if amount is not None:
                taken = True
                vector[leaf.slot] = amount
                if leaf.slot in self.base_slots and leaf.counts(fact):
                    vector[N_SLOT] = 1
        if not taken and all(leaf.key(fact) is None for leaf in self.keys):
            is_activity = any(leaf.is_activity and leaf.take(fact) is not None for leaf in self.journeys)
            return vector if is_activity else None
        vector[FACTS_SLOT] = 1
        return vector

    def held_keys(self, fact: Fact) -> list[tuple[int, str]]:
        """(index of the key leaf, key) for every key that the fact keeps counted."""
        held = ((leaf.index, leaf.key(fact)) for leaf in self.keys if leaf.counts(fact))
        return [(index, key) for index, key in held if key is not None]

    def stands(self, vector: Sequence[int], linked: Linked) -> bool:
        """Whether anything takes part in the KPI: its row exists."""
        return vector[FACTS_SLOT] > 0 or any(linked.vectors[leaf.index] for leaf in self.journeys)

    def reading(self, vector: Sequence[int], linked: Linked) -> Reading:
        """The KPI's value and n from its merged vector and those of its linked leaves."""
        n = vector[N_SLOT]
        if self.base_linked:
            n += sum(linked.vectors[leaf.index].get(0, 0) for leaf in self.keys if leaf.index in self.base_linked)
            n += sum(
                leaf.journey.count(linked.vectors[leaf.index])
                for leaf in self.journeys
                if leaf.index in self.base_linked
            )
        value = self._in_unit(*self.read(vector, linked))
        if not self.is_projected:
            return Reading(value, n)
        share = self.journeys[0]
        assert isinstance(share.journey, Share)
        told = linked.vectors[share.index]
        raw, matured = (share.journey.read_as(how, told, linked, {}) for how in (Cohort.RAW, Cohort.MATURED))
        beside = [None if one is None else self._in_unit(*one.as_integer_ratio()) for one in (raw, matured)]
        return Reading(value, n, *beside)

    def _in_unit(self, num: int, den: int) -> int | float | None:
        if den == 0:
            return None
        num, den = num * self.factor.num, den * self.factor.den
        return num if den == 1 else num / den
