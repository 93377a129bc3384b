"""A day of customer service: tickets from the first word to the customer's rating, and complaints."""

from collections.abc import Iterator
from random import Random

from schemas.events.envelope import Event
from streams.simulation import names
from streams.simulation.rhythm import HOUR_US, MINUTE_US, Day, Shift, event

SOURCE = "helpdesk"
TICKETS_PER_HOUR = 8.6  # eight people, 8 a day each
PRIORITIES = ("low", "normal", "normal", "normal", "high")
CATEGORIES = ("delivery", "payment", "warranty", "account", "how_to")
AUTOMATIC_SHARE, WAITING_SHARE, REOPENED_SHARE = 0.12, 0.15, 0.04
"""Of the tickets: greeted by a machine first, waiting for the customer, opened again after they were resolved."""
LATE_SHARE = 0.05
"""Of the tickets: answered only after hours."""
RATING_SHARE = 0.55
RATINGS = (5,) * 10 + (4,) * 9 + (3,)
COMPLAINTS_PER_HOUR = 0.35
COMPLAINTS_REOPENED_SHARE = 0.06
MATTERS = ("giao hàng trễ", "hàng bị lỗi", "tính sai tiền", "thái độ phục vụ")


def service_day(day: Day) -> Iterator[Event]:
    """Everything the help desk says about the tickets of a day, in no order; some of it comes the day after."""
    dice, shift = day.dice("tickets"), day.shift()
    staff = day.company.staff("service")
    for number, opened_us in enumerate(shift.times(dice, TICKETS_PER_HOUR)):
        ticket, owner = f"ticket-{day.tag()}-{number}", staff[number % len(staff)]
        yield event(
            SOURCE,
            "ticket.opened",
            opened_us,
            ticket,
            ticket_id=ticket,
            team=day.company.teams("service")[0],
            priority=dice.choice(PRIORITIES),
            category=dice.choice(CATEGORIES),
        )
        overlooked = day.dice("late", ticket)
        delay_us = overlooked.uniform(3, 8) * HOUR_US if overlooked.random() < LATE_SHARE else 0.0
        yield from _ticket(dice, shift, ticket, owner, opened_us, delay_us)
    yield from _complaints(day)


def _ticket(dice: Random, shift: Shift, ticket: str, owner: str, opened_us: int, delay_us: float) -> Iterator[Event]:
    """From the first response to the rating."""
    work_s = dice.uniform(7, 17) * 60
    if dice.random() < AUTOMATIC_SHARE:
        greeted_us = shift.later(opened_us, 5_000_000)
        yield event(
            SOURCE,
            "ticket.first_response",
            greeted_us,
            ticket,
            id_=f"{ticket}.greeting",
            ticket_id=ticket,
            automatic=True,
        )
    answered_us = shift.later(opened_us, delay_us + dice.uniform(2, 10) * MINUTE_US)
    yield event(SOURCE, "ticket.first_response", answered_us, ticket, ticket_id=ticket, owner=owner, automatic=False)
    started_us = shift.later(answered_us, 2 * MINUTE_US)
    if dice.random() < WAITING_SHARE:
        waits_us = shift.later(answered_us, MINUTE_US)
        yield event(SOURCE, "ticket.waiting_customer", waits_us, ticket, ticket_id=ticket)
        resumed_us = shift.later(waits_us, dice.uniform(0.3, 5) * HOUR_US)
        yield event(SOURCE, "ticket.resumed", resumed_us, ticket, ticket_id=ticket)
        started_us = shift.later(resumed_us, 2 * MINUTE_US)
    ended_us = shift.later(started_us, work_s * 1_000_000)
    yield event(SOURCE, "ticket.work_started", started_us, ticket, ticket_id=ticket, owner=owner)
    yield event(SOURCE, "ticket.work_ended", ended_us, ticket, ticket_id=ticket, owner=owner, work_s=round(work_s))
    resolved_us = shift.later(ended_us, MINUTE_US)
    yield event(SOURCE, "ticket.resolved", resolved_us, ticket, ticket_id=ticket, owner=owner)
    if dice.random() < REOPENED_SHARE:
        again_us = shift.later(resolved_us, dice.uniform(1, 16) * HOUR_US)
        yield event(SOURCE, "ticket.reopened", again_us, ticket, ticket_id=ticket)
        done_us = shift.later(again_us, dice.uniform(0.5, 3) * HOUR_US)
        yield event(SOURCE, "ticket.resolved", done_us, ticket, id_=f"{ticket}.again", ticket_id=ticket, owner=owner)
    asked = {"about_id": ticket, "about_kind": "ticket", "owner": owner}
    yield event(SOURCE, "csat.sent", shift.later(resolved_us, MINUTE_US), ticket, **asked)
    if dice.random() < RATING_SHARE:
        rated_us = shift.later(resolved_us, dice.uniform(10, 90) * MINUTE_US)
        yield event(SOURCE, "csat.response", rated_us, ticket, **asked, score=dice.choice(RATINGS))


def _complaints(day: Day) -> Iterator[Event]:
    """Nearly all are settled within 24 working hours; a few come back."""
    dice, shift = day.dice("complaints"), day.shift()
    staff = day.company.staff("service")
    for number, opened_us in enumerate(shift.times(dice, COMPLAINTS_PER_HOUR)):
        complaint, owner = f"complaint-{day.tag()}-{number}", dice.choice(staff)
        about = {"complaint_id": complaint, "owner": owner}
        said = f"{names.customer(dice)}: {dice.choice(MATTERS)}"
        yield event(SOURCE, "complaint.opened", opened_us, complaint, **about, note=said)
        settled_us = shift.later(opened_us, min(dice.lognormvariate(1.4, 0.9), 60) * HOUR_US)
        yield event(SOURCE, "complaint.resolved", settled_us, complaint, **about)
        if dice.random() < COMPLAINTS_REOPENED_SHARE:
            again_us = shift.later(settled_us, dice.uniform(2, 30) * HOUR_US)
            yield event(SOURCE, "complaint.reopened", again_us, complaint, **about)
            done_us = shift.later(again_us, dice.uniform(1, 10) * HOUR_US)
            yield event(SOURCE, "complaint.resolved", done_us, complaint, id_=f"{complaint}.again", **about)
