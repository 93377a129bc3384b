"""Replay against a second computation of every measure, over worked examples and over small random histories."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis

from schemas.catalogue.models import Catalogue
from schemas.catalogue.rules import find_problems
from schemas.events.decode import Decoder
from schemas.events.envelope import Event
from schemas.events.registry import Registry
from streams.core.policy import DAY_US, Policy
from streams.core.replay import replay
from tests import reference_measures
from tests.reference_measures import Key, Said
from tests.reference_measures.examples import Example, load, names
from tests.reference_measures.world import world as opened
from tests.streams.core.measure_plans import PLANS
from tests.streams.core.worlds import lines
from tests.streams.core.worlds_measures import Plan, World, worlds

POLICY = Policy(future_us=None, horizon_us=1000 * DAY_US)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def loaded(written: Mapping[str, Any]) -> Catalogue:
    """The catalogue, which the loader does not refuse."""
    catalogue = Catalogue.model_validate(written)
    assert not find_problems(catalogue), find_problems(catalogue)
    return catalogue


def said_by_the_engine(world: World) -> dict[Key, tuple[float | None, int]]:
    until_us = None if world.until is None else (world.until - EPOCH) // MICROSECOND
    outcome = replay(lines(world.events), loaded(world.catalogue), POLICY, until_us)
    return {
        Key(value.kpi, value.subject, value.period, getattr(value, "series", None)): (value.value, value.n)
        for value in outcome.values
        if value.kpi == "k"
    }


def said_by_the_reference(world: World) -> dict[Key, Said]:
    found = reference_measures.rows(world.events, world.catalogue, world.until)
    return {key: said for key, said in found.items() if key.kpi == "k"}


EXAMPLES = [pytest.param(example, id=example.name) for name in names() for example in load(name)]
NAMED_PLANS = [
    pytest.param(plan, id=f"{name} {number}")
    for name, plans in PLANS.items()
    for number, plan in enumerate(plans, start=1)
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_replay_says_what_was_worked_out_by_hand(example: Example) -> None:
    example.assert_says(said_by_the_engine(World(example.catalogue, list(map(dict, example.events)), example.until)))


@pytest.mark.parametrize("plan", NAMED_PLANS)
def test_replay_says_what_the_contract_says(plan: Plan) -> None:
    loaded(example_of(plan).catalogue)

    @given(worlds((plan,)))
    @hypothesis(max_examples=12)
    def holds(world: World) -> None:
        assert_values(said_by_the_reference(world), said_by_the_engine(world), world)

    holds()


@pytest.mark.parametrize("plan", NAMED_PLANS)
def test_replay_has_the_rows_and_counts_that_the_contract_says(plan: Plan) -> None:
    loaded(example_of(plan).catalogue)

    @given(worlds((plan,)))
    @hypothesis(max_examples=6)
    def holds(world: World) -> None:
        expected = {key: said.n for key, said in said_by_the_reference(world).items() if comparable(key, world)}
        got = {key: n for key, (_, n) in said_by_the_engine(world).items() if comparable(key, world)}
        assert expected == got

    holds()


def example_of(plan: Plan) -> World:
    found: list[World] = []

    @given(worlds((plan,)))
    @hypothesis(max_examples=1, database=None)
    def first(world: World) -> None:
        found.append(world)

    first()
    return found[0]


def assert_values(expected: Mapping[Key, Said], got: Mapping[Key, tuple[float | None, int]], world: World) -> None:
    """Values of all rows that say something, on either side."""
    said = {key: row for key, row in expected.items() if row.value is not None and comparable(key, world)}
    told = {key: value for key, (value, n) in got.items() if value is not None and comparable(key, world)}
    near = {
        key: pytest.approx(float(row.value), rel=max(row.within, 1e-9), abs=1e-9)
        for key, row in said.items()
        if row.value is not None
    }
    assert near == told


def comparable(key: Key, world: World) -> bool:
    """Not the rows about which tests/reference_measures takes a reading that the contract does not force."""
    clock = world.until or max((datetime.fromisoformat(event["time"]) for event in world.events), default=EPOCH)
    if all(datetime.fromisoformat(event["time"]) > clock for event in world.events):
        return False  # before the first event of all nothing is said, not even of those who are on the staff
    start, end = bounds(key, world)
    if start > clock:
        return False  # an answer that came before a due instant of a period to come
    closed_only = {"growth", "attainment"} & set(world.catalogue["kpis"][0]["measure"])
    return not closed_only or end <= clock


def bounds(key: Key, world: World) -> tuple[datetime, datetime]:
    known = opened(world.catalogue, [], EPOCH)
    assert known is not None
    return known.bounds(key.period)


# -- the worlds themselves


@pytest.mark.parametrize("plan", NAMED_PLANS)
def test_the_histories_are_of_allowed_events_and_the_catalogues_of_allowed_kpis(plan: Plan) -> None:
    @given(worlds((plan,)))
    @hypothesis(max_examples=5)
    def holds(world: World) -> None:
        decode = Decoder(Registry.of(), "VND").decode
        for event in world.events:
            assert isinstance(decode(event["subject"].encode(), json.dumps(event).encode()), Event), event
        loaded(world.catalogue)

    holds()


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_are_of_allowed_events_and_kpis(example: Example) -> None:
    decode = Decoder(Registry.of(), "VND").decode

    for event in example.events:
        assert isinstance(decode(event["subject"].encode(), json.dumps(event).encode()), Event), event
    loaded(example.catalogue)


@pytest.mark.parametrize("name", sorted(PLANS))
def test_the_histories_move_the_measures(name: str) -> None:
    """Among some worlds of a plan there are several different values, or the law above would hold of nothing."""
    values: set[Any] = set()

    @given(worlds(PLANS[name]))
    @hypothesis(max_examples=100, database=None, derandomize=True)
    def gathers(world: World) -> None:
        if len(values) < 2:
            values.update(said.value for said in said_by_the_reference(world).values() if said.n)

    gathers()

    assert len(values) > 1
