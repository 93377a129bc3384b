"""The demo's company against the shipped templates: every row of them is on a wall, with a value, in mid-morning."""

from datetime import date
from itertools import takewhile

import pytest
from ruamel.yaml import YAML

from schemas.catalogue.models import Kpi
from schemas.events.envelope import encode
from schemas.templates import template_paths
from schemas.values import Scope, Value
from streams.commands.demo import scene_on
from streams.core.policy import Policy
from streams.core.replay import replay
from streams.simulation.company import demo_company

STANDS_FOR = {
    "S5a": "S1",  # the same sum, without a target
    "S7": "S7d",  # by the day, which moves in two minutes
    "H5g": "H_passed",  # by the week
}
"""Template -> the KPI of the demo that says it."""
LEFT_OUT = {"H4": "an anonymous KPI shows nothing before its period closes, and the quarter is over in two hours"}
HOURS_US = 3_600_000_000


def test_every_template_is_in_the_demo_or_has_a_reason_to_be_left_out() -> None:
    shipped = {kpi["id"] for path in template_paths() for kpi in YAML(typ="safe").load(path)["kpis"]}
    shown = {kpi.id for kpi in demo_company().catalogue.kpis}

    assert shipped - set(LEFT_OUT) == {id_ for id_ in shipped if STANDS_FOR.get(id_, id_) in shown}


Morning = list[tuple[Kpi, list[Value]]]
"""Each KPI with its rows at the department or the company that its tile is about."""


@pytest.fixture(scope="module")
def morning() -> Morning:
    """A Friday at a quarter past nine."""
    scene = scene_on(demo_company(), date(2026, 11, 20))
    catalogue, until_us = scene.company.catalogue, scene.live_us + 3 * HOURS_US // 2
    arrived = takewhile(lambda arrival: arrival.at_us < until_us, scene.arrivals(seed=1))
    lines = [(number, encode(arrival.event)) for number, arrival in enumerate(arrived)]
    values = replay(lines, catalogue, Policy(future_us=None), until_us).values
    org = catalogue.tenant.id
    homes = {kpi.id: (kpi.for_ or (org,))[0] if kpi.scope is not Scope.ORG else org for kpi in catalogue.kpis}
    return [(kpi, [v for v in values if (v.kpi, v.subject) == (kpi.id, homes[kpi.id])]) for kpi in catalogue.kpis]


def test_no_tile_of_the_demo_is_empty(morning: Morning) -> None:
    assert [] == [kpi.id for kpi, rows in morning if all(row.value is None for row in rows if not row.version)]


def test_some_tiles_have_a_series_for_each_campaign(morning: Morning) -> None:
    divided = {kpi.id: {row.series for row in rows} - {None} for kpi, rows in morning if kpi.by is not None}

    assert {"K3a", "K3b", "K6a", "K7a"} == set(divided)
    assert all(divided.values())
