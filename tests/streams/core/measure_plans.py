"""Every form of every measure, with the events that move it: what the laws of measures and their reference run over.

A form of the grammar that no plan has fails test_measure_laws.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from schemas.catalogue.measures import leading_key
from tests.streams.core import worlds as companies
from tests.streams.core.worlds_measures import Plan

LEADS = ("lead.created", "lead.created", "lead.merged", "sale.closed", "sale.closed", "customer.created")
TICKETS = ("ticket.opened", "ticket.first_response", "ticket.waiting_customer", "ticket.resumed")
COMPLAINTS = ("complaint.opened", "complaint.resolved", "complaint.reopened")
HANDOVERS = ("lead.handed_over", "lead.accepted", "lead.rejected", "lead.merged")
CUSTOMERS = ("customer.created", "customer.active", "customer.churned")
SOLD = {"sum": "amount", "of": "sale.closed"}


def conversion(as_: str, credit: str = "from", **more: Any) -> Plan:
    spec = {"from": "lead.created", "to": ["sale.closed", "customer.created"], "key": "lead_id", "within": "10d"}
    return Plan("%", {"conversion": {**spec, "credit": credit}, "as": as_}, LEADS, **more)


def trained(as_: str) -> Plan:
    spec = {
        "from": "training.invited", "to": "training.attended", "key": ["person_id", "training_id"], "within": "12h",
    }  # fmt: skip
    return Plan("%", {"conversion": spec, "as": as_}, ("training.invited", "training.attended"))


def from_web(as_: str) -> Plan:
    chosen = {"of": "lead.created", "where": {"source_channel": {"eq": "web"}}}
    spec = {"from": chosen, "to": {"of": "sale.closed", "where": {"amount": {"gt": 50}}}, "key": "lead_id"}
    return Plan("%", {"conversion": {**spec, "within": "20d", "credit": "to"}, "as": as_}, LEADS)


def answered(unit: str, as_: Any, clock: str = "business", credit: str = "to") -> Plan:
    spec = {
        "from": "ticket.opened", "to": {"of": "ticket.first_response", "where": {"automatic": {"ne": True}}},
        "key": "ticket_id", "clock": clock, "pause": ["ticket.waiting_customer", "ticket.resumed"], "credit": credit,
    }  # fmt: skip
    return Plan(unit, {"elapsed": spec, "as": as_}, TICKETS)


def resolved(unit: str, as_: Any, clock: str = "business", **more: str) -> Plan:
    spec = {
        "from": "complaint.opened", "to": "complaint.resolved", "key": "complaint_id", "clock": clock,
        "undo": "complaint.reopened", "credit": "to", **more,
    }  # fmt: skip
    return Plan(unit, {"elapsed": spec, "as": as_}, COMPLAINTS)


def accepted(unit: str, as_: Any, clock: str = "business") -> Plan:
    spec = {
        "from": "lead.handed_over", "to": "lead.accepted", "key": "lead_id", "clock": clock, "stop": "lead.rejected",
    }  # fmt: skip
    return Plan(unit, {"elapsed": spec, "as": as_}, HANDOVERS)


def level(at: str) -> Plan:
    measure = {"latest": "headcount", "of": "headcount.snapshot", "per": "team", "at": at}
    return Plan("people", measure, ("headcount.snapshot",), scopes=("team", "department", "org"))


def turnover() -> Plan:
    left, level_ = {"count": "employee.left", "distinct": "person_id"}, level("mean").measure
    types = ("headcount.snapshot", "headcount.snapshot", "employee.left")
    return Plan("%", {"ratio": {"of": left, "to": level_}}, types, scopes=("team", "org"))


def kept(**more: str) -> Plan:
    spec = {"base": ["customer.created", "customer.active"], "lost": "customer.churned", "key": "customer_id", **more}
    return Plan("%", {"retention": spec}, CUSTOMERS)


def staff() -> Plan:
    spec = {"base": "employee.hired", "lost": "employee.left", "key": "person_id"}
    return Plan("%", {"retention": spec}, ("employee.left", "employee.hired"), periods=("month", "quarter"))


def repeat(as_: str, within: str = "10d", **more: Any) -> Plan:
    return Plan("%", {"repeat": {"of": "sale.closed", "key": "customer_id", "within": within}, "as": as_},
                ("sale.closed",), **more)  # fmt: skip


def growth(over: str, period: str, against: Any, of: dict[str, Any] | None = None, **more: Any) -> Plan:
    spec = {"of": of or SOLD, "over": over, "against": against, **more}
    types = ("sale.closed", "sale.closed", "call.completed")
    return Plan("%", {"growth": spec}, types, periods=(period,), ends=timedelta(60))


def reached(by: str, period: str, at: float, kpis: Any = "all", gate: str = "month") -> Plan:
    """H3 over calls each week, meetings each month, and sales that a guardrail gates."""
    shown: dict[str, Any] = {"title": "x", "unit": "things", "kind": "leading", "scope": "person"}
    scored = (
        {**shown, "id": "calls", "weight": 50, "period": "week", "measure": {"count": "call.completed"},
         "targets": [{"value": 1}]},
        {**shown, "id": "meetings", "weight": 30, "period": "month", "measure": {"count": "meeting.held"},
         "targets": [{"value": 2}]},
        {**shown, "id": "sales", "weight": 20, "period": "month", "measure": {"count": "sale.closed"},
         "targets": [{"value": 1}], "guardrail": "kept"},
        {**shown, "id": "kept", "kind": "metric", "period": gate, "measure": {"count": "call.completed"},
         "targets": [{"value": 1}]},
    )  # fmt: skip
    spec = {"kpis": kpis, "at": at, "by": by, "cap": 1.2}
    return Plan("%", {"attainment": spec}, ("call.completed", "meeting.held", "sale.closed"), periods=(period,),
                scopes=("team", "org"), ends=timedelta(60), kpis=scored)  # fmt: skip


def quantile(q: float, **more: Any) -> Plan:
    types = ("call.completed", "call.completed", "meeting.held", "ticket.work_started", "ticket.work_ended")
    measure = {"quantile": ["duration_s", "hold_s", "work_s"], "of": ["call.completed", "ticket.work_ended"], "q": q}
    return Plan("minutes", {**measure, **more}, types)


def plain(leading: str) -> tuple[Plan, ...]:
    """What random companies have of a measure that reads each event by itself."""
    return tuple(
        Plan(unit, measure, tuple(read_by(measure)))
        for unit, measure in companies.MEASURES
        if leading_key(measure) == leading
    )


def read_by(node: dict[str, Any]) -> list[str]:
    """The types of root events that a measure reads; what takes back a sale comes with sales."""
    types: list[str] = []
    for name, told in node.items():
        for part in told if isinstance(told, list) else [told]:
            if isinstance(part, dict) and name != "where":
                types += read_by(part)
            elif name in ("count", "of"):
                types.append("sale.closed" if part == "sale.reversed" else part)
    return list(dict.fromkeys(types))


CALLS = {"count": "call.completed"}
PLAIN: Mapping[str, tuple[Plan, ...]] = {
    leading: plain(leading) for leading in ("count", "sum", "sum_of", "difference", "ratio", "mean")
}
"""What random companies have, whose reference is tests/reference; that of the others is tests/reference_measures."""
PLANS: Mapping[str, tuple[Plan, ...]] = {
    "quantile": (
        quantile(0.5), quantile(0.9, per="ticket_id"), quantile(0.07, where={"owner": {"ne": "chi"}}), quantile(1.0),
    ),
    "mean of times": (
        Plan("minutes", {"mean": "work_s", "of": "ticket.work_ended", "per": "ticket_id"},
             ("ticket.work_started", "ticket.work_ended")),
        Plan("minutes", {"mean": "duration_s", "of": "call.completed", "where": {"duration_s": {"le": 60}}},
             ("call.completed",)),
    ),
    "latest": (level("end"), level("start"), level("mean"), turnover()),
    "conversion raw": (
        conversion("raw"), conversion("raw", credit="to"), trained("raw"), from_web("raw"),
    ),
    "conversion matured": (conversion("matured"), trained("matured"), from_web("matured")),
    "conversion projected, all matured": (conversion("projected", ends=timedelta(10)),),
    "elapsed mean": (
        answered("hours", "mean"), answered("minutes", "mean", clock="wall", credit="from"),
        resolved("days", "mean", clock="wall"), resolved("hours", "mean", hold="2d"), accepted("hours", "mean"),
    ),
    "elapsed quantile": (
        answered("hours", {"quantile": 0.5}), accepted("days", {"quantile": 0.9}, clock="wall"),
    ),
    "elapsed share": (
        answered("%", {"share_within": "4h"}), answered("%", {"share_within": "36h"}, clock="wall", credit="from"),
        accepted("%", {"share_within": "4h"}), accepted("%", {"share_within": "2d", "late": "good"}, clock="wall"),
    ),
    "elapsed share undone": (
        resolved("%", {"share_within": "24h", "late": "good"}, hold="7d"),
        resolved("%", {"share_within": "2d"}, clock="wall", hold="2d"), resolved("%", {"share_within": "8h"}),
    ),
    "retention": (kept(), kept(idle="10d"), staff()),
    "repeat raw": (repeat("raw"), repeat("raw", within="36h")),
    "repeat matured": (repeat("matured"),),
    "repeat projected, all matured": (repeat("projected", ends=timedelta(10)),),
    "growth": (
        growth("1 month", "month", "previous"), growth("1 month", "month", "previous", adjust="days"),
        growth("1 month", "month", "previous", adjust="working_time"), growth("7d", "week", {"back": "14d"}, per="7d"),
        growth("1 month", "month", {"value": 80}), growth("7d", "week", "previous", of={"count": "call.completed"}),
        growth("1 month", "month", {"from": "2026-03-10", "to": "2026-03-20"}, adjust="days"),
        growth("1 month", "month", "previous", of={"count": "call.completed", "distinct": "ticket_id"}),
    ),
    "attainment": (
        reached("score", "month", 0.3), reached("every", "month", 1.3, ["sales", "meetings"]),
        reached("score", "quarter", 0.2, gate="week"),
        reached("score", "week", 0.2, ["sales", "calls"], gate="quarter"),
    ),
    "by": (
        Plan("VND", SOLD, ("sale.closed",), by="campaign_id"),
        Plan("leads", {"count": "call.completed", "distinct": "lead_id"}, ("call.completed",), by="campaign_id"),
        Plan("%", {"ratio": {"of": {**CALLS, "where": {"outcome": {"eq": "answered"}}}, "to": CALLS}},
             ("call.completed",), by="campaign_id"),
    ),
    "conversion by": (
        conversion("raw", by="source_channel"), conversion("raw", credit="to", by="team"),
        conversion("projected", by="source_channel", ends=timedelta(10)),
    ),
    "each measure by": (
        *(plan._replace(by="owner") for plan in (
            quantile(0.5), quantile(0.9, per="ticket_id"), answered("hours", "mean"), accepted("hours", "mean"),
            answered("%", {"share_within": "4h"}), resolved("hours", {"quantile": 0.5}), kept(), kept(idle="10d"),
            Plan("minutes", {"mean": ["duration_s", "hold_s"], "of": "call.completed", "per": "ticket_id"},
                 ("call.completed",)),
            Plan("contacts", {"sum_of": [CALLS, {"count": "meeting.held"}]}, ("call.completed", "meeting.held")),
            Plan("VND", {"difference": {"of": SOLD, "minus": {**SOLD, "basis": "reversed"}}}, ("sale.closed",)),
            Plan("leads", {"count": "lead.created", "distinct": "lead_id"},
                 ("lead.created", "lead.created", "lead.merged", "lead.merged")),
        )),
        *(plan._replace(by="campaign_id") for plan in (
            repeat("raw"), repeat("matured"), growth("1 month", "month", "previous"),
            growth("7d", "week", {"back": "14d"}, per="7d"), growth("1 month", "month", {"value": 80}),
            growth("1 month", "month", {"from": "2026-03-10", "to": "2026-03-20"}, adjust="days"),
            growth("1 month", "month", "previous", of={"count": "sale.closed", "distinct": "customer_id"}),
            Plan("leads", {"count": "call.completed", "distinct": "lead_id"},
                 ("call.completed", "call.completed", "lead.merged")),
        )),
        level("end")._replace(by="team"), level("mean")._replace(by="team"),
        Plan("calls", CALLS, ("call.completed",), by="ticket_id"),
    ),
    "merged leads counted": (
        Plan("leads", {"count": "lead.created", "distinct": "lead_id"},
             ("lead.created", "lead.created", "lead.merged", "lead.merged")),
        Plan("leads", {"count": "call.completed", "distinct": "lead_id"},
             ("call.completed", "call.completed", "lead.merged")),
        Plan("leads", {"count": ["lead.rejected", "lead.created"], "distinct": "lead_id"},
             ("lead.rejected", "lead.created", "lead.created", "lead.merged", "lead.merged")),
        *(Plan("leads", {"count": types, "distinct": "lead_id", "basis": basis},
               ("sale.closed", "sale.closed", "lead.created", "lead.merged"))
          for types in ("sale.closed", ["sale.closed", "lead.created"]) for basis in ("net", "reversed")),
        Plan("%", {"ratio": {"of": {"count": "lead.rejected", "distinct": "lead_id"},
                             "to": {"count": "lead.created", "distinct": "lead_id"}}},
             ("lead.rejected", "lead.rejected", "lead.created", "lead.created", "lead.merged", "lead.merged")),
        Plan("minutes", {"mean": ["duration_s", "hold_s"], "of": "call.completed", "per": "lead_id"},
             ("call.completed", "call.completed", "lead.merged")),
    ),
}  # fmt: skip
