"""A day of customer service: tickets from the first word to the customer's rating."""

from collections.abc import Iterator

from schemas.events.envelope import Event
from streams.simulation.rhythm import MINUTE_US, Day, event

SOURCE = "helpdesk"
TICKETS_PER_HOUR = 8.6  # eight people, 8 a day each
PRIORITIES = ("low", "normal", "normal", "normal", "high")
CATEGORIES = ("delivery", "payment", "warranty", "account", "how_to")
RATING_SHARE = 0.55
RATINGS = (5,) * 10 + (4,) * 9 + (3,)


def service_day(day: Day) -> Iterator[Event]:
    """Everything the help desk says about the tickets of a day, in no order; some of it comes the day after."""
    dice, shift = day.dice("tickets"), day.shift()
    staff = day.company.staff("service")
    for number, opened_us in enumerate(shift.times(dice, TICKETS_PER_HOUR)):
        ticket, owner = f"ticket-{day.tag()}-{number}", staff[number % len(staff)]
        work_s = dice.uniform(7, 17) * 60
        answered_us = shift.later(opened_us, dice.uniform(2, 10) * MINUTE_US)
        started_us = shift.later(answered_us, 2 * MINUTE_US)
        ended_us = shift.later(started_us, work_s * 1_000_000)
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
        yield event(
            SOURCE,
            "ticket.first_response",
            answered_us,
            ticket,
            ticket_id=ticket,
            owner=owner,
            automatic=False,
        )
        yield event(SOURCE, "ticket.work_started", started_us, ticket, ticket_id=ticket, owner=owner)
        yield event(SOURCE, "ticket.work_ended", ended_us, ticket, ticket_id=ticket, owner=owner, work_s=round(work_s))
        resolved_us = shift.later(ended_us, MINUTE_US)
        yield event(SOURCE, "ticket.resolved", resolved_us, ticket, ticket_id=ticket, owner=owner)
        asked = {"about_id": ticket, "about_kind": "ticket", "owner": owner}
        yield event(SOURCE, "csat.sent", shift.later(resolved_us, MINUTE_US), ticket, **asked)
        if dice.random() < RATING_SHARE:
            rated_us = shift.later(resolved_us, dice.uniform(10, 90) * MINUTE_US)
            yield event(SOURCE, "csat.response", rated_us, ticket, **asked, score=dice.choice(RATINGS))
