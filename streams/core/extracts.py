"""What counting by columns keeps of a chunk's events: for each type which of them pass each filter that a KPI asks, and
what each adds to each sum. The events themselves may go at once: fifty thousand, which a transaction may gather, were
35 MB of objects, and when they were counted nothing of them was in the processor's caches any more.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from streams.core.gathered import Mask
from streams.core.grid import Integers
from streams.core.measures.leaves import SumLeaf, scaled
from streams.core.measures.plan import Plan
from streams.core.measures.where import Filter

try:
    from streams.core import gather
except ImportError:  # installed where there was no compiler
    from streams.core import gathered as gather  # type: ignore[no-redef]

MOST_TOTAL = 1 << 56
"""Of one column of one type: a slot may take the columns of a hundred types."""
MOST_ADDED = 1 << 62
"""Of a column's greatest amount times as many as it has: so much can be added up to see what there is."""
MOST_REMEMBERED = 100_000
"""Values of a field whose verdict is remembered; a catalogue's filters read few, but a duration is a value too."""

Amounts = tuple[Mask, Integers]
"""Which facts have something to add, and what."""


class TooLargeError(Exception):
    """A column that does not fit 64 bits."""


class Extract(NamedTuple):
    """Of the facts of one type: where they stand, which pass each filter (by its name), and what each adds to a sum (by
    `amounts_of`)."""

    places: Integers
    masks: dict[str, Mask]
    amounts: dict[str, Amounts]

    def mask(self, holds: Filter) -> Mask | None:
        """Which facts pass a filter; None is all of them."""
        return self.masks[holds.name] if holds.fields else None


class Extracts:
    """Takes chunks apart for some KPIs. Remembers what filters said."""

    def __init__(self, plans: Iterable[Plan]) -> None:
        self._filters: dict[str, dict[str, Filter]] = defaultdict(dict)
        self._sums: dict[str, dict[str, SumLeaf]] = defaultdict(dict)
        for plan in plans:
            for leaf in plan.leaves:
                for type_ in leaf.types:
                    if leaf.holds.fields:
                        self._filters[type_][leaf.holds.name] = leaf.holds
                    if isinstance(leaf, SumLeaf):
                        self._sums[type_][amounts_of(leaf)] = leaf
        self._memos: dict[tuple[str, str], _Memo] = {}
        self._largest: dict[tuple[str, str], int] = defaultdict(int)

    def begin(self) -> None:
        """Forget how large the sums may be so far: what is taken apart from here on is counted by itself."""
        self._largest.clear()

    def of(self, type_: str, places: Integers, columns: "Columnar") -> Extract:
        """What is kept of the facts of one type.

        Raises:
            TooLargeError, OverflowError: a sum might not fit 64 bits.
            TypeError: a filter of a list, which no dict remembers.
        """
        masks: dict[str, Mask] = {}
        for holds in self._filters[type_].values():
            self._mask(type_, columns, holds, masks)
        return Extract(
            places, masks, {name: self._amounts(type_, columns, leaf) for name, leaf in self._sums[type_].items()}
        )

    def _mask(self, type_: str, columns: "Columnar", holds: Filter, masks: dict[str, Mask]) -> Mask:
        mask = masks.get(holds.name)
        if mask is None and holds.parts:
            # Field by field: a tuple an event to ask a memo with took ten times as long.
            fields = [self._mask(type_, columns, part, masks) for part in holds.parts]
            mask = masks[holds.name] = np.logical_and.reduce(fields)
        elif mask is None:
            memo = self._memo(type_, holds.name, partial(_passes, holds))
            mask = masks[holds.name] = gather.verdicts(columns.column(holds.fields[0]), memo)
        return mask

    def _amounts(self, type_: str, columns: "Columnar", leaf: SumLeaf) -> Amounts:
        """Which facts have the leaf's fields, and what each adds."""
        present = np.zeros(columns.count, np.bool_)
        total = np.zeros(columns.count, np.int64)
        name = amounts_of(leaf)
        at_most, so_far = 0, self._largest[type_, name]
        for field in leaf.fields:
            column = columns.column(field)
            if leaf.scale != 1:
                memo = self._memo(type_, name, partial(_scaled, leaf.scale))
                column = [memo[value] for value in column]
            some, amounts = gather.integers(column)
            present |= some
            at_most += columns.count * max(int(amounts.max()), -int(amounts.min()))
            if at_most >= MOST_ADDED:
                raise TooLargeError
            so_far += int(np.abs(amounts).sum())
            total += amounts
        if so_far >= MOST_TOTAL:
            raise TooLargeError
        self._largest[type_, name] = so_far
        return present, total

    def _memo(self, type_: str, name: str, function: Callable[[Any], Any]) -> "_Memo":
        memo = self._memos.get((type_, name))
        if memo is None:
            memo = self._memos[type_, name] = _Memo(function)
        return memo


class Columnar:
    """The data of facts of one type as columns, made when they are asked for."""

    def __init__(self, data: list[dict[str, Any]]) -> None:
        self._data = data
        self._columns: dict[str, list[Any]] = {}

    @property
    def count(self) -> int:
        """How many facts there are."""
        return len(self._data)

    def column(self, field: str) -> list[Any]:
        """One field of every fact, None where it is absent."""
        column = self._columns.get(field)
        if column is None:
            column = self._columns[field] = gather.column(self._data, field)
        return column

    def named(self) -> list[Any]:
        """Whom each fact names: its owner alone, or a tuple of those that it may be credited to."""
        owners, teams = self.column("owner"), self.column("team")
        if all(owners) and not any(teams):
            return owners
        people = zip(owners, self.column("person_id"), self.column("to_owner"), teams, strict=True)
        return [(owner, team) if owner else (person, to, team) for owner, person, to, team in people]


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


def amounts_of(leaf: SumLeaf) -> str:
    """Names what a leaf adds; leaves of one name add the same."""
    return f"{leaf.scale} {leaf.fields}"


def joined(extracts: Sequence[Extract], firsts: Sequence[int]) -> Extract:
    """One of several of the same type, whose chunks begin at `firsts`."""
    if len(extracts) == 1 and firsts[0] == 0:
        return extracts[0]
    return Extract(
        np.concatenate([extract.places + first for extract, first in zip(extracts, firsts, strict=True)]),
        {name: np.concatenate([extract.masks[name] for extract in extracts]) for name in extracts[0].masks},
        {
            name: (
                np.concatenate([extract.amounts[name][0] for extract in extracts]),
                np.concatenate([extract.amounts[name][1] for extract in extracts]),
            )
            for name in extracts[0].amounts
        },
    )


def _passes(holds: Filter, value: Any) -> bool:
    return holds({holds.fields[0]: value})


def _scaled(scale: int, value: int | float | None) -> int | None:
    return None if value is None else scaled(value, scale)
