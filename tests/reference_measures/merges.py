"""Merged leads are one lead: a lead merged twice follows its latest standing merge, chains are followed.

The latest merge of a cycle is rejected, and the lead it named falls back on its merge before, if any. Cycles are
looked for among the merges that are followed, so a merge that a later one replaced closes none.
"""

from collections.abc import Callable, Sequence

from tests.reference.events import Net


def followed(merges: Sequence[Net]) -> tuple[Callable[[str], str], frozenset[str]]:
    """Lead -> the lead it is now; and the leads that others became. `merges` are in order of (time, source, id)."""
    into = edges(list(merges))

    def lead(name: str) -> str:
        while name in into:
            name = into[name]
        return name

    return lead, frozenset(map(lead, into))


def edges(standing: list[Net]) -> dict[str, str]:
    while True:
        latest = {merge.data["lead_id"]: merge for merge in standing}
        cycle = next((found for name in sorted(latest) if (found := cycle_through(name, latest))), None)
        if cycle is None:
            return {name: merge.data["into_lead_id"] for name, merge in latest.items()}
        standing = [merge for merge in standing if merge is not max(cycle, key=lambda m: (m.at, *m.identity))]


def cycle_through(name: str, latest: dict[str, Net]) -> list[Net] | None:
    """The merges that lead from a lead back to it."""
    path: list[Net] = []
    at = name
    while at in latest and latest[at] not in path:
        path.append(latest[at])
        at = latest[at].data["into_lead_id"]
    return path if path and at == name else None
