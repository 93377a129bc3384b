"""A road whose catalogue is edited while it stands: one person who sells, day by day, with a short horizon."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from schemas.catalogue.models import Catalogue
from schemas.topics import Stage
from schemas.values import Value
from streams.core.beginnings import BEGUN as BEGUN_ROW
from streams.core.counted import COUNTED
from streams.core.journeys.contract import POOL
from streams.core.partials import KEYS
from streams.core.policy import DAY_US, MINUTE_US, SECOND_US, Policy
from streams.core.relayout import LAYOUTS
from streams.core.rows import Rows
from streams.core.stage import Now
from tests.streams.core import worlds
from tests.streams.core.road import Road
from tests.streams.core.test_growth import sale
from tests.streams.core.test_road_laws import UNTIL_US

DAYS = 10
POLICY = Policy(future_us=None, horizon_us=DAYS * DAY_US)
SHOWN = {"title": "x", "kind": "leading", "unit": "things", "scope": "team"}
BEGUN = "2026-02-17T07:00:00+07:00"
"""Ten days before the last sale, on 27 February in UTC, of which whole days in UTC are kept."""
SALES: list[dict[str, Any]] = [
    {**SHOWN, "id": "sales", "scope": "person", "period": "year", "measure": {"count": "sale.closed"}},
    {
        **SHOWN, "id": "customers", "scope": "person", "period": "year",
        "measure": {"count": "sale.closed", "distinct": "customer_id"},
    },
    {
        **SHOWN, "id": "kinds", "scope": "person", "period": "year", "by": "currency",
        "measure": {"sum": "amount", "of": "sale.closed"}, "unit": "VND",
    },
]  # fmt: skip


def written(catalogue: Catalogue) -> dict[str, Any]:
    return catalogue.model_dump(mode="json", by_alias=True, exclude_none=True)


def bought_again(within: str, period: str = "year") -> list[dict[str, Any]]:
    """A KPI that joins events."""
    measure = {"repeat": {"of": "sale.closed", "key": "customer_id", "within": within}, "as": "raw"}
    return [{**SHOWN, "id": "again", "unit": "%", "scope": "person", "period": period, "measure": measure}]


def company(*stretches: dict[str, Any], kpis: list[dict[str, Any]] = SALES) -> Catalogue:
    """One person."""
    empty = written(worlds.callers())
    teams = [{"id": team, "department": "sales"} for team in ("hn-1", "hn-2")]
    people = [{"id": "an", **stretch} for stretch in stretches]
    return Catalogue.model_validate({**empty, "teams": teams, "people": people, "kpis": kpis})


def sell(road: Road, first: int, last: int) -> None:
    """One sale of 1 a day, of the days of 2026 from `first` to `last`."""
    for day in range(first, last + 1):
        at = (datetime(2026, 1, 31, 3) + timedelta(day)).isoformat()
        made = sale(f"s{day}", at, 1)
        road.put([{**made, "data": {**made["data"], "customer_id": f"c{day}"}}])
        road.run(Now(UNTIL_US - SECOND_US, caught_up=False))


def put(road: Road, *events: worlds.Event) -> None:
    road.put(events)
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False))


def happened(type_: str, subject: str, day: int, **data: Any) -> worlds.Event:
    """An event of a day of February."""
    made = sale(subject, datetime(2026, 2, day, 3).isoformat(), 1)
    return {**made, "id": f"{type_}-{day}-{subject}", "type": type_, "data": data}


def retraction(event: worlds.Event) -> worlds.Event:
    above = {"source": event["source"], "id": event["id"]}
    return {**event, "id": f"no-{event['id']}", "type": f"{event['type']}.retracted", "data": {"supersedes": above}}


def restart(road: Road) -> None:
    """Every state from its changelog."""
    for seat in list(road.states):
        road.restart(seat)


def told(
    road: Road, kpi: str, period: str = "2026", shown: Callable[[Value], object] = lambda one: one.value
) -> dict[str, object]:
    """What rows of a period show, by subject."""
    for minute in range(3):
        road.tick(UNTIL_US + minute * MINUTE_US)
    found = [one for one in road.values.values() if (one.kpi, one.period, one.series) == (kpi, period, None)]
    return {one.subject: shown(one) for one in found if one.subject != "sales" and one.n}


def layouts(road: Road) -> list[str]:
    """Those whose cells JUDGE can take."""
    stored = Rows()
    for name, value in road.changelogs[Stage.JUDGE, 0].items():
        stored.load(name, value)
    return list(stored.get(LAYOUTS))


def pools(road: Road) -> list[object]:
    """What JUDGE has heard of the items of all periods."""
    stored = Rows()
    for name, value in road.changelogs[Stage.JUDGE, 0].items():
        stored.load(name, value)
    return [row for key, row in stored.items(KEYS) if key[3] == POOL]


def without_counted(road: Road) -> None:
    """Changelogs as they were written before they said what was counted by what."""
    for changelog in road.changelogs.values():
        stored = Rows()
        for name, value in changelog.items():
            stored.load(name, value)
        for key in [LAYOUTS, BEGUN_ROW, *(key for key, _ in stored.items(COUNTED))]:
            stored.drop(key)
        for name in stored.flush():
            del changelog[name]
