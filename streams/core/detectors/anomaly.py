"""Anomaly: is the count of a closed hour one that the subject's own history does not explain?

A discounted Gamma-Poisson level per (kpi, subject) (Harvey and Fernandes 1989) over working hours, a shrunk
hour-of-day profile, an overdispersed negative binomial prediction, and outlier weights after Farrington et al. 1996 and
Noufaily et al. 2013, so that a past incident does not raise the bar (PRODUCT 4.4). Multiple testing over a team is the
caller's. Verdicts change only with a closed hour, never between: there is nothing to set a timer for.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from scipy.special import betainc

from schemas.alerts import Severity
from schemas.catalogue.models import Direction
from streams.core.detectors.contract import Evidence, Standing

HOURS = 24
# A Gamma with less than half an event predicts "never again" and would alarm at the first event.
LEAST_EVENTS = 0.5


@dataclass(frozen=True, slots=True)
class AnomalyPolicy:
    """When an hour is an anomaly and how fast history fades.

    Alarm: two of the last three hours below `chance` (two-sided mid-p) on the same side, or one below `strong_chance`;
    and `min_cases` in the last four hours (for a low count: seen or expected). Fewer than `min_buckets` known hours
    give INFO only. `discount` is per working day of `day_hours`; `profile_weight` (events) pulls the hours of the day
    to flat and `dispersion_weight` (hours) pulls the overdispersion to 1; residuals beyond `outlier` lose weight.
    """

    chance: float = 0.005
    strong_chance: float = 1e-4
    min_cases: float = 5.0
    min_buckets: int = 20
    discount: float = 0.97
    day_hours: float = 8.0
    prior_hours: float = 4.0
    profile_weight: float = 50.0
    dispersion_weight: float = 20.0
    outlier: float = 2.58


DEFAULT = AnomalyPolicy()


class Side(StrEnum):
    """On which side of the expectation a count lies."""

    LOW = "low"
    HIGH = "high"


class Bucket(NamedTuple):
    """One judged hour. `flag` is 0, 1 (unlikely) or 2 (very unlikely), negative for a low count."""

    seen: int
    expected: float
    chance: float
    flag: int


@dataclass(frozen=True, slots=True)
class AnomalyState:
    """What is known of one (kpi, subject): Gamma(events, hours) of its rate per full working hour, its hours of the
    day, its squared residuals, how many hours were judged, and the last four of them. About 500 bytes packed.
    """

    events: float
    hours: float
    events_by_hour: tuple[float, ...] = (0.0,) * HOURS
    hours_by_hour: tuple[float, ...] = (0.0,) * HOURS
    residual_squares: float = 0.0
    residuals: float = 0.0
    buckets: int = 0
    recent: tuple[Bucket, ...] = ()

    def dump(self) -> list[Any]:
        """Plain lists and numbers for a state row."""
        return [
            self.events,
            self.hours,
            list(self.events_by_hour),
            list(self.hours_by_hour),
            self.residual_squares,
            self.residuals,
            self.buckets,
            [list(bucket) for bucket in self.recent],
        ]

    @classmethod
    def load(cls, row: Sequence[Any]) -> "AnomalyState":
        """The state that `dump` wrote."""
        events, hours, events_by_hour, hours_by_hour, squares, residuals, buckets, recent = row
        judged = tuple(Bucket(*bucket) for bucket in recent)
        return cls(events, hours, tuple(events_by_hour), tuple(hours_by_hour), squares, residuals, buckets, judged)


class AnomalyVerdict(NamedTuple):
    """`severity` is INFO for a favourable side and while history is short: worth showing, not worth an alert."""

    standing: Standing
    severity: Severity
    side: Side | None
    evidence: Evidence


def fresh(rate_per_hour: float | None, policy: AnomalyPolicy = DEFAULT) -> AnomalyState:
    """The state before any history: a pooled prior (peers, else the target) in events per full working hour."""
    if rate_per_hour is None:
        return AnomalyState(LEAST_EVENTS, LEAST_EVENTS)
    return AnomalyState(max(rate_per_hour * policy.prior_hours, LEAST_EVENTS), policy.prior_hours)


def update(
    state: AnomalyState,
    count: int,
    exposure_share: float,
    hour_of_day: int,
    direction: Direction,
    policy: AnomalyPolicy = DEFAULT,
) -> tuple[AnomalyState, AnomalyVerdict]:
    """Judge one closed hour against what was known before it, then learn from it.

    `exposure_share` is the share of the hour that was working time (0-1), `hour_of_day` the local hour (0-23). An hour
    without working time is neither judged nor learned: the verdict stands as it was.
    """
    if exposure_share <= 0:
        return state, _verdict(state, direction, policy)
    exposure = exposure_share * hour_factor(state, hour_of_day, policy)
    rate = state.events / state.hours
    mean = rate * exposure
    # Uncertainty of the rate; what is left of the variance is the scatter of the count itself.
    rate_variance = state.events * (exposure / state.hours) ** 2
    phi = dispersion(state, policy)
    variance = rate_variance + phi * mean
    low, high = tails(count, mean, variance)
    bucket = _bucket(count, mean, low, high, policy)
    weight = _weight(count, mean, variance, policy.outlier)

    fade = policy.discount ** (exposure_share / policy.day_hours)
    # The square is capped, relative to the scatter already known: one incident must not widen the prediction.
    square = min((count - mean) ** 2 / (rate_variance + mean), phi * policy.outlier**2)
    learned = AnomalyState(
        events=max(fade * state.events + weight * count / phi, LEAST_EVENTS),
        hours=fade * state.hours + weight * exposure / phi,
        # Each hour of the day comes once a day, so it fades by a day at each visit.
        events_by_hour=_faded(state.events_by_hour, hour_of_day, policy.discount, weight * count),
        hours_by_hour=_faded(state.hours_by_hour, hour_of_day, policy.discount, weight * exposure_share),
        residual_squares=fade * state.residual_squares + square,
        residuals=fade * state.residuals + 1,
        buckets=state.buckets + 1,
        recent=(*state.recent[-3:], bucket),
    )
    return learned, _verdict(learned, direction, policy)


def tails(count: int, mean: float, variance: float) -> tuple[float, float]:
    """Mid-p tails (low, high) of a negative binomial; they sum to 1. `variance` must exceed `mean`, which is > 0."""
    size = mean * mean / (variance - mean)
    success = size / (size + mean)
    failure = mean / (size + mean)
    up_to = float(betainc(size, count + 1, success))
    above = float(betainc(count + 1, size, failure))
    if count == 0:
        return up_to / 2, (1 + above) / 2
    return (float(betainc(size, count, success)) + up_to) / 2, (float(betainc(count, size, failure)) + above) / 2


def hour_factor(state: AnomalyState, hour_of_day: int, policy: AnomalyPolicy = DEFAULT) -> float:
    """How busy this hour of the day is against the mean working hour (1 = as busy), shrunk to flat."""
    hours = sum(state.hours_by_hour)
    if hours == 0:
        return 1.0
    flat = sum(state.events_by_hour) * state.hours_by_hour[hour_of_day] / hours
    # PRODUCT 4.1: (n_j + k/J) / (n + k) against 1/J, written for hours of unequal exposure.
    pull = policy.profile_weight / sum(1 for known in state.hours_by_hour if known)
    return (state.events_by_hour[hour_of_day] + pull) / (flat + pull)


def dispersion(state: AnomalyState, policy: AnomalyPolicy = DEFAULT) -> float:
    """Variance over mean of the counts, at least 1, shrunk to 1."""
    return max(1.0, (policy.dispersion_weight + state.residual_squares) / (policy.dispersion_weight + state.residuals))


def _bucket(count: int, mean: float, low: float, high: float, policy: AnomalyPolicy) -> Bucket:
    chance = min(2 * min(low, high), 1.0)
    strength = (chance < policy.chance) + (chance < policy.strong_chance)
    return Bucket(count, mean, chance, -strength if low < high else strength)


def _weight(count: int, mean: float, variance: float, outlier: float) -> float:
    """Weight of an observation by its Anscombe residual; the 2/3 power makes small counts nearly symmetric."""
    residual = 1.5 * (count ** (2 / 3) - mean ** (2 / 3)) / (mean ** (1 / 6) * math.sqrt(variance / mean))
    return min(1.0, (outlier / residual) ** 2) if residual else 1.0


def _faded(values: tuple[float, ...], index: int, fade: float, added: float) -> tuple[float, ...]:
    return (*values[:index], fade * values[index] + added, *values[index + 1 :])


def _verdict(state: AnomalyState, direction: Direction, policy: AnomalyPolicy) -> AnomalyVerdict:
    if not state.recent:
        return AnomalyVerdict(Standing.UNKNOWN, Severity.INFO, None, {})
    last = state.recent[-1]
    side = _alarming_side(state.recent, policy)
    evidence: Evidence = {
        "count": last.seen,
        "expected": last.expected,
        "chance": last.chance,
        "dispersion": dispersion(state, policy),
        "buckets": state.buckets,
    }
    if side is None:
        return AnomalyVerdict(Standing.CLEAR, Severity.INFO, None, evidence)
    favourable = (direction, side) in ((Direction.UP, Side.HIGH), (Direction.DOWN, Side.LOW))
    severity = Severity.INFO if favourable or state.buckets < policy.min_buckets else Severity.WARNING
    return AnomalyVerdict(
        Standing.FOUND, severity, side, {**evidence, "side": side.value, "favourable": int(favourable)}
    )


def _alarming_side(recent: tuple[Bucket, ...], policy: AnomalyPolicy) -> Side | None:
    """The side on which the last hours alarm; the current hour's side where both would."""
    cases = sum(bucket.seen for bucket in recent)
    due = sum(bucket.expected for bucket in recent)
    order = (Side.LOW, Side.HIGH) if recent[-1].flag < 0 else (Side.HIGH, Side.LOW)
    for side in order:
        sign = -1 if side is Side.LOW else 1
        enough = max(cases, due) if side is Side.LOW else cases
        strengths = [sign * bucket.flag for bucket in recent[-3:]]
        alarming = strengths[-1] >= 2 or sum(strength >= 1 for strength in strengths) >= 2
        if alarming and enough >= policy.min_cases:
            return side
    return None
