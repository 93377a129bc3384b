"""Every event ends in exactly one outcome: what is late, too old, too new, repeated or refused."""

from typing import Any

import pytest

from schemas.dead_letter import DeadLetter
from streams.core.policy import DAY_US, MINUTE_US, Policy
from streams.core.stage import Now
from streams.core.timers import CLOSE, EVALUATE, OPEN, Timers, minute_after, minute_from
from tests.streams.core.road import Road
from tests.streams.core.test_contract_examples import TALKS, call, company, corrected, sale
from tests.streams.core.worlds import Event

POLICY = Policy(future_us=None)
pytestmark = pytest.mark.usefixtures("each_store")


def counted(*events: Event, policy: Policy = POLICY) -> dict[tuple[str, ...], int]:
    return {name: number for name, number in fed(*events, policy=policy).counts().items() if number}


def fed(*events: Event, policy: Policy = POLICY) -> Road:
    road = Road(company(TALKS), policy, 1)
    road.put(events)
    road.run(Now(0, caught_up=False))
    return road


def at(event: Event, time: str) -> Event:
    return {**event, "time": time}


def test_an_event_further_behind_than_the_grace_is_applied_and_called_late() -> None:
    on_time = at(call("1"), "2026-11-02T10:00:00+07:00")
    edge, late = at(call("2"), "2026-11-02T09:55:00+07:00"), at(call("3"), "2026-11-02T09:54:59+07:00")

    assert {("applied", ""): 2, ("applied", "late"): 1} == counted(on_time, edge, late)


def test_an_event_before_the_horizon_is_counted_and_never_applied() -> None:
    policy = Policy(future_us=None, horizon_us=10 * DAY_US)
    new = at(call("1"), "2026-11-20T10:00:00+07:00")
    edge, old = at(call("2"), "2026-11-10T10:00:00+07:00"), at(call("3"), "2026-11-10T09:59:59+07:00")

    assert {("applied", ""): 1, ("applied", "late"): 1, ("beyond_horizon", ""): 1} == counted(
        new, edge, old, policy=policy
    )


def test_more_than_five_minutes_ahead_of_the_brokers_clock_is_a_dead_letter() -> None:
    # The road appends at the epoch, so that any event of 1971 is years ahead.
    road = fed(at(call("1"), "1971-06-01T00:00:00Z"), policy=Policy(future_us=5 * MINUTE_US))

    letter = DeadLetter.model_validate_json(road.letters[0].value or b"")

    assert "future_time" == letter.reason
    assert {("dead_lettered", "future_time"): 1} == {k: v for k, v in road.counts().items() if v}


def test_the_same_identity_counts_once_and_other_content_is_a_conflict() -> None:
    assert {("applied", ""): 1, ("duplicate", ""): 1, ("duplicate", "conflict"): 1} == counted(
        call("1"), call("1"), call("1", duration_s=61)
    )


def test_what_comes_before_its_root_is_pending_and_applied_with_it() -> None:
    assert {("pending", ""): 1} == counted(corrected("2", 300, "1"))
    assert {("applied", ""): 1, ("applied", "late"): 1} == counted(corrected("2", 300, "1"), sale("1", 500))


def test_what_waits_longer_than_the_horizon_ends_as_an_orphan() -> None:
    policy = Policy(future_us=None, horizon_us=10 * DAY_US)

    assert {("applied", ""): 1, ("orphan", ""): 1} == counted(corrected("2", 300, "1"), call("9", 28), policy=policy)


def test_a_refused_correction_that_had_waited_becomes_a_dead_letter_when_its_root_comes() -> None:
    wrong = {**call("2", supersedes="1"), "subject": "s1"}
    road = fed(wrong, sale("1", 500))
    letter = DeadLetter.model_validate_json(road.letters[0].value or b"")

    assert "not_supersedable" == letter.reason
    assert "call.completed" in letter.sentence
    assert 2 == sum(road.counts().values())


# -- timers


@pytest.mark.parametrize(
    ("time_us", "after", "from_"), [(0, 60, 0), (1, 60, 60), (59_999_999, 60, 60), (60_000_000, 120, 60)]
)
def test_minutes_are_whole(time_us: int, after: int, from_: int) -> None:
    assert (after * 1_000_000, from_ * 1_000_000) == (minute_after(time_us), minute_from(time_us))


def test_a_timer_is_due_once_at_the_earliest_minute_asked_for_and_periods_open_before_they_are_judged() -> None:
    timers = Timers()
    asked: list[tuple[int, int, str]] = [
        (3, EVALUATE, "a"),
        (2, EVALUATE, "a"),
        (2, OPEN, "b"),
        (2, CLOSE, "c"),
        (9, OPEN, "d"),
    ]
    for minute_us, kind, what in asked:
        timers.set(minute_us, kind, what)
    due: list[Any] = list(timers.due(5))

    assert [(2, OPEN, ("b",)), (2, CLOSE, ("c",)), (2, EVALUATE, ("a",))] == due
    assert timers.is_set(OPEN, "d")
