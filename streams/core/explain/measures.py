"""The arithmetic of a value, measure class by measure class: one function each, found by the node's type.

A function gets the node of the catalogue and the teller; it tells its leaves and returns the term that they make. A new
measure needs its function in TERMS and nothing else here; until it has one, its events are told and its arithmetic not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from schemas.catalogue.measures import (
    Attainment,
    Conversion,
    Count,
    Difference,
    Elapsed,
    Growth,
    Latest,
    Mean,
    Quantile,
    Quantity,
    Ratio,
    Repeat,
    Retention,
    Sum,
    SumOf,
)
from schemas.catalogue.measures_journeys import AsShareWithin
from streams.core.explain.baseline import apart, baseline
from streams.core.explain.leaves import LeafTold, events_read
from streams.core.explain.scene import Scene
from streams.core.explain.scores import tell_scores
from streams.core.explain.teller import Teller, UntoldError
from streams.core.explain.terms import Joined, Term, bracketed, chained, number, quotient
from streams.core.measures.plan import Plan, Reading


@dataclass(frozen=True, slots=True)
class Account:
    """The value counted anew: formula, numbers and result in the KPI's unit, and n."""

    formula: str
    numbers: str
    value: int | float | None
    n: int


def account_of(scene: Scene) -> tuple[tuple[LeafTold, ...], Account | None]:
    """Every leaf, and the arithmetic; None where the measure has no function here."""
    teller = Teller(scene, TERMS)
    try:
        term = teller.term(scene.plan.kpi.measure)
    except UntoldError:
        return (events_read(scene),), None
    term, factor = _in_unit(term, scene.plan), Fraction(*scene.plan.factor)
    value = None if term.value is None else _json(term.value * factor)
    return tuple(teller.leaves), Account(term.formula, term.numbers, value, teller.n)


# -- one function a measure


def _of_count(node: Count, teller: Teller, *, based: bool = True) -> Term:
    return teller.plain(based=based) if node.distinct is None else teller.linked(based=based)


def _of_sum(node: Sum, teller: Teller, *, based: bool = True) -> Term:
    return teller.plain(based=based)


def _of_sum_of(node: SumOf, teller: Teller, *, based: bool = True) -> Term:
    return chained(" + ", [_quantity(part, teller, based=based) for part in node.sum_of], Fraction.__add__)


def _of_difference(node: Difference, teller: Teller, *, based: bool = True) -> Term:
    sides = [_quantity(side, teller, based=based) for side in (node.difference.of, node.difference.minus)]
    return chained(" − ", sides, Fraction.__sub__)


def _of_ratio(node: Ratio, teller: Teller) -> Term:
    top = _quantity(node.ratio.of, teller, based=False)
    return quotient(top, _quantity(node.ratio.to, teller, based=True))


def _of_mean(node: Mean, teller: Teller) -> Term:
    if node.per is not None:
        return quotient(teller.plain(based=False), teller.linked(based=True))
    total = teller.plain(based=True)
    n = teller.weight
    return quotient(total, Term("n", number(n), n))


def _of_joined(node: Any, teller: Teller, *, based: bool = True) -> Term:
    return teller.linked(based=based)


def _of_time(node: Elapsed | Quantile, teller: Teller) -> Term:
    term = teller.linked(based=True)
    share = isinstance(node, Elapsed) and isinstance(node.as_, AsShareWithin)
    return term if share else term._replace(joined=Joined.IN_UNIT)


def _of_scores(node: Attainment, teller: Teller) -> Term:
    told = tell_scores(teller.scene, _reading)
    if told is None:
        raise UntoldError(type(node).__name__)
    reached = teller.add(told.reached)
    return quotient(reached, teller.add(told.scored, n=told.scored.integer))


def _of_growth(node: Growth, teller: Teller) -> Term:
    """A period, or what there is of it, against as much of its baseline. What is measured against events that are not
    kept any more is not told."""
    plan = teller.scene.plan
    growing = plan.growing
    assert growing is not None
    told = quotient(apart(teller.term(node.growth.of)), baseline(node, teller))
    rate = None if told.value is None else growing.rate(told.value)
    value = None if rate is None else rate * plan.percent
    percent = f" × {plan.percent}" if plan.percent > 1 else ""
    ratio = "({})^(1/" + str(growing.steps) + ")" if growing.steps > 1 else "{}"
    formula, numbers = (f"({ratio.format(text)} − 1){percent}" for text in (told.formula, told.numbers))
    return Term(formula, numbers, value, Joined.IN_UNIT)


def _reading(scene: Scene) -> Reading | None:
    account = account_of(scene)[1]
    return None if account is None else Reading(account.value, account.n)


QUANTITIES: Mapping[type, Callable[..., Term]] = {
    Count: _of_count, Sum: _of_sum, SumOf: _of_sum_of, Difference: _of_difference, Latest: _of_joined,
}  # fmt: skip
"""What may be a side of a ratio; `based` says whether its events are the ones behind the value."""
TERMS: Mapping[type, Callable[[Any, Teller], Term]] = {
    **QUANTITIES,
    Ratio: _of_ratio,
    Mean: _of_mean,
    Conversion: _of_joined,
    Repeat: _of_joined,
    Retention: _of_joined,
    Elapsed: _of_time,
    Quantile: _of_time,
    Attainment: _of_scores,
    Growth: _of_growth,
}


def _quantity(node: Quantity, teller: Teller, *, based: bool) -> Term:
    found = QUANTITIES.get(type(node))
    if found is None:
        raise UntoldError(type(node).__name__)
    return found(node, teller, based=based)


# -- terms


def _in_unit(term: Term, plan: Plan) -> Term:
    """With the factor that brings it into the KPI's unit: percent, or minutes instead of seconds."""
    num, den = plan.factor
    if (num, den) == (1, 1) or term.joined is Joined.IN_UNIT:
        return term
    sign = f"× {num:,}" if den == 1 else f"/ {den:,}"
    inner = bracketed(term, Joined.SUM)
    return Term(f"{inner.formula} {sign}", f"{inner.numbers} {sign}", term.value, Joined.QUOTIENT)


def _json(value: Fraction) -> int | float:
    return value.numerator if value.denominator == 1 else float(value)
