"""A rejected record as `kpi.dead-letter` carries it: why, where it lay, and its bytes, so that it can be replayed."""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from schemas.events.envelope import Rejected
from schemas.events.fields import Time
from schemas.events.reasons import Reason
from schemas.events.unnamed import without_people

KEPT_BYTES = 65_536
"""Of a longer key or value only this much is kept: its base64 must fit into one Kafka message (1 MiB)."""


def _from_base64(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return b64decode(value, validate=True)
    except Base64Error as error:
        raise ValueError(f"not base64: {error}") from None


Base64 = Annotated[
    bytes,
    BeforeValidator(_from_base64),
    PlainSerializer(lambda raw: b64encode(raw).decode(), when_used="json"),
    WithJsonSchema({"type": "string", "contentEncoding": "base64", "pattern": "^[A-Za-z0-9+/]*={0,2}$"}),
]
"""Raw bytes in Python, base64 text (RFC 4648 section 4, padded) in JSON."""


class RawHeader(BaseModel):
    """One Kafka record header; binary-mode events keep their attributes there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    value: Base64


class DeadLetter(BaseModel):
    """One rejected record: the reason, the record's place, and its bytes.

    `value_bytes` is the length of the value (of an anonymous event, without who sent it); where it exceeds `value`,
    that is only the beginning, and the record has to be fetched again from its place. `at` is when it was rejected.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Reason
    sentence: str
    topic: str
    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]
    at: Time
    key: Base64 | None = None
    value: Base64 | None = None
    value_bytes: Annotated[int, Field(ge=0)] = 0
    headers: tuple[RawHeader, ...] = ()

    @classmethod
    def of(
        cls,
        rejected: Rejected,
        *,
        topic: str,
        partition: int,
        offset: int,
        at: str,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> "DeadLetter":
        """A dead letter that fits into one message, without who sent an anonymous event. `at` is RFC 3339; headers
        beyond KEPT_BYTES in all are dropped."""
        value, headers = without_people(value, headers)
        return cls(
            reason=rejected.reason,
            sentence=rejected.sentence,
            topic=topic,
            partition=partition,
            offset=offset,
            at=at,
            key=None if key is None else key[:KEPT_BYTES],
            value=None if value is None else value[:KEPT_BYTES],
            value_bytes=len(value or b""),
            headers=_kept(headers),
        )


def _kept(headers: Sequence[tuple[str, bytes]]) -> tuple[RawHeader, ...]:
    kept, left = [], KEPT_BYTES
    for name, value in headers:
        raw = value or b""
        left -= len(name.encode()) + len(raw)
        if left < 0:
            break
        kept.append(RawHeader(name=name, value=raw))
    return tuple(kept)
