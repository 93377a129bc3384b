"""Distinct leads: what `distinct` counts of other keys, with leads that were merged counted once in all.

Of merged leads the earliest `lead.created` alone has a part, in its period and to its credit; of any other event a
merged lead just has another name. So what may be created is told event by event (`DistinctLeads`). All else comes as
OBSERVE's reference counts, which do not grow with the events of a lead (`HeldLeads`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from streams.core.accumulators.sparse import Sparse
from streams.core.frames import Payload
from streams.core.journeys.contract import Account, Ground, Linked, Moment, Told, View, last_us

COUNTED, CREATED, OTHER = 1, 2, 4
"""Roles of an event: it keeps its lead counted; it is the lead's creation, or anything else."""
KEYS, PRESENT = 0, 1
"""Slots. Where no event keeps the lead counted (a sale reversed whole), there is a row all the same."""


@dataclass(frozen=True, slots=True)
class _Distinct:
    """What both ways of counting share."""

    @property
    def reach_us(self) -> int:
        """What is over is over."""
        return 0

    def read(self, vector: Mapping[int, int], linked: Linked, pool: Mapping[int, int]) -> Fraction | None:
        """Leads."""
        return Fraction(vector.get(KEYS, 0))

    def count(self, vector: Mapping[int, int]) -> int:
        """Leads."""
        return vector.get(KEYS, 0)


@dataclass(frozen=True, slots=True)
class DistinctLeads(_Distinct):
    """Of events that have to be told one by one, because the creation of a lead is among them."""

    def account(self, moments: Sequence[Moment], ground: Ground, view: View) -> Account:
        """What a lead adds."""
        found: dict[tuple[str, str], Sparse] = {}
        earliest = next((moment for moment in moments if moment.roles & CREATED), None)
        for moment in moments:
            if view.merged and moment.roles & CREATED and moment is not earliest:
                continue
            window = ground.windows.period(ground.grain, moment.time_us)
            for subject in ground.subjects(moment.chain):
                if moment.roles & COUNTED:
                    found[subject, window.id] = {KEYS: 1}
                else:
                    found.setdefault((subject, window.id), {PRESENT: 1})
        told = [Told((subject,), window_id, vector) for (subject, window_id), vector in found.items()]
        return Account(told, None, last_us(moments))

    def prune(self, moments: Sequence[Moment], ground: Ground, oldest_us: int) -> list[Moment]:
        """All: an item is forgotten as a whole."""
        return list(moments)


@dataclass(frozen=True, slots=True)
class HeldLeads(_Distinct):
    """Of reference counts: a moment is what one partition of OBSERVE holds in one cell (`held`)."""

    def account(self, moments: Sequence[Moment], ground: Ground, view: View) -> Account:
        """What a lead adds."""
        # One entry a period, not a cell: a lead cost a sixth more.
        subjects: dict[str, dict[str, None]] = {}
        for moment in moments:
            subject, window = moment.chain
            subjects.setdefault(str(window), {})[str(subject)] = None
        told = [Told(tuple(names), window, {KEYS: 1}) for window, names in subjects.items()]
        return Account(told, None, last_us(moments))

    def prune(self, moments: Sequence[Moment], ground: Ground, oldest_us: int) -> list[Moment]:
        """Those of periods that are told of."""
        return [moment for moment in moments if moment.time_us >= oldest_us]


def held(subject: str, window: str, end_us: int, references: int) -> Payload | None:
    """A reference count as a moment at the end of its period, with the cell in place of who is credited; None where
    nothing is held."""
    return (end_us, COUNTED, (subject, window), references) if references else None
