"""The arithmetic of a value, measure class by measure class: one function each, found by the node's type.

A function gets the node of the catalogue and the teller; it tells its leaves and returns the term that they make. A new
measure needs its function in TERMS and nothing else here; until it has one, its events are told and its arithmetic not.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple

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
from schemas.catalogue.measures_growth import Adjust, Given
from schemas.catalogue.measures_journeys import AsShareWithin
from streams.core.baselines import longer_than, stretch_of
from streams.core.explain.journeys import tell_journey
from streams.core.explain.leaves import LeafTold, events_read, tell_leaf
from streams.core.explain.scene import Scene
from streams.core.explain.scores import tell_scores
from streams.core.facts import Fact
from streams.core.measures.compile import Plan, Reading
from streams.core.measures.journey_leaves import JourneyLeaf
from streams.core.measures.leaves import CountLeaf, KeyLeaf, SumLeaf
from streams.core.policy import DAY_US
from streams.core.windows import Window


class UntoldError(Exception):
    """The arithmetic of a measure is not told: it has no function here."""


class Joined(StrEnum):
    """The sign between the parts of a term; the one that binds less needs brackets within another."""

    NONE = ""
    SUM = "+"
    QUOTIENT = "/"
    IN_UNIT = "="
    """Its words and numbers are in the KPI's unit already."""


class Term(NamedTuple):
    """A part of the formula: as leaves (`[1] / [2]`), as numbers (`19 / 20`), and what it comes to (None: a divisor is
    0)."""

    formula: str
    numbers: str
    value: Fraction | None
    joined: Joined = Joined.NONE


@dataclass(frozen=True, slots=True)
class Account:
    """The value counted anew: formula, numbers and result in the KPI's unit, and n."""

    formula: str
    numbers: str
    value: int | float | None
    n: int


class Teller:
    """Tells the leaves of a measure in the order in which they were compiled."""

    def __init__(self, scene: Scene, leaves: list[LeafTold] | None = None) -> None:
        """Args: `leaves` that were told before, of another scene: these go on with them."""
        self.scene = scene
        self.leaves: list[LeafTold] = [] if leaves is None else leaves
        self._plain: Iterator[CountLeaf | SumLeaf] = iter(scene.plan.leaves)
        linked: list[KeyLeaf | JourneyLeaf] = [*scene.plan.keys, *scene.plan.journeys]
        linked.sort(key=lambda leaf: leaf.index)
        self._linked = iter(linked)
        self._base: list[CountLeaf | SumLeaf | KeyLeaf] = []
        self._base_amounts: list[int] = []

    def term(self, node: Any) -> Term:
        """The term of a node, its leaves told on the way.

        Raises:
            UntoldError: no function tells nodes of this type.
        """
        found = TERMS.get(type(node))
        if found is None:
            raise UntoldError(type(node).__name__)
        return found(node, self)

    def plain(self, *, based: bool) -> Term:
        """The next count or sum."""
        leaf = next(self._plain)
        return self._told(leaf, tell_leaf(leaf, self.scene), based)

    def linked(self, *, based: bool) -> Term:
        """The next distinct count, or measure that joins events."""
        leaf = next(self._linked)
        if isinstance(leaf, KeyLeaf):
            return self._told(leaf, tell_leaf(leaf, self.scene), based)
        told = tell_journey(leaf, self.scene, Fraction(*self.scene.plan.factor))
        self.add(told.leaf, n=told.n if based else 0)
        return Term(f"[{len(self.leaves)}] {told.formula}".rstrip(), told.numbers, told.value)

    def add(self, told: LeafTold, *, n: int = 0) -> Term:
        """A leaf that the caller has told by itself, with the items that it adds to n."""
        self._base_amounts.append(n)
        self.leaves.append(told)
        return Term(f"[{len(self.leaves)}]", number(told.amount), told.amount)

    @property
    def n(self) -> int:
        """Events, or entities, behind the value: those of the leaves that were told as its base."""
        plain = [leaf for leaf in self._base if not isinstance(leaf, KeyLeaf)]
        events = sum(1 for fact in self.scene.mine if any(_behind(leaf, fact) for leaf in plain))
        return events + sum(self._base_amounts)

    def _told(self, leaf: CountLeaf | SumLeaf | KeyLeaf, told: LeafTold, based: bool) -> Term:
        if based:
            self._base.append(leaf)
        return self.add(told, n=told.integer if based and isinstance(leaf, KeyLeaf) else 0)


def account_of(scene: Scene) -> tuple[tuple[LeafTold, ...], Account | None]:
    """Every leaf, and the arithmetic; None where the measure has no function here."""
    teller = Teller(scene)
    try:
        term = teller.term(scene.plan.kpi.measure)
    except UntoldError:
        return (events_read(scene),), None
    term, factor = _in_unit(term, scene.plan), Fraction(*scene.plan.factor)
    value = None if term.value is None else _json(term.value * factor)
    return tuple(teller.leaves), Account(term.formula, term.numbers, value, teller.n)


def number(amount: Fraction) -> str:
    """A number as the formula has it: `12,500,000`, `95.25`."""
    return f"{amount.numerator:,}" if amount.denominator == 1 else f"{float(amount):,.9g}"


# -- one function a measure


def _of_count(node: Count, teller: Teller, *, based: bool = True) -> Term:
    return teller.plain(based=based) if node.distinct is None else teller.linked(based=based)


def _of_sum(node: Sum, teller: Teller, *, based: bool = True) -> Term:
    return teller.plain(based=based)


def _of_sum_of(node: SumOf, teller: Teller, *, based: bool = True) -> Term:
    return _chained(" + ", [_quantity(part, teller, based=based) for part in node.sum_of], Fraction.__add__)


def _of_difference(node: Difference, teller: Teller, *, based: bool = True) -> Term:
    sides = [_quantity(side, teller, based=based) for side in (node.difference.of, node.difference.minus)]
    return _chained(" − ", sides, Fraction.__sub__)


def _of_ratio(node: Ratio, teller: Teller) -> Term:
    top = _quantity(node.ratio.of, teller, based=False)
    return _quotient(top, _quantity(node.ratio.to, teller, based=True))


def _of_mean(node: Mean, teller: Teller) -> Term:
    if node.per is not None:
        return _quotient(teller.plain(based=False), teller.linked(based=True))
    total = teller.plain(based=True)
    n = Fraction(teller.n)
    return _quotient(total, Term("n", number(n), n))


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
    return _quotient(reached, teller.add(told.scored, n=told.scored.integer))


def _of_growth(node: Growth, teller: Teller) -> Term:
    """A period that is over against the whole of its baseline. What is to date, joins items, or whose baseline began
    before the events that are still kept is not told."""
    scene, spec, growing = teller.scene, teller.scene.spec, teller.scene.plan.growing
    assert growing is not None
    if scene.clock_us < scene.window.end_us or scene.plan.journeys:
        raise UntoldError(type(node).__name__)
    own, against = teller.term(node.growth.of), node.growth.against
    if isinstance(against, Given):
        stated = Fraction(str(against.value))
        base = Term("baseline", number(stated), stated)
    else:
        stretch = stretch_of(scene.plan, scene.window, spec.windows)
        if stretch[0] < (scene.clock_us - spec.policy.horizon_us) // DAY_US * DAY_US + DAY_US:
            raise UntoldError(type(node).__name__)
        before = Teller(replace(scene, window=Window("baseline", *stretch)), teller.leaves)
        base = _longer(before.term(node.growth.of), scene, stretch)
    told = _quotient(own, base)
    rate = None if told.value is None else growing.rate(told.value)
    value = None if rate is None else rate * scene.plan.percent
    percent = f" × {scene.plan.percent}" if scene.plan.percent > 1 else ""
    ratio = "({})^(1/" + str(growing.steps) + ")" if growing.steps > 1 else "{}"
    formula, numbers = (f"({ratio.format(text)} − 1){percent}" for text in (told.formula, told.numbers))
    return Term(formula, numbers, value, Joined.IN_UNIT)


def _longer(base: Term, scene: Scene, stretch: tuple[int, int]) -> Term:
    """A total is measured against as much time as the period has."""
    growing, spec = scene.plan.growing, scene.spec
    assert growing is not None
    if not growing.adds_up or growing.parts.adjust is Adjust.NONE:
        return base
    times = longer_than(stretch, scene.window, growing.parts.adjust, spec.windows, spec.calendars.tenant)
    value = None if base.value is None or times is None else base.value * times
    shown, base = "-" if times is None else number(times), _bracketed(base, Joined.SUM)
    return Term(f"{base.formula} × {shown}", f"{base.numbers} × {shown}", value, Joined.QUOTIENT)


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


def _chained(sign: str, terms: list[Term], join: Callable[[Fraction, Fraction], Fraction]) -> Term:
    value = terms[0].value
    for term in terms[1:]:
        value = None if value is None or term.value is None else join(value, term.value)
    if len(terms) == 1:
        return terms[0]
    parts = [terms[0], *(_bracketed(term, Joined.SUM) for term in terms[1:])]
    return Term(sign.join(term.formula for term in parts), sign.join(term.numbers for term in parts), value, Joined.SUM)


def _quotient(top: Term, bottom: Term) -> Term:
    value = top.value / bottom.value if top.value is not None and bottom.value else None
    top, bottom = _bracketed(top, Joined.SUM), _bracketed(bottom, Joined.SUM, Joined.QUOTIENT)
    return Term(f"{top.formula} / {bottom.formula}", f"{top.numbers} / {bottom.numbers}", value, Joined.QUOTIENT)


def _in_unit(term: Term, plan: Plan) -> Term:
    """With the factor that brings it into the KPI's unit: percent, or minutes instead of seconds."""
    num, den = plan.factor
    if (num, den) == (1, 1) or term.joined is Joined.IN_UNIT:
        return term
    sign = f"× {num:,}" if den == 1 else f"/ {den:,}"
    inner = _bracketed(term, Joined.SUM)
    return Term(f"{inner.formula} {sign}", f"{inner.numbers} {sign}", term.value, Joined.QUOTIENT)


def _bracketed(term: Term, *signs: Joined) -> Term:
    return Term(f"({term.formula})", f"({term.numbers})", term.value) if term.joined in signs else term


def _json(value: Fraction) -> int | float:
    return value.numerator if value.denominator == 1 else float(value)


def _behind(leaf: CountLeaf | SumLeaf, fact: Fact) -> bool:
    return leaf.take(fact) is not None and leaf.counts(fact)
