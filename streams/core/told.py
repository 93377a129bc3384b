"""Open rows that have a value and no more than that - no target, so nothing beside it - from the vector of their group.

Live, nearly all of what JUDGE publishes are such rows, some 50,000 a second, and a reading, figures and a formatted
record for each took a third of its time. Where there is a compiler the same function comes from `telling.pyx`;
tests/streams/core/test_told.py holds the two together.
"""

from collections.abc import Mapping, Set

from schemas.topics import VALUES
from schemas.values import Status
from streams.core.measures.plan import Slots
from streams.core.readings import Figures, Line
from streams.core.stage import Send
from streams.core.targets import Number


def tell(lines: Mapping[str, Line], changed: Set[str], vector: list[int], sends: list[Send]) -> list[Line]:
    """Add the records of those of the changed lines that have slots, where `vector` makes another row of them than was
    shown; the changed lines that have none."""
    others = []
    for kpi, line in lines.items():
        if kpi not in changed:
            continue
        if line.slots is None:
            others.append(line)
            continue
        figures = Figures(read(line.slots, vector), None, None, None, vector[line.slots.n], Status.NONE)
        if figures != line.shown:
            line.shown = figures
            sends.append(Send(VALUES, line.key, line.record(figures, 0)))
    return others


def read(slots: Slots, vector: list[int]) -> Number | None:
    """The value, None where nothing can be said."""
    terms, lower, num, den, _ = slots
    num *= sum([sign * vector[slot] for sign, slot in terms])
    if lower is not None:
        den *= vector[lower]
    if den == 0:
        return None
    return num if den == 1 else num / den
