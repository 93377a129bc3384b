"""When JUDGE looks at a KPI and subject for alerts, and what it tells of them.

Values and hours call for a look; what is found there, and what becomes of it, is `watch`'s.
"""

from collections.abc import Sequence
from typing import NamedTuple

from schemas.alerts import AlertClass
from schemas.catalogue.models import Direction
from streams.core.alerting.lifecycle import Step as AlertStep
from streams.core.frames import Cell
from streams.core.hours import began_us
from streams.core.judge_tables import JudgeTables
from streams.core.measures.classes import MeasureClass
from streams.core.measures.plan import Plan
from streams.core.policy import DAY_US, PANE_HORIZON_US
from streams.core.stage import Send
from streams.core.timers import EVALUATE, HOUR, Timers, minute_after, minute_from
from streams.core.watch import Watch


class Transitions:
    """Transitions of alerts: counted, and told to whom they concern."""

    def __init__(self, tables: JudgeTables) -> None:
        self._announcer = tables.spec.announcer
        self._progress = tables.progress
        self._values = tables.values
        self._sends: list[Send] = []

    def tell(self, plan: Plan, subject: str, period: str, cls: AlertClass, step: AlertStep, now_us: int) -> None:
        """One transition; the row that it is about is published beside it."""
        name = f"{cls.value}|{step.transition.value}"
        counts = self._progress.transitions
        counts[name] = counts.get(name, 0) + 1
        self._values.touch(plan.kpi.id, subject, period)
        self._sends += self._announcer.transition(plan, subject, period, cls, step, now_us)

    def take_sends(self) -> list[Send]:
        """Records since they were last taken."""
        sends, self._sends = self._sends, []
        return sends


class Heeded(NamedTuple):
    """A KPI and subject whose value decides more than its own row: `guarded` KPIs, and detectors if `asked`, which may
    find it worse only by time or a correction if it `grows`."""

    kpi: str
    subject: str
    guarded: Sequence[Plan]
    asked: bool
    grows: bool

    @property
    def is_heeded(self) -> bool:
        """Whether it decides anything."""
        return bool(self.guarded) or self.asked


class Lookout:
    """Sets the timers of looks at alerts and hours, and takes the looks that are due."""

    def __init__(self, tables: JudgeTables, watch: Watch, timers: Timers) -> None:
        self._spec = tables.spec
        self._progress = tables.progress
        self._aligned = tables.aligned
        self._hours = tables.hours
        self._watch = watch
        self._timers = timers

    def heeding(self, kpi: str, subject: str) -> Heeded:
        """What a KPI's value of a subject decides."""
        plan, asks = self._spec.plans[kpi], self._watch.asks(self._spec.plans[kpi], subject)
        shrinks = plan.measure_class in (MeasureClass.DIFFERENCE, MeasureClass.RETENTION)
        grows = plan.kpi.direction is Direction.UP and not shrinks
        return Heeded(kpi, subject, self._spec.guarded.get(kpi, ()), asks.pace or asks.silence, grows)

    def look_soon(self, one: Heeded, stamp_us: int, *, less: bool) -> None:
        """Growth can only help where more is better, so a timer that is set may stay; anything else is looked at in
        the next minute. The hourly baseline speaks when an hour closes, not with an event."""
        if not one.asked:
            return
        kpi, subject = one.kpi, one.subject
        calm = one.grows and not less and self._timers.is_set(EVALUATE, kpi, subject)
        if not calm or self._watch.has_alert(kpi, subject):
            self._timers.set(minute_after(max(stamp_us, self._progress.at_us)), EVALUATE, kpi, subject)

    def evaluate(self, plan: Plan, subject: str, now_us: int) -> None:
        """Look for alerts at a whole minute."""
        first_us = self._aligned.first_us
        if first_us is None or not (
            any(self._watch.asks(plan, subject)) or self._watch.has_alert(plan.kpi.id, subject)
        ):
            return
        again_us = self._watch.evaluate(plan, subject, now_us, first_us)
        self._timers.set(again_us, EVALUATE, plan.kpi.id, subject)

    # -- hours

    def take_hour(self, source: str, cell: Cell, stamp_us: int) -> None:
        """What a source has counted in an hour."""
        subject, pane_id = cell[1], cell[2]
        if began_us(pane_id) < self._progress.at_us - PANE_HORIZON_US + 2 * DAY_US:
            return  # some sources have forgotten this hour, others not yet: no verdict may hang on that
        changed, less = self._hours.put(source, cell)
        for kpi in changed:
            if subject in self._spec.subjects[kpi]:
                self._begin_hours(self._spec.plans[kpi], subject, pane_id)
                self.look_soon(self.heeding(kpi, subject), stamp_us, less=kpi in less)

    def close_hour(self, plan: Plan, subject: str, now_us: int) -> None:
        """An hour of the baseline is over, and its grace too."""
        end_us = self._watch.close_hour(plan, subject)
        if end_us is not None:
            self._look_at_hour(plan, subject, end_us)
        self._timers.set(now_us, EVALUATE, plan.kpi.id, subject)

    def _begin_hours(self, plan: Plan, subject: str, pane_id: str) -> None:
        if not self._timers.is_set(HOUR, plan.kpi.id, subject):
            end_us = self._watch.begin_hours(plan, subject, pane_id)
            if end_us is not None:
                self._look_at_hour(plan, subject, end_us)

    def _look_at_hour(self, plan: Plan, subject: str, end_us: int) -> None:
        """When an hour is over and its grace too; what a late event begins is caught up with now, not in the past."""
        due_us = minute_from(max(end_us + self._spec.policy.grace_us, self._progress.at_us))
        self._timers.set(due_us, HOUR, plan.kpi.id, subject)
