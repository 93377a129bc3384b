"""Where a partition's events inside the horizon are kept: nearly all of the state of OBSERVE.

The ledger (`corrections`) and the rows of the changelog (`retained`) read and write them through `EventStore`, so that
they may live in memory, here, or on a disk (streams.disk_store). The changelog is the truth in both cases: a store is
empty when it is opened, and filled from the changelog.
"""

# ruff: noqa: D102  (EventStore says what the methods of MemoryStore do)

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from streams.core.rows import Key

Identity = tuple[str, str]
"""(source, id)."""

Family = tuple[str, ...]
"""Names events that are looked up together: ("sale", subject, sale_id), or ("root", source, id)."""


class EventStore(Protocol):
    """Packed events by identity, the members of families, and the changelog rows that carry the events.

    What is written can be read at once. Any call may raise `stage.StoreFailedError`.
    """

    def __len__(self) -> int:
        """How many events are kept."""
        ...

    def __iter__(self) -> Iterator[bytes]:
        """Every event, packed, in no order; nothing may be written meanwhile."""
        ...

    def packed(self, source: str, id_: str) -> bytes | None:
        """The event of this identity, if it is kept."""
        ...

    def add(self, source: str, id_: str, packed: bytes) -> None:
        """Keep an event whose identity is new."""
        ...

    def admit(self, source: str, id_: str, packed: bytes) -> bytes | None:
        """Keep an event whose identity is new, and say None; of a known identity what is kept already. Asked for every
        event: one look where `packed` and `add` are two."""
        ...

    def remove(self, source: str, id_: str) -> None:
        """Forget an event that is kept."""
        ...

    def members(self, family: Family) -> Sequence[Identity]:
        """Who joined a family, in the order in which they did."""
        ...

    def has_members(self, source: str, id_: str) -> bool:
        """Whether anyone joined the family ("root", source, id_): asked of every event, so it has to be quick."""
        ...

    def join(self, family: Family, identity: Identity) -> None:
        """Add a member to a family."""
        ...

    def leave(self, family: Family, identity: Identity) -> None:
        """Take a member out of its family."""
        ...

    def row(self, key: Key) -> list[bytes]:
        """The packed events of a row that was put."""
        ...

    def put_row(self, key: Key, batch: list[bytes]) -> None:
        """Keep a row, or keep it anew."""
        ...

    def drop_row(self, key: Key) -> None:
        """Forget a row."""
        ...


OpenStore = Callable[[int], EventStore]
"""An empty store for the events of one partition; one that was opened for it before is not used any more."""


class MemoryStore:
    """Plain dictionaries: the fastest, at some hundred bytes an event. The compiled `ordinary` reads and writes them by
    itself."""

    def __init__(self) -> None:
        self.events: dict[str, dict[str, bytes]] = {}
        """Source -> id -> packed: no tuple an event."""
        self.amended: dict[Identity, tuple[Identity, ...]] = {}
        """Who amends an event."""
        self.sales: dict[Family, tuple[Identity, ...]] = {}
        """Families of sales. Tuples of texts, not lists: the garbage collector forgets them the first time it looks."""
        self._rows: dict[Key, list[bytes]] = {}

    def __len__(self) -> int:
        return sum(map(len, self.events.values()))

    def __iter__(self) -> Iterator[bytes]:
        return (packed for known in self.events.values() for packed in known.values())

    def packed(self, source: str, id_: str) -> bytes | None:
        known = self.events.get(source)
        return None if known is None else known.get(id_)

    def add(self, source: str, id_: str, packed: bytes) -> None:
        known = self.events.get(source)
        if known is None:
            known = self.events[source] = {}
        known[id_] = packed

    def admit(self, source: str, id_: str, packed: bytes) -> bytes | None:
        known = self.events.get(source)
        if known is None:
            known = self.events[source] = {}
        kept = known.setdefault(id_, packed)
        return None if kept is packed else kept

    def remove(self, source: str, id_: str) -> None:
        known = self.events[source]
        del known[id_]
        if not known:
            del self.events[source]

    def members(self, family: Family) -> Sequence[Identity]:
        if family[0] == "root":
            return self.amended.get((family[1], family[2]), ())
        return self.sales.get(family, ())

    def has_members(self, source: str, id_: str) -> bool:
        return (source, id_) in self.amended if self.amended else False

    def join(self, family: Family, identity: Identity) -> None:
        if family[0] == "root":
            root = (family[1], family[2])
            self.amended[root] = (*self.amended.get(root, ()), identity)
        else:
            self.sales[family] = (*self.sales.get(family, ()), identity)

    def leave(self, family: Family, identity: Identity) -> None:
        if family[0] == "root":
            _leave(self.amended, (family[1], family[2]), identity)
        else:
            _leave(self.sales, family, identity)

    def row(self, key: Key) -> list[bytes]:
        return self._rows[key]

    def put_row(self, key: Key, batch: list[bytes]) -> None:
        self._rows[key] = batch

    def drop_row(self, key: Key) -> None:
        del self._rows[key]


def in_memory(partition: int) -> EventStore:
    """Opens a MemoryStore."""
    return MemoryStore()


def _leave(index: dict[Any, tuple[Identity, ...]], name: Family, identity: Identity) -> None:
    index[name] = tuple(one for one in index[name] if one != identity)
    if not index[name]:
        del index[name]
