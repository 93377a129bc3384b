"""Anonymous events outside of the state: a rejected record is kept and shown without who sent it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from schemas.events.people import ANONYMOUS_TYPES, PEOPLE
from schemas.events.registry import RETRACTED

UNNAMED = frozenset(type_ + ending for type_ in ANONYMOUS_TYPES for ending in ("", RETRACTED))
"""Types of events of which nothing but kpi.events holds who sent them."""
_TYPE, _PREFIX = "ce_type", "ce_"
Headers = Sequence[tuple[str, bytes]]


def is_unnamed(message: Mapping[str, Any]) -> bool:
    """Whether a message, right or wrong, says that it is of such a type."""
    type_ = message.get("type")
    return isinstance(type_, str) and type_ in UNNAMED


def without_people(value: bytes | None, headers: Headers) -> tuple[bytes | None, Headers]:
    """A record in either mode without the fields that name a person, if it is of such a type; any other as it came.

    State never reads these fields, so the record can be replayed. What is no JSON cannot be read, and stays as it is.
    """
    message = _object(value)
    types = [text.decode("latin-1") for name, text in headers if name == _TYPE and text]
    if not is_unnamed(message) and UNNAMED.isdisjoint(types):
        return value, headers
    kept = [(name, text) for name, text in headers if name.removeprefix(_PREFIX) not in PEOPLE]
    found = _without(message)
    if "data" in message:
        # Of text in place of an object nobody can say what is in it; it is refused for that again.
        found["data"] = _without(message["data"]) if isinstance(message["data"], dict) else None
    if "type" in message:
        found.pop("data_base64", None)
    return (value if found == message else _written(found)), kept


def _without(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in fields.items() if name not in PEOPLE}


def _object(value: bytes | None) -> dict[str, Any]:
    try:
        message = json.loads(value or b"")
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


def _written(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
