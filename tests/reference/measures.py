"""Values of measures that join nothing, from the events that take part."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from schemas.catalogue.measures import Basis, Condition, Count, Difference, Mean, Measure, Quantity, Ratio, Sum, SumOf
from schemas.catalogue.models import Kpi
from tests.reference.events import Net

SECONDS_IN = {"second": 1, "seconds": 1, "s": 1, "min": 60, "minute": 60, "minutes": 60, "h": 3600, "hour": 3600,
              "hours": 3600, "day": 86400, "days": 86400}  # fmt: skip
DURATIONS = {"duration_s", "hold_s", "after_work_s", "work_s", "wait_s"}


def passes(condition: Condition, value: Any) -> bool:
    said = condition.model_dump(exclude_unset=True, by_alias=True)
    tests: dict[str, Callable[[Any], bool]] = {
        "eq": lambda wanted: value is not None and value == wanted,
        "ne": lambda wanted: value is None or value != wanted,
        "in": lambda wanted: value is not None and value in wanted,
        "ge": lambda wanted: value is not None and value >= wanted,
        "gt": lambda wanted: value is not None and value > wanted,
        "le": lambda wanted: value is not None and value <= wanted,
        "lt": lambda wanted: value is not None and value < wanted,
        "exists": lambda wanted: (value is not None) == wanted,
    }
    return all(tests[operator](wanted) for operator, wanted in said.items())


Leaf = Count | Sum | Mean


def leaves(node: Measure) -> list[Leaf]:
    if isinstance(node, SumOf):
        return [leaf for part in node.sum_of for leaf in leaves(part)]
    if isinstance(node, Difference):
        return leaves(node.difference.of) + leaves(node.difference.minus)
    if isinstance(node, Ratio):
        return leaves(node.ratio.of) + leaves(node.ratio.to)
    assert isinstance(node, Leaf), f"{type(node).__name__} has no reference yet"
    return [node]


def selected(leaf: Leaf, fact: Net) -> bool:
    """Whether a leaf reads an event: type, `where`, and the fields or the key that it needs."""
    types = leaf.count if isinstance(leaf, Count) else leaf.of
    if fact.type not in types or not all(passes(c, fact.data.get(name)) for name, c in leaf.where.items()):
        return False
    if isinstance(leaf, Count):
        return leaf.distinct is None or key(fact, leaf.distinct) is not None
    fields = (leaf.sum,) if isinstance(leaf, Sum) else leaf.mean
    return any(fact.data.get(name) is not None for name in fields)


def takes_part(measure: Measure, fact: Net) -> bool:
    return any(selected(leaf, fact) for leaf in leaves(measure))


def key(fact: Net, names: Sequence[str]) -> tuple[Any, ...] | None:
    parts = tuple(fact.data.get(name) for name in names)
    return None if None in parts else parts


def counts(leaf: Leaf, fact: Net) -> bool:
    """Whether an event that the leaf reads stands behind its value."""
    basis = Basis.NET if isinstance(leaf, Mean) else leaf.basis
    if basis is Basis.GROSS:
        return True
    if basis is Basis.NET:
        return not fact.whole
    return fact.whole or (isinstance(leaf, Sum) and leaf.sum == "amount" and fact.taken > 0)


def amount(fact: Net, name: str, basis: Basis) -> Fraction:
    gross = Fraction(str(fact.data.get(name) or 0))
    reversed_ = gross if fact.whole else Fraction(fact.taken if name == "amount" else 0)
    return {Basis.GROSS: gross, Basis.REVERSED: reversed_, Basis.NET: gross - reversed_}[basis]


def quantity(node: Quantity, facts: list[Net]) -> Fraction:
    if isinstance(node, SumOf):
        return sum((quantity(part, facts) for part in node.sum_of), Fraction())
    if isinstance(node, Difference):
        return quantity(node.difference.of, facts) - quantity(node.difference.minus, facts)
    assert isinstance(node, Leaf), f"{type(node).__name__} has no reference yet"
    read = [fact for fact in facts if selected(node, fact)]
    if isinstance(node, Sum):
        return sum((amount(fact, node.sum, node.basis) for fact in read), Fraction())
    standing = [fact for fact in read if counts(node, fact)]
    return Fraction(len(standing) if node.distinct is None else len({key(fact, node.distinct) for fact in standing}))


def value_of(kpi: Kpi, facts: list[Net]) -> tuple[Fraction | None, int]:
    """Value in the KPI's unit, and n."""
    measure = kpi.measure
    if isinstance(measure, Mean):
        read = [fact for fact in facts if selected(measure, fact) and counts(measure, fact)]
        total = sum((amount(fact, name, Basis.NET) for fact in read for name in measure.mean), Fraction())
        entities = {key(fact, measure.per or ()) or fact.identity for fact in read}
        n = len(entities)
        value = total / n if n else None
        return (value / in_unit(kpi, set(measure.mean)) if value is not None else None), n
    if isinstance(measure, Ratio):
        of, to = quantity(measure.ratio.of, facts), quantity(measure.ratio.to, facts)
        factor = 100 if kpi.unit == "%" else 1
        return (of / to * factor if to else None), behind(measure.ratio.to, facts)
    assert isinstance(measure, Count | Sum | SumOf | Difference), f"{type(measure).__name__} has no reference yet"
    sums = {leaf.sum for leaf in leaves(measure) if isinstance(leaf, Sum)}
    return quantity(measure, facts) / in_unit(kpi, sums), behind(measure, facts)


def in_unit(kpi: Kpi, fields: set[str]) -> int:
    return SECONDS_IN.get(kpi.unit, 1) if fields and fields <= DURATIONS else 1


def behind(node: Quantity, facts: list[Net]) -> int:
    """Events and entities behind a quantity."""
    plain_events, entities = set(), 0
    for leaf in leaves(node):
        standing = [fact for fact in facts if selected(leaf, fact) and counts(leaf, fact)]
        if isinstance(leaf, Count) and leaf.distinct is not None:
            entities += len({key(fact, leaf.distinct) for fact in standing})
        else:
            plain_events |= {(fact.type, fact.identity) for fact in standing}
    return len(plain_events) + entities
