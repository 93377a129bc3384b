"""The road over partitions, chunks, orders and restarts says what one replay says (DESIGN 4.3, 5)."""

from datetime import UTC, datetime, timedelta
from random import Random
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from schemas.alerts import Alert
from schemas.values import RowName, Value
from streams.core import judge
from streams.core.policy import DAY_US, MINUTE_US, SECOND_US, Policy
from streams.core.replay import replay
from streams.core.stage import Now
from tests import reference
from tests.streams.core import worlds
from tests.streams.core.road import Road

POLICY = Policy(future_us=None)
pytestmark = pytest.mark.usefixtures("each_store", "few_slices")
# Noon in UTC: no local day of our zones begins in the minutes that the tests let pass after it.
UNTIL = worlds.START + timedelta(days=worlds.DAYS + 4, hours=12, seconds=17)
UNTIL_US = int((UNTIL - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
seeds = st.integers(0, 2**32)
WEEKS = 12
"""Of calls: much longer than hours are kept."""


def settle(road: Road) -> None:
    """Let wall time come, and one minute more: closed rows are restated at whole minutes."""
    for now_us in (UNTIL_US, UNTIL_US + 2 * SECOND_US, UNTIL_US + 2 * MINUTE_US):
        road.tick(now_us)


def settled(values: dict[tuple[str, ...], Value]) -> dict[tuple[str, ...], tuple[object, ...]]:
    """What does not depend on when a value was looked at."""
    return {name: (v.value, v.target, v.attainment, v.n, v.start, v.end, v.scope) for name, v in values.items()}


def of_replay(values: list[Value]) -> dict[tuple[str, ...], Value]:
    return {tuple(part for part in RowName.of(value) if part is not None): value for value in values}


@given(seeds, seeds, seeds, st.integers(0, 40), st.sampled_from([1, 2, 4]))
@hypothesis(max_examples=20)
def test_order_chunks_partitions_ticks_and_restarts_change_no_value(
    company: int, week: int, deal: int, size: int, partitions: int
) -> None:
    catalogue, events = worlds.catalogue(company), worlds.events(week, size)
    expected = replay(worlds.lines(events), catalogue, POLICY, UNTIL_US)

    road = Road(catalogue, POLICY, partitions, Random(deal))
    road.put(events)
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False), restarts=0.15, early_ticks=0.1)
    settle(road)

    assert settled(of_replay(expected.values)) == settled(road.values)


@given(seeds, seeds, seeds, st.integers(0, 40), st.sampled_from([1, 2, 4]))
@hypothesis(max_examples=10)
def test_every_event_ends_in_one_outcome_whatever_the_order(
    company: int, week: int, deal: int, size: int, partitions: int
) -> None:
    catalogue, events = worlds.catalogue(company, kpis=1), worlds.events(week, size)

    road = Road(catalogue, POLICY, partitions, Random(deal))
    road.put(events)
    road.run(Now(UNTIL_US, caught_up=False), restarts=0.2)
    counts = road.counts()

    assert size == sum(counts.values())
    assert all(number >= 0 for number in counts.values())
    assert sum(n for name, n in counts.items() if name[0] == "dead_lettered") == len(road.letters)


# A retraction changes an hour of six weeks before, which some sources have forgotten.
@example(2718, 4294967296, 0, 11, 4)
@example(2718, 4294967296, 0, 15, 1)
# A retraction withdraws rows, and a day begins before that is published.
@example(530, 48, 0, 28, 2)
@given(seeds, seeds, seeds, st.integers(0, 60), st.sampled_from([1, 2, 4]))
@hypothesis(max_examples=15)
def test_a_backlog_in_the_order_of_time_is_judged_as_replay_judges_it(
    company: int, week: int, deal: int, size: int, partitions: int
) -> None:
    catalogue = worlds.catalogue(company)
    events = sorted(worlds.events(week, size), key=lambda event: datetime.fromisoformat(event["time"]))
    expected = replay(worlds.lines(events), catalogue, POLICY, UNTIL_US)

    road = Road(catalogue, POLICY, partitions, Random(deal))
    road.put(events)
    road.run(Now(UNTIL_US, caught_up=False), restarts=0.1)
    settle(road)

    assert transitions(expected.alerts) == transitions(road.alerts)
    assert settled(of_replay(expected.values)) == settled(road.values)
    assert versions(of_replay(expected.values)) == versions(road.values)


def transitions(alerts: list[Alert]) -> list[tuple[str, ...]]:
    """Alerts until the end of the replay, with their reasons, in one order."""
    until = UNTIL.isoformat()
    told = [
        (alert.at, alert.fingerprint, alert.cls, alert.kpi, alert.subject, alert.period, alert.transition, alert.reason)
        for alert in alerts
        if datetime.fromisoformat(alert.at) <= datetime.fromisoformat(until)
    ]
    return sorted(told)


def versions(values: dict[tuple[str, ...], Value]) -> dict[tuple[str, ...], tuple[object, ...]]:
    return {name: (value.version, value.status if value.version else None) for name, value in values.items()}


@given(seeds, seeds, seeds, seeds, st.integers(0, 40), st.sampled_from([1, 2]))
@hypothesis(max_examples=12)
def test_a_state_taken_up_under_another_catalogue_says_what_a_fresh_run_says(
    before: int, after: int, week: int, deal: int, size: int, partitions: int
) -> None:
    old, events = worlds.catalogue(before), worlds.events(week, size)
    # A tenant does not move to another time zone: windows keep their names.
    new = worlds.catalogue(after).model_copy(update={"tenant": old.tenant})
    expected = replay(worlds.lines(events), new, POLICY, UNTIL_US)

    road = Road(old, POLICY, partitions, Random(deal))
    road.put(events[: size // 2])
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False))
    road.adopt(new)
    road.put(events[size // 2 :])
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False))
    settle(road)

    assert settled(of_replay(expected.values)) == settled(road.values)


@given(seeds, seeds, seeds, st.integers(0, 40))
@hypothesis(max_examples=6)
def test_a_backfill_longer_than_the_horizon_keeps_every_value(company: int, year: int, deal: int, size: int) -> None:
    catalogue = worlds.catalogue(company, kpis=2)
    # Without amendments, which the horizon ends; a shared sale id still takes old facts out and puts them in again.
    made = [event for event in worlds.events(year, size, days=300) if "supersedes" not in event["data"]]
    events = {event["id"]: event for event in made if event["type"] != "sale.reversed"}.values()
    in_order = sorted(events, key=lambda event: datetime.fromisoformat(event["time"]))
    end_us = UNTIL_US + 260 * DAY_US
    expected = reference.rows(catalogue, in_order, UNTIL + timedelta(260))

    road = Road(catalogue, POLICY, 2, Random(deal))
    road.put(in_order)
    road.run(Now(end_us - MINUTE_US, caught_up=False), restarts=0.1)
    road.tick(end_us)

    assert {name: near(row) for name, row in expected.items()} == {name: row_of(v) for name, v in road.values.items()}


def near(row: reference.Row) -> tuple[object, ...]:
    told = (row.n, row.value, row.target)
    return tuple(pytest.approx(part, rel=1e-12) if isinstance(part, float) else part for part in told)


def row_of(value: Value) -> tuple[object, ...]:
    return value.n, value.value, value.target


@given(seeds, seeds, st.integers(0, 40), st.integers(1, 30))
@hypothesis(max_examples=6)
def test_a_clock_that_jumps_is_decided_in_many_turns_as_in_one(company: int, week: int, size: int, turn: int) -> None:
    catalogue, lines = worlds.catalogue(company), worlds.lines(worlds.events(week, size))
    at_once = replay(lines, catalogue, POLICY, UNTIL_US)

    with patch.object(judge, "MOST_DECISIONS", turn):
        in_turns = replay(lines, catalogue, POLICY, UNTIL_US)

    assert (in_turns.values, in_turns.alerts) == (at_once.values, at_once.alerts)


@pytest.mark.parametrize("turn", [100, 900])
def test_a_silence_is_judged_by_the_hours_of_its_own_time_however_far_the_clock_has_jumped(turn: int) -> None:
    catalogue, lines = worlds.callers(), worlds.lines(worlds.calls_with_silences(WEEKS))
    with patch.object(judge, "MOST_DECISIONS", 1_000_000):
        at_once = replay(lines, catalogue, POLICY)

    with patch.object(judge, "MOST_DECISIONS", turn):
        in_turns = replay(lines, catalogue, POLICY)

    assert len(at_once.alerts) > WEEKS
    assert in_turns.alerts == at_once.alerts


@given(seeds, seeds, seeds, st.integers(1, 40), st.sampled_from([1, 4]))
@hypothesis(max_examples=5)
def test_restarts_between_the_turns_of_a_jump_change_no_value(
    company: int, week: int, deal: int, size: int, partitions: int
) -> None:
    catalogue, events = worlds.catalogue(company), worlds.events(week, size)
    expected = replay(worlds.lines(events), catalogue, POLICY, UNTIL_US)

    with patch.object(judge, "MOST_DECISIONS", 100):
        road = Road(catalogue, POLICY, partitions, Random(deal))
        road.put(events)
        road.run(Now(UNTIL_US - SECOND_US, caught_up=False), restarts=0.3)
        settle(road)

    assert settled(of_replay(expected.values)) == settled(road.values)
