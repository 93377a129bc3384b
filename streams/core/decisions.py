"""Decisions of JUDGE at whole minutes of event time: periods open and close, rows are restated and scored, alerts and
hours are looked at. Each is taken at its own minute, also where a backlog is decided at once."""

from schemas.catalogue.models import Kind
from streams.core.judge_tables import JudgeTables
from streams.core.lookout import Lookout
from streams.core.measures.plan import Plan
from streams.core.policy import MINUTE_US
from streams.core.row_lives import RowLives
from streams.core.scored_rows import ScoredRows
from streams.core.series import is_whole, whole_of
from streams.core.timers import CLOSE, EVALUATE, HOUR, OPEN, RESTATE, SCORE, Timers, minute_from
from streams.core.watch import BASELINE
from streams.core.windows import Window

OPENED = "opened"
"""Rows of the last period that was opened, by KPI with targets."""


class Decisions:
    """Takes what is due by the timers of one partition, and sets those of time alone."""

    def __init__(
        self, tables: JudgeTables, lookout: Lookout, lives: RowLives, scored: ScoredRows, timers: Timers
    ) -> None:
        self._spec = tables.spec
        self._rows = tables.rows
        self._progress = tables.progress
        self._aligned = tables.aligned
        self._values = tables.values
        self._lives = lives
        self._scored = scored
        self._lookout = lookout
        self._timers = timers

    def decide(self, minute_us: int, left: int) -> int:
        """Everything that is due until a minute, each at its own minute. Of `left` decisions what is left over; where
        they do not suffice, minutes stay undecided and the answer is negative."""
        progress, decided_us = self._progress, self._progress.decided_us
        if decided_us is not None and minute_us <= decided_us:
            return left
        if decided_us is None:
            self._start(minute_us)
        self._open_earlier()
        if not progress.began and self._aligned.first_us is not None:
            self._begin_watching(minute_us)
        while (next_us := self._timers.next_us) is not None and next_us <= minute_us:
            if left <= 0:
                before_us = next_us - MINUTE_US
                progress.decided_us = before_us if decided_us is None else max(decided_us, before_us)
                return -1
            for due_us, kind, what in self._timers.due(next_us):
                left -= self._take(due_us, kind, what)
        progress.decided_us = minute_us
        progress.reach(minute_us)
        return max(left, 0)

    def rearm(self) -> None:
        """Set the timers of all rows anew. Before the first decision only scores of other partitions have begun any."""
        decided_us = self._progress.decided_us
        soon_us = 0 if decided_us is None else decided_us + MINUTE_US
        for (kpi, subject, period), version in self._values.names():
            if version > 0:
                self._timers.set(soon_us, RESTATE, kpi, whole_of(subject), period)
            elif is_whole(subject):
                closes_us = self._spec.closes_us(self._window(period), self._spec.plans[kpi])
                self._timers.set(closes_us, CLOSE, kpi, period)
                self._timers.set(soon_us, EVALUATE, kpi, subject)
        for key, row in self._rows.items(BASELINE):
            pane = self._spec.windows.pane(row["next_us"])
            self._timers.set(self._spec.closes_us(pane), HOUR, str(key[1]), str(key[2]))
        if decided_us is not None:
            self._start(decided_us)
        self._scored.rearm(soon_us)

    def _take(self, due_us: int, kind: int, what: tuple[str, ...]) -> int:
        """One thing that is due; as how many decisions it counts."""
        self._progress.reach(due_us)
        plan = self._spec.plans[what[0]]
        if kind == OPEN:
            self._open(plan, self._window(what[1]))
        elif kind == CLOSE:
            self._scored.close(plan, self._window(what[1]))
        elif kind == RESTATE:
            self._scored.restate(plan, what[1], self._window(what[2]))
        elif kind == HOUR:
            self._lookout.close_hour(plan, what[1], due_us)
        elif kind == SCORE:
            return self._scored.score(plan, self._window(what[1]), what[2])
        else:
            self._lookout.evaluate(plan, what[1], due_us)
        return len(self._spec.subjects[plan.kpi.id]) if kind in (OPEN, CLOSE) else 1

    # -- periods with a target

    def _start(self, minute_us: int) -> None:
        """Set the timers that open periods with a target: from the first target on, or where a restart left off."""
        windows, progress = self._spec.windows, self._progress
        if progress.first_us is None:
            first_us = self._aligned.first_us
            progress.first_us = minute_us if first_us is None else first_us
        for plan in self._spec.plans.values():
            if not plan.kpi.targets:
                continue
            opened: str | None = self._rows.get((OPENED, plan.kpi.id))
            if opened is not None:
                window = windows.next(plan.kpi.period, self._window(opened))
            else:
                window = windows.period(plan.kpi.period, self._lives.first_us(plan))
            self._timers.set(minute_from(window.start_us), OPEN, plan.kpi.id, window.id)

    def _open(self, plan: Plan, window: Window) -> None:
        """A period begins."""
        kpi, first_us = plan.kpi, self._aligned.first_us
        for subject in self._lives.begin_all(plan, window):
            if first_us is not None and first_us < window.end_us and kpi.kind is not Kind.METRIC:
                self._timers.set(minute_from(max(first_us, window.start_us)), EVALUATE, kpi.id, subject)
        self._rows.put((OPENED, kpi.id), window.id)
        following = self._spec.windows.next(kpi.period, window)
        self._timers.set(minute_from(following.start_us), OPEN, kpi.id, following.id)

    def _open_earlier(self) -> None:
        """An event from before all others: targets without a beginning hold from its period on."""
        first_us, known_us = self._aligned.first_us, self._progress.first_us
        if first_us is None or known_us is None or first_us >= known_us:
            return
        self._progress.first_us = first_us
        for plan in self._spec.plans.values():
            if plan.kpi.targets and self._spec.targets.first_us(plan.kpi) is None:
                for window in self._spec.windows.between(plan.kpi.period, first_us, known_us):
                    self._lives.begin_all(plan, window)

    def _begin_watching(self, minute_us: int) -> None:
        """The first event of all has come: subjects with a target are watched from now on, with or without events."""
        self._progress.began = True
        for (kpi, subject, _), version in self._values.names():
            if version == 0 and is_whole(subject):
                self._timers.set(minute_us, EVALUATE, kpi, subject)

    def _window(self, period: str) -> Window:
        return self._spec.windows.parse(period)[1]
