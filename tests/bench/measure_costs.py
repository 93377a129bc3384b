"""What one event costs in each type of measure (MEASURES.md section 1), in CPU and in state: the events of a simulated
company that a KPI reads, through OBSERVE, LINK and JUDGE, in this process, without a broker.

Only those events are fed that the measure reads. State is what lies in the changelogs at the end, without the events
inside the horizon, which are kept once whatever counts them (store.py): rows, and bytes of their keys and values.
"""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import process_time
from typing import Any, NamedTuple

from schemas.catalogue.models import Catalogue, Kpi
from schemas.events.envelope import encode
from schemas.topics import EVENTS, LINKS, PARTIALS, Stage
from streams.core.pipeline import compiled, stages
from streams.core.policy import DAY_US, Policy
from streams.core.retained import EVENT
from streams.core.stage import Now, PlainRecord, StageSpec
from streams.simulation.company import demo_company
from streams.simulation.generate import generate
from tests.bench.table import markdown

START = datetime(2026, 3, 1, tzinfo=UTC)
CHUNK = 5000
SOURCES = {Stage.OBSERVE: EVENTS, Stage.LINK: LINKS, Stage.JUDGE: PARTIALS}
LEAST_S = 0.3
"""A measure of rare events is fed again and again, to new states, until so much CPU is spent."""
SALES, CALLS = {"of": "sale.closed"}, {"of": "call.completed"}
MARGIN = {"difference": {"of": {"sum": "amount", **SALES}, "minus": {"sum": "cost", **SALES}}}
WON = {"ratio": {"of": {"count": "opportunity.won"}, "to": {"count": ["opportunity.won", "opportunity.lost"]}}}
JOURNEY = {"from": "lead.created", "to": "sale.closed", "key": "lead_id", "within": "60d", "credit": "from"}
WAIT = {
    "from": "ticket.opened",
    "to": "ticket.resolved",
    "key": "ticket_id",
    "clock": "business",
    "pause": ["ticket.waiting_customer", "ticket.resumed"],
    "credit": "to",
}
MEASURES: Sequence[tuple[str, str, dict[str, Any]]] = (
    ("count", "calls", {"count": "call.completed"}),
    ("count, where", "calls", {"count": "call.completed", "where": {"duration_s": {"ge": 30}}}),
    ("count, distinct", "leads", {"count": "lead.created", "distinct": "lead_id"}),
    ("count, distinct ticket", "tickets", {"count": "ticket.opened", "distinct": "ticket_id"}),
    ("count, distinct lead", "leads", {"count": "lead.qualified", "distinct": "lead_id"}),
    ("sum", "VND", {"sum": "amount", **SALES}),
    ("mean", "minutes", {"mean": "duration_s", **CALLS}),
    ("mean, per", "minutes", {"mean": ["duration_s", "hold_s"], **CALLS, "per": "ticket_id"}),
    ("quantile, per", "minutes", {"quantile": ["duration_s", "hold_s"], **CALLS, "per": "ticket_id", "q": 0.9}),
    ("latest", "people", {"latest": "headcount", "of": "headcount.snapshot", "per": "team", "at": "mean"}),
    ("sum_of", "contacts", {"sum_of": [{"count": "call.completed"}, {"count": "meeting.held"}]}),
    ("difference", "VND", MARGIN),
    ("ratio", "%", WON),
    ("conversion", "%", {"conversion": JOURNEY, "as": "projected"}),
    ("elapsed", "hours", {"elapsed": WAIT, "as": "mean"}),
    ("retention", "%", {"retention": {"base": "customer.created", "lost": "customer.churned", "key": "customer_id"}}),
    ("repeat", "%", {"repeat": {**SALES, "key": "customer_id", "within": "365d"}, "as": "projected"}),
    ("growth", "%", {"growth": {"of": {"sum": "amount", **SALES}, "over": "1 month", "against": "previous"}}),
    ("attainment", "%", {"attainment": {"kpis": "all", "at": 1.0, "by": "score", "cap": 1.2}}),
)
SCOPES = {"latest": "team", "attainment": "team"}
SCORED = {"kind": "lagging", "goal": "keep", "targets": [{"value": 100_000_000, "per": "person"}]}


class Cost(NamedTuple):
    """CPU microseconds an event by stage, and live rows with their bytes, after `events` events."""

    events: int
    cpu_us: dict[Stage, float]
    rows: int
    bytes: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `measures`."""
    parser.add_argument("--days", type=int, default=60, help="of a simulated company (default: %(default)s)")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Measures and prints the table."""
    company = demo_company()
    start_us = int(START.timestamp()) * 1_000_000
    arrivals = generate(company, start_us, start_us + asked.days * DAY_US, seed=7)
    events = [(arrival.at_us, arrival.event.type, encode(arrival.event), arrival.event.subject) for arrival in arrivals]
    rows = []
    for name, unit, measure in MEASURES:
        catalogue = _catalogue(company.catalogue, name, unit, measure)
        plans = compiled(catalogue, Policy(), 1, lambda key: 0).observe.spread.plans
        read = {type_ for plan in plans.values() for type_ in plan.types}
        records = [
            PlainRecord(place, at_us // 1000, subject.encode(), value)
            for place, (at_us, type_, value, subject) in enumerate(events)
            if type_ in read
        ]
        rows.append([name, *_told(_cost(catalogue, records))])
    head = ["measure", "events", "us/event", "OBSERVE", "LINK", "JUDGE", "rows/1,000 events", "bytes/row"]
    print(markdown(head, rows))
    return 0


def _told(cost: Cost) -> list[str]:
    stages_us = [f"{cost.cpu_us.get(stage, 0.0):.1f}" for stage in SOURCES]
    per_row = f"{cost.bytes / cost.rows:.0f}" if cost.rows else "-"
    whole_us = f"{sum(cost.cpu_us.values()):.1f}"
    return [f"{cost.events:,}", whole_us, *stages_us, f"{1000 * cost.rows / cost.events:.0f}", per_row]


def _catalogue(company: Catalogue, name: str, unit: str, measure: dict[str, Any]) -> Catalogue:
    """The company with one KPI by month for each person (or team), and with what it scores, if it is one over KPIs."""
    shape = {"kind": "metric", "scope": SCOPES.get(name, "person"), "period": "month"}
    kpis: list[dict[str, Any]] = [{"id": "k", "title": name, "unit": unit, "measure": measure, **shape}]
    if name == "attainment":
        kpis.append({**kpis[0], "id": "s", "unit": "VND", "scope": "person", "measure": {"sum": "amount", **SALES}})
        kpis[-1] |= {**SCORED, "goal": company.goals[0].id}
    return company.model_copy(update={"kpis": tuple(map(Kpi.model_validate, kpis))})


def _cost(catalogue: Catalogue, records: Sequence[PlainRecord]) -> Cost:
    road = [spec for spec in stages(catalogue, Policy(), 1, lambda key: 0) if spec.stage in SOURCES]
    spent: dict[Stage, float] = {}
    changelogs: dict[bytes, bytes] = {}
    rounds = 0
    while sum(spent.values()) < LEAST_S:
        changelogs = _walk(road, records, spent)
        rounds += 1
    cpu_us = {stage: cpu_s * 1e6 / rounds / len(records) for stage, cpu_s in spent.items()}
    return Cost(len(records), cpu_us, len(changelogs), sum(len(key) + len(row) for key, row in changelogs.items()))


def _walk(road: Sequence[StageSpec], records: Sequence[PlainRecord], spent: dict[Stage, float]) -> dict[bytes, bytes]:
    """Everything through new states; the rows at the end."""
    states = {spec.stage: spec.open(0) for spec in road}
    rows: dict[bytes, bytes] = {}
    now_us = int((START + timedelta(400)).timestamp()) * 1_000_000
    for place in range(0, len(records), CHUNK):
        waiting = {EVENTS.name: list(records[place : place + CHUNK])}
        for stage, state in states.items():
            taken = waiting.pop(SOURCES[stage].name, [])
            began_s = process_time()
            step = state.feed(taken, Now(now_us, caught_up=False))
            spent[stage] = spent.get(stage, 0.0) + process_time() - began_s
            for send in step.sends:
                waiting.setdefault(send.topic.name, []).append(PlainRecord(0, now_us // 1000, send.key, send.value))
            for key, row in step.rows.items():
                name = stage.value.encode() + key
                if row is None:
                    rows.pop(name, None)
                elif EVENT.encode() not in key:
                    rows[name] = row
    return rows
