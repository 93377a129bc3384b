"""Distributions of a worker's durations and sizes, by stage.

Unlike a lane's figures they outlive the lane: a histogram that shrank with every rebalance would read as a reset.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from schemas.topics import Stage

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""From a small chunk on a quiet machine to a backlog of a minute; what is longer is told by the lag."""
RECORDS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0)


class Distribution:
    """Counts of observations by upper bound (inclusive), with their sum. Never shrinks."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Takes one observation."""
        self.observe_counted(((value, 1),))

    def observe_counted(self, observations: Iterable[tuple[float, int]]) -> None:
        """Takes many at once, each as (value, how often it was observed)."""
        for value, times in observations:
            self._counts[bisect_left(self._bounds, value)] += times
            self.sum += value * times

    def buckets(self) -> list[tuple[str, float]]:
        """(`le`, cumulative count) in order, the last one `+Inf`: Prometheus' form."""
        bounds = [*(f"{bound:g}" for bound in self._bounds), "+Inf"]
        return list(zip(bounds, map(float, accumulate(self._counts)), strict=True))


@dataclass(slots=True)
class StageTimings:
    """What one stage did in this process, over all its partitions, past ones included."""

    chunk_s: Distribution = field(default_factory=lambda: Distribution(SECONDS))
    """The stage's work on one chunk."""
    chunk_records: Distribution = field(default_factory=lambda: Distribution(RECORDS))
    transaction_s: Distribution = field(default_factory=lambda: Distribution(SECONDS))
    """From the first row sent to the commit."""
    latency_s: Distribution = field(default_factory=lambda: Distribution(SECONDS))
    """From a record's append to the commit of what it did."""
    value_latency_s: Distribution = field(default_factory=lambda: Distribution(SECONDS))
    """From the append of the oldest event behind values to their commit; of JUDGE only."""
    restore_s: Distribution = field(default_factory=lambda: Distribution(SECONDS))
    restored_rows: int = 0
    internal_errors: int = 0


class Timings(defaultdict[Stage, StageTimings]):
    """By stage; a stage that has done nothing yet has zeros."""

    def __init__(self) -> None:
        super().__init__(StageTimings)
