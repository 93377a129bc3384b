"""Who has which KPIs: not too many, of somebody who is here, judged by another, with weights that add up."""

from typing import Any

import pytest

from tests.schemas.catalogue.linted import AN, company, kpi, persons, said


def test_people_with_the_same_kpis_are_named_in_one_finding() -> None:
    people = [{"id": name, "team": "hn-1"} for name in ("an", "binh", "chi", "dung")]

    (found,) = said(company(*persons(6), people=people), "KPI106")

    assert found.startswith("an, binh, chi, ...: 6 KPIs (k0, k1, k2, k3, k4, k5), at most 5; ")


def test_kpis_that_somebody_is_named_accountable_for_count_too() -> None:
    named = [kpi(id=f"n{i}", roles={"accountable": "an"}) for i in range(3)]

    assert len(said(company(*persons(3), *named, people=AN), "KPI106")) == 1
    assert said(company(*persons(2), *named, people=AN), "KPI106") == []


def test_a_team_has_at_most_five_kpis_of_its_own() -> None:
    own = [kpi(id=f"t{i}") for i in range(6)]

    (found,) = said(company(*own), "KPI141")

    assert found.startswith("hn-1, hn-2: 6 KPIs of the team (t0, t1, t2, t3, t4, t5), at most 5; ")
    assert said(company(*own[1:]), "KPI141") == []


def test_kpis_of_another_team_do_not_count() -> None:
    assert (
        said(
            company(
                *persons(5), *(one | {"id": f"o{i}", "for": ["hn-2"]} for i, one in enumerate(persons(2))), people=AN
            ),
            "KPI106",
        )
        == []
    )


def test_somebody_who_left_needs_no_kpis() -> None:
    gone = [{"id": "an", "team": "hn-1", "to": "2026-11-23"}]

    assert said(company(*persons(1), people=gone), "KPI107") == []


@pytest.mark.parametrize(("to", "gone"), [("2026-11-24", False), ("2026-11-23", True)])
def test_an_owner_is_gone_from_the_first_date_that_is_not_theirs(to: str, gone: bool) -> None:
    people = [{"id": "an", "team": "hn-1", "to": to}]

    assert bool(said(company(kpi(roles={"accountable": "an"}), people=people), "KPI122")) == gone


def test_who_moves_or_is_still_to_come_has_not_left() -> None:
    moved = [{"id": "an", "team": "hn-1", "to": "2026-11-01"}, {"id": "an", "team": "hn-2", "from": "2026-12-01"}]

    assert said(company(kpi(roles={"accountable": "an"}), people=moved), "KPI122") == []


@pytest.mark.parametrize("role", [{"evaluator": "an"}, {"supporters": ["an"]}])
def test_who_helps_or_judges_should_be_here(role: dict[str, Any]) -> None:
    people = [{"id": "an", "team": "hn-1", "to": "2026-01-01"}]

    assert len(said(company(kpi(roles=role), people=people), "KPI123")) == 1


def test_each_judging_themselves_is_an_error() -> None:
    assert len(said(company(kpi(roles={"accountable": "subject", "evaluator": "subject"})), "KPI118")) == 1


def test_a_manager_judges_where_no_evaluator_is_named() -> None:
    people = [{"id": "an", "team": "hn-1", "manager": "chi"}, {"id": "chi", "team": "hn-1"}]

    assert said(company(*persons(1), people=people), "KPI119") == []


def test_weights_on_some_kpis_only_are_noticed() -> None:
    some = [*persons(2), kpi(id="w", scope="person", targets=[], weight=40.0)]

    (found,) = said(company(*some, people=AN), "KPI128")

    assert "some have a `weight` and some not (k0, k1)" in found


def test_thirds_add_up_to_a_hundred() -> None:
    thirds = [one | {"weight": weight} for one, weight in zip(persons(3), (33.33, 33.33, 33.34), strict=True)]

    assert said(company(*thirds, people=AN), "KPI128") == []
