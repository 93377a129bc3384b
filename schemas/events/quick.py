"""The fast way of the decoder: normal structured-mode events, read and validated by msgspec.

It says an event, the one that pydantic's way would say, or nothing: then pydantic's way decides, and writes the reason.
Held by tests/schemas/events/test_quick.py; measured by `python -m tests.bench.decode`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from math import isfinite
from operator import or_
from typing import Any

import msgspec
from pydantic_core import from_json

from schemas.events.derived import Derived, NotUnderstoodError, data_of, envelope_of
from schemas.events.envelope import MAX_VALUE_BYTES, Event
from schemas.events.fields import VISIBLE, EventData
from schemas.events.instants import Instants

Header = tuple[str, bytes]

_STRUCTURED = frozenset(
    b"application/cloudevents+json" + charset
    for charset in (b"", b"; charset=utf-8", b";charset=utf-8", b"; charset=UTF-8", b";charset=UTF-8")
)
"""Content types that most structured-mode events have."""
_VISIBLE = re.compile(VISIBLE)
_BACKSLASH, _SPACE, _DELETE = b"\\ \x7f"
# TimeFormatError, UnicodeDecodeError and what the models' validators raise are ValueErrors.
_UNFIT = (msgspec.DecodeError, ValueError, RecursionError)
_new_event = tuple.__new__
_plain = msgspec.to_builtins
_fields_of = msgspec.structs.astuple
_ORDER = ("specversion", "id", "source", "time", "subject", "datacontenttype", "data")
"""Of the fields of a message: all at once they take half the time."""


class QuickDecoder:
    """Reads values of one tenant's event types. Remembers nothing of a record but parts of its time."""

    def __init__(self, models: Mapping[str, type[EventData]], currency: str, forbid_unknown: bool = True) -> None:
        self._models = models
        self._currency = currency
        self._forbid_unknown = forbid_unknown
        self._instants = Instants()
        self._read: Callable[[bytes], Any] = self._read_first

    def event(self, key: bytes | None, value: bytes) -> Event | None:
        """The event of a value, or None. What nobody declared is left out of `data`, unless it is forbidden at all."""
        return self.events([(key, value, ())])[0]

    def events(self, records: Iterable[tuple[bytes | None, bytes | None, Sequence[Header]]]) -> list[Event | None]:
        """`event` of each key and value; None for those that are too long or whose headers are unusual."""
        # The hot path: what looks clumsy here was measured. One loop over a chunk saves a call for each event.
        instants = self._instants
        hour_of, rest_of, fraction_of, us = instants.hours.get, instants.rests.get, instants.fractions.get, instants.us
        events: list[Event | None] = []
        take = events.append
        for key, value, headers in records:
            if value is None or len(value) > MAX_VALUE_BYTES or (headers and not _is_usual(headers)):
                take(None)
                continue
            try:
                message = self._read(value)
                _, id_, source, time, subject, _, fields = _fields_of(message)
                end = -1 if time[-1:] == "Z" else -6
                hour_us, rest_us = hour_of(time[:13] + time[end:]), rest_of(time[13:19])
                fraction_us = fraction_of(time[19:end])
                if hour_us is None or rest_us is None or fraction_us is None:
                    time_us = us(time)
                else:
                    time_us = hour_us + rest_us + fraction_us
                # ASCII without a space, an escape or DEL holds no character that an id may not have: control characters
                # would have to be escaped. Four looks at the whole value cost 0.1 us, a look at each id 0.5 us.
                bare = value.isascii() and not (_SPACE in value or _BACKSLASH in value or _DELETE in value)
                if (key is not None and key != subject.encode()) or not (bare or _are_visible(message)):
                    take(None)
                    continue
                data = _plain(fields)
                if message.is_special:
                    for name, check in message.derived.checks:
                        if name in data:
                            check(data[name])
                    data = {**message.derived.defaults, **data}
            except _UNFIT:
                take(None)
                continue
            supersedes = None
            if "supersedes" in data:
                superseded = data.pop("supersedes")
                supersedes = (superseded["source"], superseded["id"])
                if supersedes == (source, id_):
                    take(None)
                    continue
            # A NamedTuple's own constructor costs 0.1 us more.
            take(_new_event(Event, (source, id_, message.type_, time_us, subject, data, supersedes)))
        return events

    def _read_first(self, value: bytes) -> Any:
        # The types of all events take 20 ms to make: a Decoder that is never asked does not pay for them.
        self._read = msgspec.json.Decoder(reduce(or_, self._messages())).decode
        return self._read(value)

    def _messages(self) -> Iterator[Any]:
        known: dict[type[EventData], Derived] = {}
        for type_, model in self._models.items():
            try:
                derived = known.get(model) or data_of(model, self._currency, self._forbid_unknown)
            except NotUnderstoodError:
                continue
            known[model] = derived
            envelope = envelope_of(type_, derived, self._forbid_unknown)
            assert envelope.__struct_fields__ == _ORDER
            yield envelope


class FurtherDecoder:
    """Reads values that hold attributes or fields which nobody declared."""

    def __init__(self, models: Mapping[str, type[EventData]], currency: str) -> None:
        self._quick = QuickDecoder(models, currency, forbid_unknown=False)
        self._names = {
            type_: frozenset(info.alias or name for name, info in model.model_fields.items())
            for type_, model in models.items()
        }

    def event(
        self, key: bytes | None, value: bytes | None, headers: Sequence[Header] = ()
    ) -> tuple[Event, dict[str, Any]] | None:
        """The event with its declared fields, and the others; or None."""
        event = self._quick.events([(key, value, headers)])[0]
        if event is None or value is None:
            return None
        try:
            # msgspec passes over what it does not know without much of a look.
            message = from_json(value, allow_inf_nan=False)
        except ValueError:
            return None
        if "data_base64" in message:
            return None
        data = message.get("data", {})
        names, further = self._names[event.type], {}
        for name, item in data.items():
            if name in names or item is None:
                continue
            # Numbers beyond all range, which pydantic refuses at any depth.
            if isinstance(item, list | dict) or (isinstance(item, float) and not isfinite(item)):
                return None
            further[name] = item
        return event, further


def _are_visible(message: Any) -> bool:
    ids = [message.id, message.source, message.subject, *filter(None, message.derived.visible(message.data))]
    if message.data.supersedes is not None:
        ids += (message.data.supersedes.source, message.data.supersedes.id)
    # One look at all of them: the rule is about single characters, and msgspec has seen to it that none is empty.
    text = "".join(ids)
    if text.isascii():
        return text.isprintable() and " " not in text
    return _VISIBLE.fullmatch(text) is not None


def _is_usual(headers: Sequence[Header]) -> bool:
    """Whether pydantic's way would only look at the value: the headers promise structured mode in the usual words."""
    content = next((text for name, text in headers if name.lower() == "content-type"), None)
    return content in _STRUCTURED
