"""An edit of the catalogue loses nothing that was counted, and what counts otherwise says from when on."""

from typing import Any, cast

from schemas.topics import Stage
from streams.core import frames
from streams.core.observe import Observe
from streams.core.policy import SECOND_US
from streams.core.stage import Now
from tests.streams.core import worlds
from tests.streams.core.edits import (
    BEGUN,
    POLICY,
    SALES,
    SHOWN,
    bought_again,
    company,
    restart,
    sell,
    told,
    without_counted,
)
from tests.streams.core.road import Road
from tests.streams.core.test_road_laws import UNTIL_US


def test_a_move_that_is_told_afterwards_takes_along_what_is_inside_the_horizon_and_no_more() -> None:
    # One sale a day to another customer. On 28 February it is said that an changed teams on the 5th; what happened
    # until the 17th is beyond the horizon of ten days, and stays.
    road = Road(company({"team": "hn-1"}), POLICY, 2)
    sell(road, 1, 28)

    road.adopt(company({"team": "hn-1", "to": "2026-02-05"}, {"team": "hn-2", "from": "2026-02-05"}))
    sell(road, 29, 31)

    assert {"hn-1": 17, "hn-2": 14, "an": 31, "acme": 31} == told(road, "sales")
    assert {"hn-1": 17, "hn-2": 14, "an": 31, "acme": 31} == told(road, "customers")
    assert {"hn-1": 17, "hn-2": 14, "an": 31, "acme": 31} == told(road, "kinds")


def test_a_new_kpi_counts_what_is_inside_the_horizon_and_says_so() -> None:
    daily = {**SALES[0], "id": "daily", "period": "day"}
    road = Road(company({"team": "hn-1"}, kpis=SALES[:1]), POLICY, 2)
    sell(road, 1, 28)

    road.adopt(company({"team": "hn-1"}, kpis=[*SALES, daily]))
    sell(road, 29, 31)
    restart(road)

    assert {"hn-1": 31, "an": 31, "acme": 31} == told(road, "sales")
    assert {"hn-1": 14, "an": 14, "acme": 14} == told(road, "customers")
    begun = {(one.kpi, one.period): one.counted_from for one in road.values.values() if one.subject == "an"}
    years = {kpi: begun[kpi, "2026"] for kpi in ("sales", "customers", "kinds")}
    assert {"sales": None, "customers": BEGUN, "kinds": BEGUN} == years
    assert {None} == {begun["daily", f"2026-02-{day}"] for day in range(19, 29)}


def test_a_kpi_that_is_new_before_anything_is_forgotten_lacks_nothing() -> None:
    road = Road(company({"team": "hn-1"}, kpis=SALES[:1]), POLICY, 2)
    sell(road, 1, 9)

    road.adopt(company({"team": "hn-1"}))
    sell(road, 10, 28)

    assert {"hn-1": 28, "an": 28, "acme": 28} == told(road, "customers")
    assert {None} == {one.counted_from for one in road.values.values()}


def test_a_kpi_that_counts_otherwise_says_from_when_on_and_goes_on_saying_so_under_later_catalogues() -> None:
    gross = {**SALES[0], "measure": {"count": "sale.closed", "basis": "gross"}}
    road = Road(company({"team": "hn-1"}), POLICY, 2)
    sell(road, 1, 28)

    road.adopt(company({"team": "hn-1"}, kpis=[gross]))
    sell(road, 29, 40)
    road.adopt(company({"team": "hn-1"}, kpis=[{**gross, "title": "y"}]))
    sell(road, 41, 41)

    assert {"hn-1": 24, "an": 24, "acme": 24} == told(road, "sales")
    assert BEGUN == road.values["sales", "an", "2026"].counted_from


def test_an_edit_that_changes_no_counting_tells_the_next_stages_nothing() -> None:
    road = Road(company({"team": "hn-1"}), POLICY, 1)
    sell(road, 1, 28)
    renamed = [{**kpi, "title": "y", "targets": [{"value": 3}], "roles": {"evaluator": "an"}} for kpi in SALES]

    road.adopt(company({"team": "hn-1", "name": "An"}, kpis=renamed))
    slices = [
        slice_
        for stage in (Stage.OBSERVE, Stage.LINK)
        for send in road.states[stage, 0].feed([], Now(UNTIL_US, caught_up=False)).sends
        for slice_ in frames.decode(send.value or b"").slices
    ]

    assert [] == slices


def test_an_owner_is_unknown_only_as_long_as_the_catalogue_does_not_know_them() -> None:
    def unknown() -> list[str]:
        return [owner for part in range(2) for owner in cast(Observe, road.states[Stage.OBSERVE, part]).unknown_owners]

    road = Road(company(), POLICY, 2)
    sell(road, 1, 1)
    assert ["an"] == unknown()

    road.adopt(company({"team": "hn-1"}))
    assert [] == unknown()
    sell(road, 2, 2)
    restart(road)
    assert [] == unknown()

    road.adopt(company())
    assert ["an"] == unknown()


def test_growth_of_another_measure_is_not_compared_with_what_the_one_before_had_counted() -> None:
    def grown(type_: str) -> list[dict[str, Any]]:
        growth = {"growth": {"of": {"count": type_}, "over": "1 month", "against": "previous"}}
        return [{**SHOWN, "id": "grown", "unit": "%", "scope": "person", "period": "month", "measure": growth}]

    road = Road(company({"team": "hn-1"}, kpis=grown("sale.closed")), POLICY, 1)
    sell(road, -30, 28)

    road.adopt(company({"team": "hn-1"}, kpis=grown("call.completed")))
    road.put([{**worlds.calls_with_silences(1)[0], "time": "2026-02-28T04:00:00+07:00"}])
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False))

    row = told(road, "grown", "2026-02", shown=lambda one: (one.value, one.n, one.counted_from))
    assert (None, 1, BEGUN) == row["an"]


def test_what_is_joined_otherwise_is_told_before_the_next_event_and_whatever_restarts() -> None:
    # A KPI that joins events has no cells that would be told with it.
    road = Road(company({"team": "hn-1"}, kpis=bought_again("60d")), POLICY, 2)
    sell(road, 1, 5)

    road.adopt(company({"team": "hn-1"}, kpis=bought_again("30d")))
    road.tick(UNTIL_US)
    restart(road)
    sell(road, 6, 6)

    assert {"hn-1": 6, "an": 6, "acme": 6} == told(road, "again", shown=lambda one: one.n)


def test_a_state_of_before_0_1_0_goes_on_under_its_catalogue_and_is_counted_anew_under_another() -> None:
    # It does not say what it was counted by.
    road = Road(company({"team": "hn-1"}), POLICY, 1)
    sell(road, 1, 28)

    without_counted(road)
    road.adopt(company({"team": "hn-1"}))
    sell(road, 29, 29)
    assert {"hn-1": 29, "an": 29, "acme": 29} == told(road, "sales")

    without_counted(road)
    road.adopt(company({"team": "hn-1"}, kpis=[{**kpi, "title": "y"} for kpi in SALES]))
    sell(road, 30, 30)
    assert {"hn-1": 12, "an": 12, "acme": 12} == told(road, "sales")
    assert road.values["sales", "an", "2026"].counted_from is not None
