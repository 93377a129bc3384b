"""Laws of every measure that joins events: order, chunks, partitions, restarts and repeats change no value."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from schemas.catalogue.models import Catalogue
from schemas.values import RowName, Value
from streams.core.policy import DAY_US, MINUTE_US, SECOND_US, Policy
from streams.core.replay import replay
from streams.core.stage import Now
from tests.streams.core.road import Road
from tests.streams.core.worlds import Event, lines
from tests.streams.core.worlds_measures import DAYS, PLANS, START, World, conversion, repeat, trained, worlds

POLICY = Policy(future_us=None, horizon_us=1000 * DAY_US)
UNTIL = START + timedelta(days=DAYS + 3, hours=12, seconds=17)
UNTIL_US = int((UNTIL - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
JOINING = [
    name
    for name in PLANS
    if name.split()[0] in ("quantile", "latest", "conversion", "elapsed", "retention", "repeat", "each")
]
YOUNG = {
    "conversion projected, young": (conversion("projected"), trained("projected")),
    "repeat projected, young": (repeat("projected", within="60d"),),
}
"""What is not mature at UNTIL: with closed periods that are restated each day."""
seeds = st.integers(0, 2**32)


def shown(values: list[Value]) -> dict[RowName, tuple[object, ...]]:
    """What does not depend on when a value was looked at."""
    return {RowName.of(v): (v.value, v.n, v.target, v.start, v.end) for v in values}


def settled(road: Road) -> list[Value]:
    """Rows once wall time has come to UNTIL, and a minute more: closed rows are restated at whole minutes."""
    for now_us in (UNTIL_US, UNTIL_US + 2 * SECOND_US, UNTIL_US + 2 * MINUTE_US):
        road.tick(now_us)
    return list(road.values.values())


@pytest.mark.parametrize("name", [*JOINING, *YOUNG])
def test_order_chunks_partitions_ticks_and_restarts_change_no_value(name: str) -> None:
    @given(worlds({**PLANS, **YOUNG}[name]), seeds, st.sampled_from([1, 2, 4]))
    @hypothesis(max_examples=6)
    def holds(world: World, deal: int, partitions: int) -> None:
        catalogue = Catalogue.model_validate(world.catalogue)
        expected = replay(lines(world.events), catalogue, POLICY, UNTIL_US)

        road = Road(catalogue, POLICY, partitions, Random(deal))
        road.put(world.events)
        road.run(Now(UNTIL_US - SECOND_US, caught_up=False), restarts=0.15, early_ticks=0.1)

        assert shown(expected.values) == shown(settled(road))

    holds()


@pytest.mark.parametrize("name", JOINING)
def test_what_is_taken_back_was_never_there(name: str) -> None:
    """Every event retracted, except some: the values are those of the others alone."""

    @given(worlds(PLANS[name]), seeds)
    @hypothesis(max_examples=5)
    def holds(world: World, deal: int) -> None:
        random = Random(deal)
        catalogue = Catalogue.model_validate(world.catalogue)
        roots = {event["id"]: event for event in world.events if "supersedes" not in event["data"]}
        roots = {key: event for key, event in roots.items() if event["type"] != "sale.reversed"}
        gone = [event for event in roots.values() if random.random() < 0.5]
        rest = [event for event in roots.values() if event not in gone]

        without = replay(lines(rest), catalogue, POLICY, UNTIL_US)
        taken_back = replay(lines([*roots.values(), *map(retraction, gone)]), catalogue, POLICY, UNTIL_US)

        assert not taken_back.refusals
        assert shown(without.values) == shown(taken_back.values)

    holds()


def retraction(event: Event) -> Event:
    told = {"source": event["source"], "id": event["id"]}
    return {**event, "id": f"not-{event['id']}", "type": f"{event['type']}.retracted", "data": {"supersedes": told}}
