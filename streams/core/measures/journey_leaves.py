"""A leaf of a measure that joins events by a key: which item a fact belongs to, and what it is to that item."""

from dataclasses import dataclass
from typing import NamedTuple

from schemas.catalogue.measures import Basis
from streams.core.facts import Fact
from streams.core.journeys.contract import Journey
from streams.core.journeys.distinct import COUNTED, DistinctLeads
from streams.core.measures.leaves import KEY_SEPARATOR, LEAD, OWN_KEY, counts_key, join_key, net_of, scaled
from streams.core.measures.where import Filter

SALE = "sale.closed"


class Part(NamedTuple):
    """A selection of a measure and the bit that its facts carry. One that `converts` leaves out sales of nothing."""

    role: int
    types: frozenset[str]
    holds: Filter
    converts: bool = False


class Taken(NamedTuple):
    """A fact as part of an item."""

    key: str
    roles: int
    value: int


@dataclass(frozen=True, slots=True)
class JourneyLeaf:
    """`fields` name the key. Where one is absent, or there are none, and it `falls_back`, the event's own identity is
    the key; `by_subject` its subject. `measured` are fields that are added up, in 1 / `scale` units. Of distinct keys,
    `basis` says which facts keep their key counted; the others leave a row."""

    index: int
    journey: Journey
    parts: tuple[Part, ...]
    fields: tuple[str, ...] | None
    falls_back: bool = False
    by_subject: bool = False
    measured: tuple[str, ...] = ()
    scale: int = 1
    basis: Basis | None = None

    @property
    def by_lead(self) -> bool:
        """Whether items are leads, which may be merged."""
        return self.fields == (LEAD,)

    @property
    def types(self) -> frozenset[str]:
        """Event types that it reads."""
        return frozenset().union(*(part.types for part in self.parts))

    @property
    def is_activity(self) -> bool:
        """Whether it counts events, so that each is activity of its hour."""
        return isinstance(self.journey, DistinctLeads)

    def take(self, fact: Fact) -> Taken | None:
        """The item that a fact belongs to, or None. What was reversed whole belongs to none, but for distinct keys."""
        if fact.whole and self.basis is None:
            return None
        roles = 0
        for part in self.parts:
            if fact.type in part.types and part.holds(fact.data) and not (part.converts and _is_for_nothing(fact)):
                roles |= part.role
        if not roles:
            return None
        present = [(field, fact.data[field]) for field in self.measured if fact.data.get(field) is not None]
        if self.measured and not present:
            return None
        if self.basis is not None and counts_key(fact, self.basis):
            roles |= COUNTED
        key = self._key(fact)
        if key is None:
            return None
        value = sum(scaled(net_of(fact, field, amount, Basis.NET), self.scale) for field, amount in present)
        return Taken(key, roles, value)

    def _key(self, fact: Fact) -> str | None:
        if self.by_subject:
            return fact.subject
        key = None if self.fields is None else join_key(fact.data, self.fields)
        return OWN_KEY + KEY_SEPARATOR.join(fact.identity) if key is None and self.falls_back else key


def _is_for_nothing(fact: Fact) -> bool:
    return fact.type == SALE and net_of(fact, "amount", fact.data.get("amount") or 0, Basis.NET) == 0
