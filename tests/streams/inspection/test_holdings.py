"""What `kpi state` reads out of the rows of the real stages, against what those stages have published."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from schemas.alerts import AlertClass, Transition
from schemas.catalogue.models import Catalogue
from schemas.topics import Stage
from streams.core.pipeline import compiled
from streams.core.policy import MINUTE_US, SECOND_US, Policy
from streams.core.series import OTHER
from streams.core.stage import Now
from streams.inspection.asked import Asked
from streams.inspection.holdings import OTHER_CATALOGUE, Held, Judged, Leaf, judged, linked, observed
from streams.routing import partition_of
from tests.streams.core import worlds
from tests.streams.core.road import Road

POLICY = Policy(future_us=None)
UNTIL = worlds.START + timedelta(days=worlds.DAYS + 4, hours=12, seconds=17)
UNTIL_US = int((UNTIL - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
PARTITIONS = 3


def settled(catalogue: Catalogue, events: list[worlds.Event], seed: int = 1) -> Road:
    road = Road(catalogue, POLICY, PARTITIONS, Random(seed))
    road.put(events)
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False))
    for now_us in (UNTIL_US, UNTIL_US + 2 * SECOND_US, UNTIL_US + 2 * MINUTE_US):
        road.tick(now_us)
    return road


def asked_of(catalogue: Catalogue, kpi: str, subject: str, period: str | None = None) -> Asked:
    return Asked(compiled(catalogue, POLICY, PARTITIONS, partition_of(PARTITIONS)), kpi, subject, period)


def in_observe(road: Road, asked: Asked) -> list[Held]:
    return [observed(asked, road.changelogs[Stage.OBSERVE, partition]) for partition in range(PARTITIONS)]


def in_judge(road: Road, asked: Asked) -> Judged:
    return judged(asked, road.changelogs[Stage.JUDGE, asked.judge_partition])


@pytest.mark.parametrize("seed", range(6))
def test_every_published_value_is_read_out_of_the_state(seed: int) -> None:
    catalogue = worlds.catalogue(seed, kpis=6)
    road = settled(catalogue, worlds.events(seed, 60), seed)
    spec = compiled(catalogue, POLICY, PARTITIONS, partition_of(PARTITIONS))

    assert road.values
    for (kpi, subject, period, *series), value in road.values.items():
        found = in_judge(road, Asked(spec, kpi, subject, period, *series))
        [row] = found.rows
        assert (value.version, period) == (row.version, row.period)
        if value.version:
            assert (value.value, value.n) == (row.value, row.n)
        if series == [OTHER]:  # folded out of the series beyond the largest when rows are published
            continue
        holdings = [(one.value, one.n) for one in found.periods]
        assert holdings == [(value.value, value.n)] or (value.n, holdings) == (0, [])


@pytest.mark.parametrize("seed", range(6))
def test_the_slots_of_the_partitions_before_add_up_to_those_of_judge(seed: int) -> None:
    catalogue = worlds.catalogue(seed, kpis=6)
    road = settled(catalogue, worlds.events(seed, 60), seed)
    spec = compiled(catalogue, POLICY, PARTITIONS, partition_of(PARTITIONS))

    for kpi, subject in {name[:2] for name in road.values}:
        asked = Asked(spec, kpi, subject)
        merged = {(period.period, leaf.what): leaf.integer for period in in_judge(road, asked).periods
                  for leaf in period.leaves if leaf.integer}  # fmt: skip
        before: dict[tuple[str, str], int] = {}
        links = [linked(asked, road.changelogs.get((Stage.LINK, part), {})) for part in range(PARTITIONS)]
        for period, leaf in [*slots(in_observe(road, asked), keys=False), *slots(links, keys=True)]:
            before[period, leaf.what] = before.get((period, leaf.what), 0) + leaf.integer

        assert merged == {name: integer for name, integer in before.items() if integer}


def slots(found: list[Held], *, keys: bool) -> Iterator[tuple[str, Leaf]]:
    for held in found:
        for period in held.periods:
            yield from ((period.period, leaf) for leaf in period.leaves if (leaf.unit == "keys") is keys)


SALES: dict[str, Any] = {
    "version": 1,
    "tenant": {"id": "acme", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND", "locale": "en"},
    "calendar": {"hours": {"mon-fri": ["08:00-17:00"]}},
    "teams": [{"id": "hn-1", "department": "sales"}],
    "people": [{"id": "an", "team": "hn-1"}, {"id": "binh", "team": "hn-1"}],
    "kpis": [
        {"id": "revenue", "title": "Revenue", "kind": "lagging", "unit": "VND", "scope": "person", "period": "month",
         "measure": {"sum": "amount", "of": "sale.closed"}},
        {"id": "talk", "title": "Talk", "kind": "metric", "unit": "hours", "scope": "person", "period": "month",
         "measure": {"sum": "duration_s", "of": "call.completed", "where": {"outcome": {"in": ["answered", "busy"]},
                                                                           "duration_s": {"ge": 30}}}},
        {"id": "calls", "title": "Calls", "kind": "leading", "unit": "calls", "scope": "person", "period": "day",
         "targets": [{"value": 40, "per": "person"}], "measure": {"count": "call.completed"}},
        {"id": "buyers", "title": "Buyers", "kind": "metric", "unit": "customers", "scope": "person", "period": "month",
         "measure": {"count": "sale.closed", "distinct": "customer_id"}},
        {"id": "mood", "title": "Mood", "kind": "metric", "unit": "score", "scope": "team", "period": "month",
         "anonymous": 3, "measure": {"mean": "score", "of": "survey.esat.response"}},
    ],
}  # fmt: skip


def event(number: int, type_: str, at: str, **data: Any) -> worlds.Event:
    subject = data.get("sale_id", f"s{number}")
    return {
        "specversion": "1.0", "id": str(number), "source": "crm", "type": type_, "time": f"2026-04-{at}:00+07:00",
        "subject": subject, "data": data,
    }  # fmt: skip


def sale(number: int, at: str, amount: int, customer: str) -> worlds.Event:
    money = {"amount": amount, "currency": "VND"}
    return event(number, "sale.closed", at, sale_id=f"sale-{number}", owner="an", customer_id=customer, **money)


@pytest.fixture(scope="module")
def sales() -> tuple[Catalogue, Road]:
    catalogue = Catalogue.model_validate(SALES)
    events = [
        sale(1, "20T09:00", 12_000_000, "c1"),
        sale(2, "21T09:00", 500_000, "c2"),
        sale(3, "22T09:00", 7_000, "c1"),
        event(4, "call.completed", "22T10:30", owner="an", duration_s=57.5, outcome="answered"),
        event(5, "call.completed", "22T10:31", owner="an", duration_s=29, outcome="answered"),
        event(6, "survey.esat.response", "22T10:40", team="hn-1", score=3),
    ]
    return catalogue, settled(catalogue, events)


def test_slots_are_named_with_their_units(sales: tuple[Catalogue, Road]) -> None:
    catalogue, road = sales

    def leaves(kpi: str) -> list[Leaf]:
        [period] = in_judge(road, asked_of(catalogue, kpi, "an", "2026-04")).periods
        return list(period.leaves)

    assert [Leaf("sum amount of sale.closed", 12_507_000, 1, "VND")] == leaves("revenue")
    where = 'where outcome in ["answered", "busy"], duration_s ge 30'
    billion = 1_000_000_000
    assert [Leaf(f"sum duration_s of call.completed, {where}", 57_500_000_000, billion, "s")] == leaves("talk")
    assert [Leaf("distinct customer_id of sale.closed", 2, 1, "keys")] == leaves("buyers")


def test_a_period_that_is_not_asked_for_is_left_out(sales: tuple[Catalogue, Road]) -> None:
    catalogue, road = sales

    assert () == in_judge(road, asked_of(catalogue, "revenue", "an", "2026-03")).periods
    assert () == in_judge(road, asked_of(catalogue, "revenue", "an", "2026-03")).rows


def test_hours_alerts_and_sources_are_told(sales: tuple[Catalogue, Road]) -> None:
    catalogue, road = sales

    found = in_judge(road, asked_of(catalogue, "calls", "an"))
    last_us = int(datetime.fromisoformat("2026-04-22T10:31:00+07:00").timestamp()) * SECOND_US
    firing = {(alert.kpi, alert.subject, alert.cls) for alert in road.alerts if alert.subject == "an"}

    assert found.hours is not None
    assert (2, last_us) == (found.hours.events, found.hours.last_us)
    assert {f"{source}{part}" for source in "ol" for part in range(PARTITIONS)} == set(found.sources)
    assert firing >= {("calls", "an", alert.cls) for alert in found.alerts}
    assert all(alert.state in (Transition.PENDING, Transition.FIRING) for alert in found.alerts)
    assert AlertClass.STALLED in {alert.cls for alert in found.alerts}


def test_the_baseline_of_a_team_is_told(sales: tuple[Catalogue, Road]) -> None:
    catalogue, road = sales

    found = in_judge(road, asked_of(catalogue, "calls", "hn-1"))

    assert found.baseline is not None
    assert found.baseline.judged > 0


def test_what_is_hidden_of_an_anonymous_kpi_stays_hidden(sales: tuple[Catalogue, Road]) -> None:
    catalogue, road = sales
    asked = asked_of(catalogue, "mood", "hn-1")

    holdings = [*in_judge(road, asked).periods, *(one for held in in_observe(road, asked) for one in held.periods)]

    assert [(1, None, ()), (1, None, ())] == [(one.events, one.value, one.leaves) for one in holdings]


def test_nobody_is_found_in_an_empty_state(sales: tuple[Catalogue, Road]) -> None:
    asked = asked_of(sales[0], "revenue", "an")

    assert Held() == observed(asked, {})
    assert ((), (), (), None) == (
        (empty := judged(asked, {})).periods,
        empty.rows,
        empty.alerts,
        empty.baseline,
    )


def test_vectors_of_another_catalogue_are_not_read_by_the_names_of_this_one(sales: tuple[Catalogue, Road]) -> None:
    _, road = sales
    more = {"id": "deals", "title": "Deals", "kind": "metric", "unit": "sales", "scope": "person", "period": "month",
            "measure": {"count": "sale.closed"}}  # fmt: skip
    asked = asked_of(Catalogue.model_validate(SALES | {"kpis": [more, *SALES["kpis"]]}), "revenue", "an")

    held = in_observe(road, asked)
    [period] = in_judge(road, asked).periods

    assert {OTHER_CATALOGUE} == {one.note for one in held}
    assert () == sum((one.periods for one in held), ())
    assert [12_507_000] == [leaf.integer for leaf in period.leaves]


def test_growth_and_projections_are_read_with_what_lies_outside_of_their_period_and_subject() -> None:
    converted = {"from": "lead.created", "to": "sale.closed", "key": "lead_id", "within": "60d", "credit": "from"}
    growth = {"of": {"count": "lead.created"}, "over": "7d", "against": "previous", "adjust": "none"}
    shape = {"title": "T", "kind": "metric", "unit": "%", "scope": "person"}
    kpis = [
        {"id": "won", **shape, "period": "week", "measure": {"conversion": converted, "as": "projected"}},
        {"id": "grown", **shape, "period": "week", "measure": {"growth": growth}},
    ]
    catalogue = Catalogue.model_validate({**SALES, "kpis": kpis})
    events = []
    for number in range(40):
        lead, day = {"lead_id": f"l{number}", "owner": ("an", "binh")[number % 3 == 0]}, 1 + number % 12
        events.append(event(number, "lead.created", f"{day:02d}T09:00", **lead))
        if number % 4 == 0:
            sold = {**lead, "sale_id": f"sale-{number}", "amount": 5}
            events.append(event(100 + number, "sale.closed", f"{day + 1 + number % 7:02d}T10:00", **sold))
    road = settled(catalogue, events)
    spec = compiled(catalogue, POLICY, PARTITIONS, partition_of(PARTITIONS))
    closed = {name: value for name, value in road.values.items() if value.version and value.value}

    assert {"won", "grown"} == {kpi for kpi, *_ in closed}
    for (kpi, subject, period, *series), value in closed.items():
        [holding] = in_judge(road, Asked(spec, kpi, subject, period, *series)).periods
        assert (value.value, value.n) == (holding.value, holding.n)
