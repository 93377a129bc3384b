"""The cells of one source partition: what its facts add up to, and which of them the next stages must hear of again.

One vector a (kpi, subject, period), one activity count a (kpi, subject, hour), one reference count a distinct key.
Changes are cut into slices of event time; a slice holds the absolute state of everything touched since the last one.
"""

from streams.core.accumulators.vector import add, retract, zero
from streams.core.facts import Fact
from streams.core.frames import Slice
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
        self._touched: dict[Key, None] = {}
        self._slices: list[Slice] = []

    def ready(self) -> None:
        """Vectors as integers again: digits stand for what msgpack could not carry."""
        for key, vector in self._rows.items(CELL):
            self._rows.read_as(key, [int(part) for part in vector])

    def count(self, fact: Fact, sign: int, oldest_pane_us: int) -> None:
        """Add (`sign` 1) or take back (-1) a fact. Hours before `oldest_pane_us` are left alone."""
        credit = self._spread.crediting.of(fact)
        if credit.unknown_owner is not None and self._rows.get((UNKNOWN_OWNER, credit.unknown_owner)) is None:
            self._rows.put((UNKNOWN_OWNER, credit.unknown_owner), True)
        for touch in self._spread.touches(fact, credit):
            for subject in touch.subjects:
                self._count_cell(touch, subject, sign)
                if touch.pane is not None and fact.time_us >= oldest_pane_us:
                    self._count_pane(touch, subject, fact.time_us, sign)

    def cut(self, stamp_us: int) -> None:
        """Close the current slice. What is back at nothing is told once more, then forgotten."""
        if not self._touched:
            return
        slice_ = Slice(stamp_us)
        for key in self._touched:
            table, *name = key
            value = self._rows.get(key)
            if table == REFERENCE:
                slice_.keys.append((*name, value or 0))  # type: ignore[arg-type]
            else:
                slice_.cells.append((*name, list(value)))  # type: ignore[arg-type]
            if not (any(value) if table == CELL else value[0] if table == PANE else value):
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
        for key, (_, last_us) in self._rows.items(PANE):
            if key not in self._touched and last_us < oldest_pane_us:
                self._rows.drop(key)

    def restart(self) -> None:
        """Set everything to nothing, to be counted anew; what stays at nothing is told to the next stages too."""
        for key, vector in self._rows.items(CELL):
            plan = self._spread.plans.get(str(key[1]))
            self._rows.put(key, zero(plan.width if plan else len(vector)))
            self._touched[key] = None
        for key, (_, last_us) in self._rows.items(PANE):
            self._rows.put(key, [0, last_us])
            self._touched[key] = None
        for key, _ in self._rows.items(REFERENCE):
            self._rows.put(key, 0)
            self._touched[key] = None

    def _count_cell(self, touch: Touch, subject: str, sign: int) -> None:
        kpi = touch.plan.kpi.id
        key = (CELL, kpi, subject, touch.period)
        vector = self._rows.get(key) or zero(touch.plan.width)
        (add if sign > 0 else retract)(vector, touch.vector)
        self._rows.put(key, vector)
        self._touched[key] = None
        for leaf, value in touch.keys:
            reference = (REFERENCE, kpi, leaf, subject, touch.period, value)
            self._rows.put(reference, (self._rows.get(reference) or 0) + sign)
            self._touched[reference] = None

    def _count_pane(self, touch: Touch, subject: str, time_us: int, sign: int) -> None:
        key = (PANE, touch.plan.kpi.id, subject, str(touch.pane))
        count, last_us = self._rows.get(key) or (0, 0)
        self._rows.put(key, [count + sign * touch.active, max(last_us, time_us)])
        self._touched[key] = None
