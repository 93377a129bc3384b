"""Random catalogues and random events of a small company, made from a seed: smaller sizes give a beginning of the same.

Everything that moves a value is in them: moves and leavers, unknown owners, chains of corrections, duplicates, periods
across a change of the clocks.
"""

import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from schemas.catalogue.models import Catalogue

Event = dict[str, Any]
ZONES = ("Asia/Ho_Chi_Minh", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
START = datetime(2026, 3, 6, tzinfo=UTC)  # New York changes its clocks on 8 March, Berlin on the 29th
DAYS = 45
SALE = {"of": "sale.closed"}
MEASURES: list[tuple[str, dict[str, Any]]] = [
    ("calls", {"count": "call.completed", "where": {"outcome": {"eq": "answered"}, "duration_s": {"ge": 30}}}),
    ("calls", {"count": ["call.completed", "meeting.held"]}),
    ("calls", {"count": "call.completed", "where": {"purpose": {"ne": "support"}}}),
    (
        "calls",
        {"count": "call.completed", "where": {"lead_id": {"exists": False}, "outcome": {"in": ["answered", "busy"]}}},
    ),
    ("sales", {"count": "sale.closed"}),
    ("sales", {"count": "sale.closed", "basis": "gross"}),
    ("sales", {"count": "sale.closed", "basis": "reversed"}),
    ("reversals", {"count": "sale.reversed"}),
    ("VND", {"sum": "amount", **SALE}),
    ("VND", {"sum": "amount", **SALE, "basis": "gross"}),
    ("VND", {"sum": "amount", **SALE, "basis": "reversed"}),
    ("VND", {"sum": "cost", **SALE, "where": {"amount": {"gt": 100}}}),
    ("leads", {"count": "lead.created", "distinct": "lead_id"}),
    ("leads", {"count": "call.completed", "distinct": "lead_id"}),
    ("people", {"count": ["call.completed", "sale.closed"], "distinct": ["customer_id", "lead_id"]}),
    ("customers", {"count": "sale.closed", "distinct": "customer_id"}),
    (
        "contacts",
        {"sum_of": [{"count": "call.completed", "where": {"duration_s": {"lt": 60}}}, {"count": "meeting.held"}]},
    ),
    ("contacts", {"sum_of": [{"count": "meeting.held"}, {"count": "call.completed", "distinct": "customer_id"}]}),
    ("VND", {"difference": {"of": {"sum": "amount", **SALE}, "minus": {"sum": "cost", **SALE}}}),
    (
        "%",
        {
            "ratio": {
                "of": {"sum": "amount", **SALE, "basis": "reversed"},
                "to": {"sum": "amount", **SALE, "basis": "gross"},
            }
        },
    ),
    ("VND", {"ratio": {"of": {"sum": "amount", **SALE}, "to": {"count": "call.completed", "distinct": "lead_id"}}}),
    (
        "%",
        {
            "ratio": {
                "of": {"count": "call.completed", "where": {"outcome": {"eq": "answered"}}},
                "to": {"count": "call.completed"},
            }
        },
    ),
    (
        "minutes",
        {"mean": ["duration_s", "hold_s", "work_s"], "of": ["call.completed", "ticket.work_ended"], "per": "ticket_id"},
    ),
    ("hours", {"mean": "duration_s", "of": ["call.completed", "meeting.held"]}),
    ("hours", {"sum": "duration_s", "of": ["call.completed", "meeting.held"]}),
    ("VND", {"mean": "amount", **SALE}),
    ("score", {"mean": "score", "of": "survey.esat.response"}),
    ("people", {"count": "employee.left", "distinct": "person_id"}),
    ("handovers", {"count": "lead.handed_over"}),
]


def catalogue(seed: int, *, kpis: int = 5) -> Catalogue:
    """A company of three teams with some KPIs; persons move, come and go."""
    random = Random(seed)
    return Catalogue.model_validate(
        {
            "version": 1,
            "tenant": {"id": "acme", "timezone": random.choice(ZONES), "currency": "VND", "locale": "en"},
            "calendar": {
                "hours": random.choice([{"mon-fri": ["08:00-11:30", "13:30-17:30"]}, {"mon-sat": ["09:00-17:00"]}]),
                "overrides": {"2026-03-17": "closed", "2026-04-01": ["10:00-12:00"]},
            },
            "teams": [
                {"id": "hn-1", "department": "sales"},
                {"id": "hn-2", "department": "sales"},
                {"id": "care", "department": "service"},
            ],
            "people": [
                {"id": "an", "team": "hn-1"},
                {"id": "binh", "team": "hn-1"},
                {"id": "binh", "team": "hn-2", "from": _day(random)},
                {"id": "chi", "team": "hn-2", "from": _day(random, 0, 20), "to": _day(random, 21, 40)},
                {"id": "dung", "team": "care", "from": _day(random, 0, 10)},
                {"id": "dung", "team": "hn-2", "from": _day(random, 11, 20)},
                {"id": "dung", "team": "care", "from": _day(random, 21, 40)},
            ],
            "kpis": [{**_kpi(random, number), **_by(seed, number)} for number in range(kpis)],
        }
    )


def _by(seed: int, number: int) -> dict[str, Any]:
    """Series of some KPIs. Owners are few, corrections change them, and the smaller ones are folded into `other`."""
    random = Random(f"by {seed} {number}")  # apart, so that a seed of before has the company that it had
    return {"by": {"field": random.choice(["owner", "team"]), "most": random.randint(1, 3)}} if number % 3 == 2 else {}


def _kpi(random: Random, number: int) -> dict[str, Any]:
    unit, measure = random.choice(MEASURES)
    scope = random.choice(["person", "person", "team", "department", "org"])
    kpi: dict[str, Any] = {
        "id": f"k{number}",
        "title": f"KPI {number}",
        "kind": random.choice(["leading", "lagging", "metric"]),
        "unit": unit,
        "direction": random.choice(["up", "up", "up", "down", "band"]),
        "scope": scope,
        "period": random.choice(["day", "week", "month", "quarter", "year"]),
        "measure": measure,
    }
    if random.random() < 0.3:
        kpi["for"] = random.choice([["hn-1"], ["sales"], ["hn-2", "care"]])
    if random.random() < 0.7:
        kpi["targets"] = _targets(random, scope)
    return kpi


def _targets(random: Random, scope: str) -> list[dict[str, Any]]:
    """For the scope itself, at times in two versions, for wider kinds, and for one subject."""
    scopes = ["person", "team", "department", "org"]
    begins = {} if random.random() < 0.3 else {"from": _day(random, -20, 15)}
    targets: list[dict[str, Any]] = [{"value": random.choice([0, 3, 10, 80]), "per": scope, **begins}]
    if random.random() < 0.5:
        targets.append({"value": random.choice([5, 20.5]), "per": scope, "from": _day(random, 16, 40)})
    if random.random() < 0.3:
        targets.append({"value": 33, "per": random.choice(scopes[scopes.index(scope) :][1:] or [scope])})
        if targets[-1]["per"] == scope:
            targets.pop()
    if random.random() < 0.3:
        subject = {"person": "binh", "team": "hn-2", "department": "sales", "org": "acme"}[scope]
        targets.append({"value": 7, "subject": subject, "from": _day(random), "to": "2026-05-01"})
    return targets


def _day(random: Random, first: int = 0, last: int = DAYS) -> str:
    return (START + timedelta(random.randint(first, last))).date().isoformat()


def events(seed: int, size: int, *, days: int = DAYS) -> list[Event]:
    """Events in no order: roots, then mostly what changes them."""
    random = Random(f"events {seed}")
    made: list[Event] = []
    for number in range(size):
        kind = random.random()
        if made and kind < 0.08:
            made.append(dict(random.choice(made)))  # a duplicate
        elif made and kind < 0.4:
            made.append(_amendment(random, number, random.choice(made), days))
        else:
            made.append(_root(random, number, days))
    random.shuffle(made)
    return made


def callers() -> Catalogue:
    """One person with a weekly target of calls, who is watched for silence."""
    return Catalogue.model_validate(
        {
            "version": 1,
            "tenant": {"id": "acme", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND", "locale": "en"},
            "calendar": {"hours": {"mon-fri": ["09:00-17:00"]}},
            "teams": [{"id": "hn-1", "department": "sales"}],
            "people": [{"id": "an", "team": "hn-1"}],
            "kpis": [
                {
                    "id": "calls",
                    "title": "Calls",
                    "kind": "leading",
                    "unit": "calls",
                    "scope": "person",
                    "period": "week",
                    "measure": {"count": "call.completed"},
                    "targets": [{"value": 20, "per": "person"}],
                }
            ],
        }
    )


def calls_with_silences(weeks: int) -> list[Event]:
    """Calls of `an` in the order of their times: each week fewer a day than in the one before, and two silent days."""
    made = []
    for week in range(weeks):
        for day in (0, 1, 4):
            for number in range(2 * (weeks - week)):
                at = START + timedelta(days=3 + 7 * week + day, hours=2.5, minutes=number * 240 // (weeks - week))
                name = f"call-{week}-{day}-{number}"
                data = {"owner": "an", "duration_s": 60, "outcome": "answered"}
                made.append(
                    {
                        "specversion": "1.0",
                        "id": name,
                        "source": "pbx",
                        "type": "call.completed",
                        "time": at.isoformat(),
                        "subject": name,
                        "data": data,
                    }
                )
    return made


def lines(some: list[Event]) -> list[tuple[int, bytes]]:
    """As replay takes them: place and record."""
    return [(number, json.dumps(event).encode()) for number, event in enumerate(some)]


def _root(random: Random, number: int, days: int) -> Event:
    person = {"owner": random.choice(["an", "an", "binh", "chi", "dung", "stranger"])}
    if random.random() < 0.2:
        person["team"] = random.choice(["hn-1", "care", "nowhere"])
    lead, customer = f"l{random.randint(0, 3)}", f"c{random.randint(0, 3)}"
    # Durations in eighths of a second: fractions that a float holds exactly.
    seconds = random.choice([0, 12.5, 30, 45.125, 59.875, 60, 3600])
    sale = f"s{random.randint(0, 4)}" if random.random() < 0.5 else f"s{number}"
    some = random.random()
    kinds: list[tuple[str, str, dict[str, Any]]] = [
        ("call.completed", f"call{number}", {
            **person, "duration_s": seconds, "outcome": random.choice(["answered", "busy", "no_answer"]),
            **_maybe(random, purpose="support", lead_id=lead, customer_id=customer, ticket_id="t1", hold_s=10),
        }),
        ("meeting.held", f"m{number}", {**person, **_maybe(random, duration_s=seconds)}),
        ("lead.created", lead, {"lead_id": lead, **(person if some < 0.8 else {"team": "hn-2"})}),
        ("lead.handed_over", lead, {"lead_id": lead, "to_owner": "binh", **_maybe(random, to_team="hn-2")}),
        ("sale.closed", sale, {
            **person, "sale_id": sale, "amount": random.choice([0, 100, 250, 1000]), "currency": "VND",
            **_maybe(random, cost=60, customer_id=customer, lead_id=lead),
        }),
        ("sale.reversed", sale, {"sale_id": sale, **_maybe(random, amount=random.choice([0, 40, 90]), owner="an")}),
        ("ticket.work_ended", "t1", {**person, "ticket_id": "t1", **_maybe(random, work_s=seconds)}),
        ("survey.esat.response", f"r{number}", {"score": 8, "team": "care", **_maybe(random, owner="an")}),
        ("employee.left", "chi", {"person_id": "chi", **_maybe(random, team="hn-2")}),
    ]  # fmt: skip
    weights = [5, 2, 2, 1, 5, 2, 2, 1, 1]
    type_, subject, data = random.choices(kinds, weights)[0]
    return _event(random, number, type_, subject, data, days)


def _amendment(random: Random, number: int, above: Event, days: int) -> Event:
    """Something that supersedes an event: often what may, at times what may not."""
    type_, data = above["type"].removesuffix(".retracted"), above["data"]
    superseding = {"supersedes": {"source": above["source"], "id": above["id"]}}
    base = "sale.closed" if type_ == "sale.corrected" else type_
    fresh = {name: value for name, value in data.items() if name != "supersedes"}
    kind = random.random()
    if kind < 0.35:
        retracted = f"{random.choice([type_, base])}.retracted"
        return _event(random, number, retracted, above["subject"], superseding, days)
    if base in ("sale.closed", "sale.reversed") and kind < 0.6:
        partial = _maybe(random, amount=random.choice([10, 200, 5000]), owner="binh")
        changed = {"sale_id": above["subject"], **superseding, **partial}
        return _event(random, number, "sale.reversed", above["subject"], changed, days)
    if base == "sale.closed":
        changed = {
            "sale_id": above["subject"],
            "owner": random.choice(["an", "binh"]),
            "amount": random.choice([70, 700]),
        }
        name = random.choice(["sale.closed", "sale.corrected"])
        return _event(random, number, name, above["subject"], {**changed, **superseding}, days)
    if fresh:
        changed = {**fresh, **({"owner": random.choice(["binh", "chi"])} if "owner" in fresh else {}), **superseding}
        return _event(random, number, base, above["subject"], changed, days)
    return _event(random, number, "feed.heartbeat", above["subject"], superseding, days)


def _event(random: Random, number: int, type_: str, subject: str, data: dict[str, Any], days: int) -> Event:
    moment = START + timedelta(minutes=random.randint(0, days * 1440), microseconds=number)
    source = random.choice(["crm", "pbx"])
    return {
        "specversion": "1.0", "id": str(number), "source": source, "type": type_, "time": moment.isoformat(),
        "subject": subject, "data": data,
    }  # fmt: skip


def _maybe(random: Random, **fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if random.random() < 0.5}
