"""What the compiled reader (`plain.pyx`) has to know of the event types, told from the msgspec types that `quick` reads
by. A field that it cannot tell exactly is OTHER: an event that carries one takes a longer way.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from msgspec import NODEFAULT, inspect

from schemas.events.derived import Derived, NotUnderstoodError, data_of
from schemas.events.envelope import Event
from schemas.events.fields import EXACT, EventData

try:
    from schemas.events.plain import PlainReader
except ImportError:  # installed where there was no compiler: `quick` reads everything, for three times the CPU
    PlainReader = None  # type: ignore[assignment,misc]

OTHER, ID, TEXT, CHOICE, INTEGER, NUMBER, FLAG = range(7)
_ANY_LENGTH = 1 << 30


class Field(NamedTuple):
    """One field of `data`: bounds of its value, or of its length, and each choice in bytes and as text."""

    name: str
    kind: int
    required: bool
    low: float = 0
    high: float = 0
    choices: Sequence[tuple[bytes, str]] = ()


def plain_reader(models: Mapping[str, type[EventData]], currency: str) -> "PlainReader | None":
    """A reader of these types of events; None where it is not compiled."""
    return None if PlainReader is None else PlainReader(Event, list(_shapes(models, currency)))


def _shapes(models: Mapping[str, type[EventData]], currency: str) -> Iterator[tuple[str, list[Field], dict[str, Any]]]:
    for type_, model in models.items():
        try:
            yield type_, *_shape(model, currency)
        except NotUnderstoodError:
            continue


@lru_cache(maxsize=256)
def _shape(model: type[EventData], currency: str) -> tuple[list[Field], dict[str, Any]]:
    derived = data_of(model, currency, True)
    return _fields(derived), dict(derived.defaults)


def _fields(derived: Derived) -> list[Field]:
    told = inspect.type_info(derived.struct)
    assert isinstance(told, inspect.StructType)
    checked = {name for name, _ in derived.checks}
    fields = []
    for field in told.fields:
        name, required = field.encode_name, field.default is NODEFAULT
        kinds = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
        kind = () if name in checked else tuple(one for one in kinds if not isinstance(one, inspect.NoneType))
        fields.append(_field(name, required, kind, name in derived.visible_names))
    return fields


def _field(name: str, required: bool, kind: tuple[inspect.Type, ...], visible: bool) -> Field:
    match kind:
        case (inspect.StrType(min_length=1, max_length=128, pattern=None),) if visible:
            return Field(name, ID, required)
        case (inspect.StrType(min_length=least, max_length=most, pattern=None),) if not visible:
            return Field(name, TEXT, required, least or 0, _ANY_LENGTH if most is None else most)
        case (inspect.LiteralType(values=values),):
            choices = [(value.encode(), value) for value in values if isinstance(value, str)]
            return Field(name, CHOICE, required, choices=choices)
        case (inspect.IntType(ge=low, le=high),):
            return Field(name, INTEGER, required, *_bounds(low, high))
        case (inspect.IntType(), inspect.FloatType(ge=float(low), le=float(high))):
            return Field(name, NUMBER, required, *_bounds(low, high))
        case (inspect.BoolType(),):
            return Field(name, FLAG, required)
    return Field(name, OTHER, required)


def _bounds(low: float | None, high: float | None) -> tuple[float, float]:
    return max(-EXACT, -EXACT if low is None else low), min(EXACT, EXACT if high is None else high)
