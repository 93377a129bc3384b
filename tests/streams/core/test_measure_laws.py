"""The laws that every measure keeps, one suite over every form of the grammar (measure_plans).

Partials merge in any order and grouping, and nothing adds nothing; what is taken back was never there; order, chunks,
partitions and ticks change no value; neither does a restart from the changelog. The fifth law, that a stream says what
an independent computation over the whole batch says, has the same plans: test_values_against_reference (PLAIN) and
test_measures_against_reference (PLANS).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from inspect import isclass
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter

from schemas.catalogue.measures import LEADING_KEYS, Growth, Measure, leading_key
from schemas.catalogue.models import Catalogue
from schemas.values import RowName, Value
from streams.core.pipeline import compiled
from streams.core.policy import DAY_US, HOUR_US, MINUTE_US, SECOND_US, Policy
from streams.core.replay import replay
from streams.core.stage import Now
from tests.streams.core.measure_parts import ZERO, Parts, merged, parts_of, read
from tests.streams.core.measure_plans import PLAIN, PLANS, conversion, repeat, trained
from tests.streams.core.road import Road
from tests.streams.core.worlds import Event, lines
from tests.streams.core.worlds_measures import DAYS, START, Plan, World, worlds

POLICY = Policy(future_us=None, horizon_us=1000 * DAY_US)
UNTIL = START + timedelta(days=DAYS + 3, hours=12, seconds=17)
UNTIL_US = int((UNTIL - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
READ_US = UNTIL_US - HOUR_US
"""When a road reads its events: rows that move with the clock are told anew every ten minutes only, so at UNTIL."""
YOUNG = {
    "conversion projected, young": (conversion("projected"), trained("projected")),
    "repeat projected, young": (repeat("projected", within="60d"),),
}
"""What is not mature at UNTIL: with closed periods that are restated each day."""
ALL = {**PLAIN, **PLANS, **YOUNG}
ANCHOR: Event = {
    "specversion": "1.0", "id": "first", "source": "clock", "type": "feed.heartbeat", "subject": "clock",
    "time": (START - timedelta(1)).isoformat(), "data": {},
}  # fmt: skip
"""The first event of all, which never goes: before it nothing is said, not even of who is employed."""
seeds = st.integers(0, 2**32)


def shown(catalogue: Catalogue, values: list[Value]) -> dict[RowName, tuple[object, ...]]:
    """What does not depend on when a value was looked at: growth to date moves with the clock."""
    moving = {kpi.id for kpi in catalogue.kpis if isinstance(kpi.measure, Growth)}
    rows = [v for v in values if v.kpi not in moving or datetime.fromisoformat(v.end) <= UNTIL]
    return {RowName.of(v): (v.value, v.n, v.target, v.start, v.end) for v in rows}


def settle(road: Road) -> None:
    """Let wall time come to UNTIL, and a minute more: closed rows are restated at whole minutes."""
    for now_us in (UNTIL_US, UNTIL_US + 2 * SECOND_US, UNTIL_US + 2 * MINUTE_US):
        road.tick(now_us)


@pytest.mark.parametrize("name", ALL)
def test_partials_merge_in_any_order_and_grouping_to_what_one_partition_says(name: str) -> None:
    @given(worlds(ALL[name]), st.randoms(use_true_random=False))
    @hypothesis(max_examples=4)
    def holds(world: World, random: Random) -> None:
        catalogue = Catalogue.model_validate(world.catalogue)
        spec = compiled(catalogue, POLICY, 1, lambda key: 0)
        parts, whole = told_by(catalogue, world, 3), told_by(catalogue, world, 1)
        expected = read(spec, whole, UNTIL_US)
        shuffled = random.sample(parts, len(parts))
        cut = random.randint(0, len(parts))

        assert expected == read(spec, parts, UNTIL_US)
        assert expected == read(spec, shuffled, UNTIL_US)
        assert expected == read(spec, [merged(shuffled[:cut]), merged(shuffled[cut:])], UNTIL_US)
        assert expected == read(spec, [merged([ZERO, *parts, ZERO])], UNTIL_US)

    holds()


def told_by(catalogue: Catalogue, world: World, partitions: int) -> list[Parts]:
    """What each source of so many partitions has told JUDGE at the end."""
    road = Road(catalogue, POLICY, partitions)
    road.put(world.events)
    road.run(Now(READ_US, caught_up=False))
    settle(road)
    return parts_of(road)


@pytest.mark.parametrize("name", ALL)
def test_what_is_taken_back_was_never_there(name: str) -> None:
    """Every event retracted, except some: the values are those of the others alone."""

    @given(worlds(ALL[name]), seeds)
    @hypothesis(max_examples=5)
    def holds(world: World, deal: int) -> None:
        random = Random(deal)
        catalogue = Catalogue.model_validate(world.catalogue)
        roots = {event["id"]: event for event in world.events if "supersedes" not in event["data"]}
        roots = {key: event for key, event in roots.items() if event["type"] != "sale.reversed"}
        gone = [event for event in roots.values() if random.random() < 0.5]
        rest = [event for event in roots.values() if event not in gone]

        without = replay(lines([ANCHOR, *rest]), catalogue, POLICY, UNTIL_US)
        told = [ANCHOR, *roots.values(), *map(retraction, gone)]
        taken_back = replay(lines(told), catalogue, POLICY, UNTIL_US)

        assert not taken_back.refusals
        assert shown(catalogue, without.values) == shown(catalogue, taken_back.values)

    holds()


def retraction(event: Event) -> Event:
    told = {"source": event["source"], "id": event["id"]}
    return {**event, "id": f"not-{event['id']}", "type": f"{event['type']}.retracted", "data": {"supersedes": told}}


@pytest.mark.parametrize("name", ALL)
def test_order_chunks_partitions_ticks_and_restarts_change_no_value(name: str) -> None:
    @given(worlds(ALL[name]), seeds, st.sampled_from([1, 2, 4]))
    @hypothesis(max_examples=6)
    def holds(world: World, deal: int, partitions: int) -> None:
        catalogue = Catalogue.model_validate(world.catalogue)
        expected = replay(lines(world.events), catalogue, POLICY, UNTIL_US)

        road = Road(catalogue, POLICY, partitions, Random(deal))
        road.put(world.events)
        road.run(Now(READ_US, caught_up=False), restarts=0.15, early_ticks=0.1)
        settle(road)

        assert shown(catalogue, expected.values) == shown(catalogue, list(road.values.values()))

    holds()


@pytest.mark.parametrize("name", ALL)
def test_chunks_and_restarts_change_no_value_however_short_the_horizon(name: str) -> None:
    @given(worlds(ALL[name]), seeds, st.integers(2, 30), st.sampled_from([1, 2, 4]), st.booleans())
    @hypothesis(max_examples=6)
    def holds(world: World, deal: int, days: int, partitions: int, in_order: bool) -> None:
        catalogue = Catalogue.model_validate(world.catalogue)
        events = sorted(world.events, key=lambda event: str(event["time"])) if in_order else world.events
        if any(event["type"].startswith("lead.merged") for event in events):
            partitions = 1  # what moves to another lead's partition may come there when that is past the horizon
        roads = []
        for random, restarts in ((None, 0.0), (Random(deal), 0.2)):
            road = Road(catalogue, Policy(future_us=None, horizon_us=days * DAY_US), partitions, random)
            road.put([ANCHOR, *events])
            road.run(Now(READ_US, caught_up=False), restarts=restarts)
            settle(road)
            roads.append(road)

        whole, split = (shown(catalogue, list(road.values.values())) for road in roads)
        assert roads[0].counts() == roads[1].counts()
        assert whole == split

    holds()


@pytest.mark.parametrize("name", ALL)
def test_a_state_that_comes_back_from_its_changelog_after_every_event_says_the_same(name: str) -> None:
    @given(worlds(ALL[name]))
    @hypothesis(max_examples=4)
    def holds(world: World) -> None:
        catalogue = Catalogue.model_validate(world.catalogue)
        expected = replay(lines(world.events), catalogue, POLICY, UNTIL_US)

        road = Road(catalogue, POLICY, 1)
        for event in world.events:
            road.put([event])
            road.run(Now(READ_US, caught_up=False))
            for seat in list(road.states):
                road.restart(seat)
        settle(road)

        assert shown(catalogue, expected.values) == shown(catalogue, list(road.values.values()))

    holds()


# -- that it is the whole grammar


def test_every_form_of_every_measure_has_a_plan() -> None:
    """A measure, a field or a choice that is added to the grammar comes under the laws or fails here."""
    written = [TypeAdapter(Measure).validate_python(plan.measure) for plan in referred()]

    assert set() == set(forms(Measure, set())) - {form for measure in written for form in used(measure)}


def test_every_measure_that_takes_by_has_a_plan_with_it() -> None:
    divided = {leading_key(plan.measure) for plan in referred() if plan.by is not None}

    # Attainment counts persons and reads no events (KPI031).
    assert {"attainment"} == set(LEADING_KEYS) - divided


def referred() -> list[Plan]:
    """The plans that have a reference too."""
    return [plan for plans in (*PLAIN.values(), *PLANS.values()) for plan in plans]


def forms(annotation: Any, seen: set[Any]) -> Iterator[str]:
    """`Model.field` of every part of the grammar, and each choice that a field has."""
    if isclass(annotation) and issubclass(annotation, BaseModel):
        if annotation in seen:
            return
        seen.add(annotation)
        for name, field in annotation.model_fields.items():
            yield f"{annotation.__name__}.{name}"
            if isclass(field.annotation) and issubclass(field.annotation, StrEnum):
                yield from (f"{annotation.__name__}.{name} {choice}" for choice in field.annotation)
            yield from forms(field.annotation, seen)
    else:
        for part in get_args(annotation):
            yield from forms(part, seen)


def used(node: Any) -> Iterator[str]:
    """The forms that a measure has."""
    if isinstance(node, BaseModel):
        for name in type(node).model_fields:
            told = getattr(node, name)
            if name in node.model_fields_set:
                yield f"{type(node).__name__}.{name}"
            if isinstance(told, StrEnum):
                yield f"{type(node).__name__}.{name} {told}"
            yield from used(told)
    elif isinstance(node, tuple | dict):
        for part in node.values() if isinstance(node, dict) else node:
            yield from used(part)
