"""Small nasty histories for each measure, as Hypothesis strategies: they shrink to the few events that matter.

All moments lie on a coarse grid or at the edge of a period, so that ties are common; keys are few, so that everything
meets; every event may be corrected (its keys too), reversed in part or whole, retracted, told twice.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.reference.periods import midnight
from tests.reference_measures.examples import company, entity_field, subject
from tests.streams.core.worlds import Event

ZONES = ("Asia/Ho_Chi_Minh", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
START = datetime(2026, 3, 6, tzinfo=UTC)  # New York changes its clocks on 8 March, Berlin on the 29th
EDGES = (date(2026, 3, 9), date(2026, 3, 29), date(2026, 4, 1), date(2026, 4, 6))  # days, weeks, months, quarters
DAYS = 40
OFFICES = (
    {"hours": {"mon-fri": ["08:00-11:30", "13:30-17:30"]}, "overrides": {"2026-03-17": "closed"}},
    {"hours": {"mon-sat": ["09:00-17:00"]}, "overrides": {"2026-04-01": ["10:00-12:00"]}},
    {"hours": {"fri-sun": ["22:00-06:00"], "mon": ["00:00-24:00"]}},
)
PEOPLE = [
    {"id": "an", "team": "hn-1", "to": "2026-03-20"}, {"id": "an", "team": "hn-2", "from": "2026-03-20"},
    {"id": "binh", "team": "hn-1", "from": "2026-03-10", "to": "2026-04-01"}, {"id": "chi", "team": "hn-2"},
]  # fmt: skip
Fields = Callable[["Dice"], dict[str, Any]]


class World(NamedTuple):
    """One KPI `k`, what happened, and up to when."""

    catalogue: dict[str, Any]
    events: list[Event]
    until: datetime | None


class Dice:
    """Draws of one world."""

    def __init__(self, draw: st.DrawFn, zone: ZoneInfo) -> None:
        self._draw, self._zone = draw, zone

    def one(self, *choices: Any) -> Any:
        return self._draw(st.sampled_from(choices))

    def chance(self, of: int) -> bool:
        """True once in so many times; shrinks to False."""
        return bool(self._draw(st.integers(0, of - 1)) == of - 1)

    def some(self, **fields: Any) -> dict[str, Any]:
        return {name: value for name, value in fields.items() if self.chance(2)}

    def index(self, size: int) -> int:
        return self._draw(st.integers(0, size - 1))

    def moment(self) -> datetime:
        """On a grid of half a day or half an hour, or around an edge of periods."""
        if self.chance(4):
            edge = midnight(self.one(*EDGES), self._zone)
            return edge + timedelta(microseconds=self.one(0, -1, 1))
        step: timedelta = self.one(timedelta(hours=12), timedelta(minutes=30))
        return START + int(self._draw(st.integers(0, int(timedelta(DAYS) / step)))) * step

    def owner(self) -> dict[str, Any]:
        return dict(self.one({"owner": "an"}, {"owner": "binh"}, {"owner": "chi"}, {"team": "hn-2"}, {}))


def lead(dice: Dice) -> str:
    return str(dice.one("l1", "l2", "l3", "l4"))


def sale(dice: Dice) -> dict[str, Any]:
    return {
        "sale_id": dice.one("s1", "s2", "s3", "s4", "s5"), "owner": dice.one("an", "binh", "chi"),
        "amount": dice.one(100, 40), "currency": "VND",
        **dice.some(lead_id=lead(dice), customer_id=dice.one("c1", "c2"), campaign_id=dice.one("spring", "autumn")),
    }  # fmt: skip


def ticket(dice: Dice) -> dict[str, Any]:
    return {"ticket_id": dice.one("t1", "t2"), **dice.owner()}


def complaint(dice: Dice) -> dict[str, Any]:
    return {"complaint_id": dice.one("p1", "p2"), **dice.owner()}


def customer(dice: Dice) -> dict[str, Any]:
    return {"customer_id": dice.one("c1", "c2", "c3"), **dice.owner(), **dice.some(lead_id=lead(dice))}


def training(dice: Dice) -> dict[str, Any]:
    return {"person_id": dice.one("an", "binh", "chi"), "training_id": dice.one("x", "y")}


def handed(dice: Dice) -> dict[str, Any]:
    return {"lead_id": lead(dice), "to_owner": dice.one("an", "binh"), **dice.some(owner="chi")}


def call(dice: Dice) -> dict[str, Any]:
    return {
        "owner": dice.one("an", "binh", "chi"), "outcome": dice.one("answered", "busy"),
        "duration_s": dice.one(0, 1, 30.5, 60, 61, 3600), **dice.some(hold_s=10, ticket_id="t1", purpose="sale"),
        **dice.some(campaign_id=dice.one("spring", "autumn"), lead_id=lead(dice)),
    }  # fmt: skip


def opportunity(dice: Dice) -> dict[str, Any]:
    return {"opportunity_id": dice.one("o1", "o2", "o3"), "owner": dice.one("an", "binh", "chi")}


def contract(dice: Dice) -> dict[str, Any]:
    return {"contract_id": dice.one("n1", "n2", "n3"), "owner": dice.one("an", "binh", "chi")}


def survey(dice: Dice) -> dict[str, Any]:
    return {"about_id": dice.one("t1", "t2", "t3"), **dice.owner()}


def requisition(dice: Dice) -> dict[str, Any]:
    return {"requisition_id": dice.one("r1", "r2"), **dice.some(team="hn-1")}


def email(dice: Dice) -> dict[str, Any]:
    return {"message_id": dice.one("m1", "m2"), "recipient_hash": dice.one("a", "b"), **dice.some(campaign_id="spring")}


FIELDS: Mapping[str, Fields] = {
    "lead.created": lambda dice: {"lead_id": lead(dice), **dice.owner(), **dice.some(source_channel="web")},
    "lead.merged": lambda dice: {"lead_id": lead(dice), "into_lead_id": lead(dice)},
    "lead.accepted": lambda dice: {"lead_id": lead(dice), **dice.owner()},
    "lead.rejected": lambda dice: {"lead_id": lead(dice), **dice.owner()},
    "lead.handed_over": handed,
    "sale.closed": sale,
    "customer.created": customer, "customer.active": customer, "customer.churned": customer,
    "training.invited": training, "training.attended": training,
    "ticket.opened": ticket, "ticket.waiting_customer": ticket, "ticket.resumed": ticket,
    "ticket.first_response": lambda dice: {**ticket(dice), **dice.some(automatic=dice.one(True, False))},
    "ticket.work_started": lambda dice: {"ticket_id": "t1", "owner": dice.one("an", "binh")},
    "ticket.work_ended": lambda dice: {
        "ticket_id": "t1", "owner": dice.one("an", "binh"), **dice.some(work_s=dice.one(5, 600)),
    },
    "complaint.opened": complaint, "complaint.resolved": complaint, "complaint.reopened": complaint,
    "headcount.snapshot": lambda dice: {"team": dice.one("hn-1", "hn-2", "care"), "headcount": dice.one(0, 3, 10, 21)},
    "employee.left": lambda dice: {"person_id": dice.one("an", "chi"), **dice.some(team="hn-2")},
    "employee.hired": lambda dice: {"person_id": dice.one("an", "chi"), **dice.some(team="hn-2")},
    "call.completed": call,
    "meeting.held": lambda dice: {"owner": dice.one("an", "binh", "chi")},
    "lead.qualified": lambda dice: {"lead_id": lead(dice), **dice.owner()},
    "opportunity.won": opportunity, "opportunity.lost": opportunity,
    "contract.signed": contract, "contract.cancelled": contract,
    "csat.sent": survey, "csat.response": lambda dice: {**survey(dice), "score": dice.one(1, 3, 4, 5)},
    "survey.esat.response": lambda dice: {"score": dice.one(0, 7.5, 10), **dice.some(team="hn-1")},
    "ticket.resolved": ticket, "ticket.reopened": ticket,
    "requisition.opened": requisition, "requisition.cancelled": requisition, "offer.accepted": requisition,
    "web.session": lambda dice: {
        "visitor_hash": "v", "channel": dice.one("organic", "paid"),
        **dice.some(bot=True, bounced=dice.one(True, False)),
    },
    "ad.spend": lambda dice: {"campaign_id": "spring", "amount": dice.one(1000, 25)},
    "ad.impression": lambda dice: {"campaign_id": "spring", **dice.some(reach_hash=dice.one("a", "b"), count=2)},
    "conversion.recorded": lambda dice: dice.some(campaign_id=dice.one("spring", "autumn"), value=dice.one(5, 70)),
    "cost.recorded": lambda dice: {"kind": dice.one("sales", "marketing", "recruiting", "cogs"), "amount": 300},
    "email.delivered": email, "email.opened": lambda dice: {**email(dice), **dice.some(machine=dice.one(True, False))},
    "email.clicked": email, "email.unsubscribed": email, "email.complained": email,
    "social.engagement": lambda dice: {
        "kind": dice.one("like", "share"), **dice.some(count=dice.one(0, 4), sentiment=dice.one(-0.5, 0.5)),
    },
}  # fmt: skip


@st.composite
def histories(draw: st.DrawFn, types: tuple[str, ...], zone: ZoneInfo, most: int = 14) -> list[Event]:
    """Events in no order: roots of some types (a type named twice comes twice as often), and what changes them."""
    dice = Dice(draw, zone)
    events: list[Event] = []
    for number in range(draw(st.integers(0, most))):
        if events and dice.chance(4):
            events.append(amended(dice, number, events[dice.index(len(events))]))
        else:
            type_ = dice.one(*types)
            data = FIELDS[type_](dice)
            events.append(event(number, type_, subject(type_, data, f"e{number}"), data, dice))
    return draw(st.permutations(events)) if dice.chance(2) else events


def amended(dice: Dice, number: int, above: Event) -> Event:
    """A retraction, a correction with other data, a reversal, or the same event once more."""
    type_, data = above["type"], above["data"]
    over = {"supersedes": {"source": above["source"], "id": above["id"]}}
    changes = ["retraction", "correction", "again"] + ["part", "whole"] * (type_ == "sale.closed")
    change = dice.one(*changes)
    if change == "again" or type_.endswith(".retracted"):
        return above
    if change == "retraction":
        root = "sale.closed" if type_ == "sale.corrected" else type_
        return event(number, f"{root}.retracted", above["subject"], over, dice)
    if change in ("part", "whole"):
        taken = {"amount": dice.one(40, 60)} if change == "part" else {}
        return event(number, "sale.reversed", above["subject"], {"sale_id": data["sale_id"], **taken, **over}, dice)
    base = "sale.closed" if type_ == "sale.corrected" else str(type_)
    if base == "sale.reversed":
        return above
    field = entity_field(base)
    fresh = {**FIELDS[base](dice), **({field: data[field]} if field in data else {}), **over}
    name = dice.one("sale.closed", "sale.corrected") if base == "sale.closed" else base
    return event(number, name, above["subject"], fresh, dice)


def event(number: int, type_: str, subject_: str, data: dict[str, Any], dice: Dice) -> Event:
    # Ids that do not sort as the events came.
    return {
        "specversion": "1.0", "id": f"{number * 7 % 10}-{number}", "source": dice.one("crm", "web"), "type": type_,
        "time": dice.moment().isoformat(), "subject": subject_, "data": data,
    }  # fmt: skip


class Plan(NamedTuple):
    """A measure, and the events that move it."""

    unit: str
    measure: dict[str, Any]
    types: tuple[str, ...]
    periods: tuple[str, ...] = ("day", "week", "month", "quarter")
    scopes: tuple[str, ...] = ("person", "team", "org")
    by: str | None = None
    ends: timedelta | None = None  # the clock stands this long after the last event at the earliest
    kpis: tuple[dict[str, Any], ...] = ()


@st.composite
def worlds(draw: st.DrawFn, plans: tuple[Plan, ...]) -> World:
    """One of some plans, somewhere in the world."""
    plan: Plan = draw(st.sampled_from(plans))
    zone = draw(st.sampled_from(ZONES))
    dice = Dice(draw, ZoneInfo(zone))
    kpi = {
        "id": "k", "kind": "metric", "unit": plan.unit, "scope": dice.one(*plan.scopes),
        "period": dice.one(*plan.periods), "measure": plan.measure, **({"by": plan.by} if plan.by else {}),
    }  # fmt: skip
    events = draw(histories(plan.types, ZoneInfo(zone)))
    until = dice.moment() if dice.chance(3) else None
    if plan.ends is not None:
        until = START + timedelta(DAYS) + plan.ends
    return World(company([kpi, *plan.kpis], zone, dice.one(*OFFICES), PEOPLE), events, until)
