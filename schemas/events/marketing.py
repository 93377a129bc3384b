"""Marketing: web sessions, ads, conversions, e-mail and social posts. People appear as hashes only."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from schemas.events.fields import EventData, FieldKind, Flag, Id, Money, Quantity, Seconds


class WebSession(EventData):
    """One visit to the web site."""

    visitor_hash: Id
    channel: Annotated[Literal["organic", "paid", "direct", "referral", "social", "email"], FieldKind.TEXT]
    bounced: Flag | None = None
    duration_s: Seconds | None = None
    bot: Flag | None = None


class AdSpend(EventData):
    """Money spent on a campaign."""

    entity_field = "campaign_id"

    campaign_id: Id
    amount: Money


class AdImpression(EventData):
    """A campaign was shown `count` times, to one person if `reach_hash` is there."""

    entity_field = "campaign_id"

    campaign_id: Id
    reach_hash: Id | None = None
    count: Quantity | None = 1


class ConversionRecorded(EventData):
    """A visitor did what a campaign was for; `value` is money."""

    value: Money | None = None
    visitor_hash: Id | None = None


class Email(EventData):
    """One step of one message to one recipient; `machine` marks opens by software."""

    entity_field = "message_id"

    message_id: Id
    recipient_hash: Id
    machine: Flag | None = None


class SocialEngagement(EventData):
    """Reactions to a post; `sentiment` from -1 (bad) to 1 (good)."""

    kind: Annotated[Literal["like", "comment", "share", "click"], FieldKind.TEXT]
    count: Quantity | None = 1
    sentiment: Annotated[float, Field(ge=-1, le=1), FieldKind.NUMBER] | None = None


TYPES: Mapping[str, type[EventData]] = {
    "web.session": WebSession,
    "ad.spend": AdSpend,
    "ad.impression": AdImpression,
    "conversion.recorded": ConversionRecorded,
    "email.delivered": Email,
    "email.opened": Email,
    "email.clicked": Email,
    "email.unsubscribed": Email,
    "email.complained": Email,
    "social.engagement": SocialEngagement,
}
