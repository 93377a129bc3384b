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
    """A record in either mode without the fields that name a person, however deep, if it is, or lists, one of such a
    type; any other as it came.

    State never reads these fields, so the record can be replayed. What is no JSON, or some thousand
    objects deep, cannot be read, and stays as it is.
    """
    body, lacks = _read(value)
    messages = [one for one in (body if isinstance(body, list) else [body]) if isinstance(one, dict)]
    types = [text.decode("latin-1") for name, text in headers if name == _TYPE and text]
    if not any(map(is_unnamed, messages)) and UNNAMED.isdisjoint(types):
        return value, headers
    kept = [(name, text) for name, text in headers if name.removeprefix(_PREFIX) not in PEOPLE]
    dropped = [_drop_unreadable(message) for message in messages]
    return (_written(body) if lacks or any(dropped) else value), kept


def _read(value: bytes | None) -> tuple[Any, bool]:
    """A body without people; whether it lacks anything then: a person, or the first of two fields of one name."""
    lacks = False

    def kept(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal lacks
        fields = {name: item for name, item in pairs if name not in PEOPLE}
        lacks = lacks or len(fields) < len(pairs)
        return fields

    try:
        return json.loads(value or b"", object_pairs_hook=kept), lacks
    except (ValueError, RecursionError):
        return None, False


def _drop_unreadable(message: dict[str, Any]) -> bool:
    """Of text in place of an object nobody can say what is in it; it is refused for that again. Whether there was."""
    is_text = message.get("data") is not None and not isinstance(message["data"], dict)
    if is_text:
        message["data"] = None
    return ("type" in message and message.pop("data_base64", None) is not None) or is_text


def _written(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
