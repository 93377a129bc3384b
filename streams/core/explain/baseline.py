"""What growth is measured against, explained: its baseline, or as much of it as there is of the period."""

from dataclasses import replace
from fractions import Fraction

from schemas.catalogue.measures import Growth
from schemas.catalogue.measures_growth import Given
from schemas.catalogue.models import Period
from streams.core.baselines import elapsed_share, longer_than, reached, stretch_of
from streams.core.explain.leaves import LeafTold, tell_leaf
from streams.core.explain.scene import Scene
from streams.core.explain.teller import Teller, Terms, UntoldError
from streams.core.explain.terms import Joined, Term, number, times
from streams.core.policy import DAY_US
from streams.core.windows import Window


class _ToDate(Teller):
    """Of whole days (the scene), and of a part of the day after them: each leaf is told of both."""

    def __init__(self, scene: Scene, last: Scene, share: Fraction, terms: Terms, leaves: list[LeafTold]) -> None:
        super().__init__(scene, terms, leaves)
        self._last = last
        self._share = share

    def plain(self, *, based: bool) -> Term:
        """The next count or sum."""
        leaf = next(self._plain)
        whole = self._told(leaf, tell_leaf(leaf, self.scene), based)
        last = times(self.add(tell_leaf(leaf, self._last)), self._share)
        assert whole.value is not None
        assert last.value is not None
        formula, numbers = f"{whole.formula} + {last.formula}", f"{whole.numbers} + {last.numbers}"
        return Term(formula, numbers, whole.value + last.value, Joined.SUM)

    @property
    def weight(self) -> Fraction:
        """What a mean divides by."""
        return super().weight + self._events(self._last) * self._share


def baseline(node: Growth, teller: Teller) -> Term:
    """The baseline of the teller's period; its leaves go on with the teller's.

    Raises:
        UntoldError: it began before the events that are still kept.
    """
    scene, spec = teller.scene, teller.scene.spec
    growing, against = scene.plan.growing, node.growth.against
    assert growing is not None
    share = elapsed_share(growing, scene.window, scene.clock_us, spec.calendars.tenant)
    part = share if growing.adds_up else Fraction(1)
    if isinstance(against, Given):
        stated = Fraction(str(against.value))
        return times(Term("baseline", number(stated), stated), part)
    stretch = stretch_of(scene.plan, scene.window, spec.windows)
    if stretch[0] < (scene.clock_us - spec.policy.horizon_us) // DAY_US * DAY_US + DAY_US:
        raise UntoldError(type(node).__name__)
    if growing.by_days:
        until_us = reached(growing, stretch, share, spec.calendars.tenant)
        base = _of_days(teller, stretch[0], until_us).term(node.growth.of)
    else:
        counting = spec.observe.spread.bases.get(scene.plan.kpi.id, scene.plan)
        period = spec.windows.period(counting.kpi.period, stretch[0])
        before = Teller(replace(scene, plan=counting, window=period), teller.terms, teller.leaves)
        base = times(apart(before.term(node.growth.of)), part)
    if not growing.adds_up:
        return base
    longer = longer_than(stretch, scene.window, growing.parts.adjust, spec.windows, spec.calendars.tenant)
    return Term(f"{base.formula} × -", f"{base.numbers} × -", None) if longer is None else times(base, longer)


def apart(term: Term) -> Term:
    """A term with words in it, as items have, as one that needs brackets."""
    return term._replace(joined=Joined.SUM) if " " in term.formula and not term.joined else term


def _of_days(teller: Teller, start_us: int, until_us: int) -> Teller:
    """Of the days since a midnight, and of as large a share of the last one as has passed of it."""
    scene = teller.scene
    day = scene.spec.windows.period(Period.DAY, until_us)
    whole = replace(scene, window=Window("baseline", start_us, min(day.start_us, until_us)))
    if not start_us <= day.start_us < until_us:
        return Teller(whole, teller.terms, teller.leaves)
    share = Fraction(until_us - day.start_us, day.end_us - day.start_us)
    return _ToDate(whole, replace(scene, window=day), share, teller.terms, teller.leaves)
