"""When changed rows are published: with the chunk when live, else now and then, so that what nobody waits for takes
little of the machine."""

from streams.core.judge_tables import JudgeTables
from streams.core.policy import MINUTE_US, SECOND_US
from streams.core.stage import Now

REFRESH_US = 10 * MINUTE_US
"""Open rows are published again at each multiple of this even if nothing came: what is expected by now grows with the
clock, and what is projected with its hours."""

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


class Publishing:
    """Paces the publishing of one partition by what it published last."""

    def __init__(self, tables: JudgeTables) -> None:
        self._spec = tables.spec
        self._progress = tables.progress
        self._values = tables.values
        self._series = tables.series
        self._published = (0, 0)
        """When rows were published last, and how many; as many as this for each partition."""

    def publish(self, now: Now, clock_us: int | None) -> None:
        """Send changed rows, unless it is too early. `clock_us` is how far all sources have reported."""
        if now.us < self._published[0] + self._pause_us(now, clock_us):
            return
        if clock_us is not None:
            self._refresh(clock_us)
        self._series.settle_open()
        changed = self._values.publish(self._progress.at_us)
        if changed:
            self._published = now.us, changed * self._spec.observe.partitions

    def _pause_us(self, now: Now, clock_us: int | None) -> int:
        at_us, rows = self._published
        if now.us - (clock_us or 0) > PAST_US:
            # By what waits, too: most of it is closed before anybody looks.
            rows = max(rows, self._values.waiting * self._spec.observe.partitions)
            return max(SECOND_US, rows * PAST_ROW_PAUSE_US) if at_us else 0
        if now.caught_up or now.fresh:
            return rows * LIVE_ROW_PAUSE_US - LIVE_FREE_US
        return max(SECOND_US, rows * ROW_PAUSE_US) if rows else 0

    def _refresh(self, clock_us: int) -> None:
        """Let `expected` follow the clock on rows that nothing else touches."""
        if clock_us // REFRESH_US <= self._progress.refreshed_us // REFRESH_US:
            return
        self._progress.refreshed_us = clock_us
        for plan in self._spec.plans.values():
            self._values.touch_all(plan.kpi.id, self._spec.windows.period(plan.kpi.period, clock_us).id)
