import json

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from schemas.alerts import AlertClass, Severity, Transition
from streams.core.alerting.lifecycle import (
    MINUTE_US,
    POLICIES,
    AlertState,
    Cause,
    Finding,
    LifecyclePolicy,
    Step,
    advance,
    expire,
    fingerprint,
    recheck_us,
)

FOUND = Finding(Severity.WARNING, {"expected": 5.1})
AT_ONCE = LifecyclePolicy()
PATIENT = LifecyclePolicy(hold_us=10 * MINUTE_US, keep_firing_us=5 * MINUTE_US)


def transitions(steps: list[Step]) -> list[str]:
    return [step.transition.value for step in steps]


def firing(now_us: int = 0, policy: LifecyclePolicy = PATIENT) -> AlertState:
    state, _ = advance(None, FOUND, now_us - policy.hold_us, policy)
    state, _ = advance(state, FOUND, now_us, policy)
    assert state is not None
    assert state.transition is Transition.FIRING
    return state


def test_without_a_hold_a_finding_fires_at_once() -> None:
    state, steps = advance(None, FOUND, 7, AT_ONCE)

    assert steps == [Step(Transition.FIRING, Cause.FOUND, Severity.WARNING, {"expected": 5.1}, 7)]
    assert state == AlertState(Transition.FIRING, 7, None, Severity.WARNING, {"expected": 5.1})


def test_with_a_hold_it_is_pending_until_the_hold_has_passed() -> None:
    state, first = advance(None, FOUND, 0, PATIENT)
    assert recheck_us(state, PATIENT) == 10 * MINUTE_US

    state, early = advance(state, FOUND, 10 * MINUTE_US - 1, PATIENT)
    state, then = advance(state, FOUND, 10 * MINUTE_US, PATIENT)

    assert [transitions(first), transitions(early), transitions(then)] == [["pending"], [], ["firing"]]
    assert recheck_us(state, PATIENT) is None


def test_a_pending_alert_that_clears_goes_without_a_word() -> None:
    pending, _ = advance(None, FOUND, 0, PATIENT)

    assert advance(pending, None, MINUTE_US, PATIENT) == (None, [])
    assert expire(pending) == []


def test_nothing_comes_out_and_the_state_is_the_same_object_while_nothing_changes() -> None:
    state = firing()

    for minute in range(1, 100):
        after, steps = advance(
            state, Finding(Severity.WARNING, {"expected": float(minute)}), minute * MINUTE_US, PATIENT
        )

        assert after is state
        assert steps == []


def test_it_resolves_only_after_the_finding_has_been_gone_for_a_while() -> None:
    state, first = advance(firing(), None, MINUTE_US, PATIENT)
    assert recheck_us(state, PATIENT) == 6 * MINUTE_US

    _, early = advance(state, None, 6 * MINUTE_US - 1, PATIENT)
    gone, then = advance(state, None, 6 * MINUTE_US, PATIENT)

    assert (first, early) == ([], [])
    assert gone is None
    assert [(step.transition, step.cause) for step in then] == [(Transition.RESOLVED, Cause.RECOVERED)]


def test_a_finding_that_comes_back_in_time_keeps_the_same_alert() -> None:
    fired = firing()
    clearing, _ = advance(fired, None, MINUTE_US, PATIENT)

    again, steps = advance(clearing, FOUND, 2 * MINUTE_US, PATIENT)

    assert again == fired
    assert steps == []


def test_a_correction_withdraws_the_alert_at_once() -> None:
    state, steps = advance(firing(), None, MINUTE_US, PATIENT, corrected=True)

    assert state is None
    assert [(step.transition, step.cause) for step in steps] == [(Transition.RESOLVED, Cause.CORRECTED)]


def test_a_correction_that_leaves_the_finding_standing_changes_nothing() -> None:
    state = firing()

    assert advance(state, FOUND, MINUTE_US, PATIENT, corrected=True) == (state, [])


@pytest.mark.parametrize("clearing", [False, True])
def test_the_end_of_a_period_expires_what_fires_and_never_resolves_it(clearing: bool) -> None:
    state: AlertState | None = firing()
    if clearing:
        state, _ = advance(state, None, MINUTE_US, PATIENT)

    got = expire(state)

    assert [(step.transition, step.cause) for step in got] == [(Transition.EXPIRED, Cause.PERIOD_CLOSED)]


def test_a_period_without_an_alert_ends_in_silence() -> None:
    assert expire(None) == []


@pytest.mark.parametrize("clearing", [False, True])
def test_a_state_survives_its_row(clearing: bool) -> None:
    state: AlertState | None = firing()
    if clearing:
        state, _ = advance(state, None, MINUTE_US, PATIENT)
    assert state is not None

    assert AlertState.load(json.loads(json.dumps(state.dump()))) == state


@pytest.mark.parametrize("finding", [FOUND, None])
def test_waking_at_the_promised_instant_sees_what_asking_every_minute_sees(finding: Finding | None) -> None:
    state: AlertState | None = firing() if finding is None else None
    state, _ = advance(state, finding, MINUTE_US, PATIENT)
    due_us = recheck_us(state, PATIENT)

    changes = [
        now_us
        for now_us in range(2 * MINUTE_US, 20 * MINUTE_US, MINUTE_US)
        if advance(state, finding, now_us, PATIENT)[1]
    ]

    assert changes[0] == due_us


def test_every_class_has_a_policy() -> None:
    assert set(POLICIES) == set(AlertClass)


def test_a_fingerprint_is_stable_and_tells_kpi_subject_period_and_class_apart() -> None:
    keys = [
        ("contacts", "an", "2026-11", AlertClass.STALLED),
        ("contacts", "an", "2026-11", AlertClass.BEHIND),
        ("contacts", "an", "2026-12", AlertClass.STALLED),
        ("contacts", "binh", "2026-11", AlertClass.STALLED),
        ("contactsa", "n", "2026-11", AlertClass.STALLED),
    ]

    prints = [fingerprint(*key) for key in keys]

    assert prints[0] == "563bdb9d5244b9a9"
    assert len(set(prints)) == len(prints)


class Life(RuleBasedStateMachine):
    """Any history of findings, corrections and period ends, judged at whole minutes."""

    def __init__(self) -> None:
        super().__init__()
        self.now_us = 0
        self.policy = PATIENT
        self.state: AlertState | None = None
        self.told: list[Transition] = []

    @rule(hold=st.integers(0, 3), keep=st.integers(0, 3))
    def use_another_policy(self, hold: int, keep: int) -> None:
        self.policy = LifecyclePolicy(hold * MINUTE_US, keep * MINUTE_US)

    @rule(minutes=st.integers(0, 5), severity=st.sampled_from(Severity))
    def find(self, minutes: int, severity: Severity) -> None:
        self._advance(minutes, Finding(severity), corrected=False)

    @rule(minutes=st.integers(0, 5), corrected=st.booleans())
    def clear(self, minutes: int, corrected: bool) -> None:
        self._advance(minutes, None, corrected=corrected)

    @rule()
    def end_the_period(self) -> None:
        steps = expire(self.state)
        assert Transition.RESOLVED not in [step.transition for step in steps]
        self._tell(steps)
        self.state = None

    def _advance(self, minutes: int, finding: Finding | None, *, corrected: bool) -> None:
        self.now_us += minutes * MINUTE_US
        self.state, steps = advance(self.state, finding, self.now_us, self.policy, corrected=corrected)
        self._tell(steps)
        again, more = advance(self.state, finding, self.now_us, self.policy, corrected=corrected)
        # Pending may fire at the same minute only without a hold, and then there was no pending.
        assert more == []
        assert again is self.state

    def _tell(self, steps: list[Step]) -> None:
        self.told += [step.transition for step in steps if step.transition is not Transition.PENDING]

    @invariant()
    def firing_and_its_end_take_turns(self) -> None:
        assert all(step is Transition.FIRING for step in self.told[::2])
        assert all(step in (Transition.RESOLVED, Transition.EXPIRED) for step in self.told[1::2])

    @invariant()
    def the_last_word_is_the_state(self) -> None:
        is_firing = self.state is not None and self.state.transition is Transition.FIRING
        assert is_firing == (len(self.told) % 2 == 1)


TestLife = Life.TestCase
