"""Across departments: costs, signs of life, targets, and what people did about an alert."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from schemas.events.fields import DayOrTime, EventData, FieldKind, Id, Money, Number, Text


class CostRecorded(EventData):
    """Money spent; `cogs` is the cost of goods sold."""

    amount: Money
    kind: Annotated[Literal["cogs", "sales", "marketing", "recruiting", "other"], FieldKind.TEXT]


class FeedHeartbeat(EventData):
    """The envelope's source is alive at `time`, even when nothing happens there."""


class TargetChanged(EventData):
    """A KPI's target for `subject` is `value` from a local day or an instant on."""

    entity_field = "kpi"

    kpi: Id
    subject: Id
    value: Number
    from_: DayOrTime = Field(alias="from")
    reason: Text | None = None


class InterventionLogged(EventData):
    """Somebody (`by`) acted on a KPI; `alert` is the fingerprint of the alert that asked for it."""

    kpi: Id
    subject: Id
    kind: Annotated[Literal["call", "unblock", "give_leads", "replan", "coach", "other"], FieldKind.TEXT]
    by: Id
    alert: Id | None = None


class BlockerReported(EventData):
    """Somebody says what keeps a KPI from moving."""

    kpi: Id
    subject: Id
    reason: Annotated[
        Literal["no_leads", "tool", "customer_waiting", "need_help", "data_wrong", "personal"], FieldKind.TEXT
    ]
    alert: Id | None = None


TYPES: Mapping[str, type[EventData]] = {
    "cost.recorded": CostRecorded,
    "feed.heartbeat": FeedHeartbeat,
    "target.changed": TargetChanged,
    "intervention.logged": InterventionLogged,
    "blocker.reported": BlockerReported,
}
