"""Fields of every type, written down a second time: a field that turns optional, or vanishes, breaks producers."""

import pytest

from schemas.events.fields import EventData, kinds
from schemas.events.registry import SHIPPED, Registry

COMMON = ["owner", "team", "channel", "campaign_id", "product", "tags", "note", "manual", "currency"]
OWN = {
    "call.completed": "owner! duration_s! outcome! direction purpose customer_id lead_id ticket_id wait_s hung_up_by "
    "number_hash qa_score after_work_s hold_s",
    "meeting.held": "owner! duration_s customer_id lead_id purpose",
    "lead.created": "lead_id! owner source_channel contact_hash score",
    "lead.qualified lead.accepted": "lead_id! owner",
    "lead.rejected": "lead_id! owner reason",
    "lead.merged": "lead_id! into_lead_id!",
    "lead.handed_over": "lead_id! from_owner to_owner! from_team to_team",
    "opportunity.won opportunity.lost": "opportunity_id! owner! lead_id amount reason",
    "contract.signed contract.cancelled": "contract_id! owner! customer_id amount",
    "sale.closed": "sale_id! owner! amount! customer_id lead_id cost discount_ratio quantity",
    "sale.corrected": "sale_id! owner! amount! customer_id lead_id cost discount_ratio quantity supersedes!",
    "sale.reversed": "sale_id! amount owner reason",
    "customer.created customer.active customer.churned": "customer_id! owner lead_id segment",
    "web.session": "visitor_hash! channel! bounced duration_s bot",
    "ad.spend": "campaign_id! amount! channel",
    "ad.impression": "campaign_id! reach_hash count",
    "conversion.recorded": "campaign_id value visitor_hash",
    "email.delivered email.opened email.clicked email.unsubscribed email.complained": "message_id! campaign_id "
    "recipient_hash! machine",
    "social.engagement": "kind! count sentiment",
    "employee.hired employee.left": "person_id! team voluntary",
    "employee.moved": "person_id! from_team to_team!",
    "employee.leave": "person_id! start! end! kind",
    "headcount.snapshot": "team! headcount!",
    "requisition.opened requisition.cancelled offer.accepted": "requisition_id! team",
    "training.invited training.attended": "person_id! training_id! passed",
    "survey.esat.response": "score! team",
    "csat.sent": "about_id! about_kind owner score",
    "csat.response": "about_id! about_kind owner score!",
    "ticket.opened": "ticket_id! customer_id priority category owner",
    "ticket.first_response": "ticket_id! owner automatic",
    "ticket.work_started": "ticket_id! owner!",
    "ticket.work_ended": "ticket_id! owner! work_s",
    "ticket.waiting_customer ticket.resumed": "ticket_id!",
    "ticket.resolved ticket.reopened": "ticket_id! owner",
    "complaint.opened complaint.resolved complaint.reopened": "complaint_id! ticket_id owner customer_id",
    "task.due": "task_id! owner! due_at",
    "task.done": "task_id! owner!",
    "stock.out": "product! until",
    "shift.started shift.ended": "person_id!",
    "cost.recorded": "amount! kind! team",
    "feed.heartbeat": "",
    "target.changed": "kpi! subject! value! from! reason",
    "intervention.logged": "kpi! subject! kind! by! alert",
    "blocker.reported": "kpi! subject! reason! alert",
}
CONTRACT = {type_: fields.split() for types, fields in OWN.items() for type_ in types.split()}


def test_the_contract_names_the_shipped_types() -> None:
    assert set(CONTRACT) == set(SHIPPED)
    assert set(COMMON) == set(kinds(EventData))


@pytest.mark.parametrize("type_", sorted(SHIPPED))
def test_a_type_has_exactly_the_fields_of_the_contract(type_: str) -> None:
    own = {field.removesuffix("!") for field in CONTRACT[type_]} - {"supersedes"}

    assert own | set(COMMON) == set(Registry.of().fields_of(type_))


@pytest.mark.parametrize("type_", sorted(SHIPPED))
def test_a_type_requires_exactly_what_the_contract_requires(type_: str) -> None:
    required = {info.alias or name for name, info in SHIPPED[type_].model_fields.items() if info.is_required()}

    assert {field.removesuffix("!") for field in CONTRACT[type_] if field.endswith("!")} == required
