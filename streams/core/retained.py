"""Events inside the horizon as rows of the changelog: one row for the events of one day that came in one chunk.

A row an event would be a record an event on the changelog, and most of the cost of taking one. Packed together, a
million events are some thousand rows. A row is written once, and rewritten only where an event in it is refused later.
"""

from collections import defaultdict
from collections.abc import Iterator

from schemas.events.envelope import Event
from streams.core.corrections import Ledger, pack, unpack
from streams.core.policy import DAY_US
from streams.core.rows import Key, Rows

EVENT = "event"
MOST_BYTES = 200_000
"""Of one row: Kafka takes no record beyond 1 MB."""


class Retained:
    """Adds to a ledger and forgets from it, and keeps the rows in step."""

    def __init__(self, rows: Rows, ledger: Ledger) -> None:
        self._rows = rows
        self._ledger = ledger
        self._by_day: dict[int, list[Key]] = defaultdict(list)
        self._fresh: dict[int, list[bytes]] = defaultdict(list)
        self._next = 0

    def ready(self) -> None:
        """Fill the ledger from the rows."""
        for key, batch in self._rows.items(EVENT):
            self._by_day[int(key[1])].append(key)
            self._next = max(self._next, int(key[2]) + 1)
            for packed in batch:
                self._ledger.add(unpack(packed), packed)

    def add(self, event: Event) -> None:
        """Keep an event whose identity is new."""
        packed = pack(event)
        self._ledger.add(event, packed)
        self._fresh[event.time_us // DAY_US].append(packed)

    def forget(self, event: Event) -> None:
        """Take out one event."""
        packed = self._ledger.packed(event.source, event.id)
        self._ledger.remove(event)
        day = event.time_us // DAY_US
        if packed in self._fresh[day]:
            self._fresh[day].remove(packed)
            return
        for key in self._by_day[day]:
            batch: list[bytes] = self._rows.get(key)
            if packed in batch:
                batch.remove(packed)
                self._rows.put(key, batch)
                return

    def save(self) -> None:
        """Make rows of what was added since the last time."""
        for day, batch in self._fresh.items():
            for part in _bounded(batch):
                key = (EVENT, day, self._next)
                self._next += 1
                self._rows.put(key, part)
                self._by_day[day].append(key)
        self._fresh.clear()

    def expire(self, oldest_us: int) -> Iterator[Event]:
        """Forget the days that ended by an instant; each event of them is yielded before it is gone."""
        self.save()
        for day in [day for day in self._by_day if (day + 1) * DAY_US <= oldest_us]:
            for key in self._by_day.pop(day):
                for packed in self._rows.get(key):
                    event = unpack(packed)
                    yield event
                    self._ledger.remove(event)
                self._rows.drop(key)


def _bounded(batch: list[bytes]) -> Iterator[list[bytes]]:
    part: list[bytes] = []
    room = MOST_BYTES
    for packed in batch:
        if part and len(packed) > room:
            yield part
            part, room = [], MOST_BYTES
        part.append(packed)
        room -= len(packed)
    if part:
        yield part
