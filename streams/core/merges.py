"""Merged leads are one lead: which lead each one is, by the merges that stand.

A lead merged twice follows its latest merge by (time, source, id); chains are followed. Of merges that close a cycle
the latest is rejected, and the lead it named falls back on its merge before. Every partition of LINK knows all merges,
which are few; they hold for all of history and are not forgotten.
"""

from typing import NamedTuple

from streams.core.frames import Merged
from streams.core.rows import Rows

MERGE = "merge"


class _Edge(NamedTuple):
    """One merge; edges sort by (time, source, id)."""

    time_us: int
    source: str
    id: str
    lead: str
    into: str


class Merges:
    """The merges as rows, and what they come to."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._roots: dict[str, str] = {}
        self.joined: frozenset[str] = frozenset()
        """Leads that others have become."""

    def ready(self) -> None:
        """Follow the merges of the rows."""
        self._follow()

    def root(self, lead: str) -> str:
        """The lead that a lead is now."""
        return self._roots.get(lead, lead)

    def take(self, merges: list[Merged]) -> dict[str, tuple[str, str]]:
        """Merges that have come, have changed, or do not stand any more: lead -> its root before and now, where that
        has changed."""
        for source, id_, told in merges:
            if told is None:
                self._rows.drop((MERGE, source, id_))
            else:
                self._rows.put((MERGE, source, id_), list(told))
        before = self._roots
        self._follow()
        leads = dict.fromkeys([*before, *self._roots])
        found = {lead: (before.get(lead, lead), self.root(lead)) for lead in leads}
        return {lead: (was, now) for lead, (was, now) in found.items() if was != now}

    def _follow(self) -> None:
        standing = sorted(_Edge(row[0], str(key[1]), str(key[2]), *row[1:]) for key, row in self._rows.items(MERGE))
        while True:
            latest = {edge.lead: edge for edge in standing}
            cycle = next((found for lead in sorted(latest) if (found := _cycle(lead, latest))), None)
            if cycle is None:
                break
            standing.remove(max(cycle))
        self._roots = {}
        for lead in latest:
            at = lead
            while at in latest:
                at = latest[at].into
            self._roots[lead] = at
        self.joined = frozenset(self._roots.values())


def _cycle(lead: str, latest: dict[str, _Edge]) -> list[_Edge] | None:
    """The merges that lead from a lead back to it."""
    path: list[_Edge] = []
    at = lead
    while at in latest and latest[at] not in path:
        path.append(latest[at])
        at = latest[at].into
    return path if path and at == lead else None
