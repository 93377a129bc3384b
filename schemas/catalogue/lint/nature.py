"""What sort of number a KPI is, as far as it decides how it may mislead: amount, speed, share, harm."""

from collections.abc import Iterator

from schemas.catalogue.measures import (
    Attainment,
    Basis,
    Conversion,
    Count,
    Elapsed,
    Mean,
    Measure,
    Quantile,
    Quantity,
    Ratio,
    Repeat,
    Retention,
    Sum,
    SumOf,
)
from schemas.catalogue.models import Direction, Kpi
from schemas.catalogue.where_rules import facts_of
from schemas.events.registry import FieldKind, Registry

_HARM = frozenset(
    {"lost", "rejected", "reversed", "cancelled", "churned", "left", "unsubscribed", "bounced", "reopened", "disputed"}
)
"""Last words of event types of which more is worse."""
_HARMFUL_TYPES = frozenset({"complaint.opened", "stock.out"})
_COSTS = frozenset({"ad.spend", "cost.recorded"})


def is_quantity(kpi: Kpi) -> bool:
    """Whether more of it is better, however it was done: counts and sums."""
    return kpi.direction is Direction.UP and isinstance(kpi.measure, Count | Sum | SumOf)


def is_speed(kpi: Kpi, registry: Registry) -> bool:
    """Whether it praises being quick: short times, or answers within a limit."""
    if is_share_within(kpi.measure):
        return kpi.direction is Direction.UP
    return kpi.direction is Direction.DOWN and is_duration(kpi.measure, registry)


def is_share_within(measure: Measure) -> bool:
    """Whether it is a share of answers within a time limit."""
    return isinstance(measure, Elapsed) and hasattr(measure.as_, "share_within")


def is_duration(measure: Measure, registry: Registry) -> bool:
    """Whether it is a mean or quantile of time."""
    if isinstance(measure, Elapsed):
        return not is_share_within(measure)
    if not isinstance(measure, Mean | Quantile):
        return False
    fields = measure.mean if isinstance(measure, Mean) else measure.quantile
    known = [registry.fields_of(type_) for type_ in measure.of]
    return {kinds[field] for field in fields for kinds in known if field in kinds} == {FieldKind.SECONDS}


def is_long_time(measure: Measure) -> bool:
    """Whether it looks at what lasts: who stays, who comes again."""
    return isinstance(measure, Retention | Repeat)


def limits_of(kpi: Kpi, registry: Registry) -> tuple[float, float]:
    """Between what any value of the KPI must lie, infinities where nothing is certain."""
    measure = kpi.measure
    if isinstance(measure, Conversion | Retention | Repeat | Attainment) or is_share_within(measure):
        return 0, 100
    if isinstance(measure, Ratio):
        return (0, 100 if kpi.unit == "%" else 1) if is_proportion(measure) else (float("-inf"), float("inf"))
    if isinstance(measure, Count):
        return 0, float("inf")
    if isinstance(measure, Mean) and len(measure.mean) == 1 and measure.per is None:
        facts = [facts_of(registry, type_, measure.mean[0]) for type_ in measure.of]
        return min(fact.low for fact in facts), max(fact.high for fact in facts)
    return float("-inf"), float("inf")


def harm_of(kpi: Kpi, registry: Registry) -> tuple[str, str] | None:
    """What the KPI counts of which more is usually worse, in both languages; None where nothing is known."""
    if is_duration(kpi.measure, registry):
        return "thời gian", "time"
    read = list(_summed(kpi.measure.ratio.of if isinstance(kpi.measure, Ratio) else kpi.measure))
    types = [type_ for leaf in read for type_ in (leaf.count if isinstance(leaf, Count) else leaf.of)]
    if not types:
        return None
    if all(leaf.basis is Basis.REVERSED for leaf in read):
        return "phần bị hoàn", "what was reversed"
    if all(type_ in _COSTS for type_ in types):
        return "chi phí", "cost"
    if all(type_.rpartition(".")[2] in _HARM or type_ in _HARMFUL_TYPES for type_ in types):
        return f"`{types[0]}`", f"`{types[0]}`"
    return None


def _summed(measure: Measure | Quantity) -> Iterator[Count | Sum]:
    """The counts and sums that a quantity adds up; none where it does anything else."""
    if isinstance(measure, SumOf):
        for part in measure.sum_of:
            yield from _summed(part)
    elif isinstance(measure, Count | Sum):
        yield measure


def sums_over_members(measure: Measure | Quantity) -> bool:
    """Whether the parts of an organisation add up to its value: events and money; ids only where an event owns them."""
    if isinstance(measure, SumOf):
        return all(map(sums_over_members, measure.sum_of))
    if isinstance(measure, Count):
        own = [(type_.partition(".")[0] + "_id",) for type_ in measure.count]
        return measure.distinct is None or all(measure.distinct == key for key in own)
    return isinstance(measure, Sum)


def is_proportion(measure: Measure) -> bool:
    """Whether the numerator is provably a part of the denominator (MEASURES.md section 3)."""
    if not isinstance(measure, Ratio):
        return False
    part, whole = measure.ratio.of, measure.ratio.to
    if isinstance(part, Sum) and isinstance(whole, Sum):
        same = part.sum == whole.sum and set(part.of) <= set(whole.of) and part.where == whole.where
        return same and whole.basis is Basis.GROSS and part.basis is Basis.REVERSED
    if not isinstance(part, Count) or not isinstance(whole, Count):
        return False
    tighter = all(part.where.get(field) == condition for field, condition in whole.where.items())
    return set(part.count) <= set(whole.count) and part.distinct == whole.distinct and tighter
