"""Stage LINK: distinct keys, counted where all holders of one key meet.

A key such as a lead id can stand in events of several source partitions. OBSERVE sends its reference counts to the
partition of the key; here a key counts once for a (kpi, subject, window) while any source refers to it. What goes on
to JUDGE is the number of such keys, absolute. Slices keep their stamps, so that time is not lost at this hop.
"""

from collections.abc import Iterable, Mapping, Sequence

from schemas import topics
from streams.core import frames
from streams.core.align import Alignment
from streams.core.frames import Slice, Total
from streams.core.observe import ObserveSpec
from streams.core.policy import DAY_US
from streams.core.rows import Rows
from streams.core.spread import route
from streams.core.stage import Now, Record, Send, Step
from streams.core.totals import Name, Totals

REFERENCE, META = "reference", "meta"
SWEEP_DAYS = 7
"""Of event time between two sweeps. In a backlog a chunk is days long: a sweep a day took 70% of this stage's time."""


class Link:
    """State of one partition of kpi.links."""

    def __init__(self, spec: ObserveSpec, partition: int) -> None:
        self._spec = spec
        self._source = f"{frames.FROM_LINK}{partition}"
        self._rows = Rows()
        self._totals = Totals(self._rows, spec.windows)
        self._retell: list[Name] = []
        self._aligned = Alignment(self._rows, [f"{frames.FROM_OBSERVE}{p}" for p in range(spec.partitions)])

    def load(self, key: bytes, value: bytes) -> None:
        """Take one changelog row."""
        self._rows.load(key, value)

    def ready(self) -> None:
        """Take up the clocks and the slices that wait."""
        self._aligned.ready()
        self._totals.ready()
        # Another catalogue may count more or fewer keys for a KPI, or none: JUDGE has to hear the totals anew.
        told = self._rows.get((META, "catalogue"))
        if told is not None and told != self._spec.fingerprint:
            self._retell = self._totals.names()

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

    def feed(self, records: Sequence[Record], now: Now) -> Step:
        """One chunk of frames."""
        for record in records:
            self._aligned.take(frames.decode(record.value or b""))
        self._rows.put((META, "catalogue"), self._spec.fingerprint)
        slices = [Slice(0, totals=self._told(self._retell))] if self._retell else []
        self._retell = []
        slices += [self._count(source, slice_) for source, slice_ in self._aligned.release()]
        self._aligned.save()
        self._sweep()
        return Step(self._tell(slices), self._rows.flush())

    def tick(self, now: Now) -> Step:
        """Time comes in frames, not here."""
        return Step([], {})

    def _count(self, source: str, slice_: Slice) -> Slice:
        """Apply one slice; the totals that it changed."""
        for kpi, leaf, subject, window, key, references in slice_.keys:
            row = (REFERENCE, kpi, leaf, subject, window, key)
            sources: dict[str, int] = dict(self._rows.get(row) or {})
            before = any(sources.values())
            sources.pop(source, None)
            if references:
                sources[source] = references
            if sources:
                self._rows.put(row, sources)
            else:
                self._rows.drop(row)
            step = bool(sources) - before
            if step:
                self._totals.add((kpi, subject, window), leaf, {0: step})
        return Slice(slice_.stamp_us, totals=self._told(self._totals.take_touched()))

    def _told(self, names: Iterable[Name]) -> list[Total]:
        """Totals of the linked leaves that the catalogue has, in their order."""
        totals: list[Total] = []
        for name in names:
            plan = self._spec.spread.plans.get(name[0])
            if plan is not None and plan.linked:
                totals.append((*name, self._totals.of(name, plan.linked)))
        return totals

    def _tell(self, slices: Sequence[Slice]) -> list[Send]:
        spec = self._spec
        to_judge: list[list[Slice]] = [[] for _ in range(spec.partitions)]
        for slice_ in slices:
            parts: dict[int, Slice] = {}
            for total in slice_.totals:
                anonymous = spec.spread.plans[total[0]].kpi.anonymous is not None
                target = spec.partition_of(route(anonymous, total[1], spec.org))
                parts.setdefault(target, Slice(slice_.stamp_us)).totals.append(total)
            for target, part in parts.items():
                to_judge[target].append(part)
        return frames.frame_sends(topics.PARTIALS, self._source, self.clock_us, self._aligned.first_us, to_judge)

    def _sweep(self) -> None:
        """Now and then, forget windows that nothing inside the horizon can change."""
        clock_us = self.clock_us
        if clock_us is None or clock_us // DAY_US < (self._rows.get((META,)) or 0) + SWEEP_DAYS:
            return
        self._rows.put((META,), clock_us // DAY_US)
        # Two days more than JUDGE, whose clock may be behind ours: half a total must not reach it.
        oldest_us = clock_us - self._spec.policy.horizon_us - 2 * DAY_US
        for key, _ in self._rows.items(REFERENCE):
            if self._spec.windows.parse(str(key[4]))[1].end_us < oldest_us:
                self._rows.drop(key)
        self._totals.sweep(oldest_us)
