"""Many facts at once: what a whole chunk adds to every cell, by columns instead of one fact and one KPI at a time.

`Spread.touches` says what one fact adds, and stays the definition: a law in the tests holds the two together. Here the
facts of a chunk are taken by type; each field of theirs becomes a column, each leaf of each KPI one mask and one sum,
grouped by who is credited and in which window. A chunk of some thousand facts costs about a microsecond for each, where
one at a time costs twenty.

A chunk is taken apart as it comes (`extracts`), and what was taken apart is counted together. Everything is counted in
integers of 64 bits. A chunk that could overflow them is refused, as is one whose facts lie decades apart; the caller
then takes them one by one.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from schemas.catalogue.measures import Basis
from schemas.catalogue.models import Period
from schemas.events.envelope import Event
from schemas.values import Scope
from streams.core.extracts import MOST_REMEMBERED, Columnar, Extract, Extracts, TooLargeError, amounts_of, joined
from streams.core.facts import ANONYMOUS_TYPES, Credit, Happening
from streams.core.gathered import Mask
from streams.core.grid import Grid, Integers
from streams.core.layout import COUNT, HOUR_WIDTH, LAST, Group
from streams.core.measures.leaves import CountLeaf, SumLeaf
from streams.core.measures.plan import FACTS_SLOT, N_SLOT, Plan
from streams.core.spread import Spread
from streams.core.windows import Windows

try:
    from streams.core import gather
except ImportError:  # installed where there was no compiler
    from streams.core import gathered as gather  # type: ignore[no-redef]

FEWEST = 32
"""Fewer facts are quicker one by one."""
MOST_DENSE = 8
"""Times as many numbers as facts may be tried one by one before sorting is cheaper."""
LEVELS = (Scope.PERSON, Scope.TEAM, Scope.DEPARTMENT, Scope.ORG)


class Change(NamedTuple):
    """What one slice of a chunk adds to the vector of one (group, subject, window); of an hour the last event's time is
    the greatest, not a sum."""

    slice: int
    group: Group
    subject: str
    window: str
    vector: list[int]


class _Chunk(NamedTuple):
    """Facts taken apart: their places among all that came, their times and credits, and what is kept of each type."""

    places: Integers
    times_us: Integers
    credits: Integers
    extracts: dict[str, Extract]


class Columns:
    """Takes chunks apart for one catalogue, and counts them. Remembers whom an owner's events credit."""

    def __init__(self, spread: Spread, windows: Windows) -> None:
        self._crediting = spread.crediting
        self._grids = {period: Grid(partial(windows.period, period)) for period in Period}
        self._hour_grid = Grid(windows.pane)
        self._groups = [_Members(group) for group in spread.layout.groups]
        self._asked = [self._grids[members.group.period] for members in self._groups if members.by_type]
        if any(members.group.hours for members in self._groups):
            self._asked.append(self._hour_grid)
        self._extracts = Extracts(plan for group in spread.layout.groups for plan in group.plans if not plan.one_by_one)
        self._chunks: list[_Chunk] = []
        self._forget()

    def take(self, facts: list[Event], first: int) -> frozenset[str] | None:
        """Take a chunk apart, to be counted: the types in it, or None where its facts are to be taken one by one.
        `first` is the place of its first fact among all that came since `count`. No fact may be reversed, not even in
        part; KPIs with distinct keys or series are left out."""
        if not self._chunks and max(len(self._credits), *map(len, self._credited.values())) >= MOST_REMEMBERED:
            self._forget()
        times_us, found = gather.by_type(facts)
        first_us = min([int(times_us.min()), *(int(chunk.times_us.min()) for chunk in self._chunks)])
        last_us = max([int(times_us.max()), *(int(chunk.times_us.max()) for chunk in self._chunks)])
        if not all(grid.reaches(first_us, last_us) for grid in self._asked):
            return None
        columns = {type_: Columnar(data) for type_, (_, data) in found.items()}
        try:
            extracts = {type_: self._extracts.of(type_, places, columns[type_]) for type_, (places, _) in found.items()}
        except (TooLargeError, TypeError, OverflowError):  # TypeError: a filter of a list, which no dict remembers
            return None
        credits = np.empty(len(facts), np.int64)
        for type_, (places, _) in found.items():
            credits[places] = self._credit(facts, places, type_, columns[type_].named(), times_us[places])
        self._chunks.append(_Chunk(np.arange(first, first + len(facts)), times_us, credits, extracts))
        return frozenset(found)

    def count(self, ends: Sequence[int], oldest_hour_us: int) -> tuple[list[Change], list[Change], set[str]]:
        """Changes of periods, changes of hours that end after `oldest_hour_us`, and owners nobody knows, of all that
        was taken apart. Slice k is the facts before place `ends[k]` that are in no earlier one."""
        periods: list[Change] = []
        hours: list[Change] = []
        self._extracts.begin()  # also where all was refused, of which parts were taken apart
        if not self._chunks:
            return periods, hours, set()
        all_, self._chunks = _together(self._chunks), []
        slices = np.searchsorted(np.array(ends), all_.places, side="right")
        levels = self._levels.array()
        for members in self._groups:
            present = {type_: all_.extracts[type_] for type_ in members.by_type if type_ in all_.extracts}
            if present:
                periods += self._count_periods(members, present, all_, slices, levels)
                if members.group.hours:
                    hours += self._count_hours(members, present, all_, slices, levels, oldest_hour_us)
        unknown = {self._credits[number].unknown_owner for number in np.unique(all_.credits).tolist()}
        return periods, hours, {owner for owner in unknown if owner is not None}

    # -- who

    def _forget(self) -> None:
        """Forget whom events credit; numbers are given anew from here."""
        self._credited: dict[bool, dict[Any, int]] = {False: {}, True: {}}
        """Anonymous or not, and whom an event names -> the credit that such an event had last."""
        self._known: dict[tuple[int, int, Credit], int] = {}
        self._credits: list[Credit] = []
        self._stretches = _Growing(2)
        self._names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._levels = _Growing(len(LEVELS))

    def _credit(
        self, facts: list[Event], places: Integers, type_: str, named: list[Any], times_us: Integers
    ) -> Integers:
        """For each fact of one type the number of its credit."""
        known = self._credited[type_ in ANONYMOUS_TYPES]
        numbers = gather.looked_up(named, known, -1)
        stretches = self._stretches.array()
        if len(stretches):
            start_us, end_us = stretches[numbers].T
            new = np.flatnonzero((numbers < 0) | (times_us < start_us) | (times_us >= end_us)).tolist()
        else:
            new = list(range(len(named)))
        for place in new:
            number, time_us = known.get(named[place]), times_us[place]
            if number is None or not self._stretches.rows[number][0] <= time_us < self._stretches.rows[number][1]:
                number = known[named[place]] = self._number(facts[places[place]])
            numbers[place] = number
        return numbers

    def _number(self, fact: Happening) -> int:
        stretch, credit = self._crediting.stretch(fact), self._crediting.of(fact)
        number = self._known.get((*stretch, credit))
        if number is None:
            number = self._known[*stretch, credit] = len(self._credits)
            self._credits.append(credit)
            self._stretches.rows.append(stretch)
            chain = (credit.person, credit.team, credit.department, credit.org)
            self._levels.rows.append([-1 if subject is None else self._subject(subject) for subject in chain])
        return number

    def _subject(self, name: str) -> int:
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self._names)
            self._names.append(name)
        return number

    # -- what

    def _count_periods(
        self,
        members: "_Members",
        extracts: Mapping[str, Extract],
        chunk: _Chunk,
        slices: Integers,
        levels: Integers,
    ) -> Iterator[Change]:
        group, grid = members.group, self._grids[members.group.period]
        cells = _Cells.of(grid, chunk, slices)
        sums = np.zeros((len(cells.first), group.width), np.int64)
        for type_, extract in extracts.items():
            rows = cells.of_fact[extract.places]
            for plan in members.by_type[type_]:
                self._add(plan, type_, extract, rows, sums[:, group.offsets[plan.kpi.id] :])
        facts = [group.offsets[plan.kpi.id] + FACTS_SLOT for plan in group.plans]
        subjects = levels[chunk.credits[cells.first]].T
        for level, slots in enumerate(members.slots):
            yield from self._fold(group, grid, cells, subjects[level], sums * slots, np.add, facts)

    def _add(self, plan: Plan, type_: str, extract: Extract, rows: Integers, sums: Integers) -> None:
        """Add one type's facts to the vectors of one KPI; `rows` says which vector each fact belongs to."""
        taken: list[Mask | None] = []
        based: list[Mask | None] = []
        for leaf in plan.leaves:
            if type_ not in leaf.types:
                continue
            mask = extract.mask(leaf.holds)
            gross = leaf.basis is not Basis.REVERSED  # nothing of these facts is reversed
            if isinstance(leaf, SumLeaf):
                present, amounts = extract.amounts[amounts_of(leaf)]
                mask = present if mask is None else mask & present
                if gross:
                    gather.total(sums, leaf.slot, rows, mask, amounts)
            elif gross:
                gather.tally(sums, leaf.slot, rows, mask)
            taken.append(mask)
            if gross and leaf.slot in plan.base_slots:
                based.append(mask)
        if taken:
            gather.tally(sums, FACTS_SLOT, rows, _either(taken))
        if based:
            gather.tally(sums, N_SLOT, rows, _either(based))

    def _count_hours(
        self,
        members: "_Members",
        extracts: Mapping[str, Extract],
        chunk: _Chunk,
        slices: Integers,
        levels: Integers,
        oldest_hour_us: int,
    ) -> Iterator[Change]:
        group, grid = members.group, self._hour_grid
        cells = _Cells.of(grid, chunk, slices)
        width = len(group.hours) * HOUR_WIDTH
        counts, lasts = np.zeros((2, len(cells.first), width), np.int64)
        for type_, extract in extracts.items():
            rows, at_us = cells.of_fact[extract.places], chunk.times_us[extract.places]
            for plan in members.by_type[type_]:
                slot = group.hours.get(plan.kpi.id)
                if slot is None:
                    continue
                masks = [_taken(extract, leaf) for leaf in plan.leaves if type_ in leaf.types]
                mask = at_us >= oldest_hour_us
                taken = _either(masks)
                if taken is not None:
                    mask = mask & taken
                gather.tally(counts, slot + COUNT, rows, mask)
                np.maximum.at(lasts[:, slot + LAST], rows[mask], at_us[mask])
        active = list(group.hours.values())
        subjects = levels[chunk.credits[cells.first]].T
        for level, slots in enumerate(members.hour_slots):
            told = self._fold(group, grid, cells, subjects[level], counts * slots, np.add, active)
            newest = self._fold(group, grid, cells, subjects[level], lasts * slots, np.maximum, None)
            latest = {(change.slice, change.subject, change.window): change.vector for change in newest}
            for change in told:
                last = latest[change.slice, change.subject, change.window]
                yield change._replace(vector=[a + b for a, b in zip(change.vector, last, strict=True)])

    def _fold(
        self,
        group: Group,
        grid: Grid,
        cells: "_Cells",
        numbers: Integers,
        vectors: Integers,
        join: np.ufunc,
        touched: list[int] | None,
    ) -> Iterator[Change]:
        """Vectors of one level, the cells' subjects having these `numbers`; of those alone that have something in
        one of the slots `touched`."""
        there = np.flatnonzero(numbers >= 0)
        if not len(there):
            return
        names = (cells.slices[there] * len(self._names) + numbers[there]) * len(grid.windows) + cells.windows[there]
        order = np.argsort(names, kind="stable")
        names = names[order]
        starts = np.flatnonzero(np.concatenate(([True], names[1:] != names[:-1])))
        joined = join.reduceat(vectors[there[order]], starts, axis=0)
        names = names[starts]
        if touched is not None:
            some = joined[:, touched].any(axis=1)
            joined, names = joined[some], names[some]
        names, window = np.divmod(names, len(grid.windows))
        slice_, subject = np.divmod(names, len(self._names))
        rows = zip(slice_.tolist(), subject.tolist(), window.tolist(), joined.tolist(), strict=True)
        for part, number, place, vector in rows:
            yield Change(part, group, self._names[number], grid.windows[place].id, vector)


class _Growing:
    """Rows of integers that are only ever added to, also as an array: making that of a thousand people anew for every
    chunk took a sixth of the time of small ones."""

    def __init__(self, width: int) -> None:
        self.rows: list[Sequence[int]] = []
        self._array = np.empty((0, width), np.int64)

    def array(self) -> Integers:
        """All rows so far."""
        if len(self._array) != len(self.rows):
            self._array = np.array(self.rows, np.int64)
        return self._array


class _Members:
    """The KPIs of a group as columns need them: by event type, and which slots each level of subjects has. KPIs with
    distinct keys or series are left out."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.by_type: dict[str, list[Plan]] = defaultdict(list)
        self.slots = np.zeros((len(LEVELS), group.width), np.int64)
        self.hour_slots = np.zeros((len(LEVELS), group.hours_width), np.int64)
        for plan in group.plans:
            if plan.one_by_one:
                continue
            for type_ in plan.types:
                self.by_type[type_].append(plan)
            first = LEVELS.index(plan.kpi.scope)
            start = group.offsets[plan.kpi.id]
            self.slots[first:, start : start + plan.width] = 1
            hour = group.hours.get(plan.kpi.id)
            if hour is not None:
                self.hour_slots[first:, hour : hour + HOUR_WIDTH] = 1


class _Cells(NamedTuple):
    """What a chunk has of (slice, credit, window): the first fact of each, its slice and window, and to which each fact
    belongs."""

    first: Integers
    slices: Integers
    windows: Integers
    of_fact: Integers

    @classmethod
    def of(cls, grid: Grid, chunk: _Chunk, slices: Integers) -> "_Cells":
        places = grid.places(chunk.times_us)
        names = (slices * (int(chunk.credits.max()) + 1) + chunk.credits) * len(grid.windows) + places
        first, of_fact = _distinct(names)
        return cls(first, slices[first], places[first], of_fact)


def _distinct(names: Integers) -> tuple[Integers, Integers]:
    """Where each name stands first, in the order of the names, and of each place the number of its name."""
    top = int(names.max()) + 1
    if top > MOST_DENSE * len(names):
        _, first, of_fact = np.unique(names, return_index=True, return_inverse=True)
        return first, of_fact
    # Without a sort, a tenth of the time.
    first = np.full(top, -1, np.int64)
    first[names[::-1]] = np.arange(len(names) - 1, -1, -1)
    known = first >= 0
    return first[known], (np.cumsum(known) - 1)[names]


def _either(masks: Sequence[Mask | None]) -> Mask | None:
    """Which facts pass one mask at least; None is all of them."""
    if any(mask is None for mask in masks):
        return None
    either: Mask = np.logical_or.reduce([mask for mask in masks if mask is not None])
    return either


def _taken(extract: Extract, leaf: CountLeaf | SumLeaf) -> Mask | None:
    mask = extract.mask(leaf.holds)
    if not isinstance(leaf, SumLeaf):
        return mask
    present, _ = extract.amounts[amounts_of(leaf)]
    return present if mask is None else mask & present


def _together(chunks: Sequence[_Chunk]) -> _Chunk:
    """One of several. Of a type that a chunk has none of there is nothing to join."""
    if len(chunks) == 1:
        return chunks[0]
    firsts = list(accumulate((len(chunk.places) for chunk in chunks), initial=0))
    of_type: dict[str, list[tuple[Extract, int]]] = defaultdict(list)
    for chunk, first in zip(chunks, firsts, strict=False):
        for type_, extract in chunk.extracts.items():
            of_type[type_].append((extract, first))
    return _Chunk(
        np.concatenate([chunk.places for chunk in chunks]),
        np.concatenate([chunk.times_us for chunk in chunks]),
        np.concatenate([chunk.credits for chunk in chunks]),
        {type_: joined(*zip(*found, strict=True)) for type_, found in of_type.items()},
    )
