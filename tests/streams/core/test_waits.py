"""Totals of plain metrics wait for the end of a chunk or of their period, and nobody can tell."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalogue.models import Catalogue
from streams.core.journeys.contract import FOREVER_US, POOL
from streams.core.pipeline import compiled
from streams.core.policy import DAY_US, Policy
from streams.core.replay import Outcome, replay
from streams.core.waits import Waits
from tests.streams.core import worlds
from tests.streams.core.measure_plans import PLANS
from tests.streams.core.worlds_measures import World
from tests.streams.core.worlds_measures import worlds as measured

CLOSES_US = {"2026-11": 1000, "2026-12": 2000}
MONTH = ("leads", "an", "2026-11")
WATCHED: dict[str, Any] = {
    "id": "watched", "title": "watched", "kind": "leading", "unit": "calls", "scope": "person", "period": "day",
    "measure": {"count": "call.completed"},
}  # fmt: skip
"""Because of it a backlog is judged minute by minute."""


def waits() -> Waits:
    return Waits({"leads"}, CLOSES_US.__getitem__)


def test_the_total_of_an_open_period_waits_and_is_told_once_when_it_closes() -> None:
    own, following = waits(), ("leads", "an", "2026-12")

    assert [] == own.without([MONTH, following], 100) == own.without([MONTH], 200)
    assert [] == own.due(999)
    assert [MONTH] == own.due(1000)
    assert [following] == own.due(FOREVER_US)
    assert [] == own.due(FOREVER_US)


def test_closed_periods_pools_and_kpis_of_which_something_is_decided_do_not_wait() -> None:
    at_once = [("leads", "", POOL), ("sales", "an", "2026-11")]

    assert at_once == waits().without(at_once, 100)
    assert [MONTH] == waits().without([MONTH], 1000)


def told(world: World) -> Outcome[int]:
    kpis = [*({**kpi, "kind": "metric"} for kpi in world.catalogue["kpis"]), WATCHED]
    catalogue = Catalogue.model_validate({**world.catalogue, "kpis": kpis})
    policy = Policy(future_us=None, horizon_us=1000 * DAY_US)
    assert compiled(catalogue, policy, 1, lambda key: 0).observe.stamp(0)[1] == 60_000_000
    return replay(worlds.lines(world.events), catalogue, policy)


@settings(max_examples=30)
@given(st.sampled_from(sorted(PLANS)).flatmap(lambda name: measured(PLANS[name])))
def test_no_row_version_or_alert_depends_on_what_waits(world: World) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Waits, "without", lambda self, names, stamp_us: [*names])
        at_once = told(world)
    waited = told(world)

    assert at_once.values == waited.values
    assert at_once.alerts == waited.alerts
