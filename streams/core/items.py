"""Items of LINK: the events that share a key, what they last added to the totals, and when time changes that.

A row is (tag of the KPI's measure, linked leaf, key), kept packed, because most items are not looked at again. What an
item adds is a pure function of its events and the clock (streams.core.journeys); a change of either adds the
difference to the totals. Timers are rebuilt from the rows.
"""

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from streams.core.accumulators import sparse
from streams.core.accumulators.sparse import Sparse
from streams.core.crowding import MANY, Crowded, Moments, crowded
from streams.core.frames import Part
from streams.core.journeys.contract import ALWAYS_US, POOL, Account, Ground, Moment, Told, View
from streams.core.journeys.retention import Retention
from streams.core.journeys.staff import Staff
from streams.core.measures.journey_leaves import JourneyLeaf
from streams.core.measures.plan import Plan
from streams.core.merges import Merges
from streams.core.rows import Key, Rows, packed
from streams.core.totals import Totals
from streams.core.windows import Windows

ITEM = "item"
FEWEST = 64
"""Moments of an item from which on those that can never matter again are looked for."""
_Told = tuple[tuple[str, ...], str, Mapping[int, int | str]]


class Item(msgspec.Struct, array_like=True):
    """Its moments in order, what it has added, when that changes by time alone, and how long it may matter."""

    moments: list[Moment]
    told: Sequence[_Told]
    next_us: int | None
    keep_us: int


_decode = msgspec.msgpack.Decoder(Item, strict=False).decode
"""Not strict, for the value of a moment beyond 64 bits is kept as its digits."""


class Place(NamedTuple):
    """A leaf of a KPI, and what its items share."""

    plan: Plan
    leaf: JourneyLeaf
    ground: Ground


class Items:
    """Items of one partition, as its rows."""

    def __init__(
        self,
        rows: Rows,
        totals: Totals,
        places: Mapping[tuple[str, int], Place],
        merges: Merges,
        windows: Windows,
    ) -> None:
        self._rows = rows
        self._merges = merges
        self._totals = totals
        self._places = places
        self._windows = windows
        self._timers: list[tuple[int, Key]] = []
        self._crowded: dict[Key, int] = {}

    def ready(self) -> None:
        """Rebuild the timers."""
        for key, row in self._rows.items(ITEM):
            item = _decode(row)
            if item.next_us is not None:
                self._timers.append((item.next_us, key))
            if len(item.moments) >= MANY:
                self._crowded[key] = len(item.moments)
        heapq.heapify(self._timers)

    def adopt(self, view: View, known: Collection[str]) -> None:
        """Another catalogue: items of measures that it does not have are taken back, all others are told anew. What an
        older catalogue itself said is out (`known` are its sources)."""
        for key, row in self._rows.items(ITEM):
            if (str(key[1]), int(key[2])) in self._places:
                item = _decode(row)
                item.moments = [moment for moment in item.moments if moment.source not in known]
                self._tell(key, item, view)
                continue
            kpi = str(key[1]).rpartition(".")[0]
            for (subject, window), vector in _by_subject(_decode(row).told).items():
                self._totals.add((kpi, subject, window), int(key[2]), vector, -1)
            self._drop(key)

    def take(self, parts: Iterable[Part], view: View) -> None:
        """Events that have come, have changed, or do not stand any more."""
        opened: dict[Key, tuple[Item, Moments]] = {}
        for tag, leaf, name, source, id_, payload, origin in parts:
            if (tag, leaf) not in self._places:
                continue  # told before the catalogue changed
            key: Key = (ITEM, tag, leaf, name)
            if key not in opened:
                row = self._rows.get(key)
                item = Item([], [], None, ALWAYS_US) if row is None else _decode(row)
                opened[key] = item, Moments(item.moments, row)
            opened[key][1].replace(source, id_, payload, origin)
        for key, (item, moments) in opened.items():
            if moments.is_told_again:  # OBSERVE counts anew: JUDGE may have forgotten the KPI since then
                settled_us = view.oldest_us - self._places[str(key[1]), int(key[2])].leaf.journey.reach_us
                for subject, window in _by_subject(item.told):
                    if not self._is_settled(window, settled_us):
                        self._totals.touch((str(key[1]).rpartition(".")[0], subject, window))
            if moments.is_changed:
                item.moments = moments.in_order()
                self._tell(key, item, view)

    def own(self, tag: str, leaf: int, name: str) -> list[Moment]:
        """Moments of an item that came under its own key."""
        row = self._rows.get((ITEM, tag, leaf, name))
        return [] if row is None else [moment for moment in _decode(row).moments if not moment.origin]

    def tell_again(self, keys: Iterable[Key], view: View) -> None:
        """What the items of these keys add, for another reason than an event."""
        for key in keys:
            row = self._rows.get(key)
            if row is not None:
                self._tell(key, _decode(row), view)

    @property
    def next_us(self) -> int | None:
        """When time changes an item next, or before it."""
        return self._timers[0][0] if self._timers else None

    def pass_time(self, before_us: int, oldest_us: int, first_us: int | None) -> None:
        """Let items change by themselves, each at its own instant, up to but not at `before_us`."""
        while self._timers and self._timers[0][0] < before_us:
            due_us, key = heapq.heappop(self._timers)
            row = self._rows.get(key)
            item = None if row is None else _decode(row)
            if item is not None and item.next_us == due_us:
                self._tell(key, item, View(due_us, oldest_us, first_us))

    def tell_from(self, was_us: int | None, view: View) -> None:
        """The first event of all lies earlier than was known: who was a member before it is told of from there on."""
        staying = {name for name, place in self._places.items() if isinstance(place.leaf.journey, Retention | Staff)}
        for key, row in self._rows.items(ITEM) if staying else ():
            if (key[1], key[2]) in staying:
                item = _decode(row)
                if was_us is None or item.moments[0].time_us < was_us:
                    self._tell(key, item, view)

    def sweep(self, oldest_us: int) -> None:
        """Forget items that nothing inside the horizon can change, and that no window still told of reads."""
        for key, row in self._rows.items(ITEM):
            item = _decode(row)
            if item.keep_us >= oldest_us or item.next_us is not None:
                continue
            place = self._places[str(key[1]), int(key[2])]
            settled_us = oldest_us - place.leaf.journey.reach_us
            if all(window == POOL or self._is_settled(window, settled_us) for _, window, _ in item.told):
                self._forget(key, item, place)

    @property
    def crowded(self) -> list[Crowded]:
        """Keys with many events, those with the most of them first."""
        found = []
        for key, events in self._crowded.items():
            place = self._places.get((str(key[1]), int(key[2])))
            if place is not None:
                size = len(self._rows.get(key))
                found.append(crowded(place.plan.kpi.id, place.leaf, str(key[3]), events, size))
        return sorted(found, key=lambda one: -one.events)

    def make_room(self, view: View) -> None:
        """Forget of keys with many events those that can never matter again; only a change does so otherwise."""
        self.tell_again(list(self._crowded), view)

    def _forget(self, key: Key, item: Item, place: Place) -> None:
        for _, window, vector in item.told:
            if window == POOL:  # items leave it whole, gone on or not: what is left is a fair sample
                self._totals.add((place.plan.kpi.id, "", POOL), place.leaf.index, sparse.integers(vector), -1)
        self._drop(key)

    def _drop(self, key: Key) -> None:
        self._rows.drop(key)
        self._crowded.pop(key, None)

    def _tell(self, key: Key, item: Item, view: View) -> None:
        """Add to the totals the difference between what an item adds now and what it has added."""
        place = self._places[str(key[1]), int(key[2])]
        journey = place.leaf.journey
        if len(item.moments) >= FEWEST and view.oldest_us > ALWAYS_US:
            item.moments = journey.prune(item.moments, place.ground, view.oldest_us)
        if key[3] in self._merges.joined and place.leaf.by_lead:
            view = view._replace(merged=True)
        account = journey.account(item.moments, place.ground, view)
        settled_us = view.oldest_us - journey.reach_us
        told = [one for one in account.told if not self._is_settled(one.window, settled_us)]
        # What a settled window was told stands.
        known = [one for one in item.told if not self._is_settled(one[1], settled_us)]
        taken_back, added = _changed(known, told)
        before, after = _by_subject(taken_back), _by_subject(added)
        kpi, leaf = place.plan.kpi.id, place.leaf.index
        for (subject, window), vector in before.items():
            if after.get((subject, window)) != vector:
                self._totals.add((kpi, subject, window), leaf, vector, -1)
        for (subject, window), vector in after.items():
            if before.get((subject, window)) != vector:
                self._totals.add((kpi, subject, window), leaf, vector)
        self._keep(key, item, account, told)

    def _is_settled(self, window: str, settled_us: int) -> bool:
        """Whether a window ended before everything that can still change, or is read."""
        return window != POOL and self._windows.parse(window)[1].end_us < settled_us

    def _keep(self, key: Key, item: Item, account: Account, told: Sequence[Told]) -> None:
        if not item.moments:
            self._drop(key)
            return
        if len(item.moments) >= MANY:
            self._crowded[key] = len(item.moments)
        elif key in self._crowded:
            del self._crowded[key]
        if account.next_us is not None and account.next_us != item.next_us:
            heapq.heappush(self._timers, (account.next_us, key))
        self._rows.put(key, packed(Item(item.moments, told, account.next_us, account.keep_us)))


def _changed(before: Sequence[_Told], after: Sequence[_Told]) -> tuple[list[_Told], list[_Told]]:
    """What is told no more, and what is new; the same may be told several times. An event of an item of many periods or
    subjects mostly changes one of them."""
    taken_back: list[_Told] = []
    new: dict[tuple[tuple[str, ...], str], list[_Told]] = {}
    for one in after:
        new.setdefault(one[:2], []).append(one)
    for one in before:
        alike = new.get(one[:2], [])
        if one in alike:
            alike.remove(one)
        else:
            taken_back.append(one)
    return taken_back, [one for alike in new.values() for one in alike]


def _by_subject(told: Sequence[_Told]) -> dict[tuple[str, str], Sparse]:
    """What each (subject, window) was told; the pool's subject has no name."""
    found: dict[tuple[str, str], Sparse] = {}
    for subjects, window, vector in told:
        own = sparse.integers(vector)
        for subject in subjects if window != POOL else ("",):
            known = found.get((subject, window))
            found[subject, window] = own if known is None else sparse.merge((known, own))
    return found
