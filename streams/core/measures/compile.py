"""From a KPI's measure tree to a plan: what a fact adds to its vector, and how a vector reads as a value.

Vector layout: slot 0 counts the facts that take part (a row exists while it is above zero), slot 1 the events behind
the value, then one slot a leaf. Distinct keys are counted by stage LINK, one number a key leaf.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import lcm
from typing import NamedTuple

from schemas.catalogue.measures import (
    Basis,
    Count,
    Difference,
    Latest,
    Mean,
    Measure,
    Quantity,
    Ratio,
    Sum,
    SumOf,
    Where,
)
from schemas.catalogue.models import Direction, Kpi
from schemas.events.registry import FieldKind, Registry
from streams.core.facts import Fact
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
FACTS_SLOT, N_SLOT, FIRST_LEAF_SLOT = 0, 1, 2


class MeasureClass(StrEnum):
    """MEASURES.md section 3: what a target, a pace and a team total mean for a KPI."""

    COUNT = "count"
    MONEY = "money"
    DISTINCT = "distinct"
    COST = "cost"
    DIFFERENCE = "difference"
    RATIO = "ratio"
    MEAN = "mean"

    @property
    def paced(self) -> bool:
        """Whether a share of the target is due by a share of the working time."""
        return self not in (MeasureClass.RATIO, MeasureClass.MEAN)

    @property
    def sums_over_members(self) -> bool:
        """Whether a team's target is the sum of its members'."""
        return self in (MeasureClass.COUNT, MeasureClass.MONEY, MeasureClass.DIFFERENCE)


class NotComputedError(TypeError):
    """A measure that the grammar has and this engine does not; `schemas.catalogue.computed` refuses it at load."""

    def __init__(self, node: Measure | Quantity) -> None:
        super().__init__(f"{type(node).__name__} is not computed yet")


class Rational(NamedTuple):
    """An exact quotient of integers; `den` 0 says that there is nothing to read."""

    num: int
    den: int


class Reading(NamedTuple):
    """A value in the KPI's unit (None where nothing can be said) and the events or entities behind it."""

    value: int | float | None
    n: int


Linked = Sequence[Mapping[int, int]]
"""The sparse vector of each linked leaf; distinct keys are {0: keys}."""
Read = Callable[[Sequence[int], Linked], Rational]
"""Reads a vector and the vectors of the linked leaves."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled KPI. `base_*` name the leaves whose events, or keys, are the ones behind the value."""

    kpi: Kpi
    types: frozenset[str]
    leaves: tuple[CountLeaf | SumLeaf, ...]
    keys: tuple[KeyLeaf, ...]
    base_slots: frozenset[int]
    base_keys: tuple[int, ...]
    read: Read
    factor: Rational
    measure_class: MeasureClass

    @property
    def width(self) -> int:
        """Length of the vector."""
        return FIRST_LEAF_SLOT + len(self.leaves)

    @property
    def linked(self) -> int:
        """How many leaves stage LINK has to tell of."""
        return len(self.keys)

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
            return None
        vector[FACTS_SLOT] = 1
        return vector

    def held_keys(self, fact: Fact) -> list[tuple[int, str]]:
        """(index of the key leaf, key) for every key that the fact keeps counted."""
        held = ((leaf.index, leaf.key(fact)) for leaf in self.keys if leaf.counts(fact))
        return [(index, key) for index, key in held if key is not None]

    def reading(self, vector: Sequence[int], linked: Linked) -> Reading:
        """The KPI's value and n from its merged vector and those of its linked leaves."""
        n = vector[N_SLOT]
        if self.base_keys:
            n += sum(linked[index].get(0, 0) for index in self.base_keys)
        num, den = self.read(vector, linked)
        if den == 0:
            return Reading(None, n)
        num, den = num * self.factor.num, den * self.factor.den
        return Reading(num if den == 1 else num / den, n)


def compile_kpi(kpi: Kpi, registry: Registry) -> Plan:
    """The plan of one KPI of a checked catalogue."""
    build = _Build(registry)
    read = build.measure(kpi.measure)
    of_seconds, to_seconds = dimension_of(kpi.measure, registry)
    factor = Rational(1, 1)
    if kpi.unit == "%" and isinstance(kpi.measure, Ratio):
        factor = Rational(100, 1)
    elif of_seconds and not to_seconds:
        factor = Rational(1, DURATION_UNITS.get(kpi.unit, 1))
    return Plan(
        kpi=kpi,
        types=frozenset().union(*(leaf.types for leaf in (*build.leaves, *build.keys))),
        leaves=tuple(build.leaves),
        keys=tuple(build.keys),
        base_slots=frozenset(build.base_slots),
        base_keys=tuple(build.base_keys),
        read=read,
        factor=factor,
        measure_class=class_of(kpi),
    )


class _Build:
    """Walks a measure once, giving each leaf its slot and remembering which leaves are the base of `n`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.leaves: list[CountLeaf | SumLeaf] = []
        self.keys: list[KeyLeaf] = []
        self.base_slots: list[int] = []
        self.base_keys: list[int] = []

    def measure(self, node: Measure) -> Read:
        if isinstance(node, Ratio):
            return _quotient(self.quantity(node.ratio.of), self._based(node.ratio.to))
        if isinstance(node, Mean):
            total = self._sum(node.mean, node.of, node.where, Basis.NET)
            if node.per is not None:
                keys = self._distinct(node.of, node.where, node.per, Basis.NET, measured=node.mean)
                self.base_keys.append(len(self.keys) - 1)
                return _quotient(total, keys)
            self.base_slots.append(self.leaves[-1].slot)
            return _quotient(total, lambda vector, linked: Rational(vector[N_SLOT], 1))
        if isinstance(node, Count | Sum | SumOf | Difference):
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
            raise NotComputedError(node)
        sides = node.difference
        return _total([(1, self.quantity(sides.of)), (-1, self.quantity(sides.minus))])

    def _based(self, node: Quantity) -> Read:
        leaves, keys = len(self.leaves), len(self.keys)
        read = self.quantity(node)
        self.base_slots.extend(leaf.slot for leaf in self.leaves[leaves:])
        self.base_keys.extend(range(keys, len(self.keys)))
        return read

    def _slot(self) -> int:
        return FIRST_LEAF_SLOT + len(self.leaves)

    def _count(self, types: Sequence[str], where: Where, basis: Basis) -> Read:
        slot = self._slot()
        self.leaves.append(CountLeaf(frozenset(types), Filter(where), basis, slot))
        return lambda vector, linked: Rational(vector[slot], 1)

    def _sum(self, fields: Sequence[str], types: Sequence[str], where: Where, basis: Basis) -> Read:
        slot = self._slot()
        kinds = _kinds(fields, types, self._registry)
        scale = 1 if kinds <= {FieldKind.INTEGER, FieldKind.MONEY} else BILLION
        self.leaves.append(SumLeaf(frozenset(types), Filter(where), basis, slot, tuple(fields), scale))
        return lambda vector, linked: Rational(vector[slot], scale)

    def _distinct(
        self,
        types: Sequence[str],
        where: Where,
        fields: Sequence[str],
        basis: Basis,
        measured: tuple[str, ...] | None = None,
    ) -> Read:
        index = len(self.keys)
        self.keys.append(KeyLeaf(frozenset(types), Filter(where), basis, index, tuple(fields), measured))
        return lambda vector, linked: Rational(linked[index].get(0, 0), 1)


def _quotient(of: Read, to: Read) -> Read:
    def read(vector: Sequence[int], linked: Linked) -> Rational:
        top, bottom = of(vector, linked), to(vector, linked)
        return Rational(top.num * bottom.den, top.den * bottom.num)

    return read


def _total(parts: Sequence[tuple[int, Read]]) -> Read:
    def read(vector: Sequence[int], linked: Linked) -> Rational:
        terms = [(sign, part(vector, linked)) for sign, part in parts]
        den = lcm(*(term.den for _, term in terms))
        return Rational(sum(sign * term.num * (den // term.den) for sign, term in terms), den)

    return read


def _kinds(fields: Sequence[str], types: Sequence[str], registry: Registry) -> set[FieldKind]:
    known = [registry.fields_of(type_) for type_ in types]
    return {kinds[field] for field in fields for kinds in known if field in kinds}


def dimension_of(measure: Measure, registry: Registry) -> tuple[bool, bool]:
    """Whether a measure's numerator and denominator are seconds; the denominator of a plain quantity is not."""
    if isinstance(measure, Ratio):
        return dimension_of(measure.ratio.of, registry)[0], dimension_of(measure.ratio.to, registry)[0]
    if isinstance(measure, Mean):
        return _kinds(measure.mean, measure.of, registry) == {FieldKind.SECONDS}, False
    if isinstance(measure, Sum):
        return _kinds((measure.sum,), measure.of, registry) == {FieldKind.SECONDS}, False
    if isinstance(measure, SumOf):
        return dimension_of(measure.sum_of[0], registry)
    if isinstance(measure, Difference):
        return dimension_of(measure.difference.of, registry)
    return False, False


def class_of(kpi: Kpi) -> MeasureClass:
    """The class of MEASURES.md section 3 that a KPI belongs to."""
    measure = kpi.measure
    if isinstance(measure, Ratio):
        return MeasureClass.RATIO
    if isinstance(measure, Mean):
        return MeasureClass.MEAN
    if not isinstance(measure, Count | Sum | SumOf | Difference):
        raise NotComputedError(measure)
    if _has_difference(measure):
        return MeasureClass.DIFFERENCE
    if _has_foreign_distinct(measure):
        return MeasureClass.DISTINCT
    if not _leading(measure, Sum):
        return MeasureClass.COUNT
    return MeasureClass.COST if kpi.direction is Direction.DOWN else MeasureClass.MONEY


def _leading(node: Quantity, kind: type) -> bool:
    return _leading(node.sum_of[0], kind) if isinstance(node, SumOf) else isinstance(node, kind)


def _has_difference(node: Quantity) -> bool:
    return any(map(_has_difference, node.sum_of)) if isinstance(node, SumOf) else isinstance(node, Difference)


def _has_foreign_distinct(node: Quantity) -> bool:
    """Counts by an id that each event owns once sum over members; other distinct counts never do."""
    if isinstance(node, SumOf):
        return any(_has_foreign_distinct(part) for part in node.sum_of)
    if not isinstance(node, Count) or node.distinct is None:
        return False
    return any(node.distinct != (type_.partition(".")[0] + "_id",) for type_ in node.count)
