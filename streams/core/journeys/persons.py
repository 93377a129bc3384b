"""Persons who reached their KPIs (`attainment`). No event tells of them: JUDGE itself does, partition to partition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from streams.core.journeys.contract import ALWAYS_US, Account, Ground, Linked, Moment, View

SCORED, REACHED = range(2)


@dataclass(frozen=True, slots=True)
class Persons:
    """The share of the persons scored who reached their KPIs."""

    @property
    def reach_us(self) -> int:
        """None: restatements of members are told when they happen."""
        return 0

    def account(self, moments: Sequence[Moment], ground: Ground, view: View) -> Account:
        """Nothing: there are no events."""
        return Account([], None, ALWAYS_US)

    def prune(self, moments: Sequence[Moment], ground: Ground, oldest_us: int) -> list[Moment]:
        """Nothing."""
        return []

    def read(self, vector: Mapping[int, int], linked: Linked, pool: Mapping[int, int]) -> Fraction | None:
        """The share; None where nobody is scored."""
        scored = vector.get(SCORED, 0)
        return Fraction(vector.get(REACHED, 0), scored) if scored else None

    def count(self, vector: Mapping[int, int]) -> int:
        """Persons scored."""
        return vector.get(SCORED, 0)
