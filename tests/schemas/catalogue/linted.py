"""Small catalogues, and what the linter says of them."""

from datetime import date
from typing import Any

from schemas.catalogue.lint import lint
from schemas.catalogue.models import Catalogue

TODAY = date(2026, 11, 23)
AN = [{"id": "an", "team": "hn-1"}]


def kpi(**more: Any) -> dict[str, Any]:
    made = {
        "id": "x",
        "title": "Calls",
        "kind": "lagging",
        "goal": "grow",
        "unit": "calls",
        "scope": "team",
        "period": "month",
        "measure": {"count": "call.completed"},
        "targets": [{"value": 1, "per": "team", "from": "2026-01-01"}],
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
    return [kpi(id=f"k{i}", scope="person", targets=[], **more) for i in range(number)]


def said(catalogue: Catalogue, code: str, today: date = TODAY) -> list[str]:
    return [finding.en for finding in lint(catalogue, today) if finding.code == code]
