"""Measures that join events: what an explanation counts anew is what replay says, and every item is put down once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis

from schemas.catalogue.models import Catalogue
from streams.core.explain.explaining import Explanation, explain
from streams.core.pipeline import compiled
from streams.core.policy import DAY_US, Policy
from streams.core.replay import replay
from tests.streams.core.measure_plans import PLANS
from tests.streams.core.worlds import lines
from tests.streams.core.worlds_measures import Plan, World, worlds

POLICY = Policy(future_us=None, horizon_us=1000 * DAY_US)
MICROSECOND, EPOCH = timedelta(microseconds=1), datetime(1970, 1, 1, tzinfo=UTC)
TOLD = (
    "quantile", "latest", "conversion raw", "conversion matured", "conversion projected, all matured", "elapsed mean",
    "elapsed quantile", "elapsed share", "elapsed share undone", "retention", "repeat raw", "repeat matured",
    "repeat projected, all matured", "merged leads counted",
)  # fmt: skip
JOINING = [pytest.param(plan, id=f"{name} {number}") for name in TOLD for number, plan in enumerate(PLANS[name], 1)]


def explanations(world: World) -> Iterator[Explanation]:
    catalogue = Catalogue.model_validate(world.catalogue)
    until_us = None if world.until is None else (world.until - EPOCH) // MICROSECOND
    outcome = replay(lines([dict(event) for event in world.events]), catalogue, POLICY, until_us)
    clock_us = outcome.kept.watermark_us if until_us is None else until_us
    spec = compiled(catalogue, POLICY, 1, lambda key: 0)
    for row in outcome.values:
        if row.kpi == "k" and clock_us is not None:
            window = spec.windows.parse(row.period)[1]
            yield explain(spec, "k", row.subject, window, clock_us, [outcome.kept], row)


@pytest.mark.parametrize("plan", JOINING)
def test_what_is_counted_anew_is_what_replay_says(plan: Plan) -> None:
    @given(worlds((plan,)))
    @hypothesis(max_examples=6)
    def holds(world: World) -> None:
        for told in explanations(world):
            assert told.account is not None
            assert told.published is not None
            assert (told.published.value, told.published.n) == (told.account.value, told.account.n)
            for leaf in told.leaves:
                assert leaf.events == sum(group.items for group in leaf.groups) or not leaf.groups

    holds()
