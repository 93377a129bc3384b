"""Rows of persons on their way to KPIs over KPIs: when they are scored, and where their scores count.

What a score is made of is `scores`'. It may count in another partition of JUDGE (`peers`), or in this one.
"""

from schemas.values import Scope
from streams.core.frames import Total
from streams.core.judge_tables import JudgeTables
from streams.core.measures.plan import Plan
from streams.core.row_lives import EVERYBODY, RowLives
from streams.core.series import is_whole
from streams.core.timers import SCORE, Timers, minute_after, minute_from
from streams.core.windows import Window


class ScoredRows:
    """Scores persons whose rows have changed, and takes what any partition tells of scores."""

    def __init__(self, tables: JudgeTables, lives: RowLives, timers: Timers) -> None:
        self._spec = tables.spec
        self._share = tables.share
        self._progress = tables.progress
        self._partials = tables.partials
        self._values = tables.values
        self._scores = tables.scores
        self._peers = tables.peers
        self._lives = lives
        self._timers = timers
        self._waiting: dict[tuple[str, str, str], None] = {}
        """Closed rows whose scores have changed."""

    # -- rows that may be scored

    def restate(self, plan: Plan, subject: str, window: Window) -> None:
        """Restate a closed row, and score it anew if it has changed."""
        if self._lives.restate(plan, subject, window) and plan.kpi.id in self._scores.heard:
            self.score(plan, window, subject)

    def close(self, plan: Plan, window: Window) -> None:
        """Close a period, and score everybody's rows of it."""
        self._lives.close(plan, window)
        if plan.kpi.id in self._scores.heard:
            self.score(plan, window, EVERYBODY)

    def score(self, plan: Plan, window: Window, person: str) -> int:
        """Score one person's row of a period that is over, or everybody's; how many."""
        spec, progress = self._spec, self._progress
        persons = [
            one
            for one in ([person] if person else spec.subjects[plan.kpi.id])
            if spec.targets.scopes[one] is Scope.PERSON and self._share.has(plan, one)
        ]
        for total in self._scores.look(plan.kpi.id, persons, window, progress.at_us, progress.oldest_us):
            self._pass_on(total)
        return len(persons)

    def score_anew(self, person: str, from_us: int, to_us: int) -> None:
        """The working time of a person has changed: periods that are over may ask something of them, or no longer."""
        at_us = self._progress.at_us
        for (kpi, subject, period), _ in self._values.names() if self._scores.heard else ():
            if kpi in self._scores.heard and subject == person:
                window = self._spec.windows.parse(period)[1]
                if window.start_us < to_us and from_us < window.end_us <= at_us:
                    self._timers.set(minute_after(at_us), SCORE, kpi, period, person)

    def score_all(self) -> None:
        """Everything that is over, without waiting for its minute."""
        for (kpi, subject, period), _ in list(self._values.names()) if self._scores.heard else ():
            window = self._spec.windows.parse(period)[1]
            if kpi in self._scores.heard and window.end_us <= self._progress.at_us and is_whole(subject):
                self.score(self._spec.plans[kpi], window, subject)

    def rearm(self, soon_us: int) -> None:
        """Set the timers of all rows anew, of those that are over for the minute `soon_us`."""
        for (kpi, _, period), _ in self._values.names() if self._scores.heard else ():
            if kpi in self._scores.heard:
                at_us = max(soon_us, minute_from(self._spec.windows.parse(period)[1].end_us))
                self._timers.set(at_us, SCORE, kpi, period, EVERYBODY)

    def adopt(self) -> None:
        """Another catalogue: scores are what it makes of the parts that it has."""
        for total in self._scores.adopt(self._progress.oldest_us):
            self._pass_on(total)

    # -- rows that are made of scores

    def take(self, source: str, total: Total) -> None:
        """What a partition, also this one, tells of its persons' scores."""
        kpi, subject, period, _ = total
        if not self._spec.fits(kpi, subject, period):
            return  # told under another catalogue
        window = self._spec.windows.parse(period)[1]
        if window.end_us >= self._peers.settled_us and self._partials.put_total(source, total) is not None:
            self._lives.count(self._spec.plans[kpi], subject, window)
            if self._values.version(kpi, subject, period):
                self._waiting[kpi, subject, period] = None

    def restate_waiting(self) -> None:
        """Live, closed rows do not wait for the next minute to be restated: the scores have already waited for one."""
        for kpi, subject, period in self._waiting:
            self.restate(self._spec.plans[kpi], subject, self._spec.windows.parse(period)[1])
        self._waiting = {}

    def _pass_on(self, total: Total) -> None:
        """To the partition that judges the team, department or organisation; our own needs no topic."""
        target = self._spec.observe.partition_of(total[1])
        if target == self._share.partition:
            self.take(self._peers.source, total)
        else:
            self._peers.pass_on(target, total)
