"""Replay against the plain reading of the contract in tests/reference, over random companies and random events."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from schemas.catalogue.models import Catalogue
from schemas.catalogue.rules import find_problems
from schemas.values import Value
from streams.core.policy import DAY_US, Policy
from streams.core.replay import replay
from tests import reference
from tests.streams.core import worlds

POLICY = Policy(future_us=None, horizon_us=1000 * DAY_US)
seeds = st.integers(0, 2**32)


def row(value: Value) -> reference.Row:
    return reference.Row(value.value, value.n, value.target, value.attainment, value.start, value.end)


def near(expected: reference.Row) -> tuple[object, ...]:
    """The same, with floats that may differ in the last digit (sums of fractions are exact, their quotients round)."""
    return tuple(pytest.approx(part, rel=1e-12, abs=1e-12) if isinstance(part, float) else part for part in expected)


def assert_says(expected: dict[tuple[str, ...], reference.Row], values: list[Value]) -> None:
    got = {(value.kpi, value.subject, value.period): row(value) for value in values if value.series is None}
    assert sorted(expected) == sorted(got)
    assert {name: near(said) for name, said in expected.items()} == got


@given(seeds, seeds, st.integers(0, 50))
@hypothesis(max_examples=40)
def test_replay_says_what_the_contract_says(company: int, week: int, size: int) -> None:
    catalogue, events = worlds.catalogue(company), worlds.events(week, size)

    outcome = replay(worlds.lines(events), catalogue, POLICY)

    assert_says(reference.rows(catalogue, events), outcome.values)


@given(seeds, seeds, st.integers(0, 30), st.integers(-3, worlds.DAYS + 40))
@hypothesis(max_examples=15)
def test_replay_until_an_instant_knows_nothing_of_what_comes_after(
    company: int, week: int, size: int, day: int
) -> None:
    catalogue, events = worlds.catalogue(company), worlds.events(week, size)
    until = worlds.START + timedelta(days=day, seconds=30)
    until_us = int((until - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))

    outcome = replay(worlds.lines(events), catalogue, POLICY, until_us)

    assert_says(reference.rows(catalogue, events, until), outcome.values)


@given(seeds, seeds, st.integers(0, 50))
@hypothesis(max_examples=8)
def test_every_event_of_a_replay_ends_in_one_outcome(company: int, week: int, size: int) -> None:
    catalogue: Catalogue = worlds.catalogue(company, kpis=1)

    outcome = replay(worlds.lines(worlds.events(week, size)), catalogue, POLICY)

    assert size == sum(outcome.counts.values())
    assert all(number >= 0 for number in outcome.counts.values())


@pytest.mark.parametrize("seed", range(40))
def test_the_companies_that_these_tests_make_are_allowed(seed: int) -> None:
    assert [] == find_problems(worlds.catalogue(seed))
