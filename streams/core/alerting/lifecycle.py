"""The life of one alert: pending, firing, then resolved or expired. One per (kpi, subject, period, class).

Alerts are told by transitions, not by states: while nothing changes nothing comes out, and the state comes back as the
very same object, so that its row need not be written. Who is told, and how often, is decided further down the road.
A finding that is only worth showing (severity info) is the caller's to keep away from here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import blake2b
from typing import Any, NamedTuple

from schemas.alerts import AlertClass, Severity, Transition

MINUTE_US = 60_000_000

Evidence = dict[str, int | float | str | None]


@dataclass(frozen=True, slots=True)
class LifecyclePolicy:
    """How long a finding must hold before it fires (`HoldEnds`), and how long it must be gone before it resolves."""

    hold_us: int = 0
    keep_firing_us: int = 0


HoldEnds = Callable[[int, int], int]
"""(since, hold): the instant by which what was found at `since` has held for long enough. All in µs."""


def by_wall_time(since_us: int, hold_us: int) -> int:
    """A hold that also passes while nobody works."""
    return since_us + hold_us


POLICIES: Mapping[AlertClass, LifecyclePolicy] = {
    # The silence itself was the wait, and after the next event a whole new silence is needed: no flapping.
    AlertClass.STALLED: LifecyclePolicy(),
    AlertClass.BEHIND: LifecyclePolicy(hold_us=15 * MINUTE_US, keep_firing_us=15 * MINUTE_US),
    # Judged once an hour; two bursts with a quiet hour between are one incident.
    AlertClass.ANOMALY: LifecyclePolicy(keep_firing_us=60 * MINUTE_US),
    # Begins and ends with the pause itself (streams.core.intake).
    AlertClass.PAUSED: LifecyclePolicy(),
}


class Cause(StrEnum):
    """Why a transition happened."""

    FOUND = "found"
    RECOVERED = "recovered"
    CORRECTED = "corrected"  # a correction or retraction took the reason away: the alert is withdrawn
    PERIOD_CLOSED = "period_closed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a detector found, ready to become an alert."""

    severity: Severity
    evidence: Evidence = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AlertState:
    """An open alert. Severity and evidence are those of its last transition."""

    transition: Transition  # PENDING or FIRING
    since_us: int  # when this transition came
    clear_since_us: int | None  # firing only: since when the finding has been gone
    severity: Severity
    evidence: Evidence

    def dump(self) -> list[Any]:
        """Plain values for a state row."""
        return [self.transition.value, self.since_us, self.clear_since_us, self.severity.value, self.evidence]

    @classmethod
    def load(cls, row: Sequence[Any]) -> "AlertState":
        """The state that `dump` wrote."""
        transition, since_us, clear_since_us, severity, evidence = row
        return cls(Transition(transition), since_us, clear_since_us, Severity(severity), dict(evidence))


class Step(NamedTuple):
    """One transition to publish; `since_us` is when the alert began to pend or fire."""

    transition: Transition
    cause: Cause
    severity: Severity
    evidence: Evidence
    since_us: int


Advanced = tuple[AlertState | None, list[Step]]


def fingerprint(kpi: str, subject: str, period: str, cls: AlertClass) -> str:
    """Identity of an alert, 16 hex digits, the same in every process and release."""
    # The unit separator is no character of an id, so that no two keys run together.
    key = "\x1f".join((kpi, subject, period, cls.value))
    return blake2b(key.encode(), digest_size=8).hexdigest()


def advance(
    state: AlertState | None,
    finding: Finding | None,
    now_us: int,
    policy: LifecyclePolicy,
    *,
    corrected: bool = False,
    hold_ends: HoldEnds = by_wall_time,
) -> Advanced:
    """The next state, and the transitions on the way: none, or one.

    `corrected` says that the finding is gone because its facts were corrected: the alert is withdrawn at once, without
    waiting for `keep_firing_us`. A pending alert whose finding goes away ends without a word, since nobody was told.
    """
    if finding is not None:
        return _found(state, finding, now_us, policy, hold_ends)
    if state is None:
        return None, []
    if state.transition is Transition.PENDING:
        return None, []
    if corrected:
        return None, [_end(state, Transition.RESOLVED, Cause.CORRECTED)]
    clear_since_us = now_us if state.clear_since_us is None else state.clear_since_us
    if now_us - clear_since_us >= policy.keep_firing_us:
        return None, [_end(state, Transition.RESOLVED, Cause.RECOVERED)]
    return (state if state.clear_since_us is not None else replace(state, clear_since_us=now_us)), []


def expire(state: AlertState | None) -> list[Step]:
    """What a period's end makes of its alert; there is no state after it, the new period starts from nothing."""
    if state is None or state.transition is Transition.PENDING:
        return []
    return [_end(state, Transition.EXPIRED, Cause.PERIOD_CLOSED)]


def recheck_us(state: AlertState | None, policy: LifecyclePolicy, hold_ends: HoldEnds = by_wall_time) -> int | None:
    """When `advance` moves on by time alone, if the finding stays as it is."""
    if state is None:
        return None
    if state.transition is Transition.PENDING:
        return hold_ends(state.since_us, policy.hold_us)
    return None if state.clear_since_us is None else state.clear_since_us + policy.keep_firing_us


def _found(
    state: AlertState | None, finding: Finding, now_us: int, policy: LifecyclePolicy, hold_ends: HoldEnds
) -> Advanced:
    if state is None and policy.hold_us > 0:
        return _enter(Transition.PENDING, finding, now_us)
    if state is None:
        return _enter(Transition.FIRING, finding, now_us)
    if state.transition is Transition.PENDING:
        held = now_us >= hold_ends(state.since_us, policy.hold_us)
        return _enter(Transition.FIRING, finding, now_us) if held else (state, [])
    return (state if state.clear_since_us is None else replace(state, clear_since_us=None)), []


def _enter(transition: Transition, finding: Finding, now_us: int) -> Advanced:
    state = AlertState(transition, now_us, None, finding.severity, finding.evidence)
    return state, [Step(transition, Cause.FOUND, finding.severity, finding.evidence, now_us)]


def _end(state: AlertState, transition: Transition, cause: Cause) -> Step:
    return Step(transition, cause, state.severity, state.evidence, state.since_us)
