"""Stage JUDGE: merges partials into values, closes periods, and decides at whole minutes what deserves an alert.

Slices arrive aligned by event time. Before a slice of minute m is applied, every decision due until m is taken; so a
backfill is judged as if it had been watched, and the same events give the same alerts live and in replay. Values do
not wait for minutes: what a chunk changed is published with the chunk, or about once a second while a backlog is read.

Here is the order of things. A slice goes to `hearing`, a minute to `decisions`; both ask `lookout` for alerts and
`row_lives` for rows, and `publishing` says when these are sent.
"""

from collections.abc import Container, Iterator, Mapping, Sequence

from schemas.alerts import AlertClass
from schemas.values import Value
from streams.core import frames
from streams.core.adoption import adopt_rows, forget_strangers
from streams.core.decisions import Decisions
from streams.core.hearing import Hearing
from streams.core.judge_spec import JudgeSpec as JudgeSpec
from streams.core.judge_spec import Share
from streams.core.judge_tables import JudgeTables
from streams.core.lookout import Lookout, Transitions
from streams.core.policy import MINUTE_US
from streams.core.progress import META
from streams.core.projections import Projections
from streams.core.publishing import PAST_US, Publishing
from streams.core.relayout import shape_of
from streams.core.row_lives import RowLives
from streams.core.rows import Key
from streams.core.scored_rows import ScoredRows
from streams.core.stage import Now, Record, Send, Step
from streams.core.timers import Timers
from streams.core.watch import Watch

SHAPE: Key = (META, "shape")
MOST_DECISIONS = 10_000
"""In one turn, some half a second of work; a minute that was begun is decided to its end. A clock that jumps over the
nine days of Tết asks for all decisions of these days at once, and a worker that takes longer than its session for them
loses its partitions, begins anew, and never ends."""
ENTRIES = 4
"""Entries of a slice cost as much as a decision."""


class Judge:
    """State of one partition of kpi.partials.

    What a restore has made is frozen for the garbage collector: a dropped state has to go by its references alone, so
    no part refers to one that is made of it. As a cycle it stayed for good, some 100 MB with every lost commit of a big
    state (test_dropped).
    """

    def __init__(self, spec: JudgeSpec, partition: int) -> None:
        self._spec = spec
        self._tables = tables = JudgeTables(Share(spec, partition))
        self._rows = tables.rows
        self._progress = tables.progress
        self._aligned = tables.aligned
        self._values = tables.values
        self._projections = Projections(tables)
        self._publishing = Publishing(tables)
        self._transitions = Transitions(tables)
        self._watch = watch = Watch(
            tables.rows,
            tables.partials,
            tables.hours,
            spec.targets,
            tables.attendance,
            spec.windows,
            self._transitions.tell,
        )
        timers = Timers()
        lookout = Lookout(tables, watch, timers)
        self._lives = lives = RowLives(tables, lookout, timers)
        self._scored = scored = ScoredRows(tables, lives, timers)
        self._hearing = Hearing(tables, watch, lookout, lives, scored, self._projections)
        self._decisions = Decisions(tables, lookout, lives, scored, timers)
        self._shape = shape_of(spec.layout)
        self.is_behind = False
        """Whether decisions are left over that the clock has reached: `tick` goes on with them."""

    # -- state

    def load(self, key: bytes, value: bytes) -> None:
        """Take one changelog row."""
        self._rows.load(key, value)

    def ready(self) -> None:
        """Rebuild indexes and timers from the rows. What the catalogue no longer has is forgotten."""
        tables, progress = self._tables, self._progress
        progress.load(self._rows)
        self._aligned.ready()
        shape, own = self._rows.get(SHAPE), self._spec.observe.fingerprint
        changed = shape is not None and (shape, progress.fingerprint) != (self._shape, own)
        tables.beginnings.ready()
        if changed:
            clocks_us = [clock_us for clock_us in self._aligned.clocks.values() if clock_us is not None]
            others = tables.beginnings.adopt(max(clocks_us, default=None), self._aligned.first_us)
            forget_strangers(tables, shape, others)
            progress.fingerprint = own
            self._rows.put(SHAPE, self._shape)
        tables.ready()
        self._watch.ready()
        self._projections.ready()
        if progress.decided_us is not None:
            progress.at_us = progress.decided_us
            if changed:
                adopt_rows(tables, self._lives)
                self._scored.adopt()
            self.is_behind = True  # a turn may have ended before the clock was reached
        self._decisions.rearm()

    def counts(self) -> Mapping[tuple[str, ...], int]:
        """(class, transition) -> alert transitions so far."""
        return {("transitions", *name.split("|")): number for name, number in self._progress.transitions.items()}

    @property
    def clock_us(self) -> int | None:
        """Event time up to which all sources have reported."""
        return self._aligned.clock_us

    @property
    def held(self) -> int:
        """Slices that wait for the slowest source."""
        return self._aligned.held

    # -- reading

    def current(self, subjects: Container[str]) -> Iterator[Value]:
        """Rows of some subjects for the periods that hold the clock, as of now."""
        clock_us = self.clock_us
        if clock_us is None:
            return
        for plan in self._spec.plans.values():
            window = self._spec.windows.period(plan.kpi.period, clock_us)
            yield from self._values.current(plan.kpi.id, window.id, subjects, clock_us)

    def value(self, kpi: str, subject: str, period: str) -> Value | None:
        """One row, of whatever period; None where there is none."""
        window = self._spec.windows.parse(period)[1]
        return self._values.one(self._spec.plans[kpi], subject, window, self._progress.at_us)

    def firing(self) -> Iterator[tuple[str, str, AlertClass, str, str]]:
        """(kpi, subject, class, severity, `pending` or `firing`) of every open alert."""
        for kpi, subject, cls, state in self._watch.alerts():
            yield kpi, subject, cls, state.severity.value, state.transition.value

    def final(self) -> tuple[list[Value], list[Send]]:
        """Every row as of the clock, and records of kpi.values: what a closed period's next minute would restate or
        withdraw is restated or withdrawn."""
        self._scored.score_all()
        self._tables.series.settle_all()
        rows = list(self._values.final(self._spec.plans, self._progress.at_us))
        return rows, self._values.take_sends()

    # -- the road

    def feed(self, records: Sequence[Record], now: Now) -> Step:
        """One chunk of frames."""
        for record in records:
            frame = frames.decode(record.value or b"")
            if frame.source.startswith(frames.FROM_JUDGE):  # restated whenever it comes: time does not wait for it
                for total in (total for slice_ in frame.slices for total in slice_.totals):
                    self._scored.take(frame.source, total)
                self._tables.peers.take(frame)
            else:
                self._aligned.take(frame)
        self._go_on()
        return Step([], {}) if now.more else self._finish(now)

    def tick(self, now: Now) -> Step:
        """Time comes in frames, not here: who tells of time has also told of all events before it. What was too much
        for one feed goes on, and what publishing has held back is not held for ever."""
        if self.is_behind:
            self._go_on()
            return self._finish(now)
        self._publishing.publish(now, self.clock_us)
        return Step(self._values.take_sends(), {})

    def _go_on(self) -> None:
        """Decide and apply in the order of event time, up to the clock or as far as one turn goes."""
        left, progress = MOST_DECISIONS, self._progress
        self.is_behind = False
        while (clock_us := self.clock_us) is not None:
            stamp_us = self._aligned.next_us
            left = self._decisions.decide(clock_us // MINUTE_US * MINUTE_US if stamp_us is None else stamp_us, left)
            if left < 0 or (left == 0 and stamp_us is not None):
                self.is_behind = True
                return
            if stamp_us is None:
                progress.reach(clock_us)
                return
            # A partition that was live from its first event on stamps nothing; its time is that of the event.
            progress.reach(max(stamp_us, self._aligned.first_us or 0))
            source, slice_ = self._aligned.pop()
            self._hearing.take(source, slice_)
            left = max(left - len(slice_) // ENTRIES, 0)

    def _finish(self, now: Now) -> Step:
        if self._is_live(now):
            self._scored.restate_waiting()
            self._projections.tell(now)
        self._publishing.publish(now, self.clock_us)
        self._tables.sweep()
        self._tables.save()
        if self._rows.get(SHAPE) is None:
            self._rows.put(SHAPE, self._shape)
        sends = self._transitions.take_sends() + self._values.take_sends() + self._tables.peers.take_sends()
        return Step(sends, self._rows.flush())

    def _is_live(self, now: Now) -> bool:
        """Whether all that is known is read and decided, and of about now."""
        clock_us = self.clock_us
        return (
            not self.is_behind
            and (now.caught_up or now.fresh)
            and clock_us is not None
            and now.us - clock_us <= PAST_US
        )
