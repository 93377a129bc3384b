"""Pace: is a period-to-date value where the target asks it to be by now, measured in working time?

E(t) = W(t) / W(T), the share of the period's working time that has passed; the index is value / (target x E(t))
(PRODUCT 4.1, flat profile). For a total that should stay small (a budget) the test is reversed. Classes without pace
(ratios, means) are the caller's to leave out.
"""

from dataclasses import dataclass

from streams.core.detectors.contract import Evidence, Standing, WorkingTime, minute_when_worked


@dataclass(frozen=True, slots=True)
class PacePolicy:
    """When a value is behind, and from when on anything is said at all.

    Behind when the index passes 1 by more than `tolerance_ratio`; recovered when it has come back by `recover_ratio`.
    Nothing is said before `min_expected` events are expected or `min_share` of the working time has passed.
    """

    tolerance_ratio: float = 0.2
    recover_ratio: float = 0.1
    min_expected: float = 5.0
    min_share: float = 0.2


DEFAULT = PacePolicy()


@dataclass(frozen=True, slots=True)
class PaceVerdict:
    """`expected` is target x E(t), in the unit of the target, also while it is too early for a verdict."""

    standing: Standing
    expected: float | None
    index: float | None
    evidence: Evidence
    recheck_us: int | None


def pace(
    value: float,
    target: float,
    window_start_us: int,
    window_end_us: int,
    now_us: int,
    working_time: WorkingTime,
    *,
    was_behind: bool,
    counts_events: bool,
    budget: bool = False,
    strict: bool = False,
    policy: PacePolicy = DEFAULT,
) -> PaceVerdict:
    """Where `value` stands at `now_us` in the period [window_start, window_end).

    `counts_events` says that the unit is events, so that `min_expected` applies; money has only the capacity rule.
    `budget` reverses the test: found when spent faster than working time passes, and to the end once there is no
    more of it; a `strict` one is not to be spent whole. UNKNOWN without working time in the
    period and for a target that is not positive. `recheck_us` is the whole minute at which the verdict changes if the
    value stays; None if that is not before the end of the period.
    """
    total_us = working_time.between(window_start_us, window_end_us)
    if total_us <= 0:
        return PaceVerdict(Standing.UNKNOWN, None, None, {}, None)
    now_us = min(max(now_us, window_start_us), window_end_us)
    worked_us = working_time.between(window_start_us, now_us)
    expected = target * worked_us / total_us
    if target <= 0:
        return PaceVerdict(Standing.UNKNOWN, expected, None, {}, None)

    guard_us = _guard_us(target, total_us, counts_events, policy)
    if budget:
        spent = value > target or (strict and value == target)
        standing, change_us = (
            (Standing.FOUND, None)  # no time brings it back
            if spent
            else _spending(value, target, worked_us, total_us, guard_us, was_behind, policy)
        )
    else:
        standing, change_us = _progress(value, target, worked_us, total_us, guard_us, was_behind, policy)
    return PaceVerdict(
        standing,
        expected,
        value / expected if expected else None,
        _evidence(value, target, expected, worked_us, total_us),
        None if change_us is None else minute_when_worked(working_time, window_start_us, change_us, window_end_us),
    )


# Thresholds are compared as working time in whole µs, the number that the timer is set by: a verdict at `recheck_us`
# can then not differ from the one promised by a rounding of the index.


def _guard_us(target: float, total_us: int, counts_events: bool, policy: PacePolicy) -> int:
    share = policy.min_share
    if counts_events:
        share = min(share, policy.min_expected / target)
    return round(share * total_us)


def _progress(
    value: float, target: float, worked_us: int, total_us: int, guard_us: int, was_behind: bool, policy: PacePolicy
) -> tuple[Standing, int | None]:
    """Standing of a value that should grow, and the working time at which it changes."""
    if worked_us < guard_us:
        return Standing.UNKNOWN, guard_us
    floor = 1 - policy.tolerance_ratio + (policy.recover_ratio if was_behind else 0)
    covers_us = round(total_us * max(value, 0) / (floor * target))
    if worked_us > covers_us:
        return Standing.FOUND, None
    return Standing.CLEAR, covers_us + 1


def _spending(
    value: float, target: float, worked_us: int, total_us: int, guard_us: int, was_behind: bool, policy: PacePolicy
) -> tuple[Standing, int | None]:
    """Standing of a total that should stay small, of which something is left; only time can make it better."""
    if worked_us < guard_us:
        return Standing.UNKNOWN, guard_us
    ceiling = 1 + policy.tolerance_ratio - (policy.recover_ratio if was_behind else 0)
    covers_us = round(total_us * max(value, 0) / (ceiling * target))
    if worked_us < covers_us:
        # Once found, the narrower band decides when it is over.
        back = 1 + policy.tolerance_ratio - policy.recover_ratio
        return Standing.FOUND, round(total_us * value / (back * target))
    return Standing.CLEAR, None


def _evidence(value: float, target: float, expected: float, worked_us: int, total_us: int) -> Evidence:
    return {
        "value": value,
        "target": target,
        "expected": expected,
        "worked_us": worked_us,
        "left_us": total_us - worked_us,
        # The gap as working time: how long the plan takes to make what lies between value and expectation.
        "gap_us": round((expected - value) / target * total_us),
    }
