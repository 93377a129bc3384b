"""From a KPI's measure tree to a plan: what a fact adds to its vector, and how a vector reads as a value.

Vector layout: slot 0 counts the facts that take part (a row exists while it is above zero), slot 1 the events behind
the value, then one slot a leaf. Distinct keys, and measures that join events, are stage LINK's: one sparse vector a
linked leaf.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from math import lcm
from typing import NamedTuple

from schemas.catalogue.measures import (
    Attainment,
    Basis,
    Count,
    Difference,
    Growth,
    Latest,
    Mean,
    Measure,
    Quantile,
    Quantity,
    Ratio,
    Sum,
    SumOf,
    Where,
)
from schemas.catalogue.measures_journeys import AsShareWithin, Cohort, Conversion, Elapsed, Repeat, Retention
from schemas.catalogue.models import Kpi
from schemas.events.registry import FieldKind, Registry
from streams.core.facts import Fact
from streams.core.journeys import distinct
from streams.core.journeys.cohorts import Share
from streams.core.journeys.contract import Linked as Linked
from streams.core.journeys.distinct import DistinctLeads
from streams.core.journeys.persons import Persons
from streams.core.journeys.quantiles import Quantile as Quantiles
from streams.core.measures.classes import MeasureClass as MeasureClass
from streams.core.measures.classes import class_of
from streams.core.measures.growing import Growing, growing_of
from streams.core.measures.joins import Joining, leaf_of
from streams.core.measures.journey_leaves import JourneyLeaf, Part
from streams.core.measures.leaves import BILLION, CountLeaf, KeyLeaf, SumLeaf
from streams.core.measures.where import Filter

DURATION_UNITS = {
    "s": 1,
    "second": 1,
    "seconds": 1,
    "min": 60,
    "minute": 60,
    "minutes": 60,
    "h": 3600,
    "hour": 3600,
    "hours": 3600,
    "day": 86400,
    "days": 86400,
}
CREATED = "lead.created"
"""Leads are merged, and the first of these says where the one that they become is: counting them is a journey."""
FACTS_SLOT, N_SLOT, FIRST_LEAF_SLOT = 0, 1, 2


class NotComputedError(TypeError):
    """A measure that the grammar has and this engine does not."""

    def __init__(self, node: Measure | Quantity) -> None:
        super().__init__(f"{type(node).__name__} is not computed")


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


NOTHING: Mapping[int, int] = {}
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


def compile_kpi(kpi: Kpi, registry: Registry) -> Plan:
    """The plan of one KPI of a checked catalogue."""
    build = _Build(registry)
    measured = kpi.measure.growth.of if isinstance(kpi.measure, Growth) else kpi.measure
    read = build.measure(measured)
    adds_up = class_of(kpi.model_copy(update={"measure": measured})).is_total
    written = kpi.measure.model_dump_json(by_alias=True) + (kpi.by.field if kpi.by is not None else "")
    digest = blake2b(written.encode(), digest_size=6).hexdigest()
    return Plan(
        kpi=kpi,
        tag=f"{kpi.id}.{digest}",
        types=frozenset().union(*(leaf.types for leaf in (*build.leaves, *build.keys, *build.journeys))),
        leaves=tuple(build.leaves),
        keys=tuple(build.keys),
        journeys=tuple(build.journeys),
        base_slots=frozenset(build.base_slots),
        base_linked=frozenset(build.base_linked),
        read=read,
        factor=_factor(kpi, registry),
        measure_class=class_of(kpi),
        growing=growing_of(kpi, adds_up=adds_up, linked=bool(build.keys or build.journeys)),
    )


def _factor(kpi: Kpi, registry: Registry) -> Rational:
    """From what is read to the KPI's unit."""
    measure = kpi.measure
    if isinstance(measure, Elapsed) and not isinstance(measure.as_, AsShareWithin):
        return Rational(1, 1_000_000 * DURATION_UNITS.get(kpi.unit, 1))
    if isinstance(measure, Ratio | Conversion | Repeat | Retention | Elapsed | Attainment) and kpi.unit == "%":
        return Rational(100, 1)
    of_seconds, to_seconds = dimension_of(measure, registry)
    return Rational(1, DURATION_UNITS.get(kpi.unit, 1)) if of_seconds and not to_seconds else Rational(1, 1)


class _Build:
    """Walks a measure once, giving each leaf its slot and remembering which leaves are the base of `n`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.leaves: list[CountLeaf | SumLeaf] = []
        self.keys: list[KeyLeaf] = []
        self.journeys: list[JourneyLeaf] = []
        self.base_slots: list[int] = []
        self.base_linked: list[int] = []

    def measure(self, node: Measure) -> Read:
        if isinstance(node, Ratio):
            return _quotient(self.quantity(node.ratio.of), self._based(node.ratio.to))
        if isinstance(node, Mean):
            total = self._sum(node.mean, node.of, node.where, Basis.NET)
            if node.per is not None:
                entities = self._distinct(node.of, node.where, node.per, Basis.NET, measured=node.mean)
                self.base_linked.append(self.keys[-1].index)
                return _quotient(total, entities)
            self.base_slots.append(self.leaves[-1].slot)
            return _quotient(total, SlotRead(N_SLOT, 1))
        if isinstance(node, Conversion | Elapsed | Retention | Repeat | Quantile):
            self.base_linked.append(self._linked)
            return self._join(node)
        if isinstance(node, Attainment):
            self.base_linked.append(self._linked)
            return self._items(JourneyLeaf(self._linked, Persons(), (), None))
        if isinstance(node, Count | Sum | SumOf | Difference | Latest):
            return self._based(node)
        raise NotComputedError(node)

    def quantity(self, node: Quantity) -> Read:
        if isinstance(node, Count):
            if node.distinct is not None:
                return self._distinct(node.count, node.where, node.distinct, node.basis)
            return self._count(node.count, node.where, node.basis)
        if isinstance(node, Sum):
            return self._sum((node.sum,), node.of, node.where, node.basis)
        if isinstance(node, SumOf):
            return _total([(1, self.quantity(part)) for part in node.sum_of])
        if isinstance(node, Latest):
            return self._join(node)
        sides = node.difference
        return _total([(1, self.quantity(sides.of)), (-1, self.quantity(sides.minus))])

    def _based(self, node: Quantity) -> Read:
        leaves, linked = len(self.leaves), self._linked
        read = self.quantity(node)
        self.base_slots.extend(leaf.slot for leaf in self.leaves[leaves:])
        self.base_linked.extend(range(linked, self._linked))
        return read

    @property
    def _linked(self) -> int:
        return len(self.keys) + len(self.journeys)

    def _slot(self) -> int:
        return FIRST_LEAF_SLOT + len(self.leaves)

    def _count(self, types: Sequence[str], where: Where, basis: Basis) -> Read:
        slot = self._slot()
        self.leaves.append(CountLeaf(frozenset(types), Filter(where), basis, slot))
        return SlotRead(slot, 1)

    def _sum(self, fields: Sequence[str], types: Sequence[str], where: Where, basis: Basis) -> Read:
        slot = self._slot()
        scale = self._scale(fields, types)
        self.leaves.append(SumLeaf(frozenset(types), Filter(where), basis, slot, tuple(fields), scale))
        return SlotRead(slot, scale)

    def _distinct(
        self,
        types: Sequence[str],
        where: Where,
        fields: Sequence[str],
        basis: Basis,
        measured: tuple[str, ...] | None = None,
    ) -> Read:
        index = self._linked
        keys = KeyLeaf(frozenset(types), Filter(where), basis, index, tuple(fields), measured)
        if keys.by_lead and CREATED in types and measured is None:
            roles = {distinct.CREATED: {CREATED}, distinct.OTHER: {*types} - {CREATED}}
            parts = tuple(Part(role, frozenset(of), keys.holds) for role, of in roles.items() if of)
            self.journeys.append(JourneyLeaf(index, DistinctLeads(), parts, keys.fields, basis=basis))
        else:
            self.keys.append(keys)
        return lambda vector, linked: Rational(linked.vectors[index].get(0, 0), 1)

    def _join(self, node: Joining) -> Read:
        scale = 1
        if isinstance(node, Latest | Quantile):
            scale = self._scale((node.latest,) if isinstance(node, Latest) else node.quantile, node.of)
        return self._items(leaf_of(node, self._linked, scale))

    def _items(self, leaf: JourneyLeaf) -> Read:
        self.journeys.append(leaf)

        def read(vector: Sequence[int], linked: Linked) -> Rational:
            pool = linked.pools[leaf.index] if linked.pools else NOTHING
            value = leaf.journey.read(linked.vectors[leaf.index], linked, pool)
            return Rational(0, 0) if value is None else Rational(value.numerator, value.denominator)

        return read

    def _scale(self, fields: Sequence[str], types: Sequence[str]) -> int:
        kinds = _kinds(fields, types, self._registry)
        return 1 if kinds <= {FieldKind.INTEGER, FieldKind.MONEY} else BILLION


def _quotient(of: Read, to: Read) -> Read:
    if isinstance(of, SlotRead) and isinstance(to, SlotRead):
        return SlotsRead(((1, of.slot),), to.slot, to.den, of.den)

    def read(vector: Sequence[int], linked: Linked) -> Rational:
        top, bottom = of(vector, linked), to(vector, linked)
        return Rational(top.num * bottom.den, top.den * bottom.num)

    return read


def _total(parts: Sequence[tuple[int, Read]]) -> Read:
    slots = tuple((sign, part.slot) for sign, part in parts if isinstance(part, SlotRead))
    dens = {part.den for _, part in parts if isinstance(part, SlotRead)}
    if len(slots) == len(parts) and len(dens) == 1:
        return SlotsRead(slots, None, 1, dens.pop())

    def read(vector: Sequence[int], linked: Linked) -> Rational:
        terms = [(sign, part(vector, linked)) for sign, part in parts]
        den = lcm(*(term.den for _, term in terms))
        if den == 0:  # of one of them nothing can be said
            return Rational(0, 0)
        return Rational(sum(sign * term.num * (den // term.den) for sign, term in terms), den)

    return read


def _kinds(fields: Sequence[str], types: Sequence[str], registry: Registry) -> set[FieldKind]:
    known = [registry.fields_of(type_) for type_ in types]
    return {kinds[field] for field in fields for kinds in known if field in kinds}


def dimension_of(measure: Measure, registry: Registry) -> tuple[bool, bool]:
    """Whether a measure's numerator and denominator are seconds; the denominator of a plain quantity is not."""
    if isinstance(measure, Ratio):
        return dimension_of(measure.ratio.of, registry)[0], dimension_of(measure.ratio.to, registry)[0]
    if isinstance(measure, Mean | Quantile | Latest):
        fields = (
            measure.mean
            if isinstance(measure, Mean)
            else measure.quantile
            if isinstance(measure, Quantile)
            else (measure.latest,)
        )
        return _kinds(fields, measure.of, registry) == {FieldKind.SECONDS}, False
    if isinstance(measure, Sum):
        return _kinds((measure.sum,), measure.of, registry) == {FieldKind.SECONDS}, False
    if isinstance(measure, SumOf):
        return dimension_of(measure.sum_of[0], registry)
    if isinstance(measure, Difference):
        return dimension_of(measure.difference.of, registry)
    return False, False
