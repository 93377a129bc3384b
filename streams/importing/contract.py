"""What an imported event must be: the event contract, as the worker will read it."""

import difflib
from collections.abc import Sequence
from typing import Any

import msgspec

from schemas.catalogue.models import Catalogue
from schemas.events.decode import Decoder
from schemas.events.envelope import Rejected
from schemas.events.registry import Registry
from streams.importing.load import Fault
from streams.importing.mapping import Mapping
from streams.importing.rows import Check, CloudEvent

NO_CURRENCY = "XXX"
"""ISO 4217 for no currency: what stands for the tenant's while no catalogue says it."""


def line_of(event: CloudEvent) -> bytes:
    """The event as one line of JSON, without the line's end."""
    return msgspec.json.encode(event)


def checker(catalogue: Catalogue | None) -> Check:
    """Says why the worker would reject an event, or None.

    Without a catalogue only the shipped types are known, and every currency passes.
    """
    registry = _registry(catalogue)
    decoders: dict[str, Decoder] = {}

    def check(event: CloudEvent) -> str | None:
        currency = catalogue.tenant.currency if catalogue else str(event["data"].get("currency", NO_CURRENCY))
        if currency not in decoders:
            decoders[currency] = Decoder(registry, currency)
        outcome = decoders[currency].decode(None, line_of(event))
        return outcome.sentence if isinstance(outcome, Rejected) else None

    return check


def unknown_types(mapping: Mapping, catalogue: Catalogue | None) -> list[Fault]:
    """One fault for each event of the mapping whose type nobody declares."""
    registry = _registry(catalogue)
    faults = []
    for index, event in enumerate(mapping.events):
        if registry.model_of(event.type) is None:
            near = difflib.get_close_matches(event.type, registry.types, n=1)
            hint = f"; did you mean {near[0]}?" if near else " (--catalogue knows a tenant's own types)"
            faults.append(Fault(("events", index, "type"), f"{event.type!r} is not a known event type{hint}"))
    return faults


def unread_fields(mapping: Mapping, catalogue: Catalogue | None) -> list[str]:
    """One note for each field of `data` that the event's type does not have: it travels along, and no KPI reads it."""
    registry = _registry(catalogue)
    notes = []
    for index, event in enumerate(mapping.events):
        known = registry.fields_of(event.type)
        for field in event.data:
            if field not in known:
                near = difflib.get_close_matches(field, known, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                notes.append(f"events[{index}].data: {event.type} has no field {field!r}, no KPI reads it{hint}")
    return notes


def _registry(catalogue: Catalogue | None) -> Registry:
    declared: Sequence[Any] = catalogue.event_types if catalogue else ()
    return Registry.of(declared)
