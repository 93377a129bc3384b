"""Every shipped template: an example worked out by hand (tests/data/templates), and the contract over random histories.

A row of an example is [value, n] or [value], `absent` where there must be none. The company, its zone and its office
are those of tests.reference_measures.examples; the clock stands at `until`, by default 1 February 2027.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import settings as hypothesis
from ruamel.yaml import YAML

from schemas.catalogue.models import Catalogue
from schemas.templates import template_paths
from streams.core.policy import DAY_US, Policy
from streams.core.replay import replay
from tests.reference_measures.examples import ZONE, company, event, instant
from tests.streams.core.test_measures_against_reference import (
    assert_values,
    said_by_the_engine,
    said_by_the_reference,
)
from tests.streams.core.worlds import lines
from tests.streams.core.worlds_measures import START, Plan, World, worlds

FOLDER = Path(__file__).parents[1] / "data" / "templates"
POLICY = Policy(future_us=None, horizon_us=1000 * DAY_US)
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
HOME = ZoneInfo(ZONE)
SELECTS = ("count", "of", "from", "to", "base", "lost", "stop", "undo", "pause")
ELSEWHERE = {"attainment"}
"""Measures of KPIs, which have their own law in tests/streams/core."""


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path)


TEMPLATES = {path.stem: read(path) for path in template_paths()}
SHIPPED = {kpi["id"]: kpi for template in TEMPLATES.values() for kpi in template["kpis"]}
EXAMPLES = [
    pytest.param(stem, given_, id=given_["id"])
    for stem in TEMPLATES
    for given_ in read(FOLDER / f"{stem}.yaml")
    if given_["id"] in SHIPPED
]
IDS = [str(example.id) for example in EXAMPLES]


def test_every_shipped_kpi_has_an_example() -> None:
    assert set(SHIPPED) == set(IDS)


@pytest.mark.parametrize(("stem", "worked"), EXAMPLES)
def test_a_template_says_what_was_worked_out_by_hand(stem: str, worked: Mapping[str, Any]) -> None:
    template = TEMPLATES[stem]
    kpis = [*template["kpis"], *worked.get("kpis", [])]
    catalogue = Catalogue.model_validate({**company([]), "goals": template["goals"], "kpis": kpis})
    events = [event(number, line, HOME) for number, line in enumerate(worked["events"], start=1)]
    until = instant(worked.get("until", "2027-02-01T00:00"), HOME)

    values = replay(lines(list(map(dict, events))), catalogue, POLICY, (until - EPOCH) // MICROSECOND).values

    rows = [v for v in values if v.kpi == worked["id"]]
    got = {" ".join((v.subject, v.period, *([v.series] if v.series else []))): (v.value, v.n) for v in rows}
    for row, said in worked["rows"].items():
        if said == "absent":
            assert row not in got
            continue
        value, *n = said
        wanted = None if value is None else pytest.approx(value, rel=worked.get("within", 1e-9))
        assert (wanted, *n) == got[row][: len(said)], row


@pytest.mark.parametrize("id_", [id_ for id_, kpi in SHIPPED.items() if not ELSEWHERE & set(kpi["measure"])])
def test_a_template_holds_over_random_histories(id_: str) -> None:
    kpi = SHIPPED[id_]
    types = tuple(dict.fromkeys([*types_of(kpi["measure"]), *["lead.merged"] * ("lead_id" in str(kpi["measure"]))]))
    plan = Plan(
        kpi["unit"], kpi["measure"], types, (kpi["period"],), (kpi["scope"],), kpi.get("by"), ends=timedelta(400)
    )

    @example(of_merged_leads(plan))
    @given(worlds((plan,)))
    @hypothesis(max_examples=4)
    def holds(world: World) -> None:
        assume(world.events)  # where nothing has ever happened there is no clock
        assert_values(said_by_the_reference(world), said_by_the_engine(world), world)

    holds()


def of_merged_leads(plan: Plan) -> World:
    """Two leads rejected, of which one became the other, and one created: one rejected of one."""
    kpi = {"id": "k", "kind": "metric", "unit": plan.unit, "scope": plan.scopes[0], "period": plan.periods[0]}
    if plan.by is not None:
        kpi["by"] = plan.by
    told = [
        ["2026-03-09T09:00", "lead.rejected", {"lead_id": "l1", "owner": "an"}],
        ["2026-03-10T09:00", "lead.merged", {"lead_id": "l1", "into_lead_id": "l2"}],
        ["2026-03-11T09:00", "lead.created", {"lead_id": "l1", "owner": "an"}],
        ["2026-03-12T09:00", "lead.rejected", {"lead_id": "l2", "owner": "an"}],
    ]
    events = [dict(event(number, line, HOME)) for number, line in enumerate(told, start=1)]
    return World(company([{**kpi, "measure": plan.measure}]), events, START + timedelta(400))


def types_of(node: Any) -> Iterator[str]:
    """Every event type that a measure reads."""
    if isinstance(node, Mapping):
        for key, part in node.items():
            yield from types_named(part) if key in SELECTS else ()
            yield from types_of(part)
    elif isinstance(node, list):
        for part in node:
            yield from types_of(part)


def types_named(part: Any) -> list[str]:
    return [name for name in ([part] if isinstance(part, str) else part) if isinstance(name, str) and "." in name]
