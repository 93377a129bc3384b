"""What an edit takes out of the catalogue and another one brings back: rows, merges, projections, layouts."""

from typing import Any

import pytest

from schemas.catalogue.models import Catalogue
from streams.core.relayout import MOST_LAYOUTS
from tests.streams.core.edits import (
    POLICY,
    SALES,
    SHOWN,
    bought_again,
    company,
    happened,
    layouts,
    pools,
    put,
    retraction,
    sell,
    told,
)
from tests.streams.core.road import Road
from tests.streams.core.test_growth import sale

LINKED: list[dict[str, Any]] = [
    {**SHOWN, "id": "tickets", "period": "day", "measure": {"count": "ticket.opened", "distinct": "ticket_id"}}
]
"""Nothing of it ever happens, but stage LINK is there."""


@pytest.mark.parametrize("others", [[], LINKED])
def test_a_kpi_that_comes_back_has_its_rows_again(others: list[dict[str, Any]]) -> None:
    some = [*SALES[:1], *others]
    gone = [{**SALES[1], "period": "week"}, *bought_again("60d", period="week")]
    road = Road(company({"team": "hn-1"}, kpis=[*some, *gone]), POLICY, 1)
    sell(road, 1, 9)

    road.adopt(company({"team": "hn-1"}, kpis=some))
    sell(road, 9, 9)
    road.adopt(company({"team": "hn-1"}, kpis=[*some, *gone]))
    sell(road, 10, 10)

    for kpi in ("customers", "again"):
        weeks = {week: told(road, kpi, week, lambda one: one.n)["an"] for week in ("2026-W05", "2026-W06", "2026-W07")}
        assert {"2026-W05": 1, "2026-W06": 7, "2026-W07": 2} == weeks


@pytest.mark.parametrize("others", [[], LINKED])
def test_what_is_retracted_while_a_kpi_is_gone_is_not_counted_when_it_comes_back(others: list[dict[str, Any]]) -> None:
    some = [*SALES[:1], *others]
    road = Road(company({"team": "hn-1"}, kpis=[*some, SALES[1]]), POLICY, 1)
    sell(road, 1, 5)

    road.adopt(company({"team": "hn-1"}, kpis=some))
    put(road, retraction(sale("s5", "2026-02-05T03:00:00", 1)))
    road.adopt(company({"team": "hn-1"}, kpis=[*some, SALES[1]]))
    sell(road, 6, 6)

    assert {"hn-1": 5, "an": 5, "acme": 5} == told(road, "customers")


@pytest.mark.parametrize("others", [[], LINKED])
def test_what_is_amended_while_a_kpi_joins_nothing_is_joined_as_it_stands_when_it_comes_back(
    others: list[dict[str, Any]],
) -> None:
    some = [*SALES[:1], *others]
    road = Road(company({"team": "hn-1"}, kpis=[*some, *bought_again("60d")]), POLICY, 1)
    sell(road, 1, 5)
    assert {"hn-1": 5, "an": 5, "acme": 5} == told(road, "again", shown=lambda one: one.n)

    road.adopt(company({"team": "hn-1"}, kpis=some))
    other, undone, reversed_ = (
        sale(f"s{day}'", "2026-02-05T04:00:00", 1, customer_id="c1", supersedes={"source": "crm", "id": f"s{day}"})
        for day in (2, 3, 4)
    )
    del reversed_["data"]["amount"]
    gone = sale("s5", "2026-02-05T03:00:00", 1)
    put(road, other, undone, retraction(undone), {**reversed_, "type": "sale.reversed"}, retraction(gone))
    road.adopt(company({"team": "hn-1"}, kpis=[*some, *bought_again("60d")]))
    sell(road, 6, 6)

    # Of the customers c1, c3 and c6 the first has bought again: on the 2nd, as it was corrected.
    assert {"hn-1": 3, "an": 3, "acme": 3} == told(road, "again", shown=lambda one: one.n)
    assert {100 / 3} == set(told(road, "again").values())


def test_a_person_who_moved_while_a_kpi_joined_nothing_is_counted_in_one_team_when_it_does_again() -> None:
    # A team with a target has a row in any case.
    customers = {**SALES[1], "targets": [{"value": 3, "per": "team"}]}
    calls = {**customers, "measure": {"count": "call.completed"}}
    road = Road(company({"team": "hn-1"}, kpis=[customers]), POLICY, 1)
    sell(road, 1, 5)

    road.adopt(company({"team": "hn-2"}, kpis=[calls, *LINKED]))
    sell(road, 6, 6)
    road.adopt(company({"team": "hn-2"}, kpis=[customers]))
    sell(road, 7, 7)

    assert {"hn-2": 7, "an": 7, "acme": 7} == told(road, "customers")


def test_another_title_leaves_what_is_projected_from_as_it_is() -> None:
    (again,) = bought_again("60d")
    again["measure"]["as"] = "projected"
    road = Road(company({"team": "hn-1"}, kpis=[again]), POLICY, 1)
    sell(road, 1, 5)
    before = pools(road)

    road.adopt(company({"team": "hn-1"}, kpis=[{**again, "title": "y"}]))
    put(road, happened("meeting.held", "m1", 5, owner="an"))

    assert before
    assert before == pools(road)


def test_the_layout_of_the_catalogue_before_is_known_also_where_it_was_an_older_one() -> None:
    def catalogue(more: int) -> Catalogue:
        return company({"team": "hn-1"}, kpis=[*SALES, *({**SALES[0], "id": f"k{number}"} for number in range(more))])

    road = Road(catalogue(0), POLICY, 1)
    sell(road, 1, 1)
    own = layouts(road)

    for day, more in enumerate((1, 2, 3, 0, 4), 2):
        road.adopt(catalogue(more))
        sell(road, day, day)

    assert MOST_LAYOUTS == len(layouts(road))
    assert own == layouts(road)[-2:-1]


def test_a_merge_that_is_retracted_while_nothing_goes_by_lead_joins_none_when_something_does() -> None:
    by_lead = {**SALES[1], "id": "leads", "measure": {"count": "lead.created", "distinct": "lead_id"}}
    road = Road(company({"team": "hn-1"}, kpis=[*SALES, by_lead]), POLICY, 1)
    merged = happened("lead.merged", "l1", 3, lead_id="l1", into_lead_id="l2")
    put(road, *(happened("lead.created", lead, 2, lead_id=lead, owner="an") for lead in ("l1", "l2")), merged)
    assert {"hn-1": 1, "an": 1, "acme": 1} == told(road, "leads")

    road.adopt(company({"team": "hn-1"}))
    put(road, retraction(merged))
    road.adopt(company({"team": "hn-1"}, kpis=[*SALES, by_lead]))

    assert {"hn-1": 2, "an": 2, "acme": 2} == told(road, "leads")
