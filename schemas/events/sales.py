"""Sales: calls, meetings, leads, opportunities, contracts, sales, customers, tasks and stock."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from schemas.events.fields import EventData, FieldKind, Id, Money, Number, Seconds, Supersedes, Text, Time

Score = Annotated[float, Field(ge=0, le=100), FieldKind.NUMBER]


class CallCompleted(EventData):
    """A call ended, answered or not. `duration_s` is talk time without hold."""

    owner: Id
    duration_s: Seconds
    outcome: Annotated[Literal["answered", "no_answer", "voicemail", "busy", "abandoned"], FieldKind.TEXT]
    direction: Annotated[Literal["in", "out"], FieldKind.TEXT] | None = None
    purpose: Annotated[Literal["consult", "sale", "support", "other"], FieldKind.TEXT] | None = None
    customer_id: Id | None = None
    lead_id: Id | None = None
    ticket_id: Id | None = None
    wait_s: Seconds | None = None
    hung_up_by: Annotated[Literal["owner", "customer"], FieldKind.TEXT] | None = None
    number_hash: Id | None = None
    qa_score: Score | None = None
    after_work_s: Seconds | None = None
    hold_s: Seconds | None = None


class MeetingHeld(EventData):
    """A meeting with a customer or lead took place."""

    owner: Id
    duration_s: Seconds | None = None
    customer_id: Id | None = None
    lead_id: Id | None = None
    purpose: Text | None = None


class LeadCreated(EventData):
    """A lead came in."""

    entity_field = "lead_id"

    lead_id: Id
    source_channel: Text | None = None
    contact_hash: Id | None = None
    score: Score | None = None


class LeadStep(EventData):
    """Marketing qualified a lead, or sales accepted it."""

    entity_field = "lead_id"

    lead_id: Id


class LeadRejected(EventData):
    """Sales sent a lead back."""

    entity_field = "lead_id"

    lead_id: Id
    reason: Text | None = None


class LeadMerged(EventData):
    """`lead_id` turned out to be `into_lead_id`: from here on they are one lead."""

    entity_field = "lead_id"

    lead_id: Id
    into_lead_id: Id


class LeadHandedOver(EventData):
    """A lead changed hands."""

    entity_field = "lead_id"

    lead_id: Id
    from_owner: Id | None = None
    to_owner: Id
    from_team: Id | None = None
    to_team: Id | None = None


class OpportunityClosed(EventData):
    """An opportunity was won or lost."""

    entity_field = "opportunity_id"

    opportunity_id: Id
    owner: Id
    lead_id: Id | None = None
    amount: Money | None = None
    reason: Text | None = None


class Contract(EventData):
    """A contract was signed or cancelled."""

    entity_field = "contract_id"

    contract_id: Id
    owner: Id
    customer_id: Id | None = None
    amount: Money | None = None


class SaleClosed(EventData):
    """A sale. `discount_ratio` is the discount over the list price, 0 to 1."""

    entity_field = "sale_id"

    sale_id: Id
    owner: Id
    amount: Money
    customer_id: Id | None = None
    lead_id: Id | None = None
    cost: Money | None = None
    discount_ratio: Annotated[float, Field(ge=0, le=1), FieldKind.NUMBER] | None = None
    quantity: Number | None = None


class SaleCorrected(SaleClosed):
    """Replaces the data of the superseded sale whole."""

    supersedes: Supersedes


class SaleReversed(EventData):
    """A sale was taken back: whole, or by `amount`."""

    entity_field = "sale_id"

    sale_id: Id
    amount: Annotated[int, Field(ge=0, le=2**53 - 1), FieldKind.MONEY] | None = None
    reason: Text | None = None


class Customer(EventData):
    """Somebody became a customer, was active, or left."""

    entity_field = "customer_id"

    customer_id: Id
    lead_id: Id | None = None
    segment: Text | None = None


class TaskDue(EventData):
    """A task was planned for `due_at`."""

    entity_field = "task_id"

    task_id: Id
    owner: Id
    due_at: Time | None = None


class TaskDone(EventData):
    """A task was done."""

    entity_field = "task_id"

    task_id: Id
    owner: Id


class StockOut(EventData):
    """A product cannot be sold, `until` an instant if that is known."""

    entity_field = "product"

    product: Annotated[str, Field(min_length=1), FieldKind.TEXT]
    until: Time | None = None


TYPES: Mapping[str, type[EventData]] = {
    "call.completed": CallCompleted,
    "meeting.held": MeetingHeld,
    "lead.created": LeadCreated,
    "lead.qualified": LeadStep,
    "lead.accepted": LeadStep,
    "lead.rejected": LeadRejected,
    "lead.merged": LeadMerged,
    "lead.handed_over": LeadHandedOver,
    "opportunity.won": OpportunityClosed,
    "opportunity.lost": OpportunityClosed,
    "contract.signed": Contract,
    "contract.cancelled": Contract,
    "sale.closed": SaleClosed,
    "sale.corrected": SaleCorrected,
    "sale.reversed": SaleReversed,
    "customer.created": Customer,
    "customer.active": Customer,
    "customer.churned": Customer,
    "task.due": TaskDue,
    "task.done": TaskDone,
    "stock.out": StockOut,
}
