"""Events of DESIGN 4.1: what stands after corrections, retractions and reversals."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Event = Mapping[str, Any]
Identity = tuple[str, str]


@dataclass
class Net:
    """An event that counts, after corrections and reversals."""

    type: str
    at: datetime
    data: Mapping[str, Any]
    identity: Identity
    whole: bool = False
    taken: int = 0


@dataclass
class Chain:
    """A root and what was done to it."""

    root: Event
    corrections: list[Event] = field(default_factory=list)
    reversals: list[Event] = field(default_factory=list)
    retracted: bool = False


def at(event: Event) -> datetime:
    return datetime.fromisoformat(event["time"])


def identity(event: Event) -> Identity:
    return event["source"], event["id"]


def parent_of(event: Event) -> Identity | None:
    named = event["data"].get("supersedes")
    return (named["source"], named["id"]) if named else None


def unique(events: Iterable[Event]) -> list[Event]:
    seen: dict[Identity, Event] = {}
    for event in events:
        seen.setdefault(identity(event), event)
    return list(seen.values())


def net_facts(events: list[Event]) -> list[Net]:
    """DESIGN 4.1: the standing roots with their effective data, and the reversals that found a live sale."""
    known = {identity(event): event for event in events}
    chains = {
        identity(event): Chain(event)
        for event in events
        if parent_of(event) is None and event["type"] != "sale.reversed"
    }
    loose = {
        identity(event): event for event in events if parent_of(event) is None and event["type"] == "sale.reversed"
    }
    gone: set[Identity] = set()
    for event in events:
        path = path_to_root(event, known)
        if parent_of(event) is None or path is None or (roles := roles_along(path)) is None:
            continue
        chain = chains.get(identity(path[-1]))
        if roles[0] == "retraction":
            gone.add(identity(path[1]))
        elif chain is not None:
            (chain.corrections if roles[0] == "correction" else chain.reversals).append(event)
    live = [chain for key, chain in chains.items() if key not in gone]
    for key, event in loose.items():
        hit = [
            chain
            for chain in live
            if chain.root["type"] == "sale.closed"
            and chain.root["subject"] == event["subject"]
            and chain.root["data"]["sale_id"] == event["data"]["sale_id"]
        ]
        if key not in gone and len(hit) == 1:
            hit[0].reversals.append(event)
    return [fact for chain in live for fact in facts_of(chain, gone)]


def path_to_root(event: Event, known: Mapping[Identity, Event]) -> list[Event] | None:
    """The event, what it supersedes, and so on to the root; None where something is missing on the way."""
    path = [event]
    while (parent := parent_of(path[-1])) is not None:
        above = known.get(parent)
        if above is None or above["subject"] != event["subject"] or above in path:
            return None
        path.append(above)
    return path


def roles_along(path: list[Event]) -> list[str] | None:
    """The role of each event on a path; None where one may not stand where it does."""
    root = path[-1]
    roles = ["reversal" if root["type"] == "sale.reversed" else "root"]
    for event, above in zip(path[-2::-1], path[:0:-1], strict=True):
        kind = event["type"]
        if kind.endswith(".retracted"):
            if roles[0] == "retraction" or kind.removesuffix(".retracted") not in (above["type"], root["type"]):
                return None
            roles.insert(0, "retraction")
        elif roles[0] not in ("root", "correction"):
            return None
        elif kind == "sale.reversed" and root["type"] == "sale.closed":
            roles.insert(0, "reversal")
        elif kind == root["type"] or (kind == "sale.corrected" and root["type"] == "sale.closed"):
            roles.insert(0, "correction")
        else:
            return None
    return roles


def facts_of(chain: Chain, gone: set[Identity]) -> Iterator[Net]:
    corrections = [event for event in chain.corrections if identity(event) not in gone]
    reversals = [event for event in chain.reversals if identity(event) not in gone]
    effective = max(corrections, key=lambda event: (at(event), *identity(event)), default=chain.root)["data"]
    amounts = [event["data"].get("amount") for event in reversals]
    whole = None in amounts
    taken = 0 if whole else min(sum(amounts), max(effective.get("amount") or 0, 0))
    yield Net(chain.root["type"], at(chain.root), effective, identity(chain.root), whole, taken)
    for event in reversals:
        yield Net(event["type"], at(event), event["data"], identity(event))
