"""Every event type with its model and fields: the shipped ones, plus what a tenant's catalogue declares.

The decoder validates by it; the catalogue's measures are checked against it.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, get_args

from pydantic import Field, create_model

from schemas.catalogue.models import EventType
from schemas.events import marketing, operations, people, sales, service
from schemas.events.fields import EventData, FieldKind, Flag, Id, Integer, Number, Retraction, Text, kinds

__all__ = ["REPLACES", "RETRACTED", "SHIPPED", "FieldKind", "Registry"]

SHIPPED: Mapping[str, type[EventData]] = MappingProxyType(
    {**sales.TYPES, **marketing.TYPES, **service.TYPES, **people.TYPES, **operations.TYPES}
)

RETRACTED = ".retracted"
"""Suffix of the type that undoes an event: `sale.closed.retracted`."""

REPLACES: Mapping[str, str] = MappingProxyType({"sale.corrected": "sale.closed"})
"""A type that only corrects -> the type it corrects."""

_TENANT_KINDS: Mapping[str, Any] = {"id": Id, "text": Text, "number": Number, "integer": Integer, "boolean": Flag}


class Registry:
    """All event types of one tenant. Build it with `Registry.of`."""

    def __init__(self, types: Mapping[str, type[EventData]]) -> None:
        self.types: Mapping[str, type[EventData]] = MappingProxyType(dict(types))
        """Type -> model of its `data`, without the retractions."""

    @classmethod
    def of(cls, event_types: Iterable[EventType] = ()) -> "Registry":
        """The shipped types and `event_types`.

        Raises ValueError, naming the type and the rule, where a declaration shadows a shipped type or field.
        """
        types = dict(SHIPPED)
        for declared in event_types:
            _refuse_reserved(declared, types)
            types[declared.type] = _model(declared)
        return cls(types)

    def model_of(self, type_: str) -> type[EventData] | None:
        """Model of the `data` of a type or of its retraction; None for an unknown type."""
        known = self.types.get(type_)
        if known is None and type_.endswith(RETRACTED) and type_.removesuffix(RETRACTED) in self.types:
            return Retraction
        return known

    def fields_of(self, type_: str) -> Mapping[str, FieldKind]:
        """Field of `data` -> its kind. Raises KeyError for an unknown type."""
        return _kinds(self._known(type_))

    def countable(self, type_: str) -> bool:
        """Whether a measure may count this type: known, and neither a correction nor a retraction."""
        return type_ in self.types and type_ not in REPLACES

    def _known(self, type_: str) -> type[EventData]:
        model = self.model_of(type_)
        if model is None:
            raise KeyError(type_)
        return model


def _refuse_reserved(declared: EventType, types: Mapping[str, type[EventData]]) -> None:
    place = f"event_types: {declared.type}"
    if declared.type in SHIPPED:
        raise ValueError(f"{place} is a shipped event type and cannot be declared again")
    if declared.type in types:
        raise ValueError(f"{place} is declared twice")
    if declared.type.endswith(RETRACTED):
        raise ValueError(f"{place} ends in {RETRACTED}, which every type has already")
    common = kinds(EventData)
    for field, declaration in declared.fields.items():
        kind = declaration.removesuffix("!")
        if field == "supersedes" or (field in common and common[field] != kind):
            held = common.get(field, "the identity of another event")
            raise ValueError(f"{place}: field {field} is not {kind}, every event may carry it as {held}")


def _model(declared: EventType) -> type[EventData]:
    fields: dict[str, Any] = {}
    for position, (name, declaration) in enumerate(declared.fields.items()):
        required = declaration.endswith("!")
        if name in EventData.model_fields:
            # Keeps the limits that the field has on every event; a declaration can only require it.
            kind = get_args(EventData.model_fields[name].annotation)[0]
            fields[name] = (kind, ...) if required else (kind | None, None)
            continue
        kind = _TENANT_KINDS[declaration.removesuffix("!")]
        # A wire name may be no Python name, or one that pydantic keeps for itself: it travels as the alias.
        fields[f"field_{position}"] = (
            (kind, Field(alias=name)) if required else (kind | None, Field(default=None, alias=name))
        )
    doc = f"Declared by the tenant's catalogue: {declared.type}."
    return create_model(f"Tenant_{declared.type.replace('.', '_')}", __base__=EventData, __doc__=doc, **fields)


@cache
def _kinds(model: type[EventData]) -> Mapping[str, FieldKind]:
    return MappingProxyType(kinds(model))
