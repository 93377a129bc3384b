"""Where a value stands against its target: attainment, expected by now, status. One reading of the clock, no memory."""

from schemas.catalogue.models import Direction
from schemas.values import Status
from streams.core.detectors.pace import DEFAULT as PACE
from streams.core.measures.compile import MeasureClass, Plan

Number = int | float
RED = (Status.BEHIND, Status.MISSED)
"""States of a guardrail that make the quantity it guards hollow."""


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


def status(
    plan: Plan, value: Number | None, n: int, target: Number | None, share: float, *, strict: bool, closed: bool
) -> Status:
    """The status without regard to a guardrail. `share` is the share of the period's working time that has passed.

    Counts and sums are judged by pace; nothing is said before 5 events are expected or 20 % of the time has passed
    (PRODUCT features 8 and 11). Ratios and means have no pace: from 5 events on they are judged as they are.
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
    if not plan.measure_class.paced:
        return Status.NONE if n < PACE.min_expected else Status.ON_TRACK if met else Status.BEHIND
    if plan.kpi.direction is Direction.DOWN:
        return _spending(value, target, share, met)
    return Status.HIT if met else _progress(plan, value, target, share)


def _progress(plan: Plan, value: Number, target: Number, share: float) -> Status:
    few = plan.measure_class is not MeasureClass.COUNT or target * share < PACE.min_expected
    if target <= 0 or (share < PACE.min_share and few):
        return Status.NONE
    return Status.ON_TRACK if value >= (1 - PACE.tolerance_ratio) * target * share else Status.BEHIND


def _spending(value: Number, target: Number, share: float, met: bool) -> Status:
    if not met:
        return Status.BEHIND
    if share < PACE.min_share:
        return Status.NONE
    return Status.ON_TRACK if value <= (1 + PACE.tolerance_ratio) * target * share else Status.BEHIND
