"""Many facts at once: what a whole chunk adds to every cell, by columns instead of one fact and one KPI at a time.

`Spread.touches` says what one fact adds, and stays the definition: a law in the tests holds the two together. Here the
facts of a chunk are taken by type; each field of theirs becomes a column, each leaf of each KPI one mask and one sum,
grouped by who is credited and in which window. A chunk of some thousand facts costs about a microsecond for each, where
one at a time costs twenty.

Everything is counted in integers of 64 bits. A chunk that could overflow them is refused, as is one whose facts lie
decades apart; the caller then takes them one by one.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from schemas.catalogue.measures import Basis
from schemas.catalogue.models import Period
from schemas.events.envelope import Event
from schemas.values import Scope
from streams.core.facts import ANONYMOUS_TYPES, Credit, Happening
from streams.core.gathered import Mask
from streams.core.grid import Grid, Integers
from streams.core.layout import COUNT, HOUR_WIDTH, LAST, Group
from streams.core.measures.leaves import CountLeaf, SumLeaf, scaled
from streams.core.measures.plan import FACTS_SLOT, N_SLOT, Plan
from streams.core.measures.where import Filter
from streams.core.spread import Spread
from streams.core.windows import Windows

try:
    from streams.core import gather
except ImportError:  # installed where there was no compiler
    from streams.core import gathered as gather  # type: ignore[no-redef]

FEWEST = 32
"""Fewer facts are quicker one by one."""
MOST_TOTAL = 1 << 56
"""Of one column of one type: a slot may take the columns of a hundred types."""
MOST_REMEMBERED = 100_000
"""Values of a field whose verdict is remembered; a catalogue's filters read few, but a duration is a value too."""
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


class _TooLargeError(Exception):
    """A column that does not fit 64 bits, or windows that lie too far apart."""


class _Memo(dict[Any, Any]):
    """A function of a field's value, remembered."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, value: Any) -> Any:
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        result = self[value] = self._function(value)
        return result


class Columns:
    """Counts chunks for one catalogue. Remembers what filters said and whom an owner's events credit."""

    def __init__(self, spread: Spread, windows: Windows) -> None:
        self._crediting = spread.crediting
        self._grids = {period: Grid(partial(windows.period, period)) for period in Period}
        self._hour_grid = Grid(windows.pane)
        self._groups = [_Members(group) for group in spread.layout.groups]
        self._memos: dict[tuple[str, ...], _Memo] = {}
        self.types: frozenset[str] = frozenset()
        """The types of the facts counted last."""
        self._forget()

    def count(
        self, facts: list[Event], ends: Sequence[int], oldest_hour_us: int
    ) -> tuple[list[Change], list[Change], set[str]] | None:
        """Changes of periods, changes of hours that end after `oldest_hour_us`, and owners nobody knows; None where the
        facts are to be taken one by one. Slice k is the facts before position `ends[k]` that are in no earlier one. No
        fact may be reversed, not even in part; KPIs with distinct keys or series are left out."""
        slices = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
        times_us, found = gather.by_type(facts)
        batches = {type_: _Batch(*of_type) for type_, of_type in found.items()}
        self.types = frozenset(batches)
        if max(len(self._credits), *map(len, self._credited.values())) >= MOST_REMEMBERED:
            self._forget()
        credits = self._credit(facts, batches, times_us)
        levels = self._levels.array()
        periods: list[Change] = []
        hours: list[Change] = []
        try:
            for members in self._groups:
                present = {type_: batches[type_] for type_ in members.by_type if type_ in batches}
                if present:
                    periods += self._count_periods(members, present, times_us, slices, credits, levels)
                    if members.group.hours:
                        hours += self._count_hours(members, present, times_us, slices, credits, levels, oldest_hour_us)
        except (_TooLargeError, TypeError, OverflowError):  # TypeError: a filter of a list, which no dict remembers
            return None
        unknown = {self._credits[number].unknown_owner for number in np.unique(credits).tolist()}
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

    def _credit(self, facts: list[Event], batches: Mapping[str, "_Batch"], times_us: Integers) -> Integers:
        """For each fact the number of its credit."""
        credits = np.empty(len(facts), np.int64)
        for type_, batch in batches.items():
            known = self._credited[type_ in ANONYMOUS_TYPES]
            named = batch.named()
            numbers = gather.looked_up(named, known, -1)
            times = times_us[batch.places]
            stretches = self._stretches.array()
            if len(stretches):
                start_us, end_us = stretches[numbers].T
                new = np.flatnonzero((numbers < 0) | (times < start_us) | (times >= end_us)).tolist()
            else:
                new = list(range(len(named)))
            for place in new:
                number, time_us = known.get(named[place]), times[place]
                if number is None or not self._stretches.rows[number][0] <= time_us < self._stretches.rows[number][1]:
                    number = known[named[place]] = self._number(facts[batch.places[place]])
                numbers[place] = number
            credits[batch.places] = numbers
        return credits

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
        batches: Mapping[str, "_Batch"],
        times_us: Integers,
        slices: Integers,
        credits: Integers,
        levels: Integers,
    ) -> Iterator[Change]:
        group, grid = members.group, self._grids[members.group.period]
        cells = _Cells.of(grid, times_us, slices, credits)
        sums = np.zeros((len(cells.first), group.width), np.int64)
        for type_, batch in batches.items():
            rows = cells.of_fact[batch.places]
            for plan in members.by_type[type_]:
                self._add(plan, type_, batch, rows, sums[:, group.offsets[plan.kpi.id] :])
        facts = [group.offsets[plan.kpi.id] + FACTS_SLOT for plan in group.plans]
        subjects = levels[credits[cells.first]].T
        for level, slots in enumerate(members.slots):
            yield from self._fold(group, grid, cells, subjects[level], sums * slots, np.add, facts)

    def _add(self, plan: Plan, type_: str, batch: "_Batch", rows: Integers, sums: Integers) -> None:
        """Add one type's facts to the vectors of one KPI; `rows` says which vector each fact belongs to."""
        taken: list[Mask | None] = []
        based: list[Mask | None] = []
        for leaf in plan.leaves:
            if type_ not in leaf.types:
                continue
            mask = self._mask(type_, batch, leaf.holds)
            gross = leaf.basis is not Basis.REVERSED  # nothing of these facts is reversed
            if isinstance(leaf, SumLeaf):
                present, amounts = self._amounts(type_, batch, leaf)
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
        batches: Mapping[str, "_Batch"],
        times_us: Integers,
        slices: Integers,
        credits: Integers,
        levels: Integers,
        oldest_hour_us: int,
    ) -> Iterator[Change]:
        group, grid = members.group, self._hour_grid
        cells = _Cells.of(grid, times_us, slices, credits)
        width = len(group.hours) * HOUR_WIDTH
        counts, lasts = np.zeros((2, len(cells.first), width), np.int64)
        for type_, batch in batches.items():
            rows, at_us = cells.of_fact[batch.places], times_us[batch.places]
            for plan in members.by_type[type_]:
                slot = group.hours.get(plan.kpi.id)
                if slot is None:
                    continue
                masks = [self._taken(type_, batch, leaf) for leaf in plan.leaves if type_ in leaf.types]
                mask = at_us >= oldest_hour_us
                taken = _either(masks)
                if taken is not None:
                    mask = mask & taken
                gather.tally(counts, slot + COUNT, rows, mask)
                np.maximum.at(lasts[:, slot + LAST], rows[mask], at_us[mask])
        active = list(group.hours.values())
        subjects = levels[credits[cells.first]].T
        for level, slots in enumerate(members.hour_slots):
            told = self._fold(group, grid, cells, subjects[level], counts * slots, np.add, active)
            newest = self._fold(group, grid, cells, subjects[level], lasts * slots, np.maximum, None)
            latest = {(change.slice, change.subject, change.window): change.vector for change in newest}
            for change in told:
                last = latest[change.slice, change.subject, change.window]
                yield change._replace(vector=[a + b for a, b in zip(change.vector, last, strict=True)])

    def _taken(self, type_: str, batch: "_Batch", leaf: CountLeaf | SumLeaf) -> Mask | None:
        mask = self._mask(type_, batch, leaf.holds)
        if not isinstance(leaf, SumLeaf):
            return mask
        present, _ = self._amounts(type_, batch, leaf)
        return present if mask is None else mask & present

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

    # -- columns

    def _mask(self, type_: str, batch: "_Batch", holds: Filter) -> Mask | None:
        """Which facts of a type pass a filter; None is all of them."""
        if not holds.fields:
            return None
        mask = batch.masks.get(holds.name)
        if mask is None and holds.parts:
            # Field by field: a tuple an event to ask a memo with took ten times as long.
            fields = [self._mask(type_, batch, part) for part in holds.parts]
            mask = batch.masks[holds.name] = np.logical_and.reduce([field for field in fields if field is not None])
        elif mask is None:
            memo = self._memos.get((type_, holds.name))
            if memo is None:
                memo = self._memos[type_, holds.name] = _Memo(partial(_passes, holds))
            mask = batch.masks[holds.name] = gather.verdicts(batch.column(holds.fields[0]), memo)
        return mask

    def _amounts(self, type_: str, batch: "_Batch", leaf: SumLeaf) -> tuple[Mask, Integers]:
        """Which facts of a type have the leaf's fields, and what each adds."""
        name = (str(leaf.scale), *leaf.fields)
        known = batch.amounts.get(name)
        if known is None:
            present = np.zeros(len(batch.data), np.bool_)
            total = np.zeros(len(batch.data), np.int64)
            for field in leaf.fields:
                column = batch.column(field)
                if leaf.scale != 1:
                    memo = self._memos.get((*name, type_))
                    if memo is None:
                        memo = self._memos[*name, type_] = _Memo(partial(_scaled, leaf.scale))
                    column = [memo[value] for value in column]
                some, amounts = gather.integers(column)
                present |= some
                if len(amounts) * max(int(amounts.max()), -int(amounts.min())) * len(leaf.fields) >= MOST_TOTAL:
                    raise _TooLargeError
                total += amounts
            known = batch.amounts[name] = (present, total)
        return known


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


class _Batch:
    """The facts of one type in a chunk: where they stand in it, their fields, and the columns made of them so far."""

    def __init__(self, places: Integers, data: list[dict[str, Any]]) -> None:
        self.places = places
        self.data = data
        self.masks: dict[str, Mask] = {}
        self.amounts: dict[tuple[str, ...], tuple[Mask, Integers]] = {}
        self._columns: dict[str, list[Any]] = {}

    def column(self, field: str) -> list[Any]:
        """One field of every fact, None where it is absent."""
        column = self._columns.get(field)
        if column is None:
            column = self._columns[field] = gather.column(self.data, field)
        return column

    def named(self) -> list[Any]:
        """Whom each fact names: its owner alone, or a tuple of those that it may be credited to."""
        owners, teams = self.column("owner"), self.column("team")
        if all(owners) and not any(teams):
            return owners
        people = zip(owners, self.column("person_id"), self.column("to_owner"), teams, strict=True)
        return [(owner, team) if owner else (person, to, team) for owner, person, to, team in people]


class _Cells(NamedTuple):
    """What a chunk has of (slice, credit, window): the first fact of each, its slice and window, and to which each fact
    belongs."""

    first: Integers
    slices: Integers
    windows: Integers
    of_fact: Integers

    @classmethod
    def of(cls, grid: Grid, times_us: Integers, slices: Integers, credits: Integers) -> "_Cells":
        places = grid.places(times_us)
        if places is None:
            raise _TooLargeError
        names = (slices * (int(credits.max()) + 1) + credits) * len(grid.windows) + places
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


def _passes(holds: Filter, value: Any) -> bool:
    return holds({holds.fields[0]: value})


def _scaled(scale: int, value: int | float | None) -> int | None:
    return None if value is None else scaled(value, scale)
