"""The cells of one source partition: what its facts add up to, and which of them the next stages must hear of again.

One vector a (group, subject, period), one vector of activity a (group, subject, hour), one reference count a distinct
key. Changes are cut into slices of event time; a slice holds the absolute state of everything touched since the last.
"""

from collections.abc import Sequence
from operator import add as plus
from typing import Any

from schemas.events.envelope import Event
from streams.core.accumulators.vector import add, retract, zero
from streams.core.columns import FEWEST, Change, Columns
from streams.core.facts import Fact
from streams.core.frames import Slice, integers
from streams.core.layout import COUNT, HOUR_WIDTH, LAST
from streams.core.rows import Key, Rows
from streams.core.spread import Spread, Touch
from streams.core.windows import Windows

CELL, PANE, REFERENCE, UNKNOWN_OWNER = "cell", "pane", "reference", "unknown_owner"


class Cells:
    """Cells as rows of OBSERVE."""

    def __init__(self, rows: Rows, spread: Spread, windows: Windows) -> None:
        self._rows = rows
        self._spread = spread
        self._windows = windows
        self._columns = Columns(spread, windows)
        self._touched: dict[Key, None] = {}
        self._slices: list[Slice] = []

    def ready(self) -> None:
        """Vectors as integers again: digits stand for what msgpack could not carry."""
        for key, vector in self._rows.items(CELL):
            if any(isinstance(part, str) for part in vector):
                self._rows.read_as(key, integers(vector))

    def count_all(self, events: Sequence[Event], oldest_pane_us: int) -> None:
        """Add events that stand alone, as they are. Hours before `oldest_pane_us` are left alone."""
        counted = self._columns.count(events, oldest_pane_us) if len(events) >= FEWEST else None
        if counted is None:
            for event in events:
                self.count(_fact(event), 1, oldest_pane_us)
            return
        periods, hours, unknown = counted
        for change in periods:
            self._change(CELL, change, list(map(plus, self._vector(CELL, change), change.vector)))
        for change in hours:
            hour = self._vector(PANE, change)
            for slot in range(0, len(hour), HOUR_WIDTH):
                hour[slot + COUNT] += change.vector[slot + COUNT]
                hour[slot + LAST] = max(hour[slot + LAST], change.vector[slot + LAST])
            self._change(PANE, change, hour)
        for owner in unknown:
            self._meet(owner)
        if self._spread.has_keys:
            for event in events:
                fact = _fact(event)
                for touch in self._spread.touches(fact, self._spread.crediting.of(fact), keyed=True):
                    self._count(touch, fact, 1, oldest_pane_us)

    def count(self, fact: Fact, sign: int, oldest_pane_us: int) -> None:
        """Add (`sign` 1) or take back (-1) a fact. Hours before `oldest_pane_us` are left alone."""
        credit = self._spread.crediting.of(fact)
        self._meet(credit.unknown_owner)
        for touch in self._spread.touches(fact, credit):
            self._count(touch, fact, sign, oldest_pane_us)

    def cut(self, stamp_us: int) -> None:
        """Close the current slice. What is back at nothing is told once more, then forgotten."""
        if not self._touched:
            return
        slice_ = Slice(stamp_us, layout=self._spread.layout.fingerprint)
        for key in self._touched:
            table, *name = key
            value = self._rows.get(key)
            if table == REFERENCE:
                slice_.keys.append((*name, value or 0))  # type: ignore[arg-type]
            else:
                slice_.cells.append((*name, list(value)))  # type: ignore[arg-type]
            if not (any(value) if table == CELL else any(value[COUNT::HOUR_WIDTH]) if table == PANE else value):
                self._rows.drop(key)
        self._touched = {}
        self._slices.append(slice_)

    def take_slices(self) -> list[Slice]:
        """The slices cut since they were last taken."""
        slices, self._slices = self._slices, []
        return slices

    def sweep(self, oldest_us: int, oldest_pane_us: int) -> None:
        """Forget cells whose window ended before `oldest_us`: nothing inside the horizon can change them. What is still
        to be told stays until the next sweep."""
        for key, _ in [*self._rows.items(CELL), *self._rows.items(REFERENCE)]:
            window = str(key[3] if key[0] == CELL else key[4])
            if key not in self._touched and self._windows.parse(window)[1].end_us < oldest_us:
                self._rows.drop(key)
        for key, vector in self._rows.items(PANE):
            if key not in self._touched and max(vector[LAST::HOUR_WIDTH]) < oldest_pane_us:
                self._rows.drop(key)

    def restart(self) -> None:
        """Another catalogue: set everything to nothing, to be counted anew. Every group hears of the subjects and
        windows that had something, because what stays at nothing has to be told too."""
        groups = self._spread.layout.groups
        for key, _ in self._rows.items(CELL):
            self._rows.drop(key)
            period, _ = self._windows.parse(str(key[3]))
            for group in groups:
                if group.period is period:
                    self._put((CELL, group.number, *key[2:]), zero(group.width))
        for key, _ in self._rows.items(PANE):
            self._rows.drop(key)
            for group in groups:
                if group.hours:
                    self._put((PANE, group.number, *key[2:]), zero(group.hours_width))
        for key, _ in self._rows.items(REFERENCE):
            self._put(key, 0)

    # -- rows

    def _meet(self, owner: str | None) -> None:
        if owner is not None and self._rows.get((UNKNOWN_OWNER, owner)) is None:
            self._rows.put((UNKNOWN_OWNER, owner), True)

    def _vector(self, table: str, change: Change) -> list[int]:
        """The vector as it stands; a new one is not yet in the rows."""
        vector: list[int] | None = self._rows.get((table, change.group.number, change.subject, change.window))
        return zero(len(change.vector)) if vector is None else vector

    def _change(self, table: str, change: Change, vector: list[int]) -> None:
        self._put((table, change.group.number, change.subject, change.window), vector)

    def _put(self, key: Key, value: Any) -> None:
        self._rows.put(key, value)
        self._touched[key] = None

    def _count(self, touch: Touch, fact: Fact, sign: int, oldest_pane_us: int) -> None:
        """One fact's effect on one KPI, for every subject credited."""
        kpi = touch.plan.kpi.id
        group = self._spread.layout.of(kpi)
        offset = group.offsets[kpi]
        change = add if sign > 0 else retract
        in_hours = touch.pane is not None and fact.time_us >= oldest_pane_us
        for subject in touch.subjects:
            key = (CELL, group.number, subject, touch.period)
            vector = self._rows.get(key) or zero(group.width)
            change(vector, touch.vector, offset)
            self._put(key, vector)
            if in_hours:
                hour = (PANE, group.number, subject, str(touch.pane))
                activity = self._rows.get(hour) or zero(group.hours_width)
                slot = group.hours[kpi]
                activity[slot + COUNT] += sign * touch.active
                activity[slot + LAST] = max(activity[slot + LAST], fact.time_us)
                self._put(hour, activity)
            for leaf, value in touch.keys:
                reference = (REFERENCE, kpi, leaf, subject, touch.period, value)
                self._put(reference, (self._rows.get(reference) or 0) + sign)


def _fact(event: Event) -> Fact:
    return Fact(event.type, event.time_us, event.data, (event.source, event.id))
