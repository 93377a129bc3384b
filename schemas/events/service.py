"""Customer service: tickets, complaints and satisfaction surveys."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from schemas.events.fields import EventData, FieldKind, Flag, Id, Seconds, Text

Satisfaction = Annotated[float, Field(ge=1, le=5), FieldKind.NUMBER]


class CsatSent(EventData):
    """A customer was asked how satisfied they are with a ticket, call or sale."""

    entity_field = "about_id"

    about_id: Id
    about_kind: Annotated[Literal["ticket", "call", "sale"], FieldKind.TEXT] | None = None
    score: Satisfaction | None = None


class CsatResponse(CsatSent):
    """The customer's answer, 1 (bad) to 5 (good)."""

    score: Satisfaction


class TicketOpened(EventData):
    """A customer asked for help."""

    entity_field = "ticket_id"

    ticket_id: Id
    customer_id: Id | None = None
    priority: Text | None = None
    category: Text | None = None


class TicketFirstResponse(EventData):
    """The first answer; `automatic` when no person wrote it."""

    entity_field = "ticket_id"

    ticket_id: Id
    automatic: Flag | None = None


class TicketWorkStarted(EventData):
    """Somebody took a ticket in hand."""

    entity_field = "ticket_id"

    ticket_id: Id
    owner: Id


class TicketWorkEnded(TicketWorkStarted):
    """Somebody put a ticket down; `work_s` is the time worked, where the upstream system knows it."""

    work_s: Seconds | None = None


class TicketStep(EventData):
    """A ticket waits for the customer, goes on, is resolved or reopened."""

    entity_field = "ticket_id"

    ticket_id: Id


class Complaint(EventData):
    """A complaint was opened, resolved or reopened."""

    entity_field = "complaint_id"

    complaint_id: Id
    ticket_id: Id | None = None
    customer_id: Id | None = None


TYPES: Mapping[str, type[EventData]] = {
    "csat.sent": CsatSent,
    "csat.response": CsatResponse,
    "ticket.opened": TicketOpened,
    "ticket.first_response": TicketFirstResponse,
    "ticket.work_started": TicketWorkStarted,
    "ticket.work_ended": TicketWorkEnded,
    "ticket.waiting_customer": TicketStep,
    "ticket.resumed": TicketStep,
    "ticket.resolved": TicketStep,
    "ticket.reopened": TicketStep,
    "complaint.opened": Complaint,
    "complaint.resolved": Complaint,
    "complaint.reopened": Complaint,
}
