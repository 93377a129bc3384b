"""Moves stored vectors to the slots that another catalogue gives them.

A KPI whose vector has kept its length keeps what was counted; others begin at nothing, until OBSERVE has told what it
counted anew.
"""

from collections.abc import Callable
from typing import Any

from streams.core.hours import PANE
from streams.core.layout import HOUR_WIDTH, Layout
from streams.core.partials import CELL
from streams.core.rows import Key, Rows

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
    after = shape_of(layout)
    for table in (CELL, PANE):
        moves: dict[int, list[tuple[str, int, int, int, int]]] = {}
        for kpi, (number, at, width, hour_at) in before.items():
            if kpi not in after:
                continue
            to_number, to_at, to_width, to_hour_at = after[kpi]
            if table == CELL and width == to_width:
                moves.setdefault(number, []).append((kpi, at, to_number, to_at, width))
            elif table == PANE and hour_at >= 0 and to_hour_at >= 0:
                moves.setdefault(number, []).append((kpi, hour_at, to_number, to_hour_at, HOUR_WIDTH))
        lengths = [group.width if table == CELL else group.hours_width for group in layout.groups]
        made: dict[Key, dict[str, list[Any]]] = {}
        for key, sources in rows.items(table):
            rows.drop(key)
            _, before_number, subject, window = key
            for kpi, at, to_group, to_at, slots in moves.get(int(before_number), ()):
                if not fits(kpi, str(subject), str(window)):
                    continue
                for source, vector in sources.items():
                    if any(vector[at : at + slots]):
                        new = made.setdefault((table, to_group, subject, window), {})
                        whole = new.setdefault(source, [0] * lengths[to_group])
                        whole[to_at : to_at + slots] = vector[at : at + slots]
        for name, vectors in made.items():
            rows.put(name, vectors)
