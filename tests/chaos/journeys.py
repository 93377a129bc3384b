"""What happens to one entity over days, and KPIs of every kind that has to remember it: items and timers of LINK, sets,
levels, sketches.

All of it is over a good while before the events end: each window is closed and each item due in the time of the
backlog. So nothing depends on where the clock stands, which live is ahead of the replay's, and rows must be equal.
(What is projected is compared too, roughly, in the shipped templates.)
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from tests.kafka.mixed_events import DAYS, Json

LONGEST_D = 9.5
"""From a journey's first event to its last, in days."""
SETTLED_D = 25
"""No journey begins later than so long before the end: behind the longest one the longest timer, twelve days, fits."""
LATE_DICE = ([0.0, 0.1, 3.0], [80, 15, 5])
"""Days until an event arrives, at most, and how often: in order, a little late, and after steps that follow it."""
PEOPLE = [f"{team}.{number}" for team in ("hn-1", "hn-2", "cs-1", "cs-2") for number in range(5)]
SALE = ["sale.closed"]


def journey_kpis() -> list[Json]:
    """KPIs over those events; plain metrics, so that nobody is alerted."""
    measures: dict[str, tuple[str, str, Json]] = {
        "J-converted": ("%", "week", _conversion("matured", to=SALE, key="lead_id", credit="from")),
        "J-converted-raw": ("%", "month", _conversion("raw", to=SALE, key="lead_id", credit="to")),
        "J-attended": ("%", "month", _conversion("raw", from_="training.invited", to=["training.attended"])),
        "J-answer-share": ("%", "week", {"elapsed": _answer(), "as": {"share_within": "4h"}}),
        "J-answer-mean": ("hours", "month", {"elapsed": _answer(), "as": "mean"}),
        "J-answer-most": ("hours", "month", {"elapsed": _answer(), "as": {"quantile": 0.9}}),
        "J-solved": ("%", "month", {"elapsed": _solution(), "as": {"share_within": "24h", "late": "good"}}),
        "J-kept": ("%", "week", {"retention": {**_CUSTOMERS, "key": "customer_id", "idle": "12d"}}),
        "J-again": ("%", "week", {"repeat": _again(), "as": "matured"}),
        "J-level": ("VND", "week", {"latest": "amount", "of": "contract.signed", "per": "customer_id", "at": "end"}),
        "J-buyers": ("customers", "month", {"count": "sale.closed", "distinct": "customer_id"}),
        "J-most": ("VND", "week", {"quantile": "amount", "of": "contract.signed", "q": 0.9}),
        "J-grown": ("%", "week", {"growth": _growth()}),
    }  # fmt: skip
    return [
        {
            "id": id_,
            "title": {"vi": id_, "en": id_},
            "kind": "metric",
            "unit": unit,
            "scope": "person",
            "period": period,
            "measure": measure,
        }
        for id_, (unit, period, measure) in measures.items()
    ]


_CUSTOMERS: Json = {"base": ["customer.created", "customer.active"], "lost": "customer.churned"}


def _conversion(as_: str, to: list[str], from_: str = "lead.created", key: object = None, credit: str = "from") -> Json:
    key = key or ["person_id", "training_id"]
    return {"conversion": {"from": from_, "to": to, "key": key, "within": "7d", "credit": credit}, "as": as_}


def _answer() -> Json:
    return {
        "from": "ticket.opened",
        "to": {"of": "ticket.first_response", "where": {"automatic": {"ne": True}}},
        "key": "ticket_id",
        "clock": "business",
        "pause": ["ticket.waiting_customer", "ticket.resumed"],
        "credit": "to",
    }


def _solution() -> Json:
    undone = {"undo": "complaint.reopened", "hold": "7d", "credit": "to"}
    return {
        "from": "complaint.opened",
        "to": "complaint.resolved",
        "key": "complaint_id",
        "clock": "business",
        **undone,
    }


def _again() -> Json:
    return {"of": "sale.closed", "key": "customer_id", "within": "7d"}


def _growth() -> Json:
    """A week under way is compared with the same share of the one before: the clock decides, so that one is empty."""
    return {"of": {"count": "customer.active"}, "over": "7d", "against": "previous", "adjust": "none"}


# -- events


def journey_events(count: int, seed: int, end: datetime, prefix: str = "") -> list[tuple[float, bytes]]:
    """`count` events, each with its arrival in seconds since the epoch, by the time of the journeys' beginnings."""
    dice, events = Random(f"journeys {seed}"), list[tuple[float, bytes]]()
    number = 0
    while len(events) < count:
        number += 1
        began = end - timedelta(days=dice.uniform(SETTLED_D, DAYS - 1))
        kind = dice.choice(KINDS)
        for step, (type_, subject, after_d, data) in enumerate(kind(dice, f"{prefix}{number}")):
            assert after_d <= LONGEST_D
            at = began + timedelta(days=after_d)
            event = {
                "specversion": "1.0",
                "id": f"{prefix}j-{number}-{step}",
                "source": "journeys",
                "type": type_,
                "time": at.astimezone(UTC).isoformat(timespec="milliseconds"),
                "subject": subject,
                "data": data,
            }
            late_d = dice.uniform(0, dice.choices(*LATE_DICE)[0])
            events.append(((at + timedelta(days=late_d)).timestamp(), json.dumps(event).encode()))
    return events


Step = tuple[str, str, float, Json]
"""Type, subject, days after the beginning, data."""


def _lead(dice: Random, name: str) -> Iterator[Step]:
    """A lead that is sold to, under the sale's own subject; some are merged into another, some sales undone."""
    lead, sale, owner = f"jl-{name}", f"js-{name}", dice.choice(PEOPLE)
    yield "lead.created", lead, 0, {"lead_id": lead, "owner": owner}
    if dice.random() < 0.1:
        other = f"jl-into-{name}"
        yield "lead.created", other, dice.uniform(0, 2), {"lead_id": other, "owner": dice.choice(PEOPLE)}
        yield "lead.merged", lead, dice.uniform(2, 4), {"lead_id": lead, "into_lead_id": other}
    if dice.random() < 0.5:
        yield "lead.accepted", lead, dice.uniform(0, 9), {"lead_id": lead, "owner": owner}
    if dice.random() < 0.6:
        data = {"sale_id": sale, "lead_id": lead, "owner": dice.choice([owner, *PEOPLE]), "amount": 70_000}
        sold_d = dice.uniform(0, 9)
        yield "sale.closed", sale, sold_d, data
        if dice.random() < 0.2:
            yield "sale.reversed", sale, dice.uniform(sold_d, 9.5), {"sale_id": sale}


def _customer(dice: Random, name: str) -> Iterator[Step]:
    """A customer who comes, is active, buys again and again, signs for more or less, and may leave."""
    customer, owner = f"jc-{name}", dice.choice(PEOPLE)
    who = {"customer_id": customer, "owner": owner}
    yield "customer.created", customer, 0, who
    for buys in range(dice.randrange(4)):
        sale = f"jb-{name}-{buys}"
        yield "sale.closed", sale, dice.uniform(0, 9), {**who, "sale_id": sale, "amount": 1000 * dice.randrange(1, 90)}
    for signs in range(dice.randrange(3)):
        contract = f"jk-{name}-{signs}"
        amount = 1000 * dice.randrange(1, 900)
        yield "contract.signed", contract, dice.uniform(0, 9), {**who, "contract_id": contract, "amount": amount}
    if dice.random() < 0.5:
        yield "customer.active", customer, dice.uniform(3, 9), {**who, "owner": dice.choice([owner, *PEOPLE])}
    if dice.random() < 0.3:
        yield "customer.churned", customer, dice.uniform(1, 9), who


def _ticket(dice: Random, name: str) -> Iterator[Step]:
    """A ticket whose clock stands still while the customer is waited for, answered in time or not or never."""
    ticket = f"jt-{name}"
    who = {"ticket_id": ticket, "owner": dice.choice(PEOPLE)}
    yield "ticket.opened", ticket, 0, who
    if dice.random() < 0.2:
        yield "ticket.first_response", ticket, 0.001, {**who, "automatic": True}
    waits_d = dice.uniform(0, 1)
    if dice.random() < 0.4:
        yield "ticket.waiting_customer", ticket, waits_d, who
        yield "ticket.resumed", ticket, waits_d + dice.uniform(0, 2), who
    if dice.random() < 0.85:
        yield "ticket.first_response", ticket, dice.uniform(0, 3), {**who, "owner": dice.choice(PEOPLE)}


def _complaint(dice: Random, name: str) -> Iterator[Step]:
    """A complaint that is resolved, for good or not."""
    complaint = f"jx-{name}"
    who = {"complaint_id": complaint, "owner": dice.choice(PEOPLE)}
    yield "complaint.opened", complaint, 0, who
    if dice.random() < 0.9:
        solved_d = dice.uniform(0, 4)
        yield "complaint.resolved", complaint, solved_d, who
        if dice.random() < 0.3:
            yield "complaint.reopened", complaint, solved_d + dice.uniform(0, 5), who


def _training(dice: Random, name: str) -> Iterator[Step]:
    """An invitation under one subject and an attendance under another, joined by a key of two parts."""
    both = {"person_id": dice.choice(PEOPLE), "training_id": f"jr-{name}"}
    yield "training.invited", f"ji-{name}", 0, both
    if dice.random() < 0.7:
        yield "training.attended", f"ja-{name}", dice.uniform(0, 9), both


KINDS = (_lead, _lead, _customer, _customer, _ticket, _complaint, _training)
