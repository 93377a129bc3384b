"""Where a value stands against its target: attainment, expected by now, status. One reading of the clock, no memory."""

from fractions import Fraction
from typing import NamedTuple

from schemas.catalogue.models import Direction
from schemas.values import Status
from streams.core.calendar import WorkingTime
from streams.core.detectors.pace import DEFAULT as PACE
from streams.core.measures.classes import MeasureClass
from streams.core.measures.growing import Volume
from streams.core.measures.plan import Plan
from streams.core.windows import Window

Number = int | float
RED = (Status.BEHIND, Status.MISSED)
"""States of a guardrail that make the quantity it guards hollow."""


def is_aimed_at(plan: Plan, working_time: WorkingTime, window: Window) -> bool:
    """Whether a period asks anything: what has a pace does so only by working time, for nobody misses a
    target on a Sunday."""
    return not plan.is_paced or working_time.between(window.start_us, window.end_us) > 0


class Course(NamedTuple):
    """What is held to a pace: how much there is so far, and how much the whole period is to have, or may use up."""

    so_far: Number
    whole: Number
    is_budget: bool


def attainment(
    direction: Direction, value: Number | None, target: Number | None, base: Number | None = None
) -> float | None:
    """value / target (up), target / value (down); of a key result that began at `base` the share of the way from there
    (PRODUCT A14). None for a band and where the divisor is zero or nothing is known."""
    found = quotient(direction, value, target, base)
    return None if found is None else found[0] / found[1]


def quotient(
    direction: Direction, value: Number | None, target: Number | None, base: Number | None = None
) -> tuple[Number, Number] | None:
    """Dividend and divisor of the attainment; None where there is none."""
    if value is None or target is None or direction is Direction.BAND:
        return None
    if base is not None:
        over, under = (value - base, target - base) if direction is Direction.UP else (base - value, base - target)
    else:
        over, under = (value, target) if direction is Direction.UP else (target, value)
    return (over, under) if under else None


def meets(direction: Direction, value: Number, target: Number, strict: bool) -> bool:
    """Whether the target is met; a strict one must be passed."""
    if value == target:
        return not strict
    return value > target if direction is Direction.UP else value < target


def course(plan: Plan, value: Number | None, target: Number, volume: Volume | None = None) -> Course | None:
    """What a value is held to (MEASURES section 3): of a retention the losses, of growth the volume that makes the
    target. None for classes without pace, and where nothing is known."""
    is_down = plan.kpi.direction is Direction.DOWN
    if plan.growing is not None:
        return None if volume is None else Course(volume.so_far, volume.whole, is_down)
    if value is None or not plan.is_paced:
        return None
    if plan.measure_class is MeasureClass.RETENTION:
        return Course(plan.percent - value, plan.percent - target, not is_down)
    return Course(value, target, is_down)


def expected(plan: Plan, target: Number, share: float, volume: Volume | None = None) -> Number | None:
    """What the target asks for, or allows, once a share of the working time has passed, in the KPI's unit: the value
    that `course` is even with. None for classes without pace."""
    if not plan.is_paced or (plan.measure_class is MeasureClass.DIFFERENCE and target <= 0):
        return None
    if share == 1.0 and volume is None:  # growth of an open period is measured against its baseline to date
        return target
    if plan.growing is not None:
        if volume is None or volume.base <= 0:
            return None
        rate = plan.growing.rate(Fraction(volume.whole * share) / Fraction(volume.base))
        return None if rate is None else float(rate * plan.percent)
    if plan.measure_class is MeasureClass.RETENTION:
        return plan.percent - (plan.percent - target) * share
    return target * share


def status(
    plan: Plan,
    value: Number | None,
    n: int,
    target: Number | None,
    share: float,
    *,
    strict: bool,
    closed: bool,
    volume: Volume | None = None,
) -> Status:
    """The status without regard to a guardrail. `share` is the share of the period's working time that has passed,
    `volume` what the pace of growth is judged by.

    Counts, sums, losses and growth are judged by pace; nothing is said before 5 events are expected or 20 % of the time
    has passed (PRODUCT features 8 and 11). Ratios and means have no pace: from 5 events on they are judged as they are.
    """
    if target is None or value is None or plan.kpi.direction is Direction.BAND:
        return Status.NONE
    if (
        target == 0
        and plan.kpi.direction is Direction.UP
        and plan.measure_class in (MeasureClass.COUNT, MeasureClass.MONEY)
    ):
        return Status.NONE  # nothing was asked: the target begins on the last, closed days of the period
    met = meets(plan.kpi.direction, value, target, strict)
    if closed:
        return Status.HIT if met else Status.MISSED
    held = course(plan, value, target, volume)
    if held is None:
        return Status.NONE if n < PACE.min_expected else Status.ON_TRACK if met else Status.BEHIND
    met = meets(Direction.DOWN if held.is_budget else Direction.UP, held.so_far, held.whole, strict)
    if held.is_budget:
        return _spending(held, share, met)
    return Status.HIT if met else _progress(plan, held, share)


def _progress(plan: Plan, held: Course, share: float) -> Status:
    few = plan.measure_class is not MeasureClass.COUNT or held.whole * share < PACE.min_expected
    if held.whole <= 0 or (share < PACE.min_share and few):
        return Status.NONE
    return Status.ON_TRACK if held.so_far >= (1 - PACE.tolerance_ratio) * held.whole * share else Status.BEHIND


def _spending(held: Course, share: float, met: bool) -> Status:
    if not met:
        return Status.BEHIND
    if share < PACE.min_share:
        return Status.NONE
    return Status.ON_TRACK if held.so_far <= (1 + PACE.tolerance_ratio) * held.whole * share else Status.BEHIND
