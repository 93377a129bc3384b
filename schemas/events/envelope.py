"""The CloudEvents 1.0 envelope on the wire, and the two outcomes of decoding a record: an Event or a Rejected."""

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, PlainValidator, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError, to_json

from schemas.events.fields import Id
from schemas.events.reasons import Reason
from schemas.events.times import RFC3339, TimeFormatError, format_us, parse_us

__all__ = ["JSON_CONTENT", "MAX_VALUE_BYTES", "Envelope", "Event", "Reason", "Rejected", "encode"]

MAX_VALUE_BYTES = 65_536
"""A record's value may be this long; longer is a dead letter, unread."""

JSON_CONTENT = r"^[ \t]*([Aa]pplication|[Tt]ext)/([^;]+\+)?[Jj][Ss][Oo][Nn][ \t]*(;.*)?$"
"""Media types that promise JSON: application/json, text/json and anything ending in +json."""


def _to_us(text: object) -> int:
    if not isinstance(text, str):
        raise PydanticCustomError("string_type", "is not text")
    try:
        return parse_us(text)
    except TimeFormatError as error:
        raise PydanticCustomError("time", "{fault}", {"fault": str(error)}) from None


class Envelope(BaseModel):
    """Context attributes of one event; `time` becomes microseconds since the epoch. Extension attributes pass."""

    model_config = ConfigDict(strict=True, extra="ignore")

    specversion: Literal["1.0"]
    id: Id
    source: Id
    type: str
    time: Annotated[
        int,
        PlainValidator(_to_us),
        WithJsonSchema({"type": "string", "format": "date-time", "pattern": RFC3339}),
    ]
    subject: Id
    datacontenttype: Annotated[str, StringConstraints(pattern=JSON_CONTENT)] | None = None


class Event(NamedTuple):
    """A valid event. `data` holds plain JSON values as they came, without nulls and without `supersedes`.

    Numbers keep their JSON form (5 is an int, 5.0 a float); fields nobody declared are still there.
    """

    source: str
    id: str
    type: str
    time_us: int  # event time, microseconds since the epoch, UTC
    subject: str
    data: dict[str, Any]
    supersedes: tuple[str, str] | None = None  # (source, id) of the event this one corrects, reverses or retracts


class Rejected(NamedTuple):
    """A record that is no valid event. `sentence` names place, value and rule, and never holds private text."""

    reason: Reason
    sentence: str


def encode(event: Event) -> bytes:
    """The event as structured-mode JSON in UTF-8; produce it with `event.subject` as key.

    `decode` of it is the same event again, as long as it is at most MAX_VALUE_BYTES long.
    """
    data = event.data
    if event.supersedes is not None:
        source, id_ = event.supersedes
        data = {**data, "supersedes": {"source": source, "id": id_}}
    return to_json(
        {
            "specversion": "1.0",
            "id": event.id,
            "source": event.source,
            "type": event.type,
            "time": format_us(event.time_us),
            "subject": event.subject,
            "data": data,
        }
    )
