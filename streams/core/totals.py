"""What a partition of LINK has found for each (kpi, subject, window): one sparse vector a linked leaf, absolute.

Distinct keys are the vector {0: keys}; a journey says itself what its slots mean (streams.core.journeys).
"""

from collections.abc import Mapping

from streams.core.accumulators import sparse
from streams.core.accumulators.sparse import Sparse
from streams.core.journeys.contract import POOL
from streams.core.rows import Rows
from streams.core.windows import Windows

TOTAL = "total"
Name = tuple[str, str, str]
"""(kpi, subject, window id)."""


class Totals:
    """Totals as rows, with those that have changed since they were last taken."""

    def __init__(self, rows: Rows, windows: Windows) -> None:
        self._rows = rows
        self._table = rows.table(TOTAL)
        self._windows = windows
        self._touched: dict[Name, None] = {}

    def ready(self) -> None:
        """Numbers as integers again."""
        for key, leaves in self._rows.items(TOTAL):
            if any(isinstance(number, str) for leaf in leaves for number in leaf.values()):
                self._rows.read_as(key, [sparse.integers(leaf) for leaf in leaves])

    def add(self, name: Name, leaf: int, change: Mapping[int, int], sign: int = 1) -> None:
        """Add to the vector of one linked leaf, or take back."""
        key = (TOTAL, *name)
        leaves: list[Sparse] = self._table.get(key) or []
        while len(leaves) <= leaf:
            leaves.append({})
        sparse.add(leaves[leaf], change, sign)
        if any(leaves):
            self._rows.put(key, leaves)
        else:
            self._rows.drop(key)
        self._touched[name] = None

    def take_touched(self) -> list[Name]:
        """Names of what has changed since they were last taken."""
        touched, self._touched = list(self._touched), {}
        return touched

    def names(self) -> list[Name]:
        """Names of all rows."""
        return [(str(key[1]), str(key[2]), str(key[3])) for key, _ in self._rows.items(TOTAL)]

    def touch(self, name: Name) -> None:
        """Have a total told again although it has not changed."""
        self._touched[name] = None

    def of(self, name: Name, leaves: int) -> list[Sparse]:
        """Vectors of the first `leaves` linked leaves, empty where nothing is known."""
        known: list[Sparse] = self._table.get((TOTAL, *name)) or []
        # A copy as it is, not dict(): a quantile's buckets are hundreds.
        return [leaf.copy() for leaf in known[:leaves]] + [{} for _ in range(leaves - len(known))]

    def sweep(self, oldest_us: int, reaches_us: Mapping[str, int]) -> None:
        """Forget windows that ended before an instant; those of some KPIs can change for longer."""
        for name in self.names():
            reach_us = reaches_us.get(name[0], 0)
            if name[2] != POOL and self._windows.parse(name[2])[1].end_us < oldest_us - reach_us:
                self._rows.drop((TOTAL, *name))
