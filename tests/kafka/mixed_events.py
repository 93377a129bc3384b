"""A seeded file of mixed events with everything that goes wrong in it, and the company that they are about.

Repeats near and far, late arrivals, corrections, reversals and retractions (some before their root), distinct keys
under several subjects, unknown owners, movers, and events that must become dead letters. Identities are never used
for two contents, because then the first that is seen stands and order would matter.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from schemas.events.reasons import Reason

TEMPLATES = Path(__file__).parents[2] / "schemas" / "templates"
DAYS = 60
"""Within the horizon of 100 days, also while the worker's clock runs on."""
Json = dict[str, Any]

TEAMS = {"hn-1": "sales", "hn-2": "sales", "mkt-1": "marketing", "cs-1": "service", "cs-2": "service", "hr-1": "people"}


@dataclass
class Mixed:
    """Lines of an event file in the order of their arrival, and what is known about them."""

    lines: list[bytes] = field(default_factory=list)
    arrived_s: list[float] = field(default_factory=list)
    """When each line arrives, in seconds since the epoch; never before its own time."""
    refused: Counter[str] = field(default_factory=Counter)
    """Lines that must become dead letters, by reason."""
    kinds: Counter[str] = field(default_factory=Counter)

    def write(self, path: Path) -> None:
        path.write_bytes(b"\n".join(self.lines) + b"\n")


def write_tenant(path: Path, end: datetime) -> None:
    """The tenant's own file, to be laid beside the shipped templates: people who moved, left and joined among them."""
    people = [{"id": f"{team}.{number}", "team": team} for team in TEAMS for number in range(5)]
    first, second = ((end - timedelta(days)).date().isoformat() for days in (40, 15))
    people += [
        {"id": "mover-1", "team": "hn-1", "to": first},
        {"id": "mover-1", "team": "hn-2", "from": first},
        {"id": "mover-2", "team": "cs-1", "to": first},
        {"id": "mover-2", "team": "hn-2", "from": first, "to": second},
        {"id": "mover-2", "team": "cs-2", "from": second},
        {"id": "left-1", "team": "hn-1", "to": second},
        {"id": "joined-1", "team": "mkt-1", "from": first},
    ]
    tenant = {
        "version": 1,
        "tenant": {"id": "mixed", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND", "locale": "vi"},
        "calendar": {"country": "VN", "hours": {"mon-fri": ["08:00-11:30", "13:30-17:30"]}},
        "teams": [{"id": team, "department": department} for team, department in TEAMS.items()],
        "people": people,
    }
    path.write_text(json.dumps(tenant, indent=1))  # JSON is YAML


def mixed(count: int, seed: int, end: datetime, prefix: str = "") -> Mixed:
    """`count` lines whose times end at `end`; two files for one topic need different prefixes of their ids."""
    return _Company(Random(seed), end, prefix).lines(count)


def bad_lines(good: Json) -> list[tuple[bytes, Reason]]:
    """Lines that nobody can use, with the reason, made from one that is good; each is told by its content."""
    return [
        (b'{"specversion": "1.0", "id": ', Reason.BAD_JSON),
        (b"khong phai JSON \xff", Reason.BAD_JSON),
        (json.dumps({**good, "time": "23/11/2026 09:15"}).encode(), Reason.BAD_ENVELOPE),
        (json.dumps({**good, "type": "meeting.dreamt"}).encode(), Reason.UNKNOWN_TYPE),
        (json.dumps({**good, "data": {}}).encode(), Reason.MISSING_FIELD),
        (json.dumps({**good, "data": {"owner": 5}}).encode(), Reason.WRONG_FIELD),
        (json.dumps({**good, "data": {**good["data"], "currency": "USD"}}).encode(), Reason.FOREIGN_CURRENCY),
        (json.dumps({**good, "data": {**good["data"], "x": "x" * 70 * 1024}}).encode(), Reason.OVERSIZE),
    ]


class _Company:
    def __init__(self, dice: Random, end: datetime, prefix: str) -> None:
        self._dice = dice
        self._end = end
        self._prefix = prefix
        self._numbers: Counter[str] = Counter()
        self._sellers = [f"{team}.{number}" for team in ("hn-1", "hn-2") for number in range(5)]
        self._sellers += ["mover-1", "mover-2", "left-1"]
        self._helpers = [f"{team}.{number}" for team in ("cs-1", "cs-2") for number in range(5)] + ["mover-2"]
        self._marketers = [f"mkt-1.{number}" for number in range(5)] + ["joined-1"]

    def lines(self, count: int) -> Mixed:
        arrivals: list[tuple[float, bytes]] = []
        told = Mixed()
        while len(arrivals) < count:
            arrivals += self._happening(told)
        chosen = sorted(arrivals, key=lambda arrival: arrival[0])
        for line, reason in self._bad():
            arrivals.append((self._dice.uniform(chosen[0][0], chosen[-1][0]), line))
            told.refused[reason] += 1
        arrivals.sort(key=lambda arrival: arrival[0])
        told.lines = [line for _, line in arrivals]
        told.arrived_s = [at_s for at_s, _ in arrivals]
        return told

    # -- what happens, and how it arrives

    def _happening(self, told: Mixed) -> Iterator[tuple[float, bytes]]:
        """An event, and what follows from it."""
        dice = self._dice
        kind = dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        event = self._event(kind)
        for one in [event, *self._consequences(event, told)]:
            told.kinds[one["type"]] += 1
            line = json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode()
            at_s = datetime.fromisoformat(one["time"]).timestamp()
            # In order, a little late, or far behind the grace of five minutes; amendments often before their root.
            at_s += dice.choices([0, dice.uniform(0, 240), dice.uniform(600, 5 * 86_400)], [80, 15, 5])[0]
            yield at_s, line
            # What is refused is not remembered, so a repeat of it is refused again or not, as the order has it.
            if dice.random() < 0.02 and "refused" not in one["id"]:
                told.kinds["repeated"] += 1
                yield at_s + dice.choice([0, 1, 30, 86_400, 20 * 86_400]), line

    def _event(self, type_: str) -> Json:
        subject, data = WHAT[type_](self)
        if "owner" in data:
            chance = self._dice.random()
            if chance < 0.01:  # known only by their team
                data |= {"owner": "ghost-1", "team": self._dice.choice(list(TEAMS))}
            elif chance < 0.02:  # nobody knows them
                data |= {"owner": "ghost-2"}
        return self._envelope(type_, subject, data, self._time())

    def _consequences(self, event: Json, told: Mixed) -> Iterator[Json]:
        """Corrections, reversals and retractions, also of one another."""
        dice, chance = self._dice, self._dice.random()
        if event["type"] == "sale.closed" and chance < 0.25:
            yield from self._sale_amended(event, told)
        elif chance < 0.01:
            yield self._amend(event, f"{event['type']}.retracted", {})
        elif chance < 0.02 and "owner" in event["data"]:
            owner = dice.choice([*self._sellers, *self._helpers])
            correction = self._amend(event, event["type"], {**event["data"], "owner": owner})
            yield correction
            if dice.random() < 0.3:
                yield self._amend(correction, f"{event['type']}.retracted", {})
        elif chance < 0.021:
            told.refused[Reason.NOT_SUPERSEDABLE] += 1
            other = "meeting.held" if event["type"] != "meeting.held" else "contract.signed"
            refused = self._amend(event, other, {"owner": self._sellers[0], "contract_id": "none"})
            yield {**refused, "id": f"{refused['id']}-refused"}

    def _sale_amended(self, sale: Json, told: Mixed) -> Iterator[Json]:
        dice, data = self._dice, sale["data"]
        for _ in range(dice.choice([1, 1, 2])):
            kind = dice.randrange(6)
            if kind == 0:
                yield self._amend(sale, "sale.corrected", {**data, "amount": data["amount"] // 2})
            elif kind == 1:
                corrected = self._amend(sale, "sale.corrected", {**data, "owner": dice.choice(self._sellers)})
                yield corrected
                yield self._amend(corrected, "sale.reversed", {"sale_id": data["sale_id"], "amount": 1_000})
            elif kind == 2:
                yield self._amend(sale, "sale.reversed", {"sale_id": data["sale_id"]})
            elif kind == 3:
                amount = dice.choice([data["amount"] // 3, data["amount"] * 2])
                reversal = self._amend(sale, "sale.reversed", {"sale_id": data["sale_id"], "amount": amount})
                yield reversal
                if dice.random() < 0.4:
                    yield self._amend(reversal, "sale.reversed.retracted", {})
            elif kind == 4:  # by its number alone
                loose = self._amend(sale, "sale.reversed", {"sale_id": data["sale_id"], "amount": 5_000})
                del loose["data"]["supersedes"]
                yield loose
            else:
                yield self._amend(sale, "sale.closed.retracted", {})
        if dice.random() < 0.02:  # of a sale that never was
            told.kinds["without root"] += 1
            yield self._amend({**sale, "id": f"{sale['id']}-lost"}, "sale.reversed", {"sale_id": data["sale_id"]})

    def _amend(self, root: Json, type_: str, data: Json) -> Json:
        """What supersedes `root`, up to ten days later or, for half of them, with a time of its own before it."""
        own = {name: value for name, value in data.items() if name != "supersedes"}
        at = datetime.fromisoformat(root["time"]) + timedelta(seconds=self._dice.uniform(-86_400, 86_400))
        at = min(at, self._end)
        superseded = {"source": root["source"], "id": root["id"]}
        return self._envelope(type_, root["subject"], {**own, "supersedes": superseded}, at)

    def _bad(self) -> list[tuple[bytes, Reason]]:
        """Every kind of line that nobody can use, five times."""
        return 5 * bad_lines(self._envelope("meeting.held", "m-bad", {"owner": self._sellers[0]}, self._end))

    # -- the parts of an event

    def _envelope(self, type_: str, subject: str, data: Json, at: datetime) -> Json:
        department = type_.split(".")[0]
        return {
            "specversion": "1.0",
            "id": self.number("e"),
            "source": f"{department}/hanoi",
            "type": type_,
            "time": at.astimezone(UTC).isoformat(timespec="milliseconds"),
            "subject": subject,
            "data": data,
        }

    def _time(self) -> datetime:
        """Mostly in working hours of the last `DAYS` days."""
        day = self._end - timedelta(self._dice.uniform(0, DAYS))
        if self._dice.random() < 0.9:
            day = day.replace(hour=self._dice.randrange(1, 10))  # 08:00 to 17:00 in the tenant's zone
        return min(day, self._end)

    def number(self, name: str) -> str:
        """A new id."""
        self._numbers[name] += 1
        return f"{self._prefix}{name}-{self._numbers[name]}"

    def some(self, name: str, of: int) -> str:
        """One of `of` ids that several subjects share."""
        return f"{name}-{self._dice.randrange(of)}"

    def seller(self) -> str:
        return self._dice.choice(self._sellers)

    def helper(self) -> str:
        return self._dice.choice(self._helpers)

    def marketer(self) -> str:
        return self._dice.choice(self._marketers)

    def team(self) -> str:
        return self._dice.choice(list(TEAMS))

    def below(self, limit: int) -> int:
        return self._dice.randrange(limit)

    def one_of(self, *choices: Any) -> Any:
        return self._dice.choice(choices)


def _call(company: _Company) -> tuple[str, Json]:
    data = {
        "owner": company.one_of(company.seller(), company.helper()),
        "duration_s": company.below(900),
        "outcome": company.one_of("answered", "answered", "no_answer", "voicemail", "busy", "abandoned"),
        "purpose": company.one_of("consult", "sale", "support", "other"),
    }
    if company.below(3) == 0:  # a call about a ticket whose work ends under another subject
        data |= {"ticket_id": company.some("ticket", 2000), "hold_s": company.below(60)}
    if company.below(5) == 0:
        data |= {"after_work_s": company.below(120)}
    return company.number("call"), data


def _sale(company: _Company) -> tuple[str, Json]:
    sale = company.number("sale")
    amount = 1_000 * (1 + company.below(40_000))
    data: Json = {"sale_id": sale, "owner": company.seller(), "amount": amount}
    if company.below(2):
        data |= {"cost": amount * 2 // 3, "quantity": 1 + company.below(4)}
    if company.below(5) == 0:  # cohorts that are not mature yet, open and closed
        data |= {"lead_id": company.some("lead", 3000), "customer_id": company.some("customer", 800)}
    return sale, data


def _shared(name: str, field_: str, of: int, who: Callable[[_Company], str]) -> Callable[[_Company], tuple[str, Json]]:
    """Events whose key stands in events of several subjects, and so of several partitions."""

    def made(company: _Company) -> tuple[str, Json]:
        key = company.some(name, of)
        subject = key if company.below(2) else company.number(f"form-{name}")
        return subject, {field_: key, "owner": who(company)}

    return made


def _about(name: str, data: Callable[[_Company], Json]) -> Callable[[_Company], tuple[str, Json]]:
    return lambda company: (company.some(name, 400), data(company))


WEIGHTS = {
    "call.completed": 30, "meeting.held": 4, "sale.closed": 8, "opportunity.won": 2, "opportunity.lost": 3,
    "contract.signed": 2, "lead.created": 9, "lead.rejected": 2, "lead.accepted": 1, "customer.created": 2,
    "ad.spend": 2, "conversion.recorded": 3, "web.session": 3, "email.opened": 1, "social.engagement": 1,
    "csat.response": 4, "ticket.opened": 3, "ticket.resolved": 3, "ticket.work_ended": 5, "complaint.opened": 1,
    "survey.esat.response": 1, "cost.recorded": 2, "training.attended": 1, "task.done": 1, "feed.heartbeat": 1,
}  # fmt: skip

WHAT: dict[str, Callable[[_Company], tuple[str, Json]]] = {
    "call.completed": _call,
    "meeting.held": lambda company: (company.number("meeting"), {"owner": company.seller()}),
    "sale.closed": _sale,
    "opportunity.won": _shared("opportunity", "opportunity_id", 1500, _Company.seller),
    "opportunity.lost": _shared("opportunity", "opportunity_id", 1500, _Company.seller),
    "contract.signed": _shared("contract", "contract_id", 900, _Company.seller),
    "lead.created": _shared(
        "lead", "lead_id", 3000, lambda company: company.one_of(company.seller(), company.marketer())
    ),
    "lead.rejected": _shared(
        "lead", "lead_id", 3000, lambda company: company.one_of(company.seller(), company.marketer())
    ),
    "lead.accepted": _shared("lead", "lead_id", 3000, _Company.seller),
    "customer.created": _shared("customer", "customer_id", 800, _Company.seller),
    "ad.spend": _about("campaign", lambda company: {"campaign_id": "c-1", "amount": company.below(5_000_000)}),
    "conversion.recorded": _about(
        "conversion", lambda company: {"campaign_id": "c-1", "value": 10} if company.below(4) else {"value": 10}
    ),
    "web.session": _about("session", lambda company: {"visitor_hash": company.some("v", 50), "channel": "organic"}),
    "email.opened": _about("message", lambda company: {"message_id": "m-1", "recipient_hash": company.some("r", 50)}),
    "social.engagement": _about("post", lambda company: {"kind": "like", "count": company.below(5)}),
    "csat.response": _about(
        "ticket",
        lambda company: {
            "about_id": company.some("ticket", 2000),
            "owner": company.helper(),
            "score": 1 + company.below(5),
        },
    ),
    "ticket.opened": _shared("ticket", "ticket_id", 2000, _Company.helper),
    "ticket.resolved": _shared("ticket", "ticket_id", 2000, _Company.helper),
    "ticket.work_ended": lambda company: (
        key := company.some("ticket", 2000),
        {"ticket_id": key, "owner": company.helper(), "work_s": company.below(1800)},
    ),
    "complaint.opened": _about(
        "complaint", lambda company: {"complaint_id": company.some("complaint", 1000), "owner": company.helper()}
    ),
    "survey.esat.response": lambda company: (
        company.number("response"),
        {"score": company.below(11), "team": company.one_of("hn-1", "hn-1", "hn-1", "cs-1", "cs-1", company.team())},
    ),
    "cost.recorded": _about(
        "cost",
        lambda company: {
            "amount": company.below(9_000_000),
            "kind": company.one_of("cogs", "sales", "marketing", "recruiting"),
        },
    ),
    "training.attended": _about("person", lambda company: {"person_id": company.seller(), "training_id": "safety"}),
    "task.done": _about("task", lambda company: {"task_id": company.some("task", 2000), "owner": company.seller()}),
    "feed.heartbeat": _about("source", lambda company: {}),
}
