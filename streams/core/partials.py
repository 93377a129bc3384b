"""What JUDGE knows of its subjects: partial vectors of every source, and what they add up to.

A row of CELL is (group, subject, window): for each source its newest vector of all KPIs of the group (layout.py). A row
of KEYS is (kpi, subject, window): for each partition of LINK the sparse vectors of its linked leaves. A chunk tells
nearly every row anew, mostly unchanged, so what is unchanged costs one comparison; sums are brought up to date by
differences.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple, Protocol

from schemas.catalogue.measures import Count, Sum
from streams.core import frames
from streams.core.accumulators import sparse
from streams.core.accumulators.sparse import Sparse
from streams.core.frames import Cell, Total
from streams.core.journeys.contract import FOREVER_US, POOL, Linked, aged_us
from streams.core.layout import Group, Layout
from streams.core.measures.growing import Volume
from streams.core.measures.leaves import CountLeaf, SumLeaf
from streams.core.measures.plan import FACTS_SLOT, N_SLOT, Plan, Reading, Slots
from streams.core.rows import Key, Rows
from streams.core.series import is_whole
from streams.core.tuples import new_tuple
from streams.core.windows import Window, Windows

try:
    from streams.core.differences import differ, lessened
except ImportError:  # installed where there was no compiler
    from streams.core.differing import differ, lessened

try:
    from streams.core.calm import hear
except ImportError:  # each cell is taken by itself
    hear = None  # type: ignore[assignment]

CELL, KEYS = "cell", "keys"
NO_LINKED = Linked(())
Whose = str | tuple[str, ...]
"""A subject or series, or several series that are read as one."""
Changed = tuple[Mapping[str, None], Set[str]]
"""KPIs that an entry has changed, and those of them of which a component has become less: a correction."""
NONE: Set[str] = frozenset()
NOTHING: Changed = ({}, NONE)


class _Place(NamedTuple):
    """Where a KPI stands in its group's vector; `plain` is the slot that is the value as it stands, if one is."""

    group: Group
    at: int
    width: int
    plain: int | None


class Grown(Protocol):
    """What reads growth."""

    def reading(self, plan: Plan, subject: Whose, window_id: str) -> Reading:
        """By how much a KPI has grown."""
        ...

    def volume(self, plan: Plan, subject: Whose, window: Window, target: float) -> Volume | None:
        """The period's own value, and that which makes the target."""
        ...


class Partials:
    """Cells and linked totals of one partition of JUDGE, as its rows."""

    def __init__(
        self, rows: Rows, layout: Layout, windows: Windows | None = None, now: Callable[[], int] = lambda: FOREVER_US
    ) -> None:
        """Args: `now` is the clock that values are read at which depend on it; by default the end of all time."""
        self._rows = rows
        self._cells, self._totals = rows.table(CELL), rows.table(KEYS)
        self._layout = layout
        self._windows = windows
        self._now = now
        self._pools: dict[str, list[Sparse]] = {}
        self._kpis = [_kpis_by_slot(group) for group in layout.groups]
        self._places = {plan.kpi.id: _place(group, plan) for group in layout.groups for plan in group.plans}
        self._slots = {plan.kpi.id: _slots(group, plan) for group in layout.groups for plan in group.plans}
        self._merged: dict[Key, list[int]] = {}
        self.grown: Grown | None = None
        """Reads growth, which needs more than one window (`baselines`)."""
        self.folded: dict[tuple[str, str, str], tuple[str, ...]] = {}
        """(kpi, name, period) of a row that is made of several series -> their names (`series_rows`)."""

    def ready(self) -> None:
        """Numbers of linked totals as integers again, where they were digits."""
        for key, sources in self._rows.items(KEYS):
            if any(isinstance(n, str) for vectors in sources.values() for vector in vectors for n in vector.values()):
                self._rows.read_as(key, {name: [*map(sparse.integers, vectors)] for name, vectors in sources.items()})

    def put(self, source: str, cell: Cell) -> Changed:
        """Take a source's newest vector of a cell of our layout."""
        number, subject, window, told = cell
        vector: list[Any] = told
        key = (CELL, number, subject, window)
        sources = self._cells.get(key)
        before = None if sources is None else sources.get(source)
        if before == told:
            return NOTHING
        if before is None:
            before = [0] * self._layout.groups[number].width
        kpis, merged = self._kpis[number], self._merged.get(key)
        try:
            changed, less = differ(vector, before, kpis, merged)
        except TypeError:  # digits, of a component beyond 64 bits
            vector = frames.integers(vector)
            changed, less = differ(vector, frames.integers(before), kpis, merged)
        if not changed:
            return NOTHING
        if sources is None:
            sources = {}
        sources[source] = vector
        self._rows.put(key, sources)
        return changed, less

    def put_calm(
        self, source: str, cells: list[Cell], blocks: dict[tuple[int, str, str], Any]
    ) -> tuple[list[Cell], list[Any]]:
        """Take those cells that have only grown, of vectors whose open rows are a calm one of these `blocks`
        (value_rows.Block). The cells that are left, to be taken one by one, and the blocks that changed."""
        if hear is None:
            return cells, []
        left, keys, changed = hear(cells, source, self._cells, self._merged, self._kpis, blocks)
        self._rows.touch(keys)
        return left, changed

    def put_total(self, source: str, total: Total) -> bool | None:
        """Take a source's newest linked totals: None if nothing changed, else whether one has become less."""
        kpi, subject, window, told = total
        vectors: Any = told
        key = (KEYS, kpi, subject, window)
        sources = self._totals.get(key) or {}
        before = sources.get(source) or [{}] * len(vectors)
        try:
            less = lessened(vectors, before)
        except TypeError:  # digits, of a number beyond 64 bits
            vectors = [sparse.integers(vector) for vector in told]
            less = lessened(vectors, before)
        if less is None:
            return None
        sources[source] = vectors
        self._rows.put(key, sources)
        if window == POOL:
            self._pools.pop(kpi, None)
        return less

    def reading(self, plan: Plan, subject: str, window: str) -> Reading:
        """Value and n of a KPI for a subject and period."""
        return self.readings([plan], subject, window)[0]

    def readings(self, plans: Sequence[Plan], subject: str, window: str) -> list[Reading]:
        """Value and n of KPIs of one group for a subject and period."""
        places = self._places
        whose = self.whose(plans[0], subject, window)
        vector = self.vector(places[plans[0].kpi.id].group, whose, window)
        found = []
        for plan in plans:
            _, at, width, plain = places[plan.kpi.id]
            if plain is not None:
                found.append(new_tuple(Reading, (vector[plain], vector[at + N_SLOT], None, None)))
            elif plan.growing is not None:
                found.append(Reading(None, 0) if self.grown is None else self.grown.reading(plan, whose, window))
            else:
                linked = self._linked(plan, whose, window) if plan.linked else NO_LINKED
                found.append(plan.reading(vector[at : at + width], linked))
        if isinstance(whose, tuple) and not plans[0].is_one_series:
            return [Reading(None, reading.n) for reading in found]
        return found

    def volume(self, plan: Plan, subject: str, window: Window, target: float) -> Volume | None:
        """What the pace of growth is judged by; None of anything else."""
        if plan.growing is None or self.grown is None:
            return None
        return self.grown.volume(plan, self.whose(plan, subject, window.id), window, target)

    def whose(self, plan: Plan, subject: str, window: str) -> Whose:
        """The series that a row is made of; of any other row the subject itself."""
        return subject if plan.kpi.by is None else self.folded.get((plan.kpi.id, subject, window), subject)

    def slots(self, plan: Plan) -> Slots | None:
        """How a KPI is read from `whole`, where nothing else makes its value or says whether it may be told."""
        return self._slots[plan.kpi.id]

    def whole(self, plan: Plan, subject: str, window: str) -> list[int]:
        """The vector of a KPI's group over all sources; not to be changed."""
        return self.vector(self._places[plan.kpi.id].group, subject, window)

    def parts(self, plan: Plan, subject: Whose, window: str) -> tuple[list[int], Linked]:
        """The vector of one KPI, and what LINK told of it."""
        group, at, width, _ = self._places[plan.kpi.id]
        vector = self.vector(group, subject, window)[at : at + width]
        return vector, self._linked(plan, subject, window) if plan.linked else NO_LINKED

    def has_facts(self, plan: Plan, subject: str, window: str) -> bool:
        """Whether any standing event takes part."""
        group, at, _, _ = self._places[plan.kpi.id]
        if self.vector(group, subject, window)[at + FACTS_SLOT] > 0:
            return True
        # Whatever items tell, one of its slots counts them: no partition of LINK makes up for what another one told.
        told = self._told(plan, subject, window) if plan.journeys else ()
        return any(vectors[leaf.index] for vectors in told for leaf in plan.journeys)

    def n(self, plan: Plan, subject: str, window: str) -> int:
        """The events or entities behind a value, without the value."""
        vector, linked = self.parts(plan, subject, window)
        return plan.reading(vector, linked).n

    def series(self) -> Iterator[tuple[str, str, str]]:
        """(kpi, name, window id) of every row of a series, some more than once."""
        for key, _ in self._rows.items(CELL):
            if not is_whole(str(key[2])):
                for plan in self._layout.groups[int(key[1])].plans:
                    yield plan.kpi.id, str(key[2]), str(key[3])
        for key, _ in self._rows.items(KEYS):
            if not is_whole(str(key[2])):
                yield str(key[1]), str(key[2]), str(key[3])

    def forget_sums(self) -> None:
        """Free what can be summed up again: most periods are over and never asked for again."""
        self._merged.clear()

    def sweep(self, is_over: Callable[[str, int], bool], reaches_us: Mapping[str, int], read_us: Sequence[int]) -> None:
        """Drop the rows of the windows that `is_over` says so of, told how long after its end one can still change, or
        is read for another; `read_us` says that of each group."""
        for key, _ in self._rows.items(CELL):
            if is_over(str(key[3]), read_us[int(key[1])]):
                self._rows.drop(key)
                self._merged.pop(key, None)
        for key, _ in self._rows.items(KEYS):
            if key[3] != POOL and is_over(str(key[3]), reaches_us[str(key[1])]):
                self._rows.drop(key)

    def vector(self, group: Group, subject: Whose, window: str) -> list[int]:
        """The vector of a group over all sources; not to be changed."""
        if isinstance(subject, tuple):
            return [sum(slots) for slots in zip(*(self.vector(group, one, window) for one in subject), strict=True)]
        key = (CELL, group.number, subject, window)
        merged = self._merged.get(key)
        if merged is None:
            sources: Mapping[str, list[int]] = self._cells.get(key) or {}
            vectors = list(sources.values()) or [[0] * group.width]
            try:
                merged = list(map(sum, zip(*vectors, strict=True)))
            except TypeError:  # digits, as the changelog had them
                merged = list(map(sum, zip(*[frames.integers([*vector]) for vector in vectors], strict=True)))
            self._merged[key] = merged
        return merged

    def linked(self, plan: Plan, subject: Whose, window: str) -> list[Sparse]:
        """The vector of each linked leaf, over all partitions of LINK; not to be changed."""
        if isinstance(subject, tuple):
            told = [self.linked(plan, one, window) for one in subject]
            return [sparse.merge(vectors[leaf] for vectors in told) for leaf in range(plan.linked)]
        parts = self._told(plan, subject, window)
        if len(parts) == 1:
            return parts[0]
        return [sparse.merge(vectors[leaf] for vectors in parts) for leaf in range(plan.linked)]

    def _told(self, plan: Plan, subject: str, window: str) -> list[list[Sparse]]:
        """The vectors of each partition of LINK. Another catalogue may have had more or fewer leaves; LINK tells its
        totals anew."""
        sources: Mapping[str, list[Sparse]] = self._totals.get((KEYS, plan.kpi.id, subject, window)) or {}
        return [vectors for vectors in sources.values() if len(vectors) == plan.linked]

    def _linked(self, plan: Plan, subject: Whose, window: str) -> Linked:
        """What LINK told, with the clock."""
        vectors, windows = self.linked(plan, subject, window), self._windows
        if windows is None or not plan.journeys:
            return Linked(vectors)
        (_, (_, start_us, end_us)), now_us = windows.parse(window), self._now()
        pools = self._pools.get(plan.kpi.id)
        if pools is None:
            pools = self._pools[plan.kpi.id] = self.linked(plan, "", POOL)
        return Linked(vectors, now_us, start_us, end_us, pools, aged_us(windows, end_us, now_us))


def _kpis_by_slot(group: Group) -> list[str]:
    return [plan.kpi.id for plan in group.plans for _ in range(plan.width)]


def _slots(group: Group, plan: Plan) -> Slots | None:
    if plan.kpi.by is not None or plan.kpi.anonymous is not None:
        return None
    return plan.slots(group.offsets[plan.kpi.id])


def _place(group: Group, plan: Plan) -> _Place:
    """Two of three KPIs are a plain count or sum, which need no reading: half the time of publishing a row."""
    at, measure = group.offsets[plan.kpi.id], plan.kpi.measure
    leaf = plan.leaves[0] if len(plan.leaves) == 1 and not plan.linked else None
    is_plain = plan.factor == (1, 1) and (
        (isinstance(measure, Count) and isinstance(leaf, CountLeaf))
        or (isinstance(measure, Sum) and isinstance(leaf, SumLeaf) and leaf.scale == 1)
    )
    return _Place(group, at, plan.width, at + leaf.slot if leaf is not None and is_plain else None)
