"""The tenant of the benchmark as a catalogue: people, teams in one department, and the KPIs of measures.py."""

import json
from pathlib import Path
from typing import Any

from tests.bench.measures import GRAINS, Measure, chosen
from tests.bench.workload import ZONE, Workload

TENANT, DEPARTMENT = "bench", "sales"
WORKING_DAYS = 22
EVENTS_A_DAY = 500
"""Of a person, for which the daily targets of measures.py are made."""
_CUSTOMERS = {
    "id": "customers.day",
    "title": {"vi": "customers (day)", "en": "customers (day)"},
    "kind": "metric",
    "unit": "customers",
    "scope": "person",
    "period": "day",
    "measure": {"count": "sale.closed", "distinct": "customer_id"},
}


def kpi_id(measure: Measure, grain: str) -> str:
    """Id of a measure's KPI by day or month."""
    return f"{measure.name}.{grain}"


def catalogue(workload: Workload) -> dict[str, Any]:
    """What the worker loads: plain metrics, or with `workload.goals` KPIs with targets at every level and alerts."""
    kpis = [
        {
            "id": kpi_id(measure, grain),
            "title": {"vi": f"{measure.name} ({grain})", "en": f"{measure.name} ({grain})"},
            "kind": "metric",
            "unit": measure.unit,
            "scope": "person",
            "period": grain,
            "measure": measure.definition,
            **(_aims(measure, grain, workload) if workload.goals else {}),
        }
        for grain in GRAINS
        for measure in chosen(workload.kpis)
    ]
    if workload.distinct:
        kpis.append(_CUSTOMERS)
    teams = [workload.team(number) for number in range(workload.teams)]
    probed = [(workload.prober(number), workload.probe_team(number)) for number in range(workload.probes)]
    people = [(workload.person(number), workload.team(number)) for number in range(workload.people)]
    people += probed
    teams += [team for _, team in probed[workload.probes - workload.lone_probes :]]
    return {
        "version": 1,
        "tenant": {"id": TENANT, "timezone": ZONE, "currency": "VND", "locale": "en"},
        "calendar": {"country": "VN", "hours": {"mon-sun": ["08:00-12:00", "13:00-18:00"]}},
        "teams": [{"id": team, "department": DEPARTMENT} for team in teams],
        "people": [{"id": person, "team": team} for person, team in people],
        "goals": [{"id": "grow", "title": {"vi": "Tăng trưởng", "en": "Grow"}}],
        "kpis": kpis,
    }


def _aims(measure: Measure, grain: str, workload: Workload) -> dict[str, Any]:
    """Kind and target: as much as the workload has for a person, or nearly everybody would be told off all day."""
    value = measure.daily_target
    if measure.unit != "%":
        share = workload.events_a_day / EVENTS_A_DAY if workload.events else 1
        value = max(1, round(value * share)) * (1 if grain == "day" else WORKING_DAYS)
    target = {"value": value, "per": "person"}
    return {"kind": measure.kind, "goal": "grow", "targets": [target]}


def write(workload: Workload, path: Path) -> Path:
    """Writes the catalogue to a file; JSON is YAML."""
    path.write_text(json.dumps(catalogue(workload), ensure_ascii=False, indent=1))
    return path
