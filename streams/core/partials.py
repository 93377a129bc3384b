"""What JUDGE knows of its subjects: partial vectors of every source, merged, and the activity of their hours."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from streams.core import frames
from streams.core.accumulators.vector import merge
from streams.core.frames import Cell
from streams.core.measures.compile import FACTS_SLOT, Plan, Reading
from streams.core.policy import MINUTE_US
from streams.core.rows import Rows

CELL, KEYS, PANE = "cell", "keys", "pane"
PANE_PREFIX = "h"
"""Ids of hours start with it, ids of periods with a digit."""


def began_us(pane: str) -> int:
    """Start of an hour, from its id."""
    return int(pane.removeprefix(PANE_PREFIX)) * MINUTE_US


class Hour(NamedTuple):
    """Activity of one hour over all sources: events, and the time of the last one."""

    events: int
    last_us: int


class Partials:
    """Rows of (kpi, subject, window): for each source its newest vector."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._hours: dict[tuple[str, str], dict[str, Hour]] = defaultdict(dict)

    def ready(self) -> None:
        """Rebuild what is derived from the rows."""
        for key, sources in self._rows.items(CELL):
            self._rows.read_as(key, {source: [int(part) for part in vector] for source, vector in sources.items()})
        for key, sources in self._rows.items(PANE):
            self._set_hour(str(key[1]), str(key[2]), str(key[3]), sources.values())

    def put(self, source: str, cell: Cell) -> bool:
        """Take a source's newest vector of a cell. Whether a component has become less: a correction."""
        kpi, subject, window, _ = cell
        vector = frames.vector_of(cell)
        table = PANE if window.startswith(PANE_PREFIX) else KEYS if source.startswith(frames.FROM_LINK) else CELL
        key = (table, kpi, subject, window)
        sources = self._rows.get(key)
        if sources is None:
            sources = {}
        before = sources.get(source) or [0] * len(vector)
        sources[source] = vector
        self._rows.put(key, sources)
        if table == PANE:
            self._set_hour(kpi, subject, window, sources.values())
        return any(new < old for new, old in zip(vector, before, strict=False))

    def reading(self, plan: Plan, subject: str, window: str) -> Reading:
        """Value and n of a KPI for a subject and period."""
        vector, distinct = self._merged(plan, subject, window)
        return plan.reading(vector, distinct)

    def has_facts(self, plan: Plan, subject: str, window: str) -> bool:
        """Whether any standing event takes part."""
        sources: dict[str, list[int]] = self._rows.get((CELL, plan.kpi.id, subject, window)) or {}
        return sum(vector[FACTS_SLOT] for vector in sources.values() if len(vector) == plan.width) > 0

    def hours(self, kpi: str, subject: str) -> dict[str, Hour]:
        """Activity by hour id."""
        return self._hours[(kpi, subject)]

    def last_event_us(self, kpi: str, subject: str) -> int | None:
        """The time of the last event that still counts, among the hours kept."""
        return max((hour.last_us for hour in self._hours[(kpi, subject)].values() if hour.events > 0), default=None)

    def sweep_hours(self, oldest_us: int) -> None:
        """Forget hours that began before `oldest_us`, but never the one of a subject's last event: its silence goes
        on."""
        for (kpi, subject), hours in list(self._hours.items()):
            last_us = self.last_event_us(kpi, subject)
            for pane, hour in list(hours.items()):
                if began_us(pane) < oldest_us and (hour.events == 0 or hour.last_us != last_us):
                    self.forget(PANE, kpi, subject, pane)

    def forget(self, table: str, kpi: str, subject: str, window: str) -> None:
        """Drop a row."""
        self._rows.drop((table, kpi, subject, window))
        if table == PANE:
            self._hours[(kpi, subject)].pop(window, None)

    def names(self, table: str) -> list[tuple[str, str, str]]:
        """(kpi, subject, window) of every row of a table."""
        return [(str(key[1]), str(key[2]), str(key[3])) for key, _ in self._rows.items(table)]

    def _merged(self, plan: Plan, subject: str, window: str) -> tuple[list[int], list[int]]:
        name = (plan.kpi.id, subject, window)
        # Another catalogue may have given the KPI another shape; old vectors are replaced by OBSERVE's recount.
        vectors = [v for v in (self._rows.get((CELL, *name)) or {}).values() if len(v) == plan.width]
        keys = [v for v in (self._rows.get((KEYS, *name)) or {}).values() if len(v) == len(plan.keys)]
        return merge(vectors, plan.width), merge(keys, len(plan.keys))

    def _set_hour(self, kpi: str, subject: str, pane: str, vectors: Iterable[list[int]]) -> None:
        counted = [(count, last_us) for count, last_us in vectors]
        self._hours[(kpi, subject)][pane] = Hour(
            sum(count for count, _ in counted), max((last_us for count, last_us in counted if count > 0), default=0)
        )
