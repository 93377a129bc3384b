"""When a subject was active: events of each hour and the time of the last one, of all sources together.

A row is (group, subject, hour): for each source the vector of the group's KPIs whose hours are kept (layout.py). What
is asked often - the last event, the events since a day - is kept up to date with each change, never summed up anew.
"""

from collections.abc import Iterator
from itertools import compress
from operator import ne
from typing import Any, NamedTuple

from streams.core.frames import HOUR, Cell
from streams.core.layout import COUNT, HOUR_WIDTH, LAST, Group, Layout
from streams.core.partials import NOTHING, Changed
from streams.core.policy import MINUTE_US
from streams.core.rows import Rows

PANE = "pane"


class Recent(NamedTuple):
    """Events of a subject since a day, and when the first of these hours began."""

    events: int
    first_us: int


def began_us(hour: str) -> int:
    """Start of an hour, from its id."""
    return int(hour.removeprefix(HOUR)) * MINUTE_US


class Hours:
    """Hours of one partition of JUDGE, as its rows."""

    def __init__(self, rows: Rows, layout: Layout) -> None:
        self._rows = rows
        self._layout = layout
        self._slots = [_kpis_by_slot(group) for group in layout.groups]
        self._merged: dict[tuple[int, str], dict[int, list[int]]] = {}
        self._last: dict[tuple[str, str], int | None] = {}
        self._recent: dict[tuple[str, str], tuple[int, Recent | None]] = {}

    def ready(self) -> None:
        """Rebuild what is derived from the rows."""
        for (_, number, subject, hour), sources in self._rows.items(PANE):
            group = self._layout.groups[int(number)]
            hours = self._merged.setdefault((group.number, str(subject)), {})
            hours[began_us(str(hour))] = _merge(list(sources.values()), group.hours_width)

    def put(self, source: str, cell: Cell) -> Changed:
        """Take a source's newest vector of an hour."""
        number, subject, hour, told = cell
        vector: list[Any] = told
        key = (PANE, number, subject, hour)
        sources = self._rows.get(key)
        if sources is None:
            sources = {}
        width = self._layout.groups[number].hours_width
        before = sources.get(source) or [0] * width
        if before == vector or len(vector) != width:
            return NOTHING
        sources[source] = vector
        self._rows.put(key, sources)
        start_us = began_us(hour)
        hours = self._merged.setdefault((number, subject), {})
        old, new = hours.get(start_us), _merge(list(sources.values()), width)
        hours[start_us] = new
        changed, less = dict.fromkeys(compress(self._slots[number], map(ne, vector, before))), set()
        for kpi in changed:
            at = self._layout.groups[number].hours[kpi]
            self._follow((kpi, subject), start_us, old[at : at + HOUR_WIDTH] if old else [0, 0], new[at], new[at + 1])
            if vector[at + COUNT] < before[at + COUNT] or vector[at + LAST] < before[at + LAST]:
                less.add(kpi)
        return changed, less

    def events(self, kpi: str, subject: str, start_us: int) -> int:
        """Events of the hour that begins at an instant."""
        group = self._layout.of(kpi)
        vector = self._merged.get((group.number, subject), {}).get(start_us)
        return vector[group.hours[kpi] + COUNT] if vector and kpi in group.hours else 0

    def last_event_us(self, kpi: str, subject: str) -> int | None:
        """The time of the last event that still counts, among the hours kept."""
        name = (kpi, subject)
        if name not in self._last:
            counted = (last_us for _, count, last_us in self._of(kpi, subject) if count > 0)
            self._last[name] = max(counted, default=None)
        return self._last[name]

    def recent(self, kpi: str, subject: str, oldest_us: int) -> Recent | None:
        """Activity of the hours that began at `oldest_us` or later; None where there is none."""
        known = self._recent.get((kpi, subject))
        if known is None or known[0] != oldest_us:
            # An hour in which all was taken back again is still one in which somebody was there to be counted.
            hours = [(start_us, count) for start_us, count, last_us in self._of(kpi, subject) if last_us > 0]
            late = [(start_us, count) for start_us, count in hours if start_us >= oldest_us]
            found = Recent(sum(count for _, count in late), min(late)[0]) if late else None
            known = self._recent[(kpi, subject)] = oldest_us, found
        return known[1]

    def sweep(self, oldest_us: int) -> None:
        """Forget hours that began before `oldest_us`, but never the one of a subject's last event: its silence goes
        on."""
        for (number, subject), hours in list(self._merged.items()):
            group = self._layout.groups[number]
            for start_us in [start_us for start_us in hours if start_us < oldest_us]:
                vector = hours[start_us]
                if not any(
                    vector[at + COUNT] > 0 and vector[at + LAST] == self.last_event_us(kpi, subject)
                    for kpi, at in group.hours.items()
                ):
                    del hours[start_us]
                    self._rows.drop((PANE, number, subject, f"{HOUR}{start_us // MINUTE_US}"))
            if not hours:
                del self._merged[(number, subject)]

    def _of(self, kpi: str, subject: str) -> Iterator[tuple[int, int, int]]:
        """(start, events, last event) of each hour of a KPI."""
        group = self._layout.of(kpi)
        at = group.hours.get(kpi)
        if at is not None:
            for start_us, vector in self._merged.get((group.number, subject), {}).items():
                yield start_us, vector[at + COUNT], vector[at + LAST]

    def _follow(self, name: tuple[str, str], start_us: int, old: list[int], count: int, last_us: int) -> None:
        """Bring what is remembered of a KPI and subject up to date with one hour of theirs."""
        known_us = self._last.get(name)
        if name in self._last and (old[COUNT] <= 0 or known_us != old[LAST] or (count > 0 and last_us >= old[LAST])):
            if count > 0:
                self._last[name] = last_us if known_us is None else max(known_us, last_us)
        else:
            self._last.pop(name, None)
        if last_us <= 0:
            self._recent.pop(name, None)
        elif name in self._recent:
            oldest_us, recent = self._recent[name]
            if start_us >= oldest_us:
                if recent is None:
                    recent = Recent(0, start_us)
                recent = Recent(recent.events + count - old[COUNT], min(recent.first_us, start_us))
                self._recent[name] = oldest_us, recent


def _kpis_by_slot(group: Group) -> list[str]:
    by_slot = [""] * group.hours_width
    for kpi, at in group.hours.items():
        by_slot[at : at + HOUR_WIDTH] = [kpi] * HOUR_WIDTH
    return by_slot


def _merge(vectors: list[list[int]], width: int) -> list[int]:
    """Events add up; the last event is the latest of a source that still counts one. Of an hour in which nothing counts
    any more, the latest that was ever counted."""
    if len(vectors) == 1:
        return vectors[0]
    merged = [0] * width
    for at in range(0, width, HOUR_WIDTH):
        told = [(vector[at + COUNT], vector[at + LAST]) for vector in vectors]
        count = sum(events for events, _ in told)
        merged[at + COUNT] = count
        merged[at + LAST] = max((last_us for events, last_us in told if events > 0 or count <= 0), default=0)
    return merged
