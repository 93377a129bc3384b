"""What a partition of JUDGE knows: its rows, table by table, each by the class that reads and writes it.

The parts of JUDGE that decide (`hearing`, `decisions`, `row_lives`, ...) take from here what they work on.
"""

from weakref import proxy

from streams.core.align import Alignment
from streams.core.attendance import KEPT_US, Attendance
from streams.core.baselines import Baselines
from streams.core.beginnings import Beginnings
from streams.core.hours import Hours
from streams.core.judge_spec import Share
from streams.core.partials import Partials
from streams.core.peers import Peers
from streams.core.policy import DAY_US, PANE_HORIZON_US
from streams.core.progress import Progress
from streams.core.readings import Readings
from streams.core.relayout import Earlier
from streams.core.rows import Rows
from streams.core.scores import Scores
from streams.core.series_rows import SeriesRows
from streams.core.value_rows import ValueRows


class JudgeTables:
    """All that is stored, and how it is read."""

    def __init__(self, share: Share) -> None:
        self.share = share
        self.spec = spec = share.spec
        self.rows = rows = Rows()
        self.progress = progress = Progress(spec.observe.fingerprint)
        self.aligned = Alignment(rows, spec.sources)
        self.earlier = Earlier(rows, spec.layout, share.fits)
        self.partials = Partials(rows, spec.layout, spec.windows, lambda: progress.at_us)
        # Each reads the other. As a cycle they would keep all rows of a state that is dropped (test_dropped).
        self.baselines = Baselines(
            spec.bases, proxy(self.partials), spec.windows, spec.calendars.tenant, lambda: progress.at_us
        )
        self.partials.grown = self.baselines
        self.hours = Hours(rows, spec.layout)
        self.attendance = Attendance(rows, spec.calendars, spec.windows.clock)
        self.beginnings = Beginnings(rows, spec.observe.counted.signatures, spec.policy.horizon_us)
        self.peers = Peers(rows, share.partition, spec.observe.partitions)
        readings = Readings(
            spec.catalogue,
            spec.plans,
            self.partials,
            spec.targets,
            self.attendance,
            spec.windows,
            self.beginnings,
        )
        self.values = ValueRows(rows, readings, spec.layout, spec.windows)
        self.series = SeriesRows(spec.plans, self.partials, self.values, spec.windows)
        self.scores = Scores(rows, spec.catalogue, spec.plans, readings, self.values, spec.targets, spec.windows)

    def ready(self) -> None:
        """Rebuild what is derived from the rows, which are of this catalogue."""
        self.partials.ready()
        self.hours.ready()
        self.attendance.ready()
        self.values.ready(self.spec.plans)
        self.series.ready()

    def save(self) -> None:
        """Put the rows that are not written with each change."""
        self.aligned.save()
        self.progress.save(self.rows)
        self.earlier.save()
        self.beginnings.save()

    def sweep(self) -> None:
        """Once a day of event time, forget rows that nothing inside the horizon can change. Not by the clock: it may be
        weeks ahead of what is decided, and what is still to be decided needs the hours of its own time."""
        progress, windows = self.progress, self.spec.windows
        at_us = progress.at_us
        if at_us // DAY_US <= progress.swept_day:
            return
        progress.swept_day = at_us // DAY_US
        # OBSERVE still amends events of the whole day with which the horizon begins. And a day more: the clock of a
        # slice may be a minute ahead of the events in it, and that minute in another day.
        progress.oldest_us = oldest_us = (progress.swept_day - 1) * DAY_US - self.spec.policy.horizon_us
        if self.spec.told_late:
            self.peers.settle(oldest_us)
        reaches_us, groups_us = self.spec.kept_us(oldest_us - self.peers.settled_us)
        self.series.settle_withdrawn()
        self.values.sweep(oldest_us, reaches_us)
        self.partials.sweep(
            lambda window_id, reach_us: windows.parse(window_id)[1].end_us < oldest_us - reach_us, reaches_us, groups_us
        )
        self.partials.forget_sums()
        self.series.sweep()
        self.baselines.clear()
        self.hours.sweep(at_us - PANE_HORIZON_US)
        self.scores.sweep(oldest_us)
        self.attendance.sweep(at_us - KEPT_US)
