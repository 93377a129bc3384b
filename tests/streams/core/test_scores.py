"""KPIs over KPIs on the road: order, partitions and restarts, restatement of a member, leaving, another catalogue."""

from random import Random
from typing import Any

from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from schemas.catalogue.models import Catalogue
from schemas.catalogue.rules import find_problems
from streams.core.policy import SECOND_US, Policy
from streams.core.replay import replay
from streams.core.stage import Now
from tests.streams.core import worlds
from tests.streams.core.road import Road
from tests.streams.core.test_growth import corrected, over, row, sale
from tests.streams.core.test_road_laws import UNTIL_US, settle

POLICY = Policy(future_us=None)
SHOWN = {"title": "x", "unit": "things", "kind": "leading", "scope": "person"}
PARTS: list[dict[str, Any]] = [
    {
        **SHOWN, "id": "calls", "weight": 50, "period": "week", "measure": {"count": "call.completed"},
        "targets": [{"value": 1}],
    },
    {
        **SHOWN, "id": "sold", "unit": "VND", "period": "month", "measure": {"sum": "amount", "of": "sale.closed"},
        "targets": [{"value": 100}], "guardrail": "kept",
    },
    {
        **SHOWN, "id": "kept", "kind": "metric", "period": "month", "direction": "down",
        "measure": {"count": "sale.reversed"}, "targets": [{"value": 1}],
    },
]  # fmt: skip
seeds = st.integers(0, 2**32)


def scored(by: str = "score", at: float = 1.0, seed: int = 0, parts: list[dict[str, Any]] = PARTS) -> Catalogue:
    measure = {"attainment": {"kpis": "all", "at": at, "by": by}}
    h3 = {**SHOWN, "id": "h3", "kind": "lagging", "unit": "%", "scope": "team", "period": "month", "measure": measure}
    written = worlds.catalogue(seed, kpis=0).model_dump(by_alias=True, exclude_none=True) | {"kpis": [h3, *parts]}
    if seed == 0:
        written["tenant"]["timezone"] = "Asia/Ho_Chi_Minh"
        written["people"] = [{"id": "an", "team": "hn-1"}, {"id": "binh", "team": "hn-1"}]
    catalogue = Catalogue.model_validate(written)
    assert {finding.code for finding in find_problems(catalogue)} <= {"KPI040"}
    return catalogue


@given(st.sampled_from(["score", "every"]), seeds, seeds, seeds, st.integers(0, 40), st.sampled_from([1, 2, 4]))
@hypothesis(max_examples=20)
def test_order_chunks_partitions_and_restarts_change_no_score(
    by: str, company: int, week: int, deal: int, size: int, partitions: int
) -> None:
    catalogue, events = scored(by, 0.6, company), worlds.events(week, size)
    expected = replay(worlds.lines(events), catalogue, POLICY, UNTIL_US)

    road = Road(catalogue, POLICY, partitions, Random(deal))
    road.put(events)
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False), restarts=0.15, early_ticks=0.1)
    settle(road)

    told = [value for value in road.values.values() if value.kpi == "h3"]
    assert over([value for value in expected.values if value.kpi == "h3"]) == over(told)


@given(seeds, seeds, seeds, st.integers(0, 40), st.sampled_from([1, 2]))
@hypothesis(max_examples=8)
def test_another_catalogue_scores_anew(before: int, week: int, deal: int, size: int, partitions: int) -> None:
    old, events = scored("every", seed=before), worlds.events(week, size)
    new = scored("score", 0.5, seed=before)
    expected = replay(worlds.lines(events), new, POLICY, UNTIL_US)

    road = Road(old, POLICY, partitions, Random(deal))
    road.put(events[: size // 2])
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False))
    road.adopt(new)
    road.put(events[size // 2 :])
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False))
    settle(road)

    told = [value for value in road.values.values() if value.kpi == "h3"]
    assert over([value for value in expected.values if value.kpi == "h3"]) == over(told)


def test_a_members_restated_row_restates_the_score() -> None:
    # October: an sells 100 of 100, binh 99. In November 1 more is found for binh: both have reached.
    events = [
        sale("s1", "2026-10-05T09:00:00", 100),
        sale("s2", "2026-10-06T09:00:00", 99, owner="binh"),
        sale("s3", "2026-11-10T09:00:00", 5),
    ]
    late = corrected("s2", "2026-11-12T09:00:00", 100)
    late["data"]["owner"] = "binh"
    catalogue = scored(parts=PARTS[1:])

    before = replay(worlds.lines(events), catalogue, POLICY)
    after = replay(worlds.lines([*events, late]), catalogue, POLICY)

    assert (50, 2, 1) == figures(before.values)
    assert (100, 2, 2) == figures(after.values)


def test_a_red_guardrail_takes_the_whole_part() -> None:
    # Two reversals of small sales are more than the one allowed: what else was sold does not count.
    events = [sale(f"s{n}", f"2026-10-0{n}T09:00:00", 100) for n in range(1, 5)]
    for number in (1, 2):
        told = {"sale_id": f"s{number}", "supersedes": {"source": "crm", "id": f"s{number}"}, "owner": "an"}
        events.append({**events[0], "id": f"r{number}", "type": "sale.reversed", "time": "2026-10-20T09:00:00+07:00"})
        events[-1] |= {"subject": f"s{number}", "data": told}
    events.append(sale("s9", "2026-11-10T09:00:00", 5))

    allowed = replay(worlds.lines([*events[:5], events[-1]]), scored(parts=PARTS[1:]), POLICY)
    red = replay(worlds.lines(events), scored(parts=PARTS[1:]), POLICY)

    assert 50 == figures(allowed.values)[0]
    assert 0 == figures(red.values)[0]


def figures(values: Any) -> tuple[Any, ...]:
    found = row([value for value in values if value.kpi == "h3"], "hn-1", "2026-10")
    return found.value, found.n, found.version
