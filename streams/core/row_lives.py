"""What a change, or time, makes of the rows of values: begun, told, closed, restated in the next minute, withdrawn.

How a row is kept and what it says is `value_rows`'; here is decided which ones there are, and when they are looked at.
"""

from schemas.catalogue.models import Period
from streams.core.judge_tables import JudgeTables
from streams.core.lookout import Lookout
from streams.core.measures.plan import Plan
from streams.core.series import is_whole, whole_of
from streams.core.timers import CLOSE, RESTATE, SCORE, Timers, minute_after, minute_from
from streams.core.windows import Window

EVERYBODY = ""
"""In place of one person."""


class RowLives:
    """The lives of one partition's rows."""

    def __init__(self, tables: JudgeTables, lookout: Lookout, timers: Timers) -> None:
        self._spec = tables.spec
        self._share = tables.share
        self._progress = tables.progress
        self._aligned = tables.aligned
        self._partials = tables.partials
        self._baselines = tables.baselines
        self._values = tables.values
        self._series = tables.series
        self._heard = tables.scores.heard
        self._lookout = lookout
        self._timers = timers

    # -- changes

    def count(self, plan: Plan, subject: str, window: Window) -> None:
        """A value has changed: its row begins, changes, is due for restatement, or is gone."""
        kpi = plan.kpi.id
        if subject in self._spec.subjects[kpi]:
            self._settle_row(plan, subject, window)
            for guarded in self._spec.guarded.get(kpi, ()):
                self._settle_guarded(guarded, subject, window)
            if kpi in self._heard and window.end_us <= self._progress.at_us:
                self._timers.set(minute_after(self._progress.at_us), SCORE, kpi, window.id, subject)
            if plan.growing is not None and plan.growing.reads_own:
                self.rebase(plan, subject, window, self._progress.at_us)

    def count_series(self, plan: Plan, name: str, window: Window) -> None:
        """A series has changed. It decides nothing but rows of its own: alerts are about the whole."""
        if whole_of(name) in self._spec.subjects[plan.kpi.id]:
            self._tell_series(plan, name, window)
            if plan.growing is not None and plan.growing.reads_own:
                self.rebase(plan, name, window, self._progress.at_us)

    def rebase(self, plan: Plan, subject: str, window: Window, stamp_us: int) -> None:
        """A baseline has changed: the periods that read it are told or restated."""
        kpi, first_us, at_us = plan.kpi.id, self._aligned.first_us, self._progress.at_us
        if whole_of(subject) not in self._spec.subjects[kpi]:
            return
        self._baselines.forget(kpi, subject)
        known = (at_us if first_us is None else min(first_us, self.first_us(plan))), at_us + 1
        for reader in self._baselines.readers(plan, window, known):
            if not is_whole(subject):
                self._tell_series(plan, subject, reader)
                continue
            version = self._values.version(kpi, subject, reader.id)
            if version:
                self._restate_soon(kpi, subject, reader)
            elif version == 0:
                self._values.touch(kpi, subject, reader.id)
        if is_whole(subject):
            self._lookout.look_soon(self._lookout.heeding(kpi, subject), stamp_us, less=True)

    def touch_guarded(self, guarded: Plan, subject: str) -> None:
        """A guardrail's value has changed: the open row that it guards is told, with its series."""
        kpi, now = guarded.kpi.id, self._spec.windows.period(guarded.kpi.period, self._progress.at_us)
        self._values.touch(kpi, subject, now.id)
        for name in self._series.names(kpi, subject, now.id) if guarded.kpi.by is not None else ():
            self._values.touch(kpi, name, now.id)

    # -- time

    def begin_all(self, plan: Plan, window: Window) -> list[str]:
        """Every subject with a target has a row; these subjects."""
        kpi, targets = plan.kpi, self._spec.targets
        mine = [
            subject
            for subject in targets.subjects_of(kpi)
            if self._share.has(plan, subject) and targets.of(kpi.id, subject, window) is not None
        ]
        for subject in mine:
            if self._values.version(kpi.id, subject, window.id) is None:
                self._begin(plan, subject, window)
        return mine

    def close(self, plan: Plan, window: Window) -> None:
        """A period is over and its grace too."""
        for subject in list(self._values.open_subjects(plan.kpi.id, window.id)) if plan.ages else ():
            if is_whole(subject):
                self._restate_again(plan, subject, window)
        if plan.kpi.by is not None:
            self._series.settle_all(plan.kpi.id, window.id)
        self._values.close(plan, window)

    def restate(self, plan: Plan, subject: str, window: Window) -> bool:
        """A closed row, and those that hang on it, get a new version where they are no longer true; whether any did."""
        # Who is hidden may depend on a sibling's answers.
        subjects = [subject] if plan.kpi.anonymous is None else sorted(self._spec.subjects[plan.kpi.id])
        if plan.kpi.by is not None:
            self._series.settle(plan.kpi.id, subject, window.id)
            subjects += self._series.names(plan.kpi.id, subject, window.id)
        restated = self._values.restate(plan, subjects, window)
        if restated:
            for guarded in self._spec.guarded.get(plan.kpi.id, ()):
                self._settle_guarded(guarded, subject, window)
        self._restate_again(plan, subject, window)
        return restated

    def first_us(self, plan: Plan) -> int:
        """From when on periods with a target have rows: from the first target's beginning, else the first event."""
        first_us = self._spec.targets.first_us(plan.kpi)
        if first_us is None:
            first_us = self._progress.first_us
            assert first_us is not None  # before the first decision nothing asks
        return first_us

    # -- one row

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
            self._begin(plan, subject, window)  # an open one is published with the next as it is
        elif version > 0:
            self._restate_soon(kpi, subject, window)
        else:
            self._values.touch(kpi, subject, window.id)

    def _settle_guarded(self, guarded: Plan, subject: str, window: Window) -> None:
        """A guardrail's row has changed: a closed one that it guards may be hollow, or no longer."""
        its = self._spec.windows.period(guarded.kpi.period, window.end_us - 1)
        if its.end_us == window.end_us and self._values.version(guarded.kpi.id, subject, its.id):
            self._restate_soon(guarded.kpi.id, subject, its)

    def _tell_series(self, plan: Plan, name: str, window: Window) -> None:
        """Rows of series are settled with the next publication; of a closed period when it is restated."""
        kpi, subject = plan.kpi.id, whole_of(name)
        self._series.touch(kpi, name, window.id)
        if self._values.version(kpi, subject, window.id):
            self._restate_soon(kpi, subject, window)

    def _begin(self, plan: Plan, subject: str, window: Window) -> None:
        closes_us, decided_us = self._spec.closes_us(window, plan), self._progress.decided_us
        closed = decided_us is not None and closes_us <= decided_us
        self._values.begin(plan, subject, window, closed=closed)
        if closed and plan.kpi.anonymous is not None:  # it begins hidden, until its siblings are known
            self._restate_soon(plan.kpi.id, subject, window)
        if plan.kpi.id in self._heard:
            at_us = max(minute_from(window.end_us), minute_after(self._progress.at_us) if closed else 0)
            self._timers.set(at_us, SCORE, plan.kpi.id, window.id, EVERYBODY)
        if not closed:
            self._timers.set(closes_us, CLOSE, plan.kpi.id, window.id)

    def _restate_soon(self, kpi: str, subject: str, window: Window) -> None:
        self._timers.set(minute_after(self._progress.at_us), RESTATE, kpi, subject, window.id)

    def _restate_again(self, plan: Plan, subject: str, window: Window) -> None:
        """A cohort that is not mature is looked at once a local day."""
        if plan.ages and self._progress.at_us < window.end_us + plan.reach_us:
            grace_us = self._spec.policy.grace_us  # by then LINK has told of the day before
            day = self._spec.windows.period(Period.DAY, self._progress.at_us - grace_us)
            self._timers.set(minute_from(day.end_us + grace_us), RESTATE, plan.kpi.id, subject, window.id)
