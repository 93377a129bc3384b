"""A projection goes by hours, of what is over by days: live rows are those of a replay, whatever came late."""

from typing import Any

from schemas.catalogue.models import Catalogue
from schemas.values import Value
from streams.core.policy import MINUTE_US, SECOND_US
from streams.core.replay import replay
from streams.core.stage import Now
from tests.streams.core.journeys.town import POLICY, Event, company, event, instant, told
from tests.streams.core.road import Road
from tests.streams.core.worlds import lines

PROJECTED = {
    "conversion": {"from": "lead.created", "to": "sale.closed", "key": "lead_id", "within": "60d", "credit": "from"},
    "as": "projected",
}


def lead(name: str, time: str, owner: str = "an") -> Event:
    return event("lead.created", time, name, lead_id=name, owner=owner)


def sale(lead_id: str, time: str) -> Event:
    return event("sale.closed", time, f"of-{lead_id}", sale_id=f"of-{lead_id}", lead_id=lead_id, owner="chi", amount=1)


def spring() -> list[Event]:
    """Of 12 leads of each of two persons in March three became sales, after two days, nine and sixteen."""
    events = [lead(f"{who}{day}", f"2026-03-{day:02} 09:00", who) for who in ("an", "binh") for day in range(2, 26, 2)]
    for who in ("an", "binh"):
        events += [sale(f"{who}{day}", f"2026-03-{done} 10:00") for day, done in ((2, "04"), (4, "13"), (6, "22"))]
    return events


def shown(values: list[Value]) -> dict[tuple[str, str], tuple[Any, int, int]]:
    return {(value.subject, value.period): (value.value, value.n, min(value.version, 1)) for value in values}


def test_the_value_of_an_open_period_changes_with_the_hour_and_not_within_it() -> None:
    catalogue, events = company(PROJECTED), spring()

    at = {clock: told(catalogue, events, f"2026-03-30 {clock}") for clock in ("10:00", "10:59:59", "11:00")}

    assert at["10:00"] == at["10:59:59"]
    assert at["10:00"] != at["11:00"]


def test_the_value_of_a_closed_period_changes_with_the_local_day_and_not_within_it() -> None:
    catalogue, events = company(PROJECTED), spring()

    at = {clock: told(catalogue, events, f"2026-04-{clock}") for clock in ("09 00:10", "09 23:59", "10 00:10")}

    assert at["09 00:10"] == at["09 23:59"]
    assert at["09 00:10"] != at["10 00:10"]


def test_a_late_sale_of_one_moves_the_closed_rows_of_all_in_seconds() -> None:
    catalogue, now_us = company(PROJECTED), instant("2026-04-10 12:00:30")
    road = Road(catalogue, POLICY, partitions=2)
    road.put(spring())
    road.run(Now(now_us, caught_up=False))
    for later_us in (0, SECOND_US, 2 * MINUTE_US):
        road.tick(now_us + later_us)
    before = shown(list(road.values.values()))
    assert before == replayed(catalogue, spring(), now_us)

    late = sale("an8", "2026-04-08 10:00")
    road.put([late])
    for seconds in (130, 132, 134):  # short of the next minute
        road.tick(now_us + seconds * SECOND_US)

    after, expected = shown(list(road.values.values())), replayed(catalogue, [*spring(), late], now_us)
    assert before["binh", "2026-03"] != after["binh", "2026-03"]
    assert expected["binh", "2026-03"] == after["binh", "2026-03"]
    road.tick(now_us + 4 * MINUTE_US)  # what the sale itself restates waits for a minute
    assert expected == shown(list(road.values.values()))


def replayed(catalogue: Catalogue, events: list[Event], until_us: int) -> dict[tuple[str, str], tuple[Any, int, int]]:
    return shown(replay(lines(events), catalogue, POLICY, until_us).values)
