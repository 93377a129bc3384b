"""Record -> Event or Rejected: CloudEvents structured and binary mode, validation, currency and key.

Three ways lead there: pydantic's, which holds the contract and writes every reason, `schemas.events.quick`, which takes
only normal events in structured mode, several times as fast, and says of them what pydantic's way would say, and of a
chunk `schemas.events.plain`, compiled, which takes the plainest of these, several times as fast again.

Never raises, whatever the bytes. What needs a clock or other events (five minutes ahead, horizon, duplicates, whether
the superseded event exists) is decided later, at OBSERVE. Of a repeated name in a JSON object the last one stands.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pydantic import ValidationError
from pydantic_core import from_json

from schemas.events.envelope import JSON_CONTENT, MAX_VALUE_BYTES, Envelope, Event, Rejected
from schemas.events.fields import EventData
from schemas.events.quick import FurtherDecoder, Header, QuickDecoder
from schemas.events.reasons import Reason
from schemas.events.registry import RETRACTED, Registry
from schemas.events.sentences import LONGEST, of_event, of_fault, shown
from schemas.events.shapes import plain_reader

if TYPE_CHECKING:
    from schemas.events.plain import PlainReader

ATTRIBUTES = frozenset(Envelope.model_fields)
PREFIX = "ce_"

_JSON_CONTENT = re.compile(JSON_CONTENT)
_check_envelope: Callable[[dict[str, Any]], Envelope] = Envelope.__pydantic_validator__.validate_python

_parts = attrgetter("key", "value", "headers")


class Record(Protocol):
    """A record of kpi.events, as far as the decoder reads it."""

    @property
    def key(self) -> bytes | None:
        """What decided its partition."""

    @property
    def value(self) -> bytes | None:
        """Its content."""

    @property
    def headers(self) -> Sequence[Header]:
        """Kafka headers, in their order."""


class _Shape(NamedTuple):
    """How to check `data` of one type, and what its absent fields stand for."""

    check: Callable[[dict[str, Any]], object]
    defaults: Mapping[str, Any]
    names: frozenset[str]


class Decoder:
    """Decodes the records of one tenant. Remembers nothing of a record but parts of its time."""

    def __init__(self, registry: Registry, currency: str, *, compiled: bool = True) -> None:
        """Args: `compiled` False: without the compiled reader, as where there is none."""
        self._currency = currency
        self._compiled = compiled
        self._models = models = dict[str, type[EventData]]()
        for type_ in registry.types:
            for known in (type_, type_ + RETRACTED):
                model = registry.model_of(known)
                assert model is not None
                models[known] = model
        self._shapes = {
            type_: _Shape(model.__pydantic_validator__.validate_python, _defaults(model), frozenset(_names(model)))
            for type_, model in models.items()
        }
        self._quick = QuickDecoder(models, currency)
        self._further = FurtherDecoder(models, currency)

    @cached_property
    def _plain(self) -> "PlainReader | None":
        # The shapes of all types take 50 ms to tell: a Decoder that is never asked does not pay for them.
        return plain_reader(self._models, self._currency) if self._compiled else None

    def decode(self, key: bytes | None, value: bytes | None, headers: Sequence[Header] = ()) -> Event | Rejected:
        """The event in a record, or why there is none. A `key` of None is not compared with the subject."""
        event = self._quick.events([(key, value, headers)])[0]
        if event is not None:
            return event
        found = self._further.event(key, value, headers)
        if found is not None:
            event, further = found
            event.data.update(further)
            return event
        return self.decode_slowly(key, value, headers)

    def decode_all(self, records: Sequence[Record]) -> list[Event | Rejected]:
        """What `decode` says of each record, in their order, but without the fields of `data` that nobody declared."""
        outcomes: list[Any] = [None] * len(records) if self._plain is None else self._plain.events(records)
        others = [place for place, event in enumerate(outcomes) if event is None]
        for place, event in zip(others, self._quick.events(_parts(records[place]) for place in others), strict=True):
            outcomes[place] = self._decode_further(*_parts(records[place])) if event is None else event
        return outcomes

    def _decode_further(self, key: bytes | None, value: bytes | None, headers: Sequence[Header]) -> Event | Rejected:
        found = self._further.event(key, value, headers)
        return self._declared(self.decode_slowly(key, value, headers)) if found is None else found[0]

    def decode_slowly(self, key: bytes | None, value: bytes | None, headers: Sequence[Header] = ()) -> Event | Rejected:
        """What `decode` says, by pydantic alone."""
        message = _read(value, headers)
        if isinstance(message, Rejected):
            return message
        try:
            time_us = _check_envelope(message).time
        except ValidationError as error:
            return Rejected(Reason.BAD_ENVELOPE, of_fault(error, message)[1])
        data = message.get("data")
        if data is None:
            data = {}
        if type(data) is not dict or "data_base64" in message:
            return _rejected(Reason.BAD_ENVELOPE, "data: must be a JSON object", message)
        type_ = message["type"]
        shape = self._shapes.get(type_)
        if shape is None:
            return _rejected(Reason.UNKNOWN_TYPE, f"type: {shown(type_)} is not a known event type", message)
        if None in data.values():
            data = {name: item for name, item in data.items() if item is not None}
        try:
            shape.check(data)
        except ValidationError as error:
            missing, sentence = of_fault(error, message, "data")
            return Rejected(Reason.MISSING_FIELD if missing else Reason.WRONG_FIELD, sentence)
        if shape.defaults:
            data = {**shape.defaults, **data}
        return self._admit(key, message, time_us, data)

    def _declared(self, outcome: Event | Rejected) -> Event | Rejected:
        if isinstance(outcome, Rejected):
            return outcome
        names = self._shapes[outcome.type].names
        if outcome.data.keys() <= names:
            return outcome
        return outcome._replace(data={name: item for name, item in outcome.data.items() if name in names})

    def _admit(
        self, key: bytes | None, message: Mapping[str, Any], time_us: int, data: dict[str, Any]
    ) -> Event | Rejected:
        """Rules between fields, after each field is known to be right."""
        currency = data.get("currency", self._currency)
        if currency != self._currency:
            fault = f"data.currency: {shown(currency)} is not the tenant's {self._currency}"
            return _rejected(Reason.FOREIGN_CURRENCY, fault, message)
        subject: str = message["subject"]
        if key is not None and key != subject.encode():
            fault = f"key: {shown(key[: LONGEST * 4].decode(errors='replace'))} is not the subject {shown(subject)}"
            return _rejected(Reason.KEY_MISMATCH, fault, message)
        source, id_ = message["source"], message["id"]
        superseded = data.pop("supersedes", None)
        if superseded is None:
            return Event(source, id_, message["type"], time_us, subject, data)
        supersedes = (superseded["source"], superseded["id"])
        if supersedes == (source, id_):
            return _rejected(Reason.NOT_SUPERSEDABLE, "data.supersedes: an event cannot supersede itself", message)
        return Event(source, id_, message["type"], time_us, subject, data, supersedes)


def _read(value: bytes | None, headers: Sequence[Header]) -> dict[str, Any] | Rejected:
    """The message as one object of attributes and `data`, in whichever of the two modes it came."""
    if value is not None and len(value) > MAX_VALUE_BYTES:
        return Rejected(Reason.OVERSIZE, f"value: {len(value):,} bytes is above {MAX_VALUE_BYTES:,}")
    if headers:
        content = next((text or b"" for name, text in headers if name.lower() == "content-type"), None)
        structured = content is not None and content.lower().startswith(b"application/cloudevents")
        if not structured and any(name.startswith(PREFIX) for name, _ in headers):
            return _read_binary(value, headers, content)
        if content is not None and _JSON_CONTENT.match(content.decode("latin-1")) is None:
            return Rejected(Reason.BAD_ENVELOPE, f"content-type: {shown(content.decode('latin-1'))} is not JSON")
    if value is None:
        return Rejected(Reason.BAD_ENVELOPE, "value: missing, and there are no ce_ headers")
    message = _parse(value)
    if isinstance(message, dict | Rejected):
        return message
    return Rejected(Reason.BAD_ENVELOPE, f"value: {shown(message)} is not a JSON object")


def _read_binary(value: bytes | None, headers: Sequence[Header], content: bytes | None) -> dict[str, Any] | Rejected:
    message: dict[str, Any] = {}
    for name, text in headers:
        attribute = name.removeprefix(PREFIX)
        if attribute != name and attribute in ATTRIBUTES:
            try:
                message[attribute] = text.decode()
            except (UnicodeDecodeError, AttributeError):
                return Rejected(Reason.BAD_ENVELOPE, f"header {name}: is not UTF-8")
    if content is not None:
        message["datacontenttype"] = content.decode("latin-1")
    if value:
        message["data"] = data = _parse(value)
        if isinstance(data, Rejected):
            return Rejected(data.reason, data.sentence + of_event(message))
    return message


def _parse(value: bytes) -> Any:
    try:
        return from_json(value, allow_inf_nan=False)
    except ValueError as error:
        # The parser's message says what and where, and quotes nothing.
        return Rejected(Reason.BAD_JSON, f"value: {error}")


def _rejected(reason: Reason, fault: str, message: Mapping[str, Any]) -> Rejected:
    return Rejected(reason, fault + of_event(message))


def _names(model: type[EventData]) -> Iterator[str]:
    return (info.alias or name for name, info in model.model_fields.items())


def _defaults(model: type[EventData]) -> Mapping[str, Any]:
    fields = model.model_fields
    return {
        info.alias or name: info.default for name, info in fields.items() if info.default and not info.is_required()
    }
