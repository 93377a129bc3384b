"""Stage JUDGE: merges partials into values, closes periods, and decides at whole minutes what deserves an alert.

Slices arrive aligned by event time. Before a slice of minute m is applied, every decision due until m is taken; so a
backfill is judged as if it had been watched, and the same events give the same alerts live and in replay. Values do
not wait for minutes: what a chunk changed is published with the chunk, or about once a second while a backlog is read.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from weakref import proxy

from schemas.alerts import AlertClass
from schemas.catalogue.models import Direction, Kind, Period
from schemas.values import Scope, Value
from streams.core import frames
from streams.core.alerting.lifecycle import Step as AlertStep
from streams.core.align import Alignment
from streams.core.attendance import KEPT_US, Attendance
from streams.core.baselines import Baselines
from streams.core.beginnings import Beginnings
from streams.core.frames import HOUR as HOUR_PREFIX
from streams.core.frames import Absent, Cell, Slice, Total
from streams.core.hours import Hours, began_us
from streams.core.journeys.contract import POOL
from streams.core.judge_spec import JudgeSpec as JudgeSpec
from streams.core.measures.compile import MeasureClass, Plan
from streams.core.partials import KEYS, Partials
from streams.core.peers import Peers
from streams.core.policy import DAY_US, MINUTE_US, PANE_HORIZON_US, SECOND_US
from streams.core.readings import Readings
from streams.core.relayout import Earlier, Shape, rearrange, shape_of
from streams.core.rows import Rows
from streams.core.scores import Scores
from streams.core.series import is_whole, whole_of
from streams.core.series_rows import SeriesRows
from streams.core.spread import route
from streams.core.stage import Now, Record, Send, Step
from streams.core.timers import CLOSE, EVALUATE, HOUR, OPEN, RESTATE, SCORE, Timers, minute_after, minute_from
from streams.core.value_rows import ROW, ValueRows
from streams.core.watch import ALERT, BASELINE, Watch
from streams.core.windows import Window

OPENED, META, SHAPE = "opened", "meta", "shape"
REFRESH_US = 10 * MINUTE_US
"""Open rows are published again at each multiple of this even if nothing came: what is expected by now grows with the
clock, and what is projected with its hours."""
AGED_PAUSE_US = 5 * SECOND_US
"""What is projected from a pool that has changed is told this often at most."""
MOST_DECISIONS = 10_000
"""In one turn, some half a second of work; a minute that was begun is decided to its end. A clock that jumps over the
nine days of Tết asks for all decisions of these days at once, and a worker that takes longer than its session for them
loses its partitions, begins anew, and never ends."""
EVERYBODY = ""
"""In place of one person."""
ENTRIES = 4
"""Entries of a slice cost as much as a decision."""
ROW_PAUSE_US = 150
"""While a partition lags, publishing pauses for a second, or this long for each row that it published and for each
partition, because one worker may have them all: a row costs some 5 us here and as much to commit and to show, so a
tenth of the time at most goes into states that nobody looks at."""

PAST_US = 5 * MINUTE_US
PAST_ROW_PAUSE_US = 600
"""The pause where the clock is more than `PAST_US` behind the wall's: some source reads a backlog, also where what it
has told so far is read to its end. These values are of the past, and nobody waits for the next one. A backlog's
publishing took a quarter of a worker with the wallboards that read it, so it takes 3 %."""

LIVE_ROW_PAUSE_US, LIVE_FREE_US = 20, 25_000
"""Live too, what publishing took is waited for: at 10,000 events a second each chunk changes some rows of nearly
everybody, and rows that are sent with every chunk take the whole machine, so that values come seconds late. A small
publication is free: it is over before the next chunk."""


class _Heeded(NamedTuple):
    """A KPI and subject whose value decides more than its own row: `guarded` KPIs, and detectors if `asked`, which may
    find it worse only by time or a correction if it `grows`."""

    kpi: str
    subject: str
    guarded: Sequence[Plan]
    asked: bool
    grows: bool


class _Telling(NamedTuple):
    """What a linked total of a KPI and subject is about. `kpis` has the KPI alone; `decides` is what else its value
    decides, if anything; an open row that grows needs no second look where it `stands_alone`."""

    plan: Plan
    number: int
    kpis: Mapping[str, None]
    decides: _Heeded | None
    stands_alone: bool


class Judge:
    """State of one partition of kpi.partials."""

    def __init__(self, spec: JudgeSpec, partition: int) -> None:
        self._spec = spec
        self._partition = partition
        # What a restore has made is frozen for the garbage collector: a dropped state has to go by its references
        # alone. As a cycle it stayed for good, some 100 MB with every lost commit of a big state (test_dropped).
        this = proxy(self)
        self._rows = Rows()
        self._aligned = Alignment(self._rows, spec.sources)
        self._earlier = Earlier(self._rows, spec.layout, lambda *name: this._fits(*name))
        self._partials = Partials(self._rows, spec.layout, spec.windows, lambda: this._at_us)
        self._baselines = Baselines(
            spec.bases, self._partials, spec.windows, spec.calendars.tenant, lambda: this._at_us
        )
        self._partials.grown = self._baselines
        self._hours = Hours(self._rows, spec.layout)
        self._attendance = Attendance(self._rows, spec.calendars, spec.windows.clock)
        self._beginnings = Beginnings(self._rows, spec.observe.counted.signatures, spec.policy.horizon_us)
        readings = Readings(
            spec.catalogue,
            spec.plans,
            self._partials,
            spec.targets,
            self._attendance,
            spec.windows,
            self._beginnings,
        )
        self._values = ValueRows(self._rows, readings, spec.layout, spec.windows)
        self._series = SeriesRows(spec.plans, self._partials, self._values, spec.windows)
        self._scores = Scores(
            self._rows, spec.catalogue, spec.plans, readings, self._values, spec.targets, spec.windows
        )
        self._peers = Peers(self._rows, partition, spec.observe.partitions)
        self._watch = Watch(
            self._rows,
            self._partials,
            self._hours,
            spec.targets,
            self._attendance,
            spec.windows,
            lambda *step: this._announce(*step),
        )
        self._timers = Timers()
        self._heeded: dict[tuple[int, str], list[_Heeded]] = {}
        self._tellings: dict[tuple[str, str], _Telling] = {}
        self._alerts: list[Send] = []
        self._published = (0, 0)
        """When rows were published last, and how many; as many as this for each partition."""
        self._meta: dict[str, Any] = {"decided_us": None, "first_us": None, "swept_day": 0, "refreshed_us": 0}
        self._meta |= {"oldest_us": 0, "began": False, "transitions": {}, "fingerprint": spec.observe.fingerprint}
        self._aged: dict[str, None] = {}
        """KPIs whose pool has changed, since `_aged_us` of wall time."""
        self._aged_us = 0
        self._scored: dict[tuple[str, str, str], None] = {}
        """Closed rows whose scores have changed."""
        self._shape = shape_of(spec.layout)
        self._at_us = 0
        self.is_behind = False
        """Whether decisions are left over that the clock has reached: `tick` goes on with them."""

    # -- state

    def load(self, key: bytes, value: bytes) -> None:
        """Take one changelog row."""
        self._rows.load(key, value)

    def ready(self) -> None:
        """Rebuild indexes and timers from the rows. What the catalogue no longer has is forgotten."""
        self._meta = self._rows.get((META,)) or self._meta
        self._aligned.ready()
        shape = self._rows.get((META, SHAPE))
        changed = shape is not None and (shape, self._meta["fingerprint"]) != (
            self._shape,
            self._spec.observe.fingerprint,
        )
        self._beginnings.ready()
        if changed:
            clocks_us = [clock_us for clock_us in self._aligned.clocks.values() if clock_us is not None]
            others = self._beginnings.adopt(max(clocks_us, default=None), self._aligned.first_us)
            self._forget_strangers(shape, others)
        self._partials.ready()
        self._hours.ready()
        self._attendance.ready()
        self._values.ready(self._spec.plans)
        self._series.ready()
        self._watch.ready()
        self._aged = {kpi: None for kpi, plan in self._spec.plans.items() if plan.ages}
        decided_us = self._meta["decided_us"]
        if decided_us is not None:
            self._at_us = decided_us
            if changed:
                self._adopt(decided_us)
                for total in self._scores.adopt(self._meta["oldest_us"]):
                    self._pass_score(total)
            self.is_behind = True  # a turn may have ended before the clock was reached
        self._rearm(decided_us)

    def _forget_strangers(self, shape: Shape, others: Container[str]) -> None:
        """Another catalogue: rows of KPIs, subjects and grains that it does not have are withdrawn. Baselines of the
        `others`, which count otherwise than before, are forgotten: they would be of another measure. What another
        partition judges from now on goes without a word: its rows have the same keys, and may be there already."""
        spec = self._spec
        before = {kpi: at for kpi, at in shape.items() if kpi not in spec.grown or spec.grown[kpi].kpi.id not in others}
        rearrange(self._rows, before, spec.layout, self._fits)
        self._meta["fingerprint"] = spec.observe.fingerprint
        self._rows.put((META, SHAPE), self._shape)
        for key, _ in self._rows.items(ROW):
            name = str(key[1]), str(key[2]), str(key[3])
            if not spec.fits(*name):
                self._values.forget(*name)
            elif not self._fits(*name):
                self._rows.drop(key)
        for key, sources in self._rows.items(KEYS):
            kpi, subject, period = map(str, key[1:])
            plan = spec.observe.spread.counted.get(kpi)
            # What is read no more goes: LINK does not tell of its end, and another catalogue may read it again.
            alike = plan is not None and all(len(vectors) == plan.linked for vectors in sources.values())
            if not alike or (period != POOL and not self._fits(kpi, subject, period)):
                self._rows.drop(key)
        for table in (BASELINE, OPENED, ALERT):
            for key, _ in self._rows.items(table):
                plan = spec.plans.get(str(key[1]))
                if plan is None or (len(key) > 2 and not self._is_judged(plan, str(key[2]))):
                    self._rows.drop(key)

    def _adopt(self, decided_us: int) -> None:
        """Another catalogue: rows without events or a target go, those with a target begin, all are told anew. OBSERVE
        counts the events anew and sends what has changed."""
        windows, targets = self._spec.windows, self._spec.targets
        for (kpi, subject, period), _ in self._values.names():
            plan, window = self._spec.plans[kpi], self._window(period)
            if not is_whole(subject):  # whether there should be a row is settled with the next publication
                self._values.tell_again(plan, subject, window)
                continue
            aimed = window.end_us > self._first_us(plan) and targets.of(kpi, subject, window) is not None
            if aimed or self._partials.has_facts(plan, subject, period):
                self._values.tell_again(plan, subject, window)
            else:
                self._values.withdraw(plan, subject, window)
        for plan in self._spec.plans.values():
            self._rows.drop((OPENED, plan.kpi.id))
            first_us = self._first_us(plan)
            for window in windows.between(plan.kpi.period, first_us, decided_us + 1) if plan.kpi.targets else ():
                if window.end_us >= self._meta["oldest_us"]:  # what is forgotten stays as it was told
                    self._begin_rows(plan, window)
                self._rows.put((OPENED, plan.kpi.id), window.id)

    def _rearm(self, decided_us: int | None) -> None:
        """Set the timers of all rows anew. Before the first decision only scores of other partitions have begun any."""
        soon_us = 0 if decided_us is None else decided_us + MINUTE_US
        for (kpi, subject, period), version in self._values.names():
            if version > 0:
                self._timers.set(soon_us, RESTATE, kpi, whole_of(subject), period)
            elif is_whole(subject):
                closes_us = self._closes_us(self._window(period), self._spec.plans[kpi])
                self._timers.set(closes_us, CLOSE, kpi, period)
                self._timers.set(soon_us, EVALUATE, kpi, subject)
        for key, row in self._rows.items(BASELINE):
            pane = self._spec.windows.pane(row["next_us"])
            self._timers.set(self._closes_us(pane), HOUR, str(key[1]), str(key[2]))
        if decided_us is not None:
            self._start(decided_us)
        for (kpi, _, period), _ in self._values.names() if self._scores.heard else ():
            if kpi in self._scores.heard:
                at_us = max(soon_us, minute_from(self._window(period).end_us))
                self._timers.set(at_us, SCORE, kpi, period, EVERYBODY)

    def counts(self) -> Mapping[tuple[str, ...], int]:
        """(class, transition) -> alert transitions so far."""
        return {("transitions", *name.split("|")): number for name, number in self._meta["transitions"].items()}

    @property
    def clock_us(self) -> int | None:
        """Event time up to which all sources have reported."""
        return self._aligned.clock_us

    @property
    def held(self) -> int:
        """Slices that wait for the slowest source."""
        return self._aligned.held

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
        return self._values.one(self._spec.plans[kpi], subject, self._window(period), self._at_us)

    def firing(self) -> Iterator[tuple[str, str, AlertClass, str, str]]:
        """(kpi, subject, class, severity, `pending` or `firing`) of every open alert."""
        for kpi, subject, cls, state in self._watch.alerts():
            yield kpi, subject, cls, state.severity.value, state.transition.value

    def final(self) -> Iterator[Value]:
        """Every row as of the clock; what a closed period's next minute would restate is restated."""
        for (kpi, subject, period), _ in list(self._values.names()) if self._scores.heard else ():
            if kpi in self._scores.heard and self._window(period).end_us <= self._at_us and is_whole(subject):
                self._score(self._spec.plans[kpi], self._window(period), subject)
        self._series.settle_all()
        return self._values.final(self._spec.plans, self._at_us)

    # -- the road

    def feed(self, records: Sequence[Record], now: Now) -> Step:
        """One chunk of frames."""
        for record in records:
            frame = frames.decode(record.value or b"")
            if frame.source.startswith(frames.FROM_JUDGE):  # restated whenever it comes: time does not wait for it
                for total in (total for slice_ in frame.slices for total in slice_.totals):
                    self._take_score(frame.source, total)
                self._peers.take(frame)
            else:
                self._aligned.take(frame)
        self._go_on()
        return Step([], {}) if now.more else self._finish(now)

    def _is_live(self, now: Now) -> bool:
        """Whether all that is known is read and decided, and of about now."""
        clock_us = self.clock_us
        return (
            not self.is_behind
            and (now.caught_up or now.fresh)
            and clock_us is not None
            and now.us - clock_us <= PAST_US
        )

    def _finish(self, now: Now) -> Step:
        self._aligned.save()
        if self._is_live(now):
            self._restate_scored()
            self._age(now)
        self._publish(now)
        self._sweep()
        self._rows.put((META,), self._meta)
        if self._rows.get((META, SHAPE)) is None:
            self._rows.put((META, SHAPE), self._shape)
        self._earlier.save()
        self._beginnings.save()
        sends = self._alerts + self._values.take_sends() + self._peers.take_sends()
        self._alerts = []
        return Step(sends, self._rows.flush())

    def tick(self, now: Now) -> Step:
        """Time comes in frames, not here: who tells of time has also told of all events before it. What was too much
        for one feed goes on, and what publishing has held back is not held for ever."""
        if self.is_behind:
            self._go_on()
            return self._finish(now)
        self._publish(now)
        return Step(self._values.take_sends(), {})

    def _go_on(self) -> None:
        """Decide and apply in the order of event time, up to the clock or as far as one turn goes."""
        left = MOST_DECISIONS
        self.is_behind = False
        while (clock_us := self.clock_us) is not None:
            stamp_us = self._aligned.next_us
            left = self._decide(clock_us // MINUTE_US * MINUTE_US if stamp_us is None else stamp_us, left)
            if left < 0 or (left == 0 and stamp_us is not None):
                self.is_behind = True
                return
            if stamp_us is None:
                self._at_us = max(self._at_us, clock_us)
                return
            # A partition that was live from its first event on stamps nothing; its time is that of the event.
            self._at_us = max(self._at_us, stamp_us, self._aligned.first_us or 0)
            source, slice_ = self._aligned.pop()
            self._apply(source, slice_)
            left = max(left - len(slice_) // ENTRIES, 0)

    def _publish(self, now: Now) -> None:
        """Changed rows: when live as soon as the machine can, and now and then in a backlog."""
        at_us, rows = self._published
        if now.us - (self.clock_us or 0) > PAST_US:
            # By what waits, too: most of it is closed before anybody looks.
            rows = max(rows, self._values.waiting * self._spec.observe.partitions)
            pause_us = max(SECOND_US, rows * PAST_ROW_PAUSE_US) if at_us else 0
        elif now.caught_up or now.fresh:
            pause_us = rows * LIVE_ROW_PAUSE_US - LIVE_FREE_US
        else:
            pause_us = max(SECOND_US, rows * ROW_PAUSE_US) if rows else 0
        if now.us < at_us + pause_us:
            return
        self._refresh()
        self._series.settle_open()
        changed = self._values.publish(self._at_us)
        if changed:
            self._published = now.us, changed * self._spec.observe.partitions

    def _apply(self, source: str, slice_: Slice) -> None:
        for told in slice_.absences:
            self._take_absence(told, slice_.stamp_us)
        is_ours = slice_.layout == self._spec.layout.fingerprint
        for cell in slice_.cells if is_ours else self._earlier.carry(source, slice_):
            if cell[2].startswith(HOUR_PREFIX):
                self._take_hour(source, cell, slice_.stamp_us)
            else:
                self._take_cell(source, cell, slice_.stamp_us)
        for total in slice_.totals:
            self._take_total(source, total, slice_.stamp_us)

    def _take_absence(self, told: Absent, stamp_us: int) -> None:
        """Somebody's leave: what is expected of them changes, and silence of theirs or their teams is judged anew."""
        for person, span in self._attendance.tell(told).items():
            self._watch.forget_presence()
            self._values.retime(self._spec.plans, person, *span)
            self._score_anew(person, *span)
            teams = {row.team for row in self._spec.catalogue.people if row.id == person}
            for kpi, plan in self._spec.plans.items():
                period = self._spec.windows.period(plan.kpi.period, max(stamp_us, self._at_us)).id
                for subject in (person, *sorted(teams)):
                    if self._values.version(kpi, subject, period) == 0:
                        self._look_soon(self._heeding(kpi, subject), stamp_us, less=True)

    def _take_hour(self, source: str, cell: Cell, stamp_us: int) -> None:
        subject, pane_id = cell[1], cell[2]
        if began_us(pane_id) < self._at_us - PANE_HORIZON_US + 2 * DAY_US:
            return  # some sources have forgotten this hour, others not yet: no verdict may hang on that
        changed, less = self._hours.put(source, cell)
        for kpi in changed:
            if subject in self._spec.subjects[kpi]:
                self._heard(self._spec.plans[kpi], subject, pane_id)
                self._look_soon(self._heeding(kpi, subject), stamp_us, less=kpi in less)

    def _take_cell(self, source: str, cell: Cell, stamp_us: int) -> None:
        spec, (number, subject, period, _) = self._spec, cell
        if number >= spec.layout.first_base:
            self._take_base(source, cell, stamp_us)
            return
        grain, window = spec.windows.parse(period)
        # Of a period whose other partials are forgotten.
        if window.end_us < self._meta["oldest_us"] or grain is not spec.layout.groups[number].period:
            return
        changed, less = self._partials.put(source, cell)
        if not changed:
            return
        if spec.layout.groups[number].divided and not is_whole(subject):
            for kpi in changed:
                self._count_series(spec.plans[kpi], subject, window)
            return
        if less or not self._values.touch_block(number, subject, period, changed):
            for kpi in changed:
                self._count(spec.plans[kpi], subject, window)
        heeded = self._heeded.get((number, subject))
        if heeded is None:
            heeded = self._heeded[number, subject] = self._find_heeded(number, subject)
        for one in heeded:
            if one.kpi in changed:
                self._heed(one, stamp_us, less=one.kpi in less)

    def _take_base(self, source: str, cell: Cell, stamp_us: int) -> None:
        """A day, or the period, of a baseline."""
        spec, (number, subject, window_id, _) = self._spec, cell
        grain, window = spec.windows.parse(window_id)
        if window.end_us < self._meta["oldest_us"] or grain is not spec.layout.groups[number].period:
            return
        changed, _ = self._partials.put(source, cell)
        for base in changed:
            self._rebase(spec.grown[base], subject, window, stamp_us)

    def _rebase(self, plan: Plan, subject: str, window: Window, stamp_us: int) -> None:
        """A baseline has changed: the periods that read it are told or restated."""
        kpi, first_us = plan.kpi.id, self._aligned.first_us
        if whole_of(subject) not in self._spec.subjects[kpi]:
            return
        self._baselines.forget(kpi, subject)
        known = (self._at_us if first_us is None else min(first_us, self._first_us(plan))), self._at_us + 1
        for reader in self._baselines.readers(plan, window, known):
            if not is_whole(subject):
                self._tell_series(plan, subject, reader)
                continue
            version = self._values.version(kpi, subject, reader.id)
            if version:
                self._timers.set(minute_after(self._at_us), RESTATE, kpi, subject, reader.id)
            elif version == 0:
                self._values.touch(kpi, subject, reader.id)
        if is_whole(subject):
            self._look_soon(self._heeding(kpi, subject), stamp_us, less=True)

    def _take_total(self, source: str, total: Total, stamp_us: int) -> None:
        kpi, subject, period, _ = total
        if period == POOL and kpi in self._spec.plans:
            if self._partials.put_total(source, total) is not None:
                self._aged[kpi] = None
            return
        telling = self._tellings.get((kpi, subject))
        grain, window = self._spec.windows.parse(period)
        if telling is None or grain is not telling.plan.kpi.period:
            if not self._fits(kpi, subject, period):
                return  # told before the catalogue changed
            telling = None
        is_over = window.end_us < self._meta["oldest_us"] - self._spec.reaches_us[kpi]
        less = None if is_over else self._partials.put_total(source, total)
        if less is None:
            return
        if kpi in self._spec.grown:
            self._rebase(self._spec.grown[kpi], subject, window, stamp_us)
        elif not is_whole(subject):
            self._count_series(self._spec.plans[kpi], subject, window)
        else:
            self._take_value(telling or self._find_telling(kpi, subject), subject, window, stamp_us, less=less)

    def _find_telling(self, kpi: str, subject: str) -> _Telling:
        plan, one = self._spec.plans[kpi], self._heeding(kpi, subject)
        known = self._tellings[kpi, subject] = _Telling(
            plan,
            self._spec.layout.of(kpi).number,
            {kpi: None},
            one if one.guarded or one.asked else None,
            plan.growing is None and not one.guarded,
        )
        return known

    def _take_value(self, telling: _Telling, subject: str, window: Window, stamp_us: int, *, less: bool) -> None:
        """A linked total has changed, and the KPI's value with it."""
        plan, number, kpis, decides, stands_alone = telling
        if less or not stands_alone or not self._values.touch_block(number, subject, window.id, kpis):
            self._count(plan, subject, window)
        if decides is not None:
            self._heed(decides, stamp_us, less=less)

    def _find_heeded(self, number: int, subject: str) -> list[_Heeded]:
        """Of a group the KPIs whose values decide more than their own rows."""
        plans = self._spec.layout.groups[number].plans
        kpis = [plan.kpi.id for plan in plans if subject in self._spec.subjects[plan.kpi.id]]
        return [one for one in (self._heeding(kpi, subject) for kpi in kpis) if one.guarded or one.asked]

    def _heeding(self, kpi: str, subject: str) -> _Heeded:
        plan, asks = self._spec.plans[kpi], self._watch.asks(self._spec.plans[kpi], subject)
        shrinks = plan.measure_class in (MeasureClass.DIFFERENCE, MeasureClass.RETENTION)
        grows = plan.kpi.direction is Direction.UP and not shrinks
        return _Heeded(kpi, subject, self._spec.guarded.get(kpi, ()), asks.pace or asks.silence, grows)

    def _heed(self, one: _Heeded, stamp_us: int, *, less: bool) -> None:
        """What else depends on a KPI's value: rows that it guards, and alerts."""
        for guarded in one.guarded:
            kpi, now = guarded.kpi.id, self._spec.windows.period(guarded.kpi.period, self._at_us)
            self._values.touch(kpi, one.subject, now.id)
            for name in self._series.names(kpi, one.subject, now.id) if guarded.kpi.by is not None else ():
                self._values.touch(kpi, name, now.id)
        self._look_soon(one, stamp_us, less=less)

    def _count(self, plan: Plan, subject: str, window: Window) -> None:
        """A value has changed: its row begins, changes, is due for restatement, or is gone."""
        kpi = plan.kpi.id
        if subject in self._spec.subjects[kpi]:
            self._settle_row(plan, subject, window)
            for guarded in self._spec.guarded.get(kpi, ()):
                self._settle_guarded(guarded, subject, window)
            if kpi in self._scores.heard and window.end_us <= self._at_us:
                self._timers.set(minute_after(self._at_us), SCORE, kpi, window.id, subject)
            if plan.growing is not None and plan.growing.reads_own:
                self._rebase(plan, subject, window, self._at_us)

    def _settle_guarded(self, guarded: Plan, subject: str, window: Window) -> None:
        """A guardrail's row has changed: a closed one that it guards may be hollow, or no longer."""
        its = self._spec.windows.period(guarded.kpi.period, window.end_us - 1)
        if its.end_us == window.end_us and self._values.version(guarded.kpi.id, subject, its.id):
            self._timers.set(minute_after(self._at_us), RESTATE, guarded.kpi.id, subject, its.id)

    def _count_series(self, plan: Plan, name: str, window: Window) -> None:
        """A series has changed. It decides nothing but rows of its own: alerts are about the whole."""
        if whole_of(name) in self._spec.subjects[plan.kpi.id]:
            self._tell_series(plan, name, window)
            if plan.growing is not None and plan.growing.reads_own:
                self._rebase(plan, name, window, self._at_us)

    def _tell_series(self, plan: Plan, name: str, window: Window) -> None:
        """Rows of series are settled with the next publication; of a closed period when it is restated."""
        kpi, subject = plan.kpi.id, whole_of(name)
        self._series.touch(kpi, name, window.id)
        if self._values.version(kpi, subject, window.id):
            self._timers.set(minute_after(self._at_us), RESTATE, kpi, subject, window.id)

    def _settle_row(self, plan: Plan, subject: str, window: Window) -> None:
        """Where there is no open row, or nothing may stand any more that it could be about."""
        kpi, version = plan.kpi.id, self._values.version(plan.kpi.id, subject, window.id)
        if not self._partials.has_facts(plan, subject, window.id):
            if version is not None and self._spec.targets.of(kpi, subject, window) is None:
                self._values.withdraw(plan, subject, window)
                return
            if version is None:
                return
        if version is None:
            self._begin_row(plan, subject, window)  # an open one is published with the next as it is
        elif version > 0:
            self._timers.set(minute_after(self._at_us), RESTATE, kpi, subject, window.id)
        else:
            self._values.touch(kpi, subject, window.id)

    def _heard(self, plan: Plan, subject: str, pane_id: str) -> None:
        if not self._timers.is_set(HOUR, plan.kpi.id, subject):
            end_us = self._watch.begin_hours(plan, subject, pane_id)
            if end_us is not None:
                self._look_at_hour(plan, subject, end_us)

    def _look_at_hour(self, plan: Plan, subject: str, end_us: int) -> None:
        """When an hour is over and its grace too; what a late event begins is caught up with now, not in the past."""
        due_us = minute_from(max(end_us + self._spec.policy.grace_us, self._at_us))
        self._timers.set(due_us, HOUR, plan.kpi.id, subject)

    def _look_soon(self, one: _Heeded, stamp_us: int, *, less: bool) -> None:
        """Growth can only help where more is better, so a timer that is set may stay; anything else is looked at in
        the next minute. The hourly baseline speaks when an hour closes, not with an event."""
        if not one.asked:
            return
        kpi, subject = one.kpi, one.subject
        calm = one.grows and not less and self._timers.is_set(EVALUATE, kpi, subject)
        if not calm or self._watch.has_alert(kpi, subject):
            self._timers.set(minute_after(max(stamp_us, self._at_us)), EVALUATE, kpi, subject)

    # -- decisions

    def _decide(self, minute_us: int, left: int) -> int:
        """Everything that is due until a minute, each at its own minute. Of `left` decisions what is left over; where
        they do not suffice, minutes stay undecided and the answer is negative."""
        decided_us = self._meta["decided_us"]
        if decided_us is not None and minute_us <= decided_us:
            return left
        if decided_us is None:
            self._start(minute_us)
        self._open_earlier()
        if not self._meta["began"] and self._aligned.first_us is not None:
            self._begin_watching(minute_us)
        while (next_us := self._timers.next_us) is not None and next_us <= minute_us:
            if left <= 0:
                before_us = next_us - MINUTE_US
                self._meta["decided_us"] = before_us if decided_us is None else max(decided_us, before_us)
                return -1
            for due_us, kind, what in self._timers.due(next_us):
                left -= self._take_decision(due_us, kind, what)
        self._meta["decided_us"] = minute_us
        self._at_us = max(self._at_us, minute_us)
        return max(left, 0)

    def _take_decision(self, due_us: int, kind: int, what: tuple[str, ...]) -> int:
        """One thing that is due; as how many decisions it counts."""
        self._at_us = max(self._at_us, due_us)
        plan = self._spec.plans[what[0]]
        if kind == OPEN:
            self._open(plan, self._window(what[1]))
        elif kind == CLOSE:
            self._close(plan, self._window(what[1]))
        elif kind == RESTATE:
            self._restate(plan, what[1], self._window(what[2]))
        elif kind == HOUR:
            self._close_hour(plan, what[1], due_us)
        elif kind == SCORE:
            return self._score(plan, self._window(what[1]), what[2])
        else:
            self._evaluate(plan, what[1], due_us)
        return len(self._spec.subjects[plan.kpi.id]) if kind in (OPEN, CLOSE) else 1

    def _start(self, minute_us: int) -> None:
        """Set the timers that open periods with a target: from the first target on, or where a restart left off."""
        windows = self._spec.windows
        if self._meta["first_us"] is None:
            first_us = self._aligned.first_us
            self._meta["first_us"] = minute_us if first_us is None else first_us
        for plan in self._spec.plans.values():
            if not plan.kpi.targets:
                continue
            opened: str | None = self._rows.get((OPENED, plan.kpi.id))
            if opened is not None:
                window = windows.next(plan.kpi.period, self._window(opened))
            else:
                window = windows.period(plan.kpi.period, self._first_us(plan))
            self._timers.set(minute_from(window.start_us), OPEN, plan.kpi.id, window.id)

    def _first_us(self, plan: Plan) -> int:
        """From when on periods with a target have rows: from the first target's beginning, else the first event."""
        first_us = self._spec.targets.first_us(plan.kpi)
        known_us: int = self._meta["first_us"]
        return known_us if first_us is None else first_us

    def _begin_watching(self, minute_us: int) -> None:
        """The first event of all has come: subjects with a target are watched from now on, with or without events."""
        self._meta["began"] = True
        for (kpi, subject, _), version in self._values.names():
            if version == 0 and is_whole(subject):
                self._timers.set(minute_us, EVALUATE, kpi, subject)

    def _open_earlier(self) -> None:
        """An event from before all others: targets without a beginning hold from its period on."""
        first_us, known_us = self._aligned.first_us, self._meta["first_us"]
        if first_us is None or known_us is None or first_us >= known_us:
            return
        self._meta["first_us"] = first_us
        for plan in self._spec.plans.values():
            if plan.kpi.targets and self._spec.targets.first_us(plan.kpi) is None:
                for window in self._spec.windows.between(plan.kpi.period, first_us, known_us):
                    self._begin_rows(plan, window)

    def _begin_rows(self, plan: Plan, window: Window) -> list[str]:
        """Every subject with a target has a row; these subjects."""
        kpi, targets = plan.kpi, self._spec.targets
        mine = [
            subject
            for subject in targets.subjects_of(kpi)
            if self._is_mine(plan, subject) and targets.of(kpi.id, subject, window) is not None
        ]
        for subject in mine:
            if self._values.version(kpi.id, subject, window.id) is None:
                self._begin_row(plan, subject, window)
        return mine

    def _begin_row(self, plan: Plan, subject: str, window: Window) -> None:
        closes_us, decided_us = self._closes_us(window, plan), self._meta["decided_us"]
        closed = decided_us is not None and closes_us <= decided_us
        self._values.begin(plan, subject, window, closed=closed)
        if closed and plan.kpi.anonymous is not None:  # it begins hidden, until its siblings are known
            self._timers.set(minute_after(self._at_us), RESTATE, plan.kpi.id, subject, window.id)
        if plan.kpi.id in self._scores.heard:
            at_us = max(minute_from(window.end_us), minute_after(self._at_us) if closed else 0)
            self._timers.set(at_us, SCORE, plan.kpi.id, window.id, EVERYBODY)
        if not closed:
            self._timers.set(closes_us, CLOSE, plan.kpi.id, window.id)

    def _open(self, plan: Plan, window: Window) -> None:
        """A period begins."""
        kpi, first_us = plan.kpi, self._aligned.first_us
        for subject in self._begin_rows(plan, window):
            if first_us is not None and first_us < window.end_us and kpi.kind is not Kind.METRIC:
                self._timers.set(minute_from(max(first_us, window.start_us)), EVALUATE, kpi.id, subject)
        self._rows.put((OPENED, kpi.id), window.id)
        following = self._spec.windows.next(kpi.period, window)
        self._timers.set(minute_from(following.start_us), OPEN, kpi.id, following.id)

    def _restate(self, plan: Plan, subject: str, window: Window) -> None:
        # Who is hidden may depend on a sibling's answers.
        subjects = [subject] if plan.kpi.anonymous is None else sorted(self._spec.subjects[plan.kpi.id])
        if plan.kpi.by is not None:
            self._series.settle(plan.kpi.id, subject, window.id)
            subjects += self._series.names(plan.kpi.id, subject, window.id)
        if self._values.restate(plan, subjects, window):
            for guarded in self._spec.guarded.get(plan.kpi.id, ()):
                self._settle_guarded(guarded, subject, window)
            if plan.kpi.id in self._scores.heard:
                self._score(plan, window, subject)
        self._restate_again(plan, subject, window)

    def _close(self, plan: Plan, window: Window) -> None:
        for subject in list(self._values.open_subjects(plan.kpi.id, window.id)) if plan.ages else ():
            if is_whole(subject):
                self._restate_again(plan, subject, window)
        if plan.kpi.by is not None:
            self._series.settle_all(plan.kpi.id, window.id)
        self._values.close(plan, window)
        if plan.kpi.id in self._scores.heard:
            self._score(plan, window, EVERYBODY)

    def _restate_again(self, plan: Plan, subject: str, window: Window) -> None:
        """A cohort that is not mature is looked at once a local day."""
        if plan.ages and self._at_us < window.end_us + plan.reach_us:
            grace_us = self._spec.policy.grace_us  # by then LINK has told of the day before
            day = self._spec.windows.period(Period.DAY, self._at_us - grace_us)
            self._timers.set(minute_from(day.end_us + grace_us), RESTATE, plan.kpi.id, subject, window.id)

    def _close_hour(self, plan: Plan, subject: str, now_us: int) -> None:
        end_us = self._watch.close_hour(plan, subject)
        if end_us is not None:
            self._look_at_hour(plan, subject, end_us)
        self._timers.set(now_us, EVALUATE, plan.kpi.id, subject)

    def _evaluate(self, plan: Plan, subject: str, now_us: int) -> None:
        first_us = self._aligned.first_us
        if first_us is None or not (
            any(self._watch.asks(plan, subject)) or self._watch.has_alert(plan.kpi.id, subject)
        ):
            return
        again_us = self._watch.evaluate(plan, subject, now_us, first_us)
        self._timers.set(again_us, EVALUATE, plan.kpi.id, subject)

    # -- scores

    def _score_anew(self, person: str, from_us: int, to_us: int) -> None:
        """The working time of a person has changed: periods that are over may ask something of them, or no longer."""
        for (kpi, subject, period), _ in self._values.names() if self._scores.heard else ():
            if kpi in self._scores.heard and subject == person:
                window = self._window(period)
                if window.start_us < to_us and from_us < window.end_us <= self._at_us:
                    self._timers.set(minute_after(self._at_us), SCORE, kpi, period, person)

    def _score(self, plan: Plan, window: Window, person: str) -> int:
        """Score one person's row of a period that is over, or everybody's; how many."""
        spec = self._spec
        persons = [
            one
            for one in ([person] if person else spec.subjects[plan.kpi.id])
            if spec.targets.scopes[one] is Scope.PERSON and self._is_mine(plan, one)
        ]
        for total in self._scores.look(plan.kpi.id, persons, window, self._at_us, self._meta["oldest_us"]):
            self._pass_score(total)
        return len(persons)

    def _pass_score(self, total: Total) -> None:
        """To the partition that judges the team, department or organisation; our own needs no topic."""
        target = self._spec.observe.partition_of(total[1])
        if target == self._partition:
            self._take_score(self._peers.source, total)
        else:
            self._peers.pass_on(target, total)

    def _take_score(self, source: str, total: Total) -> None:
        kpi, subject, period, _ = total
        if not self._spec.fits(kpi, subject, period):
            return  # told under another catalogue
        window = self._window(period)
        if window.end_us >= self._peers.settled_us and self._partials.put_total(source, total) is not None:
            self._count(self._spec.plans[kpi], subject, window)
            if self._values.version(kpi, subject, period):
                self._scored[kpi, subject, period] = None

    def _restate_scored(self) -> None:
        """Live, closed rows do not wait for the next minute to be restated: the scores have already waited for one."""
        for kpi, subject, period in self._scored:
            self._restate(self._spec.plans[kpi], subject, self._window(period))
        self._scored = {}

    # -- rows

    def _refresh(self) -> None:
        """Let `expected` follow the clock on rows that nothing else touches."""
        clock_us = self.clock_us
        if clock_us is None or clock_us // REFRESH_US <= self._meta["refreshed_us"] // REFRESH_US:
            return
        self._meta["refreshed_us"] = clock_us
        for plan in self._spec.plans.values():
            self._values.touch_all(plan.kpi.id, self._spec.windows.period(plan.kpi.period, clock_us).id)

    def _age(self, now: Now) -> None:
        """The pool of a projection has changed, with the day or by late events: its rows are told anew or restated. Of
        the past each is looked at once a day."""
        if not self._aged or now.us < self._aged_us + AGED_PAUSE_US:
            return
        for (kpi, subject, period), version in list(self._values.names()):
            plan = self._spec.plans[kpi]
            if kpi not in self._aged:
                continue
            if version == 0:
                self._values.touch(kpi, subject, period)
            elif self._at_us < (window := self._window(period)).end_us + plan.reach_us:
                self._values.restate(plan, [subject], window)
        self._aged, self._aged_us = {}, now.us

    def _announce(self, plan: Plan, subject: str, period: str, cls: AlertClass, step: AlertStep, now_us: int) -> None:
        name = f"{cls.value}|{step.transition.value}"
        counts: dict[str, int] = self._meta["transitions"]
        counts[name] = counts.get(name, 0) + 1
        self._values.touch(plan.kpi.id, subject, period)
        self._alerts += self._spec.announcer.transition(plan, subject, period, cls, step, now_us)

    def _sweep(self) -> None:
        """Once a day of event time, forget rows that nothing inside the horizon can change. Not by the clock: it may be
        weeks ahead of what is decided, and what is still to be decided needs the hours of its own time."""
        at_us = self._at_us
        if at_us // DAY_US <= self._meta["swept_day"]:
            return
        self._meta["swept_day"] = at_us // DAY_US
        self._meta["oldest_us"] = oldest_us = at_us - self._spec.policy.horizon_us
        if self._spec.told_late:
            self._peers.settle(oldest_us)
        reaches_us, groups_us = self._spec.kept_us(oldest_us - self._peers.settled_us)
        self._values.sweep(oldest_us, reaches_us)
        self._partials.sweep(
            lambda window_id, reach_us: self._window(window_id).end_us < oldest_us - reach_us, reaches_us, groups_us
        )
        self._partials.forget_sums()
        self._series.sweep()
        self._baselines.clear()
        self._hours.sweep(at_us - PANE_HORIZON_US)
        self._scores.sweep(oldest_us)
        self._attendance.sweep(at_us - KEPT_US)

    def _window(self, period: str) -> Window:
        return self._spec.windows.parse(period)[1]

    def _closes_us(self, window: Window, plan: Plan | None = None) -> int:
        """A KPI over KPIs closes after these: their scores may come from another partition."""
        wait_us = MINUTE_US if plan is not None and plan.measure_class is MeasureClass.ATTAINMENT else 0
        return minute_from(window.end_us + self._spec.policy.grace_us) + wait_us

    def _fits(self, kpi: str, subject: str, period: str) -> bool:
        """Whether a row, or an hour, of this name is one of the catalogue that this partition judges."""
        return self._spec.fits(kpi, subject, period) and self._is_mine(self._spec.observe.spread.counted[kpi], subject)

    def _is_judged(self, plan: Plan, subject: str) -> bool:
        return subject in self._spec.subjects[plan.kpi.id] and self._is_mine(plan, subject)

    def _is_mine(self, plan: Plan, subject: str) -> bool:
        observe = self._spec.observe
        anonymous = plan.kpi.anonymous is not None
        return observe.partition_of(route(anonymous, subject, observe.org)) == self._partition
