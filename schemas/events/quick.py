"""The fast way of the decoder: normal structured-mode events, read and validated by msgspec.

It says an event, the one that pydantic's way would say, or nothing: then pydantic's way decides, and writes the reason.
Held by tests/schemas/events/test_quick.py; measured by `python -m tests.bench.decode`.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property, reduce
from math import isfinite
from operator import or_
from typing import Any

import msgspec
from pydantic_core import from_json

from schemas.events.derived import Derived, NotUnderstoodError, data_of, envelope_of
from schemas.events.envelope import Event
from schemas.events.fields import VISIBLE, EventData
from schemas.events.instants import Instants

_VISIBLE = re.compile(VISIBLE)
_BACKSLASH, _SPACE, _DELETE = b"\\ \x7f"
# TimeFormatError, UnicodeDecodeError and what the models' validators raise are ValueErrors.
_UNFIT = (msgspec.DecodeError, ValueError, RecursionError)
_new_event = tuple.__new__
_plain = msgspec.to_builtins


class QuickDecoder:
    """Reads values of one tenant's event types. Remembers nothing of a record but parts of its time."""

    def __init__(self, models: Mapping[str, type[EventData]], currency: str) -> None:
        self._models = models
        self._currency = currency
        instants = Instants()
        self._hours, self._rests, self._time_us = instants.hours, instants.rests, instants.us

    def exact(self, key: bytes | None, value: bytes) -> Event | None:
        """The event of a value that holds nothing undeclared, or None. About 1.5 us."""
        try:
            return self._event(key, value, self._read_exact(value))
        except _UNFIT:
            return None

    def declared(self, key: bytes | None, value: bytes) -> Event | None:
        """The event of a value with undeclared attributes or fields, without those; or None. About 4 us."""
        try:
            message = self._read_any(value)
            event = self._event(key, value, message)
            # msgspec skips what it does not know without much of a look.
            whole = from_json(value, allow_inf_nan=False)
        except _UNFIT:
            return None
        if event is None or "data_base64" in whole:
            return None
        data = whole.get("data", {})
        for name in data.keys() - message.derived.names:
            item = data[name]
            if isinstance(item, list | dict) or (isinstance(item, float) and not isfinite(item)):
                return None
        return event

    def _event(self, key: bytes | None, value: bytes, message: Any) -> Event | None:
        """The rules that msgspec does not check."""
        time = message.time
        try:
            time_us = self._hours[time[:13]] + self._rests[time[13:]]
        except KeyError:
            time_us = self._time_us(time)
        subject = message.subject
        if key is not None and key != subject.encode():
            return None
        fields = message.data
        data = _plain(fields)
        # ASCII without a space, an escape or DEL holds no character that an id may not have: control characters would
        # have to be escaped. Most producers write so; the looks of C at the whole value cost 0.1 us, at each id 0.6 us.
        bare = value.isascii() and not (_SPACE in value or _BACKSLASH in value or _DELETE in value)
        if not bare and not _are_visible(message, data):
            return None
        if message.is_special:
            for name, check in message.derived.checks:
                if name in data:
                    check(data[name])
            data = {**message.derived.defaults, **data}
        supersedes = None
        if fields.supersedes is not None:
            del data["supersedes"]
            supersedes = (fields.supersedes.source, fields.supersedes.id)
            if supersedes == (message.source, message.id):
                return None
        # A NamedTuple's own constructor costs 0.1 us more.
        return _new_event(Event, (message.source, message.id, message.type_, time_us, subject, data, supersedes))

    @cached_property
    def _read_exact(self) -> Any:
        return self._reader(forbid_unknown=True)

    @cached_property
    def _read_any(self) -> Any:
        return self._reader(forbid_unknown=False)

    def _reader(self, forbid_unknown: bool) -> Any:
        return msgspec.json.Decoder(reduce(or_, self._messages(forbid_unknown))).decode

    def _messages(self, forbid_unknown: bool) -> Iterator[Any]:
        known: dict[type[EventData], Derived] = {}
        for type_, model in self._models.items():
            try:
                derived = known[model] = known.get(model) or data_of(model, self._currency, forbid_unknown)
            except NotUnderstoodError:
                continue
            yield envelope_of(type_, derived, forbid_unknown)


def _are_visible(message: Any, data: Mapping[str, Any]) -> bool:
    ids = [message.id, message.source, message.subject, *filter(None, map(data.get, message.derived.visible))]
    if message.data.supersedes is not None:
        ids += (message.data.supersedes.source, message.data.supersedes.id)
    # One look at all of them: the rule is about single characters, and msgspec has seen to it that none is empty.
    text = "".join(ids)
    if text.isascii():
        return text.isprintable() and " " not in text
    return _VISIBLE.fullmatch(text) is not None
