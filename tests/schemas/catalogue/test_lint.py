"""Each rule of the linter with an example that fails it and one that passes."""

from datetime import date
from typing import Any

import pytest

from schemas.catalogue.lint import RULES, lint
from schemas.catalogue.models import Catalogue
from schemas.catalogue.problems import CODES

TODAY = date(2026, 11, 23)
SUM = {"sum": "amount", "of": "sale.closed"}


def kpi(**more: Any) -> dict[str, Any]:
    made = {
        "id": "x",
        "title": "Calls",
        "kind": "leading",
        "goal": "grow",
        "unit": "calls",
        "scope": "team",
        "period": "month",
        "measure": {"count": "call.completed"},
        "guardrail": "quality",
        "targets": [{"value": 1, "per": "team"}],
    } | more
    return {key: value for key, value in made.items() if value is not None}


def company(*kpis: dict[str, Any], **more: Any) -> Catalogue:
    return Catalogue.model_validate(
        {
            "version": 1,
            "tenant": {"id": "demo", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND"},
            "teams": [{"id": "hn-1", "department": "sales"}, {"id": "hn-2", "department": "service"}],
            "goals": [{"id": "grow", "title": "Grow"}],
            "kpis": kpis,
        }
        | more
    )


def persons(number: int, **more: Any) -> list[dict[str, Any]]:
    return [kpi(id=f"k{i}", scope="person", targets=[{"value": 1, "per": "person"}], **more) for i in range(number)]


AN = [{"id": "an", "team": "hn-1"}]
VN = {"country": "VN"}
EXAMPLES = {
    "KPI101": (company(kpi(goal=None)), company(kpi(), kpi(id="m", kind="metric", goal=None))),
    "KPI102": (company(kpi(targets=[])), company(kpi(), kpi(id="m", kind="metric", targets=[]))),
    "KPI103": (
        company(kpi(guardrail=None)),
        company(kpi(), kpi(id="m", kind="metric", guardrail=None), kpi(id="d", direction="down", guardrail=None)),
    ),
    "KPI104": (company(kpi(kind="lagging", measure=SUM, guardrail=None)), company(kpi(kind="lagging", measure=SUM))),
    "KPI105": (
        company(kpi(weight=41, guardrail=None)),
        company(kpi(weight=41), kpi(id="y", weight=40, guardrail=None)),
    ),
    "KPI106": (company(*persons(6), people=AN), company(*persons(5), *persons(2, **{"for": ["hn-2"]}), people=AN)),
    "KPI107": (company(*persons(2), people=AN), company(*persons(3), people=AN)),
    "KPI108": (
        company(calendar=VN | {"holidays": {"confirmed": [2025]}}),
        company(calendar=VN | {"holidays": {"confirmed": [2026]}}),
    ),
    "KPI109": (company(kpi(review_by="2026-11-22")), company(kpi(review_by="2026-11-23"))),
    "KPI110": (company(kpi(note="chosen: a month")), company(kpi())),
}


def codes_of(catalogue: Catalogue) -> set[str]:
    return {finding.code for finding in lint(catalogue, TODAY)}


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_failing_example_fails_its_rule(code: str) -> None:
    assert code in codes_of(EXAMPLES[code][0])


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_passing_example_passes_its_rule(code: str) -> None:
    assert code not in codes_of(EXAMPLES[code][1])


def test_every_code_of_the_linter_has_examples() -> None:
    assert {code for code in CODES if code >= "KPI1"} == set(EXAMPLES)


def test_every_rule_is_shown_by_some_example() -> None:
    for rule in RULES:
        assert any(list(rule(failing, TODAY)) for failing, _ in EXAMPLES.values()), rule.__name__


def test_people_with_the_same_kpis_are_named_in_one_finding() -> None:
    people = [{"id": name, "team": "hn-1"} for name in ("an", "binh", "chi", "dung")]

    found = [finding for finding in lint(company(*persons(6), people=people), TODAY) if finding.code == "KPI106"]

    assert [finding.en for finding in found] == ["an, binh, chi, ...: 6 KPIs (k0, k1, k2, k3, k4, k5), at most 5"]


def test_somebody_who_left_needs_no_kpis() -> None:
    gone = [{"id": "an", "team": "hn-1", "to": "2026-11-23"}]

    assert "KPI107" not in codes_of(company(*persons(1), people=gone))


def test_without_a_country_there_is_no_year_to_confirm() -> None:
    assert "KPI108" not in codes_of(company())
