"""The cells of one source partition: what its facts add up to, and which of them the next stages must hear of again.

One vector a (group, subject, period), one vector of activity a (group, subject, hour), one reference count a distinct
key. Changes are cut into slices of event time; a slice holds the absolute state of everything touched since the last.

What comes is gathered, and counted when the slices are asked for: events that stand alone by columns, what chains of
corrections add and take back one by one, both slice by slice, so that each slice shows the state of its own time.
"""

from bisect import bisect_left
from collections.abc import Container, Iterable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from schemas.events.envelope import Event
from streams.core.accumulators.vector import add, retract, zero
from streams.core.calendar.absences import LEAVE
from streams.core.columns import FEWEST, Change, Columns
from streams.core.facts import Credit, Fact
from streams.core.frames import Payload, Slice, integers
from streams.core.handling import Handling
from streams.core.layout import COUNT, HOUR_WIDTH, LAST
from streams.core.relayout import Shape, rearrange
from streams.core.rows import Key, Rows
from streams.core.series import is_whole
from streams.core.spread import MERGED, Spread, Touch
from streams.core.windows import Windows

try:
    from streams.core.differences import plus
except ImportError:  # installed where there was no compiler
    from streams.core.differing import plus

CELL, PANE, REFERENCE, UNKNOWN_OWNER = "cell", "pane", "reference", "unknown_owner"
OWN = ""
"""The one source of what a partition of OBSERVE counts itself."""


class Cells:
    """Cells as rows of OBSERVE."""

    def __init__(self, rows: Rows, spread: Spread, windows: Windows, horizon_us: int) -> None:
        self._rows = rows
        self._spread = spread
        self._windows = windows
        self._columns = Columns(spread, windows)
        self._handling = Handling(rows, horizon_us)
        self._touched: dict[Key, None] = {}
        self._parts: dict[tuple[str, int, str, str, str], Payload | None] = {}
        self._merges: dict[tuple[str, str], tuple[int, str, str] | None] = {}
        self._absences: dict[tuple[str, str], tuple[str, str | None, str | None]] = {}
        self.alone: list[Event] = []
        """Events that stand alone, to be counted: appended to for every event, so there is no method. `gather` makes it
        anew."""
        self._looked_at = frozenset(spread.linked_types) | frozenset(spread.turns)
        """Types of events that columns do not count all of."""
        self._gathered = 0
        """Events taken apart, or put aside, since slices were last taken."""
        self._singly: list[_Single] = []
        self._chained: list[tuple[Fact, int]] = []
        self._cuts: list[_Cut] = []
        self._oldest_pane_us = 0

    def ready(self) -> None:
        """Vectors as integers again: digits stand for what msgpack could not carry. Owners whom the catalogue knows by
        now are forgotten."""
        for key, vector in self._rows.items(CELL):
            if any(isinstance(part, str) for part in vector):
                self._rows.read_as(key, integers(vector))
        for key, _ in self._rows.items(UNKNOWN_OWNER):
            if self._spread.crediting.knows(str(key[1])):
                self._rows.drop(key)

    def count(self, fact: Fact, sign: int) -> None:
        """Add (`sign` 1) or take back (-1) a fact."""
        self._chained.append((fact, sign))

    def gather(self) -> None:
        """Take apart what stands alone and has come since the last time: most events may go then, and are counted when
        slices are taken. Asked for with every chunk, for a transaction gathers many."""
        events, self.alone = self.alone, []
        first, self._gathered = self._gathered, self._gathered + len(events)
        types = self._columns.take(events, first) if len(events) >= FEWEST else None
        if types is None:
            self._singly += [_Single(place, event, True) for place, event in enumerate(events, first)]
        elif not self._looked_at.isdisjoint(types):  # mostly none: no event is looked at again for nothing
            looked_at = self._looked_at
            self._singly += [
                _Single(place, event, False) for place, event in enumerate(events, first) if event.type in looked_at
            ]

    def cut(self, stamp_us: int) -> None:
        """Close the current slice."""
        ends = (self._gathered + len(self.alone), len(self._chained))
        is_changed = self._touched or self._parts or self._merges  # by a recount, which gathers no event
        if is_changed or ends != (self._cuts[-1].ends if self._cuts else (0, 0)):
            self._cuts.append(_Cut(stamp_us, ends))

    @property
    def slices(self) -> int:
        """How many have been cut since they were last taken."""
        return len(self._cuts)

    def take_slices(self, oldest_pane_us: int) -> list[Slice]:
        """The slices cut since they were last taken. Hours before `oldest_pane_us` are not counted from now on, those
        that are old only by the end of what is taken now are: a chunk of a backfill spans months. What is back at
        nothing is told once more, then forgotten."""
        oldest_pane_us, self._oldest_pane_us = self._oldest_pane_us, oldest_pane_us
        self.gather()
        singly, chained, cuts = self._singly, self._chained, self._cuts
        self._singly, self._chained, self._cuts, self._gathered = [], [], [], 0
        by_columns = self._by_columns(cuts, oldest_pane_us)
        slices = []
        first = (0, 0)
        for number, cut in enumerate(cuts):
            last = (bisect_left(singly, cut.ends[0], key=_place), cut.ends[1])
            self._apply(*by_columns[number])
            self._count_singly(singly[first[0] : last[0]], oldest_pane_us)
            for fact, sign in chained[first[1] : last[1]]:
                self._change_one(fact, sign, oldest_pane_us)
            slices.append(self._slice(cut.stamp_us))
            first = last
        return slices

    def _count_singly(self, events: Sequence["_Single"], oldest_pane_us: int) -> None:
        """What columns do not count of a slice."""
        linked, turns = self._spread.linked_types, self._spread.turns
        for single in events:
            if single.in_all or single.event.type in linked:
                self._count(_fact(single.event), 1, oldest_pane_us, keyed=not single.in_all)
        for single in events if turns else ():
            if single.event.type in turns:
                self._time(_fact(single.event), 1, oldest_pane_us)

    def _by_columns(self, cuts: Sequence["_Cut"], oldest_pane_us: int) -> list[tuple[list[Change], list[Change]]]:
        """(changes of periods, changes of hours) of each slice."""
        *kinds, unknown = self._columns.count([cut.ends[0] for cut in cuts], oldest_pane_us)
        for owner in unknown:
            self.meet(owner)
        slices: list[tuple[list[Change], list[Change]]] = [([], []) for _ in cuts]
        for kind, changes in enumerate(kinds):
            for change in changes:
                slices[change.slice][kind].append(change)
        return slices

    def _apply(self, periods: Sequence[Change], hours: Sequence[Change]) -> None:
        for change in periods:
            self._change(CELL, change, plus(self._vector(CELL, change), change.vector))
        for change in hours:
            hour = self._vector(PANE, change)
            for slot in range(0, len(hour), HOUR_WIDTH):
                hour[slot + COUNT] += change.vector[slot + COUNT]
                hour[slot + LAST] = max(hour[slot + LAST], change.vector[slot + LAST])
            self._change(PANE, change, hour)

    def _slice(self, stamp_us: int) -> Slice:
        slice_ = Slice(stamp_us, layout=self._spread.layout.fingerprint)
        slice_.parts = [(*name, payload, "") for name, payload in self._parts.items()]
        slice_.absences = [(*identity, *told) for identity, told in self._absences.items()]
        slice_.merges = [(*identity, told) for identity, told in self._merges.items()]
        self._parts, self._absences, self._merges = {}, {}, {}
        for key in self._touched:
            table, *name = key
            value = self._rows.get(key)
            if table == REFERENCE:
                slice_.keys.append((*name, value or 0))  # type: ignore[arg-type]
            else:
                slice_.cells.append((*name, list(value)))  # type: ignore[arg-type]
            if not (any(value) if table == CELL else any(value[COUNT::HOUR_WIDTH]) if table == PANE else value):
                self._rows.drop(key)
        self._touched = {}
        return slice_

    def sweep(self, oldest_us: int, oldest_pane_us: int) -> None:
        """Forget cells whose window ended before `oldest_us`: nothing inside the horizon can change them. What is still
        to be counted or told stays until the next sweep."""
        for key, _ in [*self._rows.items(CELL), *self._rows.items(REFERENCE)]:
            window = str(key[3] if key[0] == CELL else key[4])
            if key not in self._touched and self._windows.parse(window)[1].end_us < oldest_us:
                self._rows.drop(key)
        for key, vector in self._rows.items(PANE):
            if key not in self._touched and max(vector[LAST::HOUR_WIDTH]) < oldest_pane_us:
                self._rows.drop(key)
        self._handling.sweep(oldest_us)

    # -- another catalogue (recount)

    def rearrange(self, before: Shape, kept: Container[str]) -> None:
        """The KPIs that are `kept` move from the slots of a shape to those of the catalogue, all others are back at
        nothing. Every group hears of the subjects and windows that had something, because what stays at nothing has to
        be told too."""
        tables = (CELL, PANE)
        names = {table: dict.fromkeys(key[2:] for key, _ in self._rows.items(table)) for table in tables}
        for table in tables:
            for key, vector in self._rows.items(table):
                self._rows.read_as(key, {OWN: vector})
        rearrange(self._rows, before, self._spread.layout, lambda kpi, subject, window: kpi in kept)
        for table in tables:
            for key, sources in self._rows.items(table):
                self._rows.read_as(key, sources[OWN])
        for group in self._spread.layout.groups:
            for name in names[CELL]:
                if self._windows.parse(str(name[1]))[0] is group.period and (group.divided or is_whole(str(name[0]))):
                    key = (CELL, group.number, *name)
                    self._put(key, self._rows.get(key) or zero(group.width))
            for name in names[PANE] if group.hours else ():
                key = (PANE, group.number, *name)
                self._put(key, self._rows.get(key) or zero(group.hours_width))
        for key, _ in self._rows.items(REFERENCE):
            if key[1] not in kept:
                self._put(key, 0)
        if not self._spread.turns:
            self._handling.forget()

    def follow_turns(self, facts: Iterable[Fact]) -> None:
        """Take up the work on tickets, where no KPI has read it before."""
        if self._spread.turns and not self._handling.is_followed:
            for fact in facts:
                if fact.type in self._spread.turns:
                    self._handling.take(fact, 1)

    def timed(self, fact: Fact) -> Fact:
        """A fact as it counts: an end of work with the time worked."""
        return self._handling.timed(fact) if fact.type in self._spread.turns else fact

    def begin_hours(self, fact: Fact, credit: Credit, spread: Spread) -> None:
        """Add a fact to the hours alone of some KPIs."""
        for touch in spread.touches(fact, credit):
            for subject in touch.subjects:
                self._touch_hour(touch, subject, fact, 1)

    def take_back_parts(self, fact: Fact, credit: Credit, spread: Spread) -> None:
        """Tell LINK that a fact is part of nothing, whatever it was told before."""
        for tag, leaf, key, source, id_, _, _ in spread.parts(fact, credit):
            self._parts[tag, leaf, key, source, id_] = None

    # -- rows

    def meet(self, owner: str | None) -> None:
        """Remember an owner whom the catalogue does not know; nothing happens with None."""
        if owner is not None and self._rows.get((UNKNOWN_OWNER, owner)) is None:
            self._rows.put((UNKNOWN_OWNER, owner), True)

    def _vector(self, table: str, change: Change) -> list[int]:
        """The vector as it stands; a new one is not yet in the rows."""
        vector: list[int] | None = self._rows.get((table, change.group.number, change.subject, change.window))
        return zero(len(change.vector)) if vector is None else vector

    def _change(self, table: str, change: Change, vector: list[int]) -> None:
        self._put((table, change.group.number, change.subject, change.window), vector)

    def _put(self, key: Key, value: Any) -> None:
        self._rows.put(key, value)
        self._touched[key] = None

    def _count(self, fact: Fact, sign: int, oldest_pane_us: int, *, keyed: bool = False) -> None:
        """Add or take back one fact; `keyed`: only in the KPIs that are counted one by one."""
        spread = self._spread
        if fact.type == LEAVE:
            stands = (fact.data["start"], fact.data["end"]) if sign > 0 else (None, None)
            self._absences[fact.identity] = (fact.data["person_id"], *stands)
        credit = spread.crediting.of(fact)
        self.meet(credit.unknown_owner)
        self.change(fact, credit, sign, spread, oldest_pane_us, keyed=keyed)

    def change(
        self, fact: Fact, credit: Credit, sign: int, spread: Spread, oldest_pane_us: int, *, keyed: bool = False
    ) -> None:
        """Add a fact to the KPIs of a spread, or take it back, for those credited."""
        if fact.type == MERGED and spread.tells_merges:
            told = (fact.time_us, fact.data["lead_id"], fact.data["into_lead_id"])
            self._merges[fact.identity] = told if sign > 0 else None
        for touch in spread.touches(fact, credit, keyed=keyed):
            self._touch(touch, fact, sign, oldest_pane_us)
        for tag, leaf, key, source, id_, payload, _ in spread.parts(fact, credit):
            # The newest is the one that stands: a correction takes the old fact back before it adds the new one.
            self._parts[tag, leaf, key, source, id_] = payload if sign > 0 else None

    def _change_one(self, fact: Fact, sign: int, oldest_pane_us: int) -> None:
        """Add or take back one fact, and what that changes of the time worked on its ticket. What was told in place of
        a fact is taken back before it."""
        is_turn = fact.type in self._spread.turns
        if is_turn and sign < 0:
            self._time(fact, sign, oldest_pane_us)
        self._count(fact, sign, oldest_pane_us)
        if is_turn and sign > 0:
            self._time(fact, sign, oldest_pane_us)

    def _time(self, fact: Fact, sign: int, oldest_pane_us: int) -> None:
        for told, step in self._handling.take(fact, sign):
            self._count(told, step, oldest_pane_us)

    def _touch(self, touch: Touch, fact: Fact, sign: int, oldest_pane_us: int) -> None:
        """One fact's effect on one KPI, for every subject credited and the series."""
        kpi = touch.plan.kpi.id
        group = self._spread.layout.of(kpi)
        offset = group.offsets[kpi]
        change = add if sign > 0 else retract
        in_hours = touch.pane is not None and fact.time_us >= oldest_pane_us
        for subject in (*touch.subjects, *touch.series):
            key = (CELL, group.number, subject, touch.period)
            vector = self._rows.get(key) or zero(group.width)
            change(vector, touch.vector, offset)
            self._put(key, vector)
            if in_hours and is_whole(subject):
                self._touch_hour(touch, subject, fact, sign)
            for leaf, value in touch.keys:
                reference = (REFERENCE, kpi, leaf, subject, touch.period, value)
                self._put(reference, (self._rows.get(reference) or 0) + sign)

    def _touch_hour(self, touch: Touch, subject: str, fact: Fact, sign: int) -> None:
        """One fact's effect on the hours of one subject."""
        kpi = touch.plan.kpi.id
        group = self._spread.layout.of(kpi)
        hour = (PANE, group.number, subject, str(touch.pane))
        activity = self._rows.get(hour) or zero(group.hours_width)
        slot = group.hours[kpi]
        activity[slot + COUNT] += sign * touch.active
        activity[slot + LAST] = max(activity[slot + LAST], fact.time_us)
        self._put(hour, activity)


class _Cut(NamedTuple):
    """The end of a slice: how much of what was gathered, alone and chained, comes before it."""

    stamp_us: int
    ends: tuple[int, int]


class _Single(NamedTuple):
    """An event that stands alone and is counted by itself: in all KPIs, or in those alone that columns leave out."""

    place: int
    event: Event
    in_all: bool


_place = attrgetter("place")


def _fact(event: Event) -> Fact:
    return Fact(event.type, event.time_us, event.data, (event.source, event.id), subject=event.subject)
