"""Events inside the horizon as rows of the changelog: one row for the events of one day that came in one chunk.

A row an event would be a record an event on the changelog, and most of the cost of taking one. Packed together, a
million events are some thousand rows. A row is written once, and rewritten only where it is still small or where an
event in it is refused later. The rows go from here to the changelog and to the store of the events (`store`), and back
from the changelog into the store: they are not kept among the other rows.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate

import msgspec

from schemas.events.envelope import Event
from streams.core.corrections import SALES, Ledger, amends, identity_of, pack, unpack
from streams.core.policy import DAY_US
from streams.core.rows import Key, Rows
from streams.core.store import EventStore, Identity

EVENT = "event"
MOST_BYTES = 200_000
"""Of one row: Kafka takes no record beyond 1 MB."""
SMALL_BYTES = 4000
"""A row below this takes the next events of its day too. On a quiet topic a chunk is one event: a row of its own would
cost 300 bytes of memory, and that event's part of a 4 kB row costs 150 bytes of changelog for some rewrites."""

_OPENING = msgspec.msgpack.encode((EVENT, 0, 0))[:-2]
"""How the key of every row of events begins."""
_key = msgspec.msgpack.Decoder(tuple[str, int, int]).decode
_batch = msgspec.msgpack.Decoder(list[bytes]).decode


class Retained:
    """Adds to a ledger and forgets from it, and keeps the rows in step."""

    def __init__(self, rows: Rows, ledger: Ledger, store: EventStore) -> None:
        self._rows = rows
        self._ledger = ledger
        self._store = store
        self._admit, self._has_members = store.admit, store.has_members  # asked for every event
        self._by_day: dict[int, list[Key]] = defaultdict(list)
        self.fresh: dict[int, list[bytes]] = defaultdict(list)
        """Packed events by day that `save` is to make rows of."""
        self._small: dict[int, tuple[Key, list[bytes]]] = {}  # of each day one row that has room
        self._amending: list[Identity] = []
        self._next = 0

    def load(self, key: bytes, value: bytes) -> bool:
        """Take a row of the changelog if it is one of events; whether it is."""
        if not key.startswith(_OPENING):
            return False
        name, batch = _key(key), _batch(value)
        self._by_day[name[1]].append(name)
        self._keep(name, batch)
        self._next = max(self._next, name[2] + 1)
        for packed in batch:
            event = unpack(packed)
            self._ledger.add(event, packed)
            if amends(event):
                self._amending.append(identity_of(event))
        return True

    def take_amending(self) -> list[Identity]:
        """The loaded events that amend another one; they are told once, for `ready`."""
        amending, self._amending = self._amending, []
        return amending

    def admit(self, event: Event) -> bytes | bool:
        """Keep an event whose identity is new: whether it stands without a chain. Of one whose identity is known, what
        is kept already, packed."""
        packed = pack(event)
        source, id_, type_, time_us, _, _, supersedes = event
        known = self._admit(source, id_, packed)
        if known is not None:
            return known
        self.fresh[time_us // DAY_US].append(packed)
        if supersedes is None and type_ not in SALES:  # the common case: nothing to look up but itself
            return not self._has_members(source, id_)
        return self._ledger.join(event)

    def forget(self, event: Event) -> None:
        """Take out one event that has just come, or waited: of those no other day keeps any (`keep_with`)."""
        packed = self._ledger.packed(event.source, event.id)
        self._ledger.remove(event)
        day = event.time_us // DAY_US
        if packed in self.fresh[day]:
            self.fresh[day].remove(packed)
            return
        for key in self._by_day[day]:
            batch = self._store.row(key)
            if packed in batch:
                batch.remove(packed)
                self._keep(key, batch)
                self._rows.pass_on(key, batch)
                return

    def save(self) -> None:
        """Make rows of what was added since the last time."""
        for day, fresh in self.fresh.items():
            key: Key | None
            key, batch = self._small.pop(day, (None, []))
            for part in _bounded(batch + fresh):
                if key is None:
                    key = (EVENT, day, self._next)
                    self._next += 1
                    self._by_day[day].append(key)
                self._keep(key, part)
                self._rows.pass_on(key, part)
                key = None
        self.fresh.clear()

    def expire(self, oldest_us: int) -> Iterator[Event]:
        """Forget the days that ended by an instant. Each event of them is yielded, and then to be removed from the
        ledger or kept with another day: roots, then reversals that name only their sale, then what supersedes others.
        """
        oldest_day = oldest_us // DAY_US
        if any(day < oldest_day for day in self.fresh):
            self.save()
        amending = []
        for day in [day for day in self._by_day if day < oldest_day]:
            self._small.pop(day, None)
            for key in self._by_day.pop(day):
                for packed in self._store.row(key):
                    event = unpack(packed)
                    if amends(event):
                        amending.append(event)
                    else:
                        yield event
                self._store.drop_row(key)
                self._rows.pass_on(key, None)
        yield from sorted(amending, key=lambda event: event.supersedes is not None)

    def keep_with(self, event: Event, day: int) -> None:
        """Keep an event whose own day is forgotten for as long as a later day is kept."""
        self.fresh[day].append(pack(event))

    def _keep(self, key: Key, batch: list[bytes]) -> None:
        self._store.put_row(key, batch)
        if sum(map(len, batch)) < SMALL_BYTES:
            self._small[int(key[1])] = (key, batch)


def _bounded(batch: list[bytes]) -> Iterator[list[bytes]]:
    """The same events in lists that are as long as they may be; one that is larger than a row is a list of its own."""
    ends = list(accumulate(map(len, batch)))  # asked for every event: a third of a loop over them
    first = before = 0
    while first < len(batch):
        after = max(first + 1, bisect_right(ends, before + MOST_BYTES))
        yield batch[first:after]
        first, before = after, ends[after - 1]
