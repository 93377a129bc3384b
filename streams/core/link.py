"""Stage LINK: distinct keys, counted where all holders of one key meet, and journeys, whose events meet here.

A key such as a lead id can stand in events of several source partitions. OBSERVE sends its reference counts to the
partition of the key; here a key counts once for a (kpi, subject, window) while any source refers to it. Of measures
that join events it sends the events themselves (`items`). What goes on to JUDGE is absolute: a sparse vector a linked
leaf. Slices keep their stamps, so that time is not lost at this hop; before a slice is applied, every item has changed
that time alone changes until then.
"""

from collections.abc import Iterable, Mapping, Sequence

from schemas import topics
from streams.core import frames
from streams.core.align import Alignment
from streams.core.crowding import Crowded
from streams.core.frames import Merged, Part, Slice, Total
from streams.core.items import ITEM, Items
from streams.core.journeys import distinct
from streams.core.journeys.contract import ALWAYS_US, FOREVER_US, POOL, View
from streams.core.journeys.elapsed import OPEN_US
from streams.core.leads import Leads
from streams.core.link_spec import CATALOGUE, LinkSpec
from streams.core.measures.leaves import KEY_SEPARATOR
from streams.core.merges import Merges
from streams.core.policy import DAY_US
from streams.core.rows import Rows
from streams.core.spread import route
from streams.core.stage import Now, Record, Send, Step
from streams.core.totals import Name, Totals
from streams.core.waits import Waits

REFERENCE, META = "reference", "meta"
SWEEP_DAYS = 7
"""Of event time between two sweeps. In a backlog a chunk is days long: a sweep a day took 70% of this stage's time."""


class Link:
    """State of one partition of kpi.links."""

    def __init__(self, link: LinkSpec, partition: int) -> None:
        self._link = link
        self._spec = spec = link.observe
        self._partition = partition
        self._source = f"{frames.FROM_LINK}{partition}"
        self._rows = Rows()
        self._totals = Totals(self._rows, spec.windows)
        self._merges = Merges(self._rows)
        self._items = Items(self._rows, self._totals, link.places, self._merges, spec.windows)
        self._leads = Leads(self._rows, self._merges, self._items, link.by_lead)
        self._waits = Waits(link.calm, link.closes_us)
        self._stamp_us = 0
        """Of the slice told last."""
        self._moved: dict[int, Slice] = {}
        self._now_us = ALWAYS_US
        self._first_us: int | None = None
        self._aligned = Alignment(self._rows, [f"{frames.FROM_OBSERVE}{p}" for p in range(spec.partitions)])

    def load(self, key: bytes, value: bytes) -> None:
        """Take one changelog row."""
        self._rows.load(key, value)

    def ready(self) -> None:
        """Take up the clocks and the slices that wait."""
        self._aligned.ready()
        self._totals.ready()
        self._merges.ready()
        self._items.ready()
        self._first_us = self._aligned.first_us
        self._now_us = ALWAYS_US if self.clock_us is None else self.clock_us

    def counts(self) -> Mapping[tuple[str, ...], int]:
        """Nothing ends here: every key count goes on."""
        return {}

    @property
    def clock_us(self) -> int | None:
        """Event time up to which all sources have reported."""
        return self._aligned.clock_us

    @property
    def held(self) -> int:
        """Slices that wait for the slowest source."""
        return self._aligned.held

    @property
    def crowded(self) -> list[Crowded]:
        """Keys with more events than one entity has, those with the most of them first."""
        return self._items.crowded

    def feed(self, records: Sequence[Record], now: Now) -> Step:
        """One chunk of frames."""
        moved = []
        for record in records:
            frame = frames.decode(record.value or b"")
            if frame.source.startswith(frames.FROM_LINK):
                moved += frame.slices
            else:
                self._aligned.take(frame)
        slices = [*self._adopt(), *self._hear_first(), *map(self._receive, moved)]
        while (stamp_us := self._aligned.next_us) is not None:
            slices += self._pass_time(stamp_us)
            slices += self._told_until(stamp_us)
            self._forget(stamp_us)
            self._now_us = max(self._now_us, stamp_us)
            slices.append(self._count(*self._aligned.pop()))
        if (clock_us := self.clock_us) is not None:
            slices += self._pass_time(clock_us + 1)
            self._now_us = max(self._now_us, clock_us)
        slices += self._told_until(FOREVER_US)
        if clock_us is not None:
            self._forget(clock_us)
        self._aligned.save()
        return Step(self._tell(slices), self._rows.flush())

    def tick(self, now: Now) -> Step:
        """Time comes in frames, not here."""
        return Step([], {})

    def _adopt(self) -> list[Slice]:
        """A catalogue that joins otherwise, or the first: it may link more or fewer leaves of a KPI, or none, so JUDGE
        has to hear all totals anew; its people count from now on. Events are not needed for it: items keep theirs."""
        name, counting = (META, "catalogue"), self._link.counting
        told = self._rows.get(name)
        if told == counting:
            return []
        self._rows.put(name, counting)
        names = dict.fromkeys(self._totals.names())
        if told is not None:
            self._items.adopt(self._view, {CATALOGUE})
        mine = (part for part in self._link.employed() if self._spec.partition_of(part[2]) == self._partition)
        self._items.take(mine, self._view)
        names |= dict.fromkeys(self._totals.take_touched())
        return [Slice(0, totals=self._told(names))] if names else []

    def _hear_first(self) -> list[Slice]:
        """The first event of all may be earlier than was known."""
        first_us, was_us = self._aligned.first_us, self._first_us
        if first_us is None or (was_us is not None and first_us >= was_us):
            return []
        self._first_us = first_us
        self._items.tell_from(was_us, self._view)
        return [self._slice(0)]

    def _pass_time(self, before_us: int) -> list[Slice]:
        """Let items change that do so before an instant; slices of what has changed, as OBSERVE would cut them."""
        slices = []
        while (due_us := self._items.next_us) is not None and due_us < before_us:
            stamp_us, until_us = self._spec.stamp(due_us)
            slices += self._told_until(stamp_us)
            self._forget(stamp_us)
            self._items.pass_time(min(until_us, before_us), self._view.oldest_us, self._first_us)
            slices.append(self._slice(stamp_us))
        return slices

    @property
    def _view(self) -> View:
        return View(self._now_us, self._oldest_us, self._first_us)

    @property
    def _oldest_us(self) -> int:
        """What ended before this is forgotten. JUDGE does so two days earlier, for its clock may be behind ours, and
        half a total must not reach it."""
        swept_day = self._rows.get((META,))
        return ALWAYS_US if swept_day is None else (swept_day - 3) * DAY_US - self._spec.policy.horizon_us

    def _count(self, source: str, slice_: Slice) -> Slice:
        """Apply one slice; the totals that it changed."""
        held: list[Part] = []
        for kpi, leaf, subject, window, key, references in slice_.keys:
            tag = self._link.held.get((kpi, leaf))
            if tag is not None:
                payload = distinct.held(subject, window, self._spec.windows.parse(window)[1].end_us, references)
                held.append((tag, leaf, key, source, f"{subject}{KEY_SEPARATOR}{window}", payload, ""))
                references = 0  # an older catalogue may have counted it below
            row = (REFERENCE, kpi, leaf, subject, window, key)
            sources: dict[str, int] = dict(self._rows.get(row) or {})
            before = any(sources.values())
            if sources.pop(source, 0) == references != 0:
                self._totals.touch((kpi, subject, window))  # counted anew: JUDGE may have forgotten the KPI since then
            if references:
                sources[source] = references
            if sources:
                self._rows.put(row, sources)
            else:
                self._rows.drop(row)
            step = bool(sources) - before
            if step:
                self._totals.add((kpi, subject, window), leaf, {0: step})
        if slice_.merges:
            self._merge(slice_.merges)
        self._place(self._leads.settle([*slice_.parts, *held]))
        return self._slice(slice_.stamp_us)

    def _receive(self, slice_: Slice) -> Slice:
        """Events of leads that became one of ours; they come outside of the alignment, for they passed it once."""
        self._items.take(slice_.parts, self._view)
        return self._slice(slice_.stamp_us)

    def _merge(self, merges: list[Merged]) -> None:
        """Leads become others: home moves their events, and what counts merged leads once looks again."""
        joined = self._merges.joined
        for lead, (was, now) in self._merges.take(merges).items():
            if self._spec.partition_of(lead) == self._partition:
                self._place(self._leads.move(lead, was, now))
        changed = joined ^ self._merges.joined
        self._items.tell_again(
            [(ITEM, tag, leaf, lead) for lead in sorted(changed) for tag, leaf in self._link.by_lead], self._view
        )

    def _place(self, parts: Iterable[Part]) -> None:
        """Parts to their items, here or in another partition."""
        here = []
        for part in parts:
            target = self._spec.partition_of(part[2]) if part[6] or self._merges.joined else self._partition
            if target == self._partition:
                here.append(part)
            else:
                self._moved.setdefault(target, Slice(max(self._now_us, 0))).parts.append(part)
        self._items.take(here, self._view)

    def _slice(self, stamp_us: int) -> Slice:
        """What has changed since the last one, but for what waits."""
        self._stamp_us = stamp_us
        return Slice(stamp_us, totals=self._told(self._waits.without(self._totals.take_touched(), stamp_us)))

    def _told_until(self, at_us: int) -> list[Slice]:
        """What waits of periods that close until an instant, as it stands before it: with the slice told last."""
        names = self._waits.due(at_us)
        return [Slice(self._stamp_us, totals=self._told(names))] if names else []

    def _told(self, names: Iterable[Name]) -> list[Total]:
        """Totals of the linked leaves that the catalogue has, in their order."""
        totals: list[Total] = []
        for name in names:
            plan = self._spec.spread.counted.get(name[0])
            if plan is not None and plan.linked:
                totals.append((*name, self._totals.of(name, plan.linked)))
        return totals

    def _tell(self, slices: Sequence[Slice]) -> list[Send]:
        spec = self._spec
        to_judge: list[list[Slice]] = [[] for _ in range(spec.partitions)]
        for slice_ in slices:
            parts: dict[int, Slice] = {}
            for total in slice_.totals:
                anonymous = spec.spread.counted[total[0]].kpi.anonymous is not None
                target = spec.partition_of(route(anonymous, total[1], spec.org))
                for part in range(spec.partitions) if total[2] == POOL else (target,):
                    if part not in parts:
                        parts[part] = Slice(slice_.stamp_us)
                    parts[part].totals.append(total)
            for part, own in parts.items():
                to_judge[part].append(own)
        sends = frames.frame_sends(topics.PARTIALS, self._source, self.clock_us, self._aligned.first_us, to_judge)
        moved, self._moved = self._moved, {}
        if moved:
            by_partition = [[moved[target]] if target in moved else [] for target in range(spec.partitions)]
            onward = frames.frame_sends(topics.LINKS, self._source, None, None, by_partition)
            sends += [send for send in onward if send.partition in moved]
        return sends

    def _forget(self, at_us: int) -> None:
        """Once a week of event time, forget windows that nothing inside the horizon can change.

        Before what happens at this instant: what an event finds must not depend on how events fell into chunks.
        """
        day = at_us // DAY_US // SWEEP_DAYS * SWEEP_DAYS
        if day <= (self._rows.get((META,)) or 0):
            return
        self._rows.put((META,), day)
        oldest_us = self._oldest_us
        for key, _ in self._rows.items(REFERENCE):
            if self._spec.windows.parse(str(key[4]))[1].end_us < oldest_us:
                self._rows.drop(key)
        self._items.sweep(oldest_us)
        self._items.make_room(self._view)
        self._leads.sweep(oldest_us - OPEN_US)
        self._totals.sweep(oldest_us, self._link.reaches_us)
