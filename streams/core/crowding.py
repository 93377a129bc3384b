"""Keys with more events than any lead or ticket has: a placeholder, such as 0 or unknown, that a source writes where it
knows no id.

Each event of an item is looked at again when another one comes, so such a key costs more with every event, and its row
would one day be more than Kafka takes. From `MANY` events on it is told of; beyond `MOST_BYTES` it takes no more.
"""

from collections.abc import Iterable
from typing import NamedTuple

from schemas.events.people import PEOPLE
from streams.core.frames import Payload
from streams.core.journeys.contract import Moment
from streams.core.measures.journey_leaves import JourneyLeaf
from streams.core.measures.leaves import KEY_SEPARATOR
from streams.core.rows import packed

MANY = 1_000
"""Events of a key from which on it is told of. A thousand of them are 90 kB, written anew with each chunk."""
MOST_BYTES = 700_000
"""Of the events of a key: some 8,000 of them. Kafka takes no record beyond 1 MB."""
LARGE = 1_000
"""Bytes of an event with long ids: a key without room for it is full."""
FEW = 200
"""Moments that fit in any case, however long their ids: only then is it worth to measure them."""
HIDDEN = "(hidden)"


class Crowded(NamedTuple):
    """A key with many events, fit to be shown: what names or stands for a person is hidden."""

    kpi: str
    field: str
    key: str
    events: int
    is_full: bool

    @property
    def sentence(self) -> str:
        """For a log."""
        fate = "it takes no more" if self.is_full else "it costs more with each"
        return (
            f"{self.field} {self.key!r} of KPI {self.kpi!r} joins {self.events:,} events, as no one thing does: {fate}"
        )


def crowded(kpi: str, leaf: JourneyLeaf, key: str, events: int, size: int) -> Crowded:
    """A key of a leaf as it may be shown; `size` is that of its row."""
    fields = leaf.fields or ("subject",)
    parts = zip(fields, key.split(KEY_SEPARATOR), strict=False)
    shown = [HIDDEN if field in PEOPLE or field.endswith("_hash") else part for field, part in parts]
    return Crowded(kpi, " + ".join(fields), " + ".join(shown), events, size + LARGE >= MOST_BYTES)


class Moments:
    """Those of one key while events come to it, found by name because there may be thousands of them."""

    def __init__(self, moments: Iterable[Moment], row: bytes | None) -> None:
        """Args: `row` is what they lie in."""
        self._by_name = {(moment.source, moment.id, moment.origin): moment for moment in moments}
        self._size = 0 if row is None else len(row)
        self.is_changed = False
        self.is_told_again = False

    def replace(self, source: str, id_: str, payload: Payload | None, origin: str) -> bool:
        """Put in, replace or take out one moment; False where it finds no room."""
        name = (source, id_, origin)
        known = self._by_name.get(name)
        if payload is None:
            if known is not None:
                del self._by_name[name]
                self.is_changed = True
            return True
        time_us, roles, chain, value = payload
        new = Moment(time_us, source, id_, roles, chain, value, origin)
        if known == new:
            self.is_told_again = True
            return True
        if known is None and not self._has_room(new):
            return False
        self._by_name[name] = new
        self.is_changed = True
        return True

    def in_order(self) -> list[Moment]:
        """By (time, source, id)."""
        return sorted(self._by_name.values())

    def _has_room(self, new: Moment) -> bool:
        if len(self._by_name) < FEW:
            return True
        if len(self._by_name) == FEW:
            self._size = max(self._size, len(packed(self.in_order())))
        size = self._size + len(packed(new))
        if size >= MOST_BYTES:
            return False
        self._size = size
        return True
