"""What the sources of a road have told JUDGE, as parts that can be merged and read in any order."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from schemas.topics import Stage
from streams.core import frames
from streams.core.accumulators import sparse, vector
from streams.core.accumulators.sparse import Sparse
from streams.core.baselines import Baselines
from streams.core.journeys.contract import POOL
from streams.core.judge_spec import JudgeSpec
from streams.core.partials import CELL, KEYS, Partials
from streams.core.rows import Rows
from tests.streams.core.road import Road

Name = tuple[Any, str, str]
"""(number of a group or id of a KPI, subject, window id)."""


class Parts(NamedTuple):
    """The newest vector of each cell, and of each linked total."""

    cells: dict[Name, list[int]]
    totals: dict[Name, list[Sparse]]


ZERO = Parts({}, {})


def parts_of(road: Road) -> list[Parts]:
    """The parts of every source, from the changelogs of JUDGE."""
    sources: dict[str, Parts] = defaultdict(lambda: Parts({}, {}))
    for (stage, _), changelog in road.changelogs.items():
        rows = Rows()
        for key, value in changelog.items() if stage is Stage.JUDGE else ():
            rows.load(key, value)
        for (_, group, subject, window), told in rows.items(CELL):
            for source, slots in told.items():
                sources[source].cells[group, str(subject), str(window)] = frames.integers(slots)
        for (_, kpi, subject, window), told in rows.items(KEYS):
            for source, leaves in told.items():
                sources[source].totals[kpi, str(subject), str(window)] = [*map(sparse.integers, leaves)]
    return list(sources.values())


def merged(parts: Sequence[Parts]) -> Parts:
    """One source in place of some."""
    cells, totals = Parts({}, {})
    for name in {name for part in parts for name in part.cells}:
        vectors = [part.cells[name] for part in parts if name in part.cells]
        cells[name] = vector.merge(vectors, len(vectors[0]))
    for name in {name for part in parts for name in part.totals}:
        told = [part.totals[name] for part in parts if name in part.totals]
        totals[name] = [sparse.merge(leaves) for leaves in zip(*told, strict=True)]
    return Parts(cells, totals)


def read(spec: JudgeSpec, parts: Sequence[Parts], now_us: int) -> dict[Name, tuple[object, ...]]:
    """The readings of all KPIs that say something."""
    partials = Partials(Rows(), spec.layout, spec.windows, lambda: now_us)
    partials.grown = Baselines(spec.bases, partials, spec.windows, spec.calendars.tenant, lambda: now_us)
    names: set[tuple[str, str]] = set()
    for number, part in enumerate(parts):
        for (group, subject, window), slots in part.cells.items():
            partials.put(f"{number}", (group, subject, window, [*slots]))
            names.add((subject, window))
        for (kpi, subject, window), leaves in part.totals.items():
            partials.put_total(f"{number}", (kpi, subject, window, leaves))
            names.add((subject, window))
    readings = {
        (plan.kpi.id, subject, window): tuple(partials.reading(plan, subject, window))
        for plan in spec.plans.values()
        for subject, window in names
        if window != POOL and spec.fits(plan.kpi.id, subject, window)
    }
    return {name: said for name, said in readings.items() if said[1]}
