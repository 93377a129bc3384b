"""Growth on the road: order, partitions and restarts, restatement through the baseline, memory, pace."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from schemas.alerts import AlertClass, Transition
from schemas.catalogue.models import Catalogue
from schemas.catalogue.rules import find_problems
from schemas.values import Value
from streams.core.policy import DAY_US, SECOND_US, Policy
from streams.core.replay import replay
from streams.core.stage import Now
from tests.streams.core import worlds
from tests.streams.core.road import Road
from tests.streams.core.test_road_laws import UNTIL, UNTIL_US, settle

POLICY = Policy(future_us=None)
SOLD = {"sum": "amount", "of": "sale.closed"}
GROWTHS: list[tuple[str, dict[str, Any]]] = [
    ("week", {"of": SOLD, "over": "7d", "against": "previous"}),
    ("week", {"of": {"count": "call.completed"}, "over": "7d", "against": {"back": "14d"}, "per": "7d"}),
    ("day", {"of": SOLD, "over": "1d", "against": {"value": 50}, "adjust": "working_time"}),
    ("month", {"of": SOLD, "over": "1 month", "against": "previous", "adjust": "working_time"}),
    ("week", {"of": SOLD, "over": "7d", "against": {"from": "2026-03-09", "to": "2026-03-12"}, "adjust": "days"}),
    ("week", {"of": {"count": "call.completed", "distinct": "lead_id"}, "over": "7d", "against": "previous"}),
    (
        "week",
        {
            "of": {"count": "sale.closed", "distinct": "customer_id"},
            "over": "7d",
            "against": {"from": "2026-03-01", "to": "2026-04-01"},
            "adjust": "days",
        },
    ),
    ("week", {"of": {"mean": "amount", "of": "sale.closed"}, "over": "7d", "against": "previous"}),
]
seeds = st.integers(0, 2**32)


def growing(period: str, parts: dict[str, Any], seed: int = 0, **more: Any) -> Catalogue:
    kpi = {
        "id": "k", "title": "k", "kind": "lagging", "unit": "%", "scope": "person", "period": period,
        "measure": {"growth": parts}, **more,
    }  # fmt: skip
    written = worlds.catalogue(seed, kpis=0).model_dump(by_alias=True, exclude_none=True) | {"kpis": [kpi]}
    if seed == 0:
        written["tenant"]["timezone"] = "Asia/Ho_Chi_Minh"
    catalogue = Catalogue.model_validate(written)
    assert not find_problems(catalogue)
    return catalogue


def sale(id_: str, at: str, amount: int, **more: Any) -> dict[str, Any]:
    data = {"sale_id": id_.split("'")[0], "owner": "an", "amount": amount, "currency": "VND", **more}
    return {
        "specversion": "1.0", "id": id_, "source": "crm", "type": "sale.closed", "time": f"{at}+07:00",
        "subject": data["sale_id"], "data": data,
    }  # fmt: skip


def corrected(id_: str, at: str, amount: int) -> dict[str, Any]:
    return sale(f"{id_}'", at, amount, supersedes={"source": "crm", "id": id_})


def row(values: list[Value], subject: str, period: str) -> Value:
    (found,) = [value for value in values if (value.subject, value.period) == (subject, period)]
    return found


def over(values: list[Value]) -> dict[tuple[str, str], tuple[object, ...]]:
    """Rows of periods that are over: growth to date moves with the clock."""
    rows = [value for value in values if datetime.fromisoformat(value.end) < UNTIL - timedelta(hours=1)]
    return {(v.subject, v.period): (v.value, v.n, v.target, v.attainment) for v in rows}


@given(st.sampled_from(GROWTHS), seeds, seeds, seeds, st.integers(0, 40), st.sampled_from([1, 2, 4]))
@hypothesis(max_examples=25)
def test_order_chunks_partitions_and_restarts_change_no_growth(
    growth: tuple[str, dict[str, Any]], company: int, week: int, deal: int, size: int, partitions: int
) -> None:
    catalogue, events = growing(*growth, seed=company), worlds.events(week, size)
    expected = replay(worlds.lines(events), catalogue, POLICY, UNTIL_US)

    road = Road(catalogue, POLICY, partitions, Random(deal))
    road.put(events)
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False), restarts=0.15, early_ticks=0.1)
    settle(road)

    assert over(expected.values) == over(list(road.values.values()))


def test_a_correction_in_the_baseline_restates_the_closed_period_that_reads_it() -> None:
    # October 100, November 150: 50 %. Of October only 75 are left in December: 150 / 75 - 1 = 100 %
    events = [
        sale("s1", "2026-10-05T09:00:00", 100),
        sale("s2", "2026-11-05T09:00:00", 150),
        sale("s3", "2026-12-02T09:00:00", 30),
    ]
    catalogue = growing("month", {"of": SOLD, "over": "1 month", "against": "previous"})
    before = replay(worlds.lines(events), catalogue, POLICY)

    after = replay(worlds.lines([*events, corrected("s1", "2026-12-03T09:00:00", 75)]), catalogue, POLICY)

    assert (50, 1) == (row(before.values, "an", "2026-11").value, row(before.values, "an", "2026-11").version)
    assert (100, 2) == (row(after.values, "an", "2026-11").value, row(after.values, "an", "2026-11").version)
    assert [row(after.values, "acme", "2026-11").version, row(after.values, "an", "2026-10").version] == [2, 1]


@pytest.mark.parametrize("distinct", [{}, {"distinct": "customer_id"}])
def test_a_baseline_is_kept_as_long_as_a_period_reads_it(distinct: dict[str, str]) -> None:
    # Two in the third quarter, three in the fourth: 50 %. A day is the horizon, and each day something happens.
    catalogue = growing("quarter", {"of": {"count": "sale.closed", **distinct}, "over": "3 months"})
    sales = ["2026-07-02", "2026-08-02", "2026-10-02", "2026-11-02", "2026-12-30"]
    events = [sale(f"s{n}", f"{day}T09:00:00", 1, customer_id=f"c{n}") for n, day in enumerate(sales)]
    first = datetime.fromisoformat("2026-07-01T00:00:00")
    for number in range(190):
        time = (first + timedelta(number)).isoformat()
        call = {"owner": "an", "outcome": "busy", "duration_s": 0}
        events.append({**events[0], "id": f"c{number}", "type": "call.completed", "time": f"{time}+07:00"})
        events[-1] |= {"subject": f"c{number}", "data": call}
    events.sort(key=lambda event: event["time"])
    road = Road(catalogue, Policy(future_us=None, horizon_us=DAY_US), 1)

    for at in range(0, len(events), 3):
        road.put(events[at : at + 3])
        road.run(Now(UNTIL_US + 400 * DAY_US, caught_up=False))

    assert (50, 3, 1) == (lambda v: (v.value, v.n, v.version))(row(list(road.values.values()), "an", "2026-Q4"))


def test_the_pace_of_growth_is_that_of_its_volume() -> None:
    # October 1000; 30 % more makes 1300 in November. By the 20th nearly two thirds of it are due: 500 are behind, 900
    # are not.
    october = [sale("s1", "2026-10-05T09:00:00", 1000)]
    parts = {"of": SOLD, "over": "1 month", "against": "previous"}
    catalogue = growing("month", parts, scope="org", targets=[{"value": 30}])

    alerts = {
        amount: replay(
            worlds.lines(
                [
                    *october,
                    sale("s2", "2026-11-02T09:00:00", amount),
                    sale("s3", "2026-11-20T09:00:00", 0),
                ]
            ),
            catalogue,
            POLICY,
        ).alerts
        for amount in (500, 900)
    }

    assert [] == [alert for alert in alerts[900] if alert.period == "2026-11"]
    told = [alert for alert in alerts[500] if (alert.period, alert.cls) == ("2026-11", AlertClass.BEHIND)]
    assert Transition.FIRING in [alert.transition for alert in told]


def test_growth_to_date_is_against_the_same_share_of_a_stated_number() -> None:
    # 15 of November's 30 days are over: of 60 half should be there
    parts = {"of": SOLD, "over": "1 month", "against": {"value": 60}}
    events = [sale("s1", "2026-11-05T09:00:00", 45), sale("s2", "2026-11-16T00:00:00", 0)]

    outcome = replay(worlds.lines(events), growing("month", parts), POLICY)

    assert 50 == row(outcome.values, "an", "2026-11").value


def test_what_joins_events_grows_against_whole_periods_only() -> None:
    parts = {"over": "1 month", "against": {"from": "2026-08-03", "to": "2026-09-20"}, "adjust": "days"}
    counted = {"count": "sale.closed", "distinct": "customer_id"}

    plain = growing("month", {"of": {"count": "sale.closed"}, **parts})
    written = plain.model_dump(by_alias=True, exclude_none=True)
    written["kpis"][0]["measure"]["growth"]["of"] = counted

    assert ["KPI040"] == [finding.code for finding in find_problems(Catalogue.model_validate(written))]
