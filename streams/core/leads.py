"""Events of merged leads on their way to the lead that they became, which may live in another partition of LINK.

The partition of a lead's own id is its home. Home keeps the events of a lead that became another one, and sends them
on under the other's id, marked with where they came from; when merges change it takes them back and sends them where
they belong now. What one home sends to one partition stays in order, and no two homes send the same event.
"""

from collections.abc import Collection, Iterable, Iterator

import msgspec

from streams.core.crowding import Moments
from streams.core.frames import Part, Payload
from streams.core.items import Items
from streams.core.journeys.contract import Moment
from streams.core.merges import Merges
from streams.core.rows import Key, Rows, packed

AWAY = "away"
"""Rows of home: events of leads that became others."""
_decode = msgspec.msgpack.Decoder(list[Moment], strict=False).decode  # digits, as in items
Place = tuple[str, int]
"""(tag of a measure, linked leaf)."""


class Leads:
    """Of one partition: what of its leads' events is where."""

    def __init__(self, rows: Rows, merges: Merges, items: Items, places: Collection[Place]) -> None:
        """Args: `places` are those whose key is a lead."""
        self._rows = rows
        self._merges = merges
        self._items = items
        self._places = places

    def settle(self, parts: Iterable[Part]) -> Iterator[Part]:
        """Parts under the id of the lead that theirs is now; to be read to the end."""
        away: dict[Key, Moments] = {}
        for part in parts:
            tag, leaf, lead, source, id_, payload, origin = part
            root = lead if origin or (tag, leaf) not in self._places else self._merges.root(lead)
            if root == lead:
                yield part
                continue
            key: Key = (AWAY, tag, leaf, lead)
            if key not in away:
                away[key] = Moments(self._away(key), self._rows.get(key))
            if away[key].replace(source, id_, payload, ""):
                yield tag, leaf, root, source, id_, payload, lead
        for key, moments in away.items():
            self._keep(key, moments.in_order())

    def move(self, lead: str, was: str, now: str) -> Iterator[Part]:
        """What takes a lead of this home from one root to another: first everything out, then everything in."""
        for tag, leaf in self._places:
            key: Key = (AWAY, tag, leaf, lead)
            moments = self._items.own(tag, leaf, lead) if was == lead else self._away(key)
            for moment in moments:
                yield tag, leaf, was, moment.source, moment.id, None, "" if was == lead else lead
            self._keep(key, [] if now == lead else moments)
            for moment in moments:
                yield tag, leaf, now, moment.source, moment.id, _payload(moment), "" if now == lead else lead

    def sweep(self, oldest_us: int) -> None:
        """Forget events of long ago."""
        for key, row in self._rows.items(AWAY):
            if max(moment.time_us for moment in _decode(row)) < oldest_us:
                self._rows.drop(key)

    def _away(self, key: Key) -> list[Moment]:
        row = self._rows.get(key)
        return [] if row is None else _decode(row)

    def _keep(self, key: Key, moments: list[Moment]) -> None:
        if moments:
            self._rows.put(key, packed(moments))
        else:
            self._rows.drop(key)


def _payload(moment: Moment) -> Payload:
    return moment.time_us, moment.roles, moment.chain, moment.value
