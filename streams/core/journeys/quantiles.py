"""`quantile`: the order statistic of what items add up to in a period; each event is its own item unless `per` joins.

An item's sum is taken per subject, as distinct keys are: calls of two persons about one ticket are one for the team.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from streams.core.journeys.buckets import bucket, quantile
from streams.core.journeys.contract import Account, Ground, Linked, Moment, Told, View, last_us


@dataclass(frozen=True, slots=True)
class Quantile:
    """Rank ceil(q n) of the sums, in 1 / `scale` units before they are read."""

    q: float
    scale: int = 1

    @property
    def reach_us(self) -> int:
        """What is over is over."""
        return 0

    def account(self, moments: Sequence[Moment], ground: Ground, view: View) -> Account:
        """What an item adds."""
        sums: dict[tuple[str, str], int] = defaultdict(int)
        for moment in moments:
            window = ground.windows.period(ground.grain, moment.time_us)
            for subject in ground.subjects(moment.chain):
                sums[subject, window.id] += moment.value
        told = [Told((subject,), window_id, {bucket(total): 1}) for (subject, window_id), total in sums.items()]
        return Account(told, None, last_us(moments))

    def prune(self, moments: Sequence[Moment], ground: Ground, oldest_us: int) -> list[Moment]:
        """Those of periods that are told of."""
        start_us = ground.windows.period(ground.grain, oldest_us).start_us
        return [moment for moment in moments if moment.time_us >= start_us]

    def read(self, vector: Mapping[int, int], linked: Linked, pool: Mapping[int, int]) -> Fraction | None:
        """Within 1 % of the order statistic."""
        found = quantile(vector, self.q)
        return None if found is None else Fraction(found) / self.scale

    def count(self, vector: Mapping[int, int]) -> int:
        """Items."""
        return sum(vector.values())
