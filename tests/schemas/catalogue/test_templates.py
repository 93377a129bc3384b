"""The shipped templates load, say in both languages what they measure, and equal MEASURES.md row by row."""

from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue.load import load, read
from schemas.catalogue.models import Kind, Kpi
from schemas.templates import template_paths

COMPANY = """\
version: 1
tenant: {id: demo, timezone: Asia/Ho_Chi_Minh, currency: VND}
teams: [{id: hn-1, department: sales}]
people: [{id: an, team: hn-1}]
"""

REVENUE: dict[str, Any] = {"sum": "amount", "of": "sale.closed"}
COST = {"sum": "cost", "of": "sale.closed"}
SPEND = {"sum": "amount", "of": "ad.spend"}
ANSWERED: dict[str, Any] = {"outcome": {"eq": "answered"}, "duration_s": {"ge": 30}}
LEADS = {"count": "lead.created", "distinct": "lead_id"}


def row(
    unit: str, scope: str, period: str, measure: dict[str, Any], target: float | None = None, **more: Any
) -> dict[str, Any]:
    return {"unit": unit, "scope": scope, "period": period, "target": target, "measure": measure} | more


# MEASURES.md section 2, transcribed: the rows that count, sum, mean, sum_of, difference and ratio can say.
ROWS = {
    "S1": row("VND", "person", "month", REVENUE, 300_000_000),
    "S1g": row(
        "%",
        "person",
        "month",
        {"ratio": {"of": REVENUE | {"basis": "reversed"}, "to": REVENUE | {"basis": "gross"}}},
        direction="down",
    ),
    "S3": row(
        "contacts",
        "person",
        "month",
        {"sum_of": [{"count": "call.completed", "where": ANSWERED}, {"count": "meeting.held"}]},
        80,
    ),
    "S5a": row("VND", "person", "month", REVENUE),
    "S5b": row("leads", "person", "month", LEADS),
    "S5c": row(
        "%",
        "person",
        "month",
        {
            "ratio": {
                "of": {"count": "opportunity.won", "distinct": "opportunity_id"},
                "to": {"count": ["opportunity.won", "opportunity.lost"], "distinct": "opportunity_id"},
            }
        },
    ),
    "S6": row("VND", "person", "quarter", REVENUE, 500_000_000),
    "S7": row(
        "calls", "person", "week", {"count": "call.completed", "where": {"purpose": {"eq": "consult"}} | ANSWERED}, 30
    ),
    "S8": row("contracts", "person", "month", {"count": "contract.signed", "distinct": "contract_id"}),
    "K2": row("leads", "team", "month", LEADS, 200),
    "K4": row(
        "VND",
        "org",
        "month",
        {"ratio": {"of": SPEND, "to": {"count": "conversion.recorded", "where": {"campaign_id": {"exists": True}}}}},
        10_000,
        direction="down",
    ),
    "K6b": row("VND", "org", "month", {"ratio": {"of": SPEND, "to": LEADS}}, direction="down"),
    "H4": row("score", "team", "quarter", {"mean": "score", "of": "survey.esat.response"}, 8, anonymous=5),
    "H6a": row(
        "VND",
        "org",
        "year",
        {"sum": "amount", "of": "cost.recorded", "where": {"kind": {"eq": "recruiting"}}},
        direction="down",
    ),
    "C1k": row(
        "%",
        "person",
        "month",
        {"ratio": {"of": {"count": "csat.response", "where": {"score": {"ge": 4}}}, "to": {"count": "csat.response"}}},
        90,
    ),
    "C5k": row(
        "minutes",
        "person",
        "month",
        {
            "mean": ["duration_s", "hold_s", "after_work_s", "work_s"],
            "of": ["call.completed", "ticket.work_ended"],
            "per": "ticket_id",
        },
        15,
        direction="down",
    ),
    "B1a": row("VND", "org", "month", REVENUE),
    "B1b": row("VND", "org", "month", {"difference": {"of": REVENUE, "minus": COST}}),
    "B1c": row(
        "VND",
        "org",
        "month",
        {
            "ratio": {
                "of": {
                    "sum_of": [
                        SPEND,
                        {"sum": "amount", "of": "cost.recorded", "where": {"kind": {"in": ["sales", "marketing"]}}},
                    ]
                },
                "to": {"count": "customer.created", "distinct": "customer_id"},
            }
        },
        direction="down",
    ),
    "B1d": row("%", "org", "month", {"ratio": {"of": {"difference": {"of": REVENUE, "minus": COST}}, "to": REVENUE}}),
}


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Kpi]:
    company = tmp_path_factory.mktemp("company") / "company.yaml"
    company.write_text(COMPANY, encoding="utf-8")
    return {kpi.id: kpi for kpi in load([*template_paths(), company]).kpis}


@pytest.mark.parametrize("path", template_paths(), ids=lambda path: path.stem)
def test_a_template_loads_beside_a_company(tmp_path: Path, path: Path) -> None:
    company = tmp_path / "company.yaml"
    company.write_text(COMPANY, encoding="utf-8")

    assert read([path, company]).problems == ()


@pytest.mark.parametrize("id_", ROWS)
def test_a_template_measures_what_the_contract_says(id_: str, shipped: dict[str, Kpi]) -> None:
    kpi, expected = shipped[id_], ROWS[id_]
    wanted = Kpi.model_validate(
        {
            "id": id_,
            "title": kpi.title,
            "kind": kpi.kind,
            "unit": expected["unit"],
            "scope": expected["scope"],
            "period": expected["period"],
            "direction": expected.get("direction", "up"),
            "anonymous": expected.get("anonymous"),
            "measure": expected["measure"],
        }
    )

    assert kpi.measure == wanted.measure
    for field in ("unit", "scope", "period", "direction", "anonymous"):
        assert getattr(kpi, field) == getattr(wanted, field), field
    assert [target.value for target in kpi.targets] == [value for value in (expected["target"],) if value is not None]


def test_targets_are_per_scope_and_dated(shipped: dict[str, Kpi]) -> None:
    for kpi in shipped.values():
        for target in kpi.targets:
            assert target.per == kpi.scope, kpi.id
            assert target.from_ is not None, kpi.id


def test_the_fourth_quarter_has_its_dates_and_cost_per_conversion_is_strict(shipped: dict[str, Kpi]) -> None:
    (quarter,), (cost,) = shipped["S6"].targets, shipped["K4"].targets

    assert (str(quarter.from_), str(quarter.to)) == ("2026-10-01", "2027-01-01")
    assert cost.strict


def test_every_template_speaks_both_languages(shipped: dict[str, Kpi]) -> None:
    for kpi in shipped.values():
        for words in (kpi.title, kpi.note):
            assert words is None or (set(words) == {"vi", "en"} and words["vi"] != words["en"]), kpi.id


def test_a_target_left_open_is_said_to_be_a_choice(shipped: dict[str, Kpi]) -> None:
    for kpi in shipped.values():
        if kpi.kind is not Kind.METRIC and not kpi.targets:
            assert kpi.note is not None, kpi.id


def test_speed_is_never_green_alone(shipped: dict[str, Kpi]) -> None:
    assert shipped["C5k"].guardrail == "C1k"
