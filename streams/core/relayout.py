"""Moves stored vectors to the slots that another catalogue gives them.

A KPI whose vector has kept its length keeps what was counted; others begin at nothing, until OBSERVE has told what it
counted anew.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from streams.core.frames import HOUR, Cell, Slice
from streams.core.hours import PANE
from streams.core.layout import HOUR_WIDTH, Layout
from streams.core.partials import CELL
from streams.core.rows import Key, Rows

LAYOUTS: Key = ("meta", "layouts")
MOST_LAYOUTS = 4
"""Of as many catalogues cells may wait at once."""
Shape = dict[str, list[int]]
"""KPI -> [group, offset, width, offset among the hours or -1]."""
Fits = Callable[[str, str, str], bool]
"""Whether (kpi, subject, window id) is one of the new catalogue."""


def shape_of(layout: Layout) -> Shape:
    """A layout as a plain value for a row."""
    return {
        plan.kpi.id: [group.number, group.offsets[plan.kpi.id], plan.width, group.hours.get(plan.kpi.id, -1)]
        for group in layout.groups
        for plan in group.plans
    }


def rearrange(rows: Rows, before: Shape, layout: Layout, fits: Fits) -> None:
    """Every vector of `rows`, from the shape that it was stored in to that of `layout`; what does not fit is left."""
    moves = _Moves(before, layout)
    for table in (CELL, PANE):
        made: dict[Key, dict[str, list[Any]]] = {}
        for key, sources in rows.items(table):
            rows.drop(key)
            _, number, subject, window = key
            for kpi, at, to_group, to_at, slots in moves.of(table, int(number)):
                if not fits(kpi, str(subject), str(window)):
                    continue
                for source, vector in sources.items():
                    if any(vector[at : at + slots]):
                        new = made.setdefault((table, to_group, subject, window), {})
                        whole = new.setdefault(source, [0] * moves.widths[table][to_group])
                        whole[to_at : to_at + slots] = vector[at : at + slots]
        for name, vectors in made.items():
            rows.put(name, vectors)


class Earlier:
    """Layouts of catalogues before, whose cells may still come: a slice may wait for weeks of event time, and by then
    its source has forgotten what it tells of."""

    def __init__(self, rows: Rows, layout: Layout, fits: Fits) -> None:
        self._rows = rows
        self._layout = layout
        self._fits = fits
        self._moves: dict[str, _Moves] = {}

    def save(self) -> None:
        """Remember the catalogue's own layout as the newest, also where it was one before."""
        known: dict[str, Shape] = self._rows.get(LAYOUTS) or {}
        own = self._layout.fingerprint
        if next(reversed(known), None) != own:
            others = [one for one in known.items() if one[0] != own]
            self._rows.put(LAYOUTS, dict([*others, (own, shape_of(self._layout))][-MOST_LAYOUTS:]))

    def carry(self, source: str, slice_: Slice) -> Iterator[Cell]:
        """The cells of a slice as they are in the catalogue's layout, what else the source has told of them beside
        them; each is to be taken before the next. None of a layout that nobody remembers."""
        if slice_.layout not in self._moves:
            known: dict[str, Shape] = self._rows.get(LAYOUTS) or {}
            self._moves[slice_.layout] = _Moves(known.get(slice_.layout, {}), self._layout)
        moves = self._moves[slice_.layout]
        for number, subject, window, vector in slice_.cells:
            table = PANE if window.startswith(HOUR) else CELL
            made: dict[int, list[int | str]] = {}
            for kpi, at, to_group, to_at, slots in moves.of(table, number):
                if self._fits(kpi, subject, window):
                    told = (self._rows.get((table, to_group, subject, window)) or {}).get(source)
                    whole = made.setdefault(to_group, [*(told or [0] * moves.widths[table][to_group])])
                    whole[to_at : to_at + slots] = vector[at : at + slots]
            for to_group, whole in made.items():
                yield to_group, subject, window, whole


class _Moves:
    """Where the slots of each KPI of a shape go in a layout."""

    def __init__(self, before: Shape, layout: Layout) -> None:
        after = shape_of(layout)
        self.widths = {
            CELL: [group.width for group in layout.groups],
            PANE: [group.hours_width for group in layout.groups],
        }
        self._by_group: dict[tuple[str, int], list[tuple[str, int, int, int, int]]] = {}
        for kpi, (number, at, width, hour_at) in before.items():
            if kpi not in after:
                continue
            to_number, to_at, to_width, to_hour_at = after[kpi]
            if width == to_width:
                self._by_group.setdefault((CELL, number), []).append((kpi, at, to_number, to_at, width))
            if hour_at >= 0 and to_hour_at >= 0:
                move = (kpi, hour_at, to_number, to_hour_at, HOUR_WIDTH)
                self._by_group.setdefault((PANE, number), []).append(move)

    def of(self, table: str, group: int) -> Sequence[tuple[str, int, int, int, int]]:
        """(kpi, first slot, group, first slot there, slots) of all KPIs that a group had."""
        return self._by_group.get((table, group), ())
