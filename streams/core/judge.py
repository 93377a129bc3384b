"""Stage JUDGE: merges partials into values, closes periods, and decides at whole minutes what deserves an alert.

Slices arrive aligned by event time. Before a slice of minute m is applied, every decision due until m is taken; so a
backfill is judged as if it had been watched, and the same events give the same alerts live and in replay. Values do
not wait for minutes: what a chunk changed is published with the chunk.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from schemas import topics
from schemas.alerts import AlertClass
from schemas.catalogue.models import Catalogue, Direction, Kind
from schemas.values import Value
from streams.core import frames
from streams.core.alerting.lifecycle import Step as AlertStep
from streams.core.align import Alignment
from streams.core.announce import Announcer
from streams.core.calendar import Calendars
from streams.core.frames import Slice
from streams.core.measures.compile import MeasureClass, Plan
from streams.core.observe import ObserveSpec
from streams.core.partials import CELL, KEYS, PANE, PANE_PREFIX, Partials
from streams.core.policy import DAY_US, MINUTE_US, PANE_HORIZON_US
from streams.core.readings import Readings
from streams.core.rows import Rows
from streams.core.spread import route
from streams.core.stage import Now, Record, Send, Step
from streams.core.targets import Targets
from streams.core.timers import CLOSE, EVALUATE, HOUR, OPEN, RESTATE, Timers, minute_after, minute_from
from streams.core.watch import ALERT, BASELINE, Watch
from streams.core.windows import Window

ROW, OPENED, META = "row", "opened", "meta"
REFRESH_US = 10 * MINUTE_US
"""Open rows are published again this often even if nothing came: what is expected by now grows with the clock."""


class JudgeSpec:
    """What every partition of JUDGE shares."""

    def __init__(self, catalogue: Catalogue, observe: ObserveSpec, targets: Targets, calendars: Calendars) -> None:
        self.catalogue = catalogue
        self.observe = observe
        self.plans = observe.spread.plans
        self.windows = observe.windows
        self.policy = observe.policy
        self.targets = targets
        self.calendars = calendars
        self.announcer = Announcer(catalogue, targets.scopes, observe.windows, observe.policy, calendars.tenant)
        parts = range(observe.partitions)
        self.subjects = {plan.kpi.id: frozenset(targets.subjects_of(plan.kpi)) for plan in self.plans.values()}
        self.sources = [f"{frames.FROM_OBSERVE}{part}" for part in parts]
        if observe.spread.has_keys:
            self.sources += [f"{frames.FROM_LINK}{part}" for part in parts]
        self.guarded: dict[str, list[Plan]] = defaultdict(list)
        for plan in self.plans.values():
            if plan.kpi.guardrail is not None:
                self.guarded[plan.kpi.guardrail].append(plan)


class Judge:
    """State of one partition of kpi.partials."""

    def __init__(self, spec: JudgeSpec, partition: int) -> None:
        self._spec = spec
        self._partition = partition
        self._rows = Rows()
        self._aligned = Alignment(self._rows, spec.sources)
        self._partials = Partials(self._rows)
        self._readings = Readings(
            spec.catalogue, spec.plans, self._partials, spec.targets, spec.calendars, spec.windows
        )
        self._watch = Watch(self._rows, self._partials, spec.targets, spec.calendars, spec.windows, self._announce)
        self._timers = Timers()
        self._subjects: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._changed: dict[tuple[str, str, str], None] = {}
        self._published: dict[tuple[str, str, str], tuple[Any, ...]] = {}
        self._sends: list[Send] = []
        self._meta: dict[str, Any] = {"decided_us": None, "first_us": None, "swept_day": 0, "refreshed_us": 0}
        self._meta |= {"oldest_us": 0, "began": False, "transitions": {}, "fingerprint": spec.observe.fingerprint}
        self._at_us = 0

    # -- state

    def load(self, key: bytes, value: bytes) -> None:
        """Take one changelog row."""
        self._rows.load(key, value)

    def ready(self) -> None:
        """Rebuild indexes and timers from the rows. What the catalogue no longer has is forgotten."""
        self._meta = self._rows.get((META,)) or self._meta
        self._aligned.ready()
        changed = self._meta["fingerprint"] != self._spec.observe.fingerprint
        if changed:
            self._forget_strangers()
        self._partials.ready()
        self._watch.ready()
        decided_us = self._meta["decided_us"]
        if decided_us is not None:
            self._at_us = decided_us
            if changed:
                self._adopt(decided_us)
            self._rearm(decided_us)

    def _forget_strangers(self) -> None:
        """Another catalogue: rows of KPIs, subjects and grains that it does not have are withdrawn."""
        self._meta["fingerprint"] = self._spec.observe.fingerprint
        for table in (CELL, KEYS, PANE, ROW, BASELINE, OPENED, ALERT):
            for key, _ in self._rows.items(table):
                fits = key[1] in self._spec.plans and (len(key) == 2 or key[2] in self._spec.subjects[str(key[1])])
                if fits and table in (CELL, KEYS, ROW):
                    fits = self._spec.windows.parse(str(key[3]))[0] is self._spec.plans[str(key[1])].kpi.period
                if not fits:
                    self._rows.drop(key)
                    if table == ROW:
                        self._sends.append(Send(topics.VALUES, value_key(*map(str, key[1:])), None))

    def _adopt(self, decided_us: int) -> None:
        """Another catalogue: rows without events or a target go, those with a target begin, all are told anew. OBSERVE
        counts the events anew and sends what has changed."""
        windows, targets = self._spec.windows, self._spec.targets
        for key, _ in self._rows.items(ROW):
            kpi, subject, period = str(key[1]), str(key[2]), str(key[3])
            plan, window = self._spec.plans[kpi], self._window(period)
            aimed = window.end_us > self._first_us(plan) and targets.of(kpi, subject, window) is not None
            if aimed or self._partials.has_facts(plan, subject, period):
                self._changed[(kpi, subject, period)] = None
            else:
                self._drop_row(plan, subject, window)
        for plan in self._spec.plans.values():
            self._rows.drop((OPENED, plan.kpi.id))
            first_us = self._first_us(plan)
            for window in windows.between(plan.kpi.period, first_us, decided_us + 1) if plan.kpi.targets else ():
                self._begin_rows(plan, window)
                self._rows.put((OPENED, plan.kpi.id), window.id)

    def _rearm(self, decided_us: int) -> None:
        soon_us = decided_us + MINUTE_US
        for key, (version, _, _) in self._rows.items(ROW):
            kpi, subject, period = str(key[1]), str(key[2]), str(key[3])
            self._subjects[(kpi, period)].add(subject)
            if version > 0:
                self._timers.set(soon_us, RESTATE, kpi, subject, period)
            else:
                self._timers.set(self._closes_us(self._window(period)), CLOSE, kpi, period)
                self._timers.set(soon_us, EVALUATE, kpi, subject)
        for key, row in self._rows.items(BASELINE):
            pane = self._spec.windows.pane(row["next_us"])
            self._timers.set(self._closes_us(pane), HOUR, str(key[1]), str(key[2]))
        self._start(decided_us)

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

    def current(self) -> Iterator[Value]:
        """Rows of the periods that hold the clock, as of now."""
        clock_us = self.clock_us
        if clock_us is None:
            return
        for plan in self._spec.plans.values():
            window = self._spec.windows.period(plan.kpi.period, clock_us)
            for subject in sorted(self._subjects.get((plan.kpi.id, window.id), ())):
                yield self._value(plan, subject, window, clock_us)

    def firing(self) -> Iterator[tuple[str, str, AlertClass, str, str]]:
        """(kpi, subject, class, severity, `pending` or `firing`) of every open alert."""
        for kpi, subject, cls, state in self._watch.alerts():
            yield kpi, subject, cls, state.severity.value, state.transition.value

    def final(self) -> Iterator[Value]:
        """Every row as of the clock; what a closed period's next minute would restate is restated."""
        for key, _ in self._rows.items(ROW):
            kpi, subject, period = str(key[1]), str(key[2]), str(key[3])
            plan, window = self._spec.plans[kpi], self._window(period)
            self._restate(plan, subject, window, self._at_us)
            yield self._value(plan, subject, window, self._at_us)

    # -- the road

    def feed(self, records: Sequence[Record], now: Now) -> Step:
        """One chunk of frames."""
        for record in records:
            self._aligned.take(frames.decode(record.value or b""))
        for source, slice_ in self._aligned.release():
            self._decide(slice_.stamp_us)
            # A partition that was live from its first event on stamps nothing; its time is that of the event.
            self._at_us = max(self._at_us, slice_.stamp_us, self._aligned.first_us or 0)
            self._apply(source, slice_)
        clock_us = self.clock_us
        if clock_us is not None:
            self._decide(clock_us // MINUTE_US * MINUTE_US)
            self._at_us = max(self._at_us, clock_us)
            self._refresh(clock_us)
        self._aligned.save()
        for kpi, subject, period in self._changed:
            self._publish(self._spec.plans[kpi], subject, self._window(period), self._at_us)
        self._changed = {}
        self._sweep()
        self._rows.put((META,), self._meta)
        sends, self._sends = self._sends, []
        return Step(sends, self._rows.flush())

    def tick(self, now: Now) -> Step:
        """Time comes in frames, not here: who tells of time has also told of all events before it."""
        return Step([], {})

    def _apply(self, source: str, slice_: Slice) -> None:
        for cell in slice_.cells:
            kpi, subject, window_id, _ = cell
            plan = self._spec.plans.get(kpi)
            if plan is None or subject not in self._spec.subjects[kpi]:
                continue
            if window_id.startswith(PANE_PREFIX):
                less = self._partials.put(source, cell)
                self._heard(plan, subject, window_id)
            else:
                grain, window = self._spec.windows.parse(window_id)
                # Told before the catalogue changed; or about a period whose other partials are forgotten.
                if grain is not plan.kpi.period or window.end_us < self._meta["oldest_us"]:
                    continue
                less = self._partials.put(source, cell)
                self._count(plan, subject, window)
            self._look_soon(plan, subject, slice_.stamp_us, urgent=less)

    def _count(self, plan: Plan, subject: str, window: Window) -> None:
        """A period cell has changed: its row begins, changes, is due for restatement, or is gone."""
        kpi = plan.kpi.id
        row = self._rows.get((ROW, kpi, subject, window.id))
        if not self._partials.has_facts(plan, subject, window.id):
            if row is not None and self._spec.targets.of(kpi, subject, window) is None:
                self._drop_row(plan, subject, window)
                return
            if row is None:
                return
        if row is None:
            row = self._begin_row(plan, subject, window)
        if row[0] > 0:
            self._timers.set(minute_after(self._at_us), RESTATE, kpi, subject, window.id)
        else:
            self._changed[(kpi, subject, window.id)] = None
        for guarded in self._spec.guarded.get(kpi, ()):
            now = self._spec.windows.period(guarded.kpi.period, self._at_us)
            if subject in self._subjects.get((guarded.kpi.id, now.id), ()):
                self._changed[(guarded.kpi.id, subject, now.id)] = None

    def _heard(self, plan: Plan, subject: str, pane_id: str) -> None:
        kpi = plan.kpi.id
        if not self._timers.is_set(HOUR, kpi, subject):
            end_us = self._watch.begin_hours(plan, subject, pane_id)
            if end_us is not None:
                self._timers.set(minute_from(end_us + self._spec.policy.grace_us), HOUR, kpi, subject)

    def _look_soon(self, plan: Plan, subject: str, stamp_us: int, *, urgent: bool) -> None:
        """Growth can only help where more is better, so a timer that is set may stay; anything else is looked at in
        the next minute."""
        if plan.kpi.kind is Kind.METRIC:
            return
        grows = plan.kpi.direction is Direction.UP and plan.measure_class is not MeasureClass.DIFFERENCE
        urgent = urgent or not grows or self._watch.has_alert(plan.kpi.id, subject)
        if urgent or not self._timers.is_set(EVALUATE, plan.kpi.id, subject):
            self._timers.set(minute_after(max(stamp_us, self._at_us)), EVALUATE, plan.kpi.id, subject)

    # -- decisions

    def _decide(self, minute_us: int) -> None:
        """Everything that is due until a minute, each at its own minute."""
        decided_us = self._meta["decided_us"]
        if decided_us is not None and minute_us <= decided_us:
            return
        if decided_us is None:
            self._start(minute_us)
        self._open_earlier()
        if not self._meta["began"] and self._aligned.first_us is not None:
            self._begin_watching(minute_us)
        for due_us, kind, what in self._timers.due(minute_us):
            self._at_us = max(self._at_us, due_us)
            plan = self._spec.plans[what[0]]
            if kind == OPEN:
                self._open(plan, self._window(what[1]))
            elif kind == CLOSE:
                self._close(plan, self._window(what[1]), due_us)
            elif kind == RESTATE:
                self._restate(plan, what[1], self._window(what[2]), due_us)
            elif kind == HOUR:
                self._close_hour(plan, what[1], due_us)
            else:
                self._evaluate(plan, what[1], due_us)
        self._meta["decided_us"] = minute_us
        self._at_us = max(self._at_us, minute_us)

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
        for key, (version, _, _) in self._rows.items(ROW):
            if version == 0:
                self._timers.set(minute_us, EVALUATE, str(key[1]), str(key[2]))

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
            if self._rows.get((ROW, kpi.id, subject, window.id)) is None:
                self._begin_row(plan, subject, window)
            self._changed[(kpi.id, subject, window.id)] = None
        return mine

    def _open(self, plan: Plan, window: Window) -> None:
        """A period begins."""
        kpi, first_us = plan.kpi, self._aligned.first_us
        for subject in self._begin_rows(plan, window):
            if first_us is not None and first_us < window.end_us and kpi.kind is not Kind.METRIC:
                self._timers.set(minute_from(max(first_us, window.start_us)), EVALUATE, kpi.id, subject)
        self._rows.put((OPENED, kpi.id), window.id)
        following = self._spec.windows.next(kpi.period, window)
        self._timers.set(minute_from(following.start_us), OPEN, kpi.id, following.id)

    def _close(self, plan: Plan, window: Window, now_us: int) -> None:
        """A period is over and its grace too: its rows are final, version 1."""
        kpi = plan.kpi.id
        for subject in sorted(self._subjects[(kpi, window.id)]):
            key = (ROW, kpi, subject, window.id)
            if self._rows.get(key)[0] == 0:
                reading = self._readings.shown(plan, subject, window, closed=True)
                self._rows.put(key, [1, reading.value, reading.n])
                self._publish(plan, subject, window, now_us)

    def _restate(self, plan: Plan, subject: str, window: Window, now_us: int) -> None:
        """A closed row whose value is no longer true gets a new version."""
        others = self._subjects[(plan.kpi.id, window.id)] if plan.kpi.anonymous is not None else {subject}
        for name in sorted(others):  # who is hidden may depend on a sibling's answers
            key = (ROW, plan.kpi.id, name, window.id)
            version, value, n = self._rows.get(key) or (0, None, 0)
            if version == 0:
                continue
            reading = self._readings.shown(plan, name, window, closed=True)
            if [value, n] != list(reading):
                self._rows.put(key, [version + 1, *reading])
                self._publish(plan, name, window, now_us)
            elif key[1:] in self._published:  # what was told in between, while a recount came in
                self._publish(plan, name, window, now_us)

    def _close_hour(self, plan: Plan, subject: str, now_us: int) -> None:
        end_us = self._watch.close_hour(plan, subject, now_us)
        if end_us is not None:
            self._timers.set(minute_from(end_us + self._spec.policy.grace_us), HOUR, plan.kpi.id, subject)
        self._timers.set(now_us, EVALUATE, plan.kpi.id, subject)

    def _evaluate(self, plan: Plan, subject: str, now_us: int) -> None:
        first_us = self._aligned.first_us
        if plan.kpi.kind is Kind.METRIC or first_us is None:
            return
        again_us = self._watch.evaluate(plan, subject, now_us, first_us)
        self._timers.set(again_us, EVALUATE, plan.kpi.id, subject)
        window = self._spec.windows.period(plan.kpi.period, now_us)
        if subject in self._subjects.get((plan.kpi.id, window.id), ()):
            self._changed[(plan.kpi.id, subject, window.id)] = None

    # -- rows

    def _begin_row(self, plan: Plan, subject: str, window: Window) -> list[Any]:
        """A row of a period that is over already begins as closed."""
        closes_us = self._closes_us(window)
        decided_us = self._meta["decided_us"]
        row: list[Any] = [1 if decided_us is not None and closes_us <= decided_us else 0, None, 0]
        self._rows.put((ROW, plan.kpi.id, subject, window.id), row)
        self._subjects[(plan.kpi.id, window.id)].add(subject)
        if row[0] == 0:
            self._timers.set(closes_us, CLOSE, plan.kpi.id, window.id)
        else:
            reading = self._readings.shown(plan, subject, window, closed=True)
            row[1:] = [reading.value, reading.n]
            self._changed[(plan.kpi.id, subject, window.id)] = None
        return row

    def _drop_row(self, plan: Plan, subject: str, window: Window) -> None:
        """Nothing stands any more that this row could be about."""
        kpi = plan.kpi.id
        self._rows.drop((ROW, kpi, subject, window.id))
        self._subjects[(kpi, window.id)].discard(subject)
        self._changed.pop((kpi, subject, window.id), None)
        self._published.pop((kpi, subject, window.id), None)
        self._sends.append(Send(topics.VALUES, value_key(kpi, subject, window.id), None))

    def _value(self, plan: Plan, subject: str, window: Window, now_us: int) -> Value:
        version = self._rows.get((ROW, plan.kpi.id, subject, window.id))[0]
        return self._readings.value(plan, subject, window, now_us, version)

    def _publish(self, plan: Plan, subject: str, window: Window, now_us: int) -> None:
        value = self._value(plan, subject, window, now_us)
        name = (plan.kpi.id, subject, window.id)
        shown = (value.value, value.target, value.expected, value.n, value.status, value.version)
        if self._published.get(name) != shown:
            self._published[name] = shown
            self._sends.append(Send(topics.VALUES, value_key(*name), value.model_dump_json().encode()))

    def _refresh(self, clock_us: int) -> None:
        """Let `expected` follow the clock on rows that nothing else touches."""
        if clock_us - self._meta["refreshed_us"] < REFRESH_US:
            return
        self._meta["refreshed_us"] = clock_us
        for plan in self._spec.plans.values():
            window = self._spec.windows.period(plan.kpi.period, clock_us)
            for subject in self._subjects.get((plan.kpi.id, window.id), ()):
                self._changed[(plan.kpi.id, subject, window.id)] = None

    def _announce(self, plan: Plan, subject: str, period: str, cls: AlertClass, step: AlertStep, now_us: int) -> None:
        name = f"{cls.value}|{step.transition.value}"
        counts: dict[str, int] = self._meta["transitions"]
        counts[name] = counts.get(name, 0) + 1
        self._sends += self._spec.announcer.transition(plan, subject, period, cls, step, now_us)

    def _sweep(self) -> None:
        """Once a day of event time, forget rows that nothing inside the horizon can change."""
        clock_us = self.clock_us
        if clock_us is None or clock_us // DAY_US <= self._meta["swept_day"]:
            return
        self._meta["swept_day"] = clock_us // DAY_US
        self._meta["oldest_us"] = oldest_us = clock_us - self._spec.policy.horizon_us
        for key, _ in self._rows.items(ROW):
            kpi, subject, period = str(key[1]), str(key[2]), str(key[3])
            if self._window(period).end_us < oldest_us:
                self._rows.drop(key)
                self._published.pop((kpi, subject, period), None)
                self._subjects.pop((kpi, period), None)
        for table in (CELL, KEYS):
            for kpi, subject, period in self._partials.names(table):
                if self._window(period).end_us < oldest_us:
                    self._partials.forget(table, kpi, subject, period)
        self._partials.sweep_hours(clock_us - PANE_HORIZON_US)

    def _window(self, period: str) -> Window:
        return self._spec.windows.parse(period)[1]

    def _closes_us(self, window: Window) -> int:
        return minute_from(window.end_us + self._spec.policy.grace_us)

    def _is_mine(self, plan: Plan, subject: str) -> bool:
        observe = self._spec.observe
        return observe.partition_of(route(plan, subject, observe.org)) == self._partition


def value_key(kpi: str, subject: str, period: str) -> bytes:
    """Key of a row on kpi.values."""
    return f"{kpi}|{subject}|{period}".encode()
