"""Distinct leads: a lead counts once a subject and period; leads that were merged count once in all, where the earliest
event of them all is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from streams.core.journeys.contract import Account, Ground, Linked, Moment, Told, View, last_us


@dataclass(frozen=True, slots=True)
class DistinctLeads:
    """Counts what `distinct` counts of other keys."""

    @property
    def reach_us(self) -> int:
        """What is over is over."""
        return 0

    def account(self, moments: Sequence[Moment], ground: Ground, view: View) -> Account:
        """What a lead adds."""
        names: dict[tuple[str, str], None] = {}
        for moment in moments[:1] if view.merged else moments:
            window = ground.windows.period(ground.grain, moment.time_us)
            names |= dict.fromkeys((subject, window.id) for subject in ground.subjects(moment.chain))
        return Account([Told((subject,), window_id, {0: 1}) for subject, window_id in names], None, last_us(moments))

    def prune(self, moments: Sequence[Moment], ground: Ground, oldest_us: int) -> list[Moment]:
        """All: an item is forgotten as a whole."""
        return list(moments)

    def read(self, vector: Mapping[int, int], linked: Linked, pool: Mapping[int, int]) -> Fraction | None:
        """Leads."""
        return Fraction(vector.get(0, 0))

    def count(self, vector: Mapping[int, int]) -> int:
        """Leads."""
        return vector.get(0, 0)
