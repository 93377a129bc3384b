"""Leaves of a measure: what one fact adds to a KPI's vector, and which distinct keys it holds.

Money, counts and integers are added as they are. Fields that may be fractional (seconds, scores, numbers) are added
in billionths of their unit: exact up to nine decimals, and always exactly undone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.catalogue.measures import Basis
from streams.core.facts import Fact
from streams.core.measures.where import Filter

LEAD = "lead_id"
"""The one field whose ids may become others: leads are merged."""
BILLION = 1_000_000_000
KEY_SEPARATOR = "\x1f"
"""Between the parts of a composed key; no visible id contains it."""
OWN_KEY = "\x1e"
"""Before the identity of an event that stands for itself, so that it is no other event's key."""


def scaled(value: int | float, scale: int) -> int:
    """`value * scale` as an integer: exact for integers, rounded to the nearest for floats."""
    if isinstance(value, int):
        return value * scale
    whole = int(value)
    return whole * scale + round((value - whole) * scale)


def net_of(fact: Fact, field: str, value: int | float, basis: Basis) -> int | float:
    """A field after reversals: a whole one takes everything, partial ones take only from `amount`."""
    taken = fact.taken if field == "amount" else 0
    if basis is Basis.GROSS:
        return value
    if basis is Basis.REVERSED:
        return value if fact.whole else taken
    return 0 if fact.whole else value - taken


def stands(fact: Fact, basis: Basis) -> bool:
    """Whether the fact counts as an event behind a value of this basis."""
    if basis is Basis.GROSS:
        return True
    if basis is Basis.REVERSED:
        return fact.whole or fact.taken > 0
    return not fact.whole


@dataclass(frozen=True, slots=True)
class CountLeaf:
    """One for each fact; `reversed` counts only whole reversals, because a partial one leaves the count."""

    types: frozenset[str]
    holds: Filter
    basis: Basis
    slot: int

    def take(self, fact: Fact) -> int | None:
        """What the fact adds, or None where the leaf does not read it."""
        if fact.type not in self.types or not self.holds(fact.data):
            return None
        return int(fact.whole) if self.basis is Basis.REVERSED else int(stands(fact, self.basis))

    def counts(self, fact: Fact) -> bool:
        """Whether the fact, which the leaf takes, is an event behind the value."""
        return self.take(fact) == 1


@dataclass(frozen=True, slots=True)
class SumLeaf:
    """The per-event sum of some fields; a fact with none of them is not taken."""

    types: frozenset[str]
    holds: Filter
    basis: Basis
    slot: int
    fields: tuple[str, ...]
    scale: int

    def take(self, fact: Fact) -> int | None:
        """What the fact adds in 1 / `scale` units, or None where the leaf does not read it."""
        data = fact.data
        if fact.type not in self.types or not self.holds(data):
            return None
        present = [(field, data[field]) for field in self.fields if data.get(field) is not None]
        if not present:
            return None
        return sum(scaled(net_of(fact, field, value, self.basis), self.scale) for field, value in present)

    def counts(self, fact: Fact) -> bool:
        """Whether the fact, which the leaf takes, is an event behind the value."""
        if self.basis is Basis.REVERSED:  # a part of the amount was taken, and nothing of any other field
            return fact.whole or (fact.taken > 0 and "amount" in self.fields)
        return stands(fact, self.basis)


@dataclass(frozen=True, slots=True)
class KeyLeaf:
    """Distinct keys among facts. The keys travel to where all holders of one key meet (stage LINK).

    Of a mean `per` key, `measured` are the fields that the mean adds: a fact with none of them has no part, and one
    without the key is an entity of its own.
    """

    types: frozenset[str]
    holds: Filter
    basis: Basis
    index: int
    fields: tuple[str, ...]
    measured: tuple[str, ...] | None = None

    @property
    def by_lead(self) -> bool:
        """Whether keys are leads, which may be merged."""
        return self.fields == (LEAD,)

    def key(self, fact: Fact) -> str | None:
        """The key that the fact holds, or None where it has no part in this leaf."""
        data = fact.data
        if fact.type not in self.types or not self.holds(data):
            return None
        if self.measured is None:
            return join_key(data, self.fields)
        if all(data.get(field) is None for field in self.measured):
            return None
        return join_key(data, self.fields) or OWN_KEY + KEY_SEPARATOR.join(fact.identity)

    def counts(self, fact: Fact) -> bool:
        """Whether the fact, which holds a key, keeps that key counted."""
        return counts_key(fact, self.basis)


def counts_key(fact: Fact, basis: Basis) -> bool:
    """Whether a fact that holds a key keeps it counted: a partial reversal leaves the count."""
    return fact.whole if basis is Basis.REVERSED else stands(fact, basis)


def join_key(data: Mapping[str, Any], fields: tuple[str, ...]) -> str | None:
    """The composed key, or None where a part of it is absent."""
    parts = [data.get(field) for field in fields]
    return None if any(part is None for part in parts) else KEY_SEPARATOR.join(map(str, parts))
