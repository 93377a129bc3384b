"""Stall: has a subject been silent for longer than its rate of events explains?

By the time-rescaling theorem the expected events between two events are Exp(1) distributed, so silence is counted in
expected events of working time: nights, weekends, holidays and leave add nothing (PRODUCT 4.3). The rate is the
target's until there is history, then a Gamma posterior whose prior is the target. A rate by hour of day is left out.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from streams.core.detectors.contract import HOUR_US, Evidence, Standing, WorkingTime, minute_when_worked


@dataclass(frozen=True, slots=True)
class StallPolicy:
    """How much silence is too much.

    `false_per_period` false stalls are accepted per subject and period, so a single gap alarms below the chance
    false_per_period / (events per period), and never above `max_chance` (which keeps sparse KPIs quiet).
    Measured events weigh against a target worth `prior_events`, once `min_history_events` have come or were due.
    """

    false_per_period: float = 0.5
    max_chance: float = 0.05
    prior_events: float = 5.0
    min_history_events: float = 10.0


DEFAULT = StallPolicy()


class History(NamedTuple):
    """Events of this KPI and subject over `worked_us` of its working time, up to the last event and not past it."""

    events: float
    worked_us: int


NO_HISTORY = History(0, 0)


class Rate(NamedTuple):
    """Belief about the events per working time: Gamma(events, worked_us), or known exactly when `known`."""

    events: float
    worked_us: float
    known: bool

    @property
    def per_us(self) -> float:
        """Mean events per µs of working time."""
        return self.events / self.worked_us

    def silence_us(self, chance: float) -> int:
        """The longest silence that still happens with at least this chance.

        Known rate: exp(-rate x silence) = chance. Gamma(a, b): (b / (b + silence))^a = chance.
        """
        if self.known:
            return math.floor(-math.log(chance) / self.per_us)
        return math.floor(self.worked_us * (math.pow(chance, -1 / self.events) - 1))

    def chance_of_silence(self, silence_us: int) -> float:
        """P(no event in this much working time)."""
        if self.known:
            return math.exp(-self.per_us * silence_us)
        return math.pow(self.worked_us / (self.worked_us + silence_us), self.events)


class StallVerdict(NamedTuple):
    """`recheck_us` is the whole minute at which silence becomes a stall if no event comes."""

    standing: Standing
    evidence: Evidence
    recheck_us: int | None


def rate_of(
    target: float | None, total_us: int, history: History = NO_HISTORY, policy: StallPolicy = DEFAULT
) -> Rate | None:
    """The rate of a subject whose period has `total_us` of working time; None where nothing is known of it.

    `target` counts events per period. Without one, history alone must hold `min_history_events`.
    """
    if target is None or target <= 0:
        if history.events < policy.min_history_events or history.worked_us <= 0:
            return None
        return Rate(history.events, history.worked_us, known=False)
    due = target * history.worked_us / total_us
    if max(history.events, due) < policy.min_history_events:
        return Rate(target, total_us, known=True)
    prior_us = policy.prior_events / target * total_us
    return Rate(policy.prior_events + history.events, prior_us + history.worked_us, known=False)


def stall(
    last_event_us: int | None,
    target: float | None,
    window_start_us: int,
    window_end_us: int,
    now_us: int,
    working_time: WorkingTime,
    *,
    history: History = NO_HISTORY,
    policy: StallPolicy = DEFAULT,
) -> StallVerdict:
    """Whether the silence up to `now_us` is a stall in the period [window_start, window_end).

    Silence runs from the last event or the start of the period, whichever is later: a stall does not cross periods.
    UNKNOWN before the subject's first event ever (`last_event_us` None), without working time in the period, and while
    no rate is known. The next event ends it.
    """
    total_us = working_time.between(window_start_us, window_end_us)
    if last_event_us is None or total_us <= 0:
        return StallVerdict(Standing.UNKNOWN, {}, None)
    rate = rate_of(target, total_us, history, policy)
    if rate is None:
        return StallVerdict(Standing.UNKNOWN, {}, None)

    since_us = max(last_event_us, window_start_us)
    silence_us = working_time.between(since_us, max(now_us, since_us))
    per_period = rate.per_us * total_us
    limit_us = rate.silence_us(min(policy.false_per_period / per_period, policy.max_chance))
    evidence: Evidence = {
        "since_us": since_us,
        "last_event_us": last_event_us,
        "silence_us": silence_us,
        "limit_us": limit_us,
        "expected": rate.per_us * silence_us,
        "per_hour": rate.per_us * HOUR_US,
        "chance": rate.chance_of_silence(silence_us),
    }
    if silence_us > limit_us:
        return StallVerdict(Standing.FOUND, evidence, None)
    return StallVerdict(
        Standing.CLEAR, evidence, minute_when_worked(working_time, since_us, limit_us + 1, window_end_us)
    )


def team_silent(team: StallVerdict, working_members: int) -> bool:
    """Whether a silence belongs to the whole team, so that one alert goes there and none to its members.

    When a team is silent beyond its own limit, the cause lies upstream (telephony, feed, leads), not with each person.
    The team's limit is reached earlier than a member's, since its rate is the members' together. A team of one has no
    peers to compare with. The same holds one level up, for a department and its teams.
    """
    return team.standing is Standing.FOUND and working_members > 1


def inhibited(member: StallVerdict) -> StallVerdict:
    """The verdict on a member while the team is silent: nothing is said of the person."""
    return StallVerdict(Standing.UNKNOWN, {**member.evidence, "inhibited_by": "team_silent"}, None)
