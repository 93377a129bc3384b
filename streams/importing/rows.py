"""Rows to events. Pure: a row and its line in, CloudEvents as plain dicts out, or all that is wrong with the row.

A row is taken whole or not at all: one bad value or one event that the contract refuses skips all its events.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from streams.core.measures.where import Filter
from streams.importing.cells import Cell, Reader, Value, as_text, reader
from streams.importing.mapping import LINE, TEMPLATE, Constant, Datum, EventSpec
from streams.importing.mapping import Mapping as TableMapping

CloudEvent = dict[str, Any]
Fields = dict[str, Value | None]

Check = Callable[[CloudEvent], str | None]
"""Says why an event breaks the contract, or None."""


MAX_NAMES = 5
"""Names of one id that are spoken of."""


class BadRowError(Exception):
    """A row that is skipped, with one sentence for each thing wrong with it."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))


class _Held(NamedTuple):
    """The best row of one key so far; `line` decides between equals."""

    order: tuple[Value | None, ...]
    line: int
    event: CloudEvent


class RowMapper:
    """Applies a mapping to rows. It remembers which keys of `first_per` it has seen, so one mapper serves one table."""

    def __init__(self, mapping: TableMapping, check: Check) -> None:
        self._mapping = mapping
        self._check = check
        self._names: dict[tuple[str, str], set[str]] = {}
        self._name_of: dict[str, str] = {}
        self.notes: list[str] = []
        self._readers = {
            name: reader(spec, mapping, partial(self._note_slug, name)) for name, spec in mapping.fields.items()
        }
        self._when: list[Filter] = [Filter(event.when) for event in mapping.events]
        self._seen: set[tuple[int, tuple[Value | None, ...]]] = set()
        self._held: dict[tuple[int, tuple[Value | None, ...]], _Held] = {}

    def events(self, row: Mapping[str, Cell], line: int) -> list[CloudEvent]:
        """Events to emit now for one row; raises BadRowError. Rows of an `order_by` event wait for `rest()`."""
        fields = self._read(row, line)
        plain = {name: _plain(value) for name, value in fields.items() if value is not None}
        made: list[tuple[int, EventSpec, tuple[Value | None, ...], CloudEvent]] = []
        for index, spec in enumerate(self._mapping.events):
            if not self._when[index](plain):
                continue
            key = tuple(fields[name] for name in spec.first_per or ())
            if spec.first_per and (index, key) in self._seen:
                continue
            event = self._event(spec, fields, plain)
            reason = self._check(event)
            if reason is not None:
                raise BadRowError([f"{spec.type}: {reason}"])
            made.append((index, spec, key, event))
        return [event for index, spec, key, event in made if self._goes_now(index, spec, key, event, fields, line)]

    def rest(self) -> Iterator[CloudEvent]:
        """The events chosen by `order_by`; call it once, after the last row."""
        yield from (held.event for held in self._held.values())
        self._held.clear()

    def name_of(self, identity: str) -> str | None:
        """The name that an id was first made from by `slug`."""
        return self._name_of.get(identity)

    def _read(self, row: Mapping[str, Cell], line: int) -> Fields:
        fields: Fields = {LINE: line}
        reasons = []
        for name, field in self._readers.items():
            try:
                fields[name] = field.read(row)
            except ValueError as error:
                reasons.append(f"column {_columns(field)}: {error}")
        if reasons:
            raise BadRowError(reasons)
        return fields

    def _goes_now(
        self, index: int, spec: EventSpec, key: tuple[Value | None, ...], event: CloudEvent, fields: Fields, line: int
    ) -> bool:
        if not spec.first_per:
            return True
        if not spec.order_by:
            self._seen.add((index, key))
            return True
        order = tuple(fields[name] for name in spec.order_by)  # _event has refused a row where one is absent
        held = self._held.get((index, key))
        candidate = _Held(order, line, event)
        if held is None or (candidate.order, line) < (held.order, held.line):
            self._held[index, key] = candidate
        return False

    def _event(self, spec: EventSpec, fields: Fields, plain: Mapping[str, Any]) -> CloudEvent:
        needed = {"time": [spec.time], "order_by": spec.order_by or (), "first_per": spec.first_per or ()}
        for place in ("subject", "id", "supersedes"):
            needed[place] = TEMPLATE.findall(getattr(spec, place) or "")
        reasons = [
            f"{spec.type}: {place} needs field {name}, column {_columns(self._readers[name])} is empty"
            for place, names in needed.items()
            for name in names
            if fields[name] is None
        ]
        if reasons:
            raise BadRowError(reasons)
        data = {name: value for name, datum in spec.data.items() if (value := _datum(datum, plain)) is not None}
        if spec.supersedes is not None:
            data["supersedes"] = {"source": self._mapping.source, "id": _filled(spec.supersedes, plain)}
        content = {"type": spec.type, "time": plain[spec.time], "subject": _filled(spec.subject, plain), "data": data}
        identity = _filled(spec.id, plain) if spec.id is not None else _content_id(content)
        return {"specversion": "1.0", "id": identity, "source": self._mapping.source, **content}

    def _note_slug(self, field: str, seen: str, made: str) -> None:
        self._name_of.setdefault(made, seen)
        names = self._names.setdefault((field, made), set())
        folded = seen.casefold()
        if folded not in names and len(names) < MAX_NAMES:
            if names:
                others = self._name_of[made]
                self.notes.append(
                    f"field {field}: {others!r} and {seen!r} both become {made!r}; `map` tells them apart"
                )
            names.add(folded)


def _columns(field: Reader) -> str:
    return " + ".join(field.columns)


def _plain(value: Value) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _datum(datum: Datum, plain: Mapping[str, Any]) -> Any:
    if isinstance(datum, Constant):
        return datum.value
    if isinstance(datum, str):
        return plain.get(datum)
    return [plain[name] for name in datum if name in plain] or None


def _filled(template: str, plain: Mapping[str, Any]) -> str:
    return TEMPLATE.sub(lambda found: as_text(plain[found[1]]), template)


def _content_id(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
