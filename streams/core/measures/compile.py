"""From a KPI's measure tree to its plan: which leaves it has, and how they are read as a value."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from math import lcm

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
from schemas.catalogue.measures_journeys import AsShareWithin, Conversion, Elapsed, Repeat, Retention
from schemas.catalogue.models import Kpi
from schemas.events.registry import FieldKind, Registry
from streams.core.journeys import distinct
from streams.core.journeys.contract import Linked
from streams.core.journeys.distinct import DistinctLeads
from streams.core.journeys.persons import Persons
from streams.core.measures.classes import class_of
from streams.core.measures.growing import growing_of
from streams.core.measures.joins import Joining, leaf_of
from streams.core.measures.journey_leaves import JourneyLeaf, Part
from streams.core.measures.leaves import BILLION, CountLeaf, KeyLeaf, SumLeaf
from streams.core.measures.plan import FIRST_LEAF_SLOT, N_SLOT, Plan, Rational, Read, SlotRead, SlotsRead
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
NOTHING: Mapping[int, int] = {}


class NotComputedError(TypeError):
    """A measure that the grammar has and this engine does not."""

    def __init__(self, node: Measure | Quantity) -> None:
        super().__init__(f"{type(node).__name__} is not computed")


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
