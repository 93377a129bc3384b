"""How a person's own KPIs add up to a score, and when they are reached: the arithmetic of `attainment` (H3).

MEASURES section 4, PRODUCT 4.10. The score is the sum of weight x min(attainment, cap) x gate over the KPIs whose
periods end inside the period scored, divided by the weights present: what has no attainment leaves with its weight, and
so does what has a pace but, on a day off or on leave, no time to keep it in (`standing.is_aimed_at`). A KPI's weight is
split evenly over its periods that end inside; without a weight it takes an equal share. By `every`, each attainment has
to be reached by itself, and no cap is needed.

Only KPIs of scope person are scored, which are neither plain metrics nor `attainment` themselves. A guardrail of
another period gates by its period that holds the last instant of the one scored, from when that is over.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from schemas.catalogue.attainment_rules import is_scored
from schemas.catalogue.measures import Attainment, Scoring
from schemas.values import Scope
from streams.core.calendar import WorkingTime
from streams.core.measures.plan import Plan, Reading
from streams.core.standing import RED, Number, is_aimed_at, quotient, status
from streams.core.targets import Targets
from streams.core.windows import Window, Windows

PRECISION = 10**9
"""A quotient of fractional numbers is told by a float: 1/3 + 2/3 reaches 1, however these are written."""


class Part(NamedTuple):
    """What one period of a KPI adds: the attainment `over / under`, and whether its guardrail is red."""

    over: Number
    under: Number
    red: bool

    @property
    def attained(self) -> Fraction:
        """The attainment after the gate."""
        if self.red:
            return Fraction()
        if isinstance(self.over, int) and isinstance(self.under, int):
            return Fraction(self.over, self.under)
        return Fraction(self.over / self.under).limit_denominator(PRECISION)


PartName = tuple[str, str]
"""(kpi, period)."""


class Board:
    """One KPI over KPIs."""

    def __init__(self, plan: Plan, plans: Mapping[str, Plan], windows: Windows) -> None:
        assert isinstance(plan.kpi.measure, Attainment)
        self.plan = plan
        self._spec = plan.kpi.measure.attainment
        self._windows = windows
        named = plans if self._spec.kpis == "all" else self._spec.kpis
        self.scored = {kpi: plans[kpi] for kpi in named if is_scored(plans[kpi].kpi)}
        guards = [plans[plan.kpi.guardrail] for plan in self.scored.values() if plan.kpi.guardrail is not None]
        self.guards = {guard.kpi.id: guard for guard in guards if guard.kpi.scope is Scope.PERSON}
        """KPIs that gate what is scored; one that has no values of persons gates nothing of theirs."""
        self._split: dict[PartName, int] = {}

    def inside(self, ended: Window) -> Window:
        """The period that a KPI's period ends inside of: its start < the end <= its end."""
        return self._windows.period(self.plan.kpi.period, ended.end_us - 1)

    def ended(self, plan: Plan, inside: Window) -> list[Window]:
        """The periods of a KPI that end inside of one scored."""
        between = self._windows.between(plan.kpi.period, inside.start_us, inside.end_us)
        return [one for one in between if inside.start_us < one.end_us <= inside.end_us]

    def gated(self, guard: str, window: Window) -> Iterator[tuple[Plan, Window]]:
        """The KPIs and periods that a period of a guardrail gates."""
        for plan in self.scored.values():
            if plan.kpi.guardrail == guard:
                between = self._windows.between(plan.kpi.period, window.start_us, window.end_us)
                yield from ((plan, one) for one in between if self.gate(plan, one) == window)

    def gate(self, plan: Plan, ended: Window) -> Window | None:
        """The period of a KPI's guardrail that gates one of its own; None without a guardrail."""
        guard = self.guards.get(plan.kpi.guardrail or "")
        return None if guard is None else self._windows.period(guard.kpi.period, ended.end_us - 1)

    def reached(self, parts: Mapping[PartName, Part], inside: Window) -> bool:
        """Whether a person with these parts, one at least, has reached the KPIs."""
        goal = Fraction(str(self._spec.at))
        if self._spec.by is Scoring.EVERY:
            return all(part.attained >= goal for part in parts.values())
        return self.score(parts, inside) >= goal

    def score(self, parts: Mapping[PartName, Part], inside: Window) -> Fraction:
        """The weighted score, 1 being everything as aimed."""
        cap = Fraction(str(self._spec.cap))
        weights = {name: self.weight(name[0], inside) for name in parts}
        total = sum((weights[name] * min(part.attained, cap) for name, part in parts.items()), Fraction())
        return total / sum(weights.values())

    def weight(self, kpi: str, inside: Window) -> Fraction:
        """The percentage of one period of a KPI."""
        plan, name = self.scored[kpi], (kpi, inside.id)
        if name not in self._split:
            self._split[name] = max(1, len(self.ended(plan, inside)))
        whole = Fraction(100, len(self.scored)) if plan.kpi.weight is None else Fraction(str(plan.kpi.weight))
        return whole / self._split[name]


def boards_of(plans: Mapping[str, Plan], windows: Windows) -> list[Board]:
    """The KPIs over KPIs of a catalogue."""
    return [Board(plan, plans, windows) for plan in plans.values() if isinstance(plan.kpi.measure, Attainment)]


def part_of(plan: Plan, reading: Reading, target: Number | None, base: Number | None, *, red: bool) -> Part | None:
    """What a period of a KPI adds; None where it has no attainment."""
    found = quotient(plan.kpi.direction, reading.value, target, base)
    return None if found is None else Part(*found, red)


def is_red(
    guard: Plan, reading: Reading, targets: Targets, person: str, working_time: WorkingTime, window: Window
) -> bool:
    """Whether a guardrail says no for a period of it that is over; one that asks nothing of the person does not."""
    if not is_aimed_at(guard, working_time, window):
        return False
    target, strict = targets.of(guard.kpi.id, person, window), targets.strict(guard.kpi.id, person, window)
    return status(guard, reading.value, reading.n, target, 1.0, strict=strict, closed=True) in RED
