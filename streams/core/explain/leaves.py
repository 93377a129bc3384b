"""The leaves of a measure, explained: what each adds up to by day and event type, and what it leaves out."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from schemas.events.fields import FieldKind
from schemas.events.registry import Registry
from streams.core.explain.scene import Excluded, Reason, Scene, Tally, by_time
from streams.core.facts import Fact
from streams.core.measures.leaves import CountLeaf, KeyLeaf, SumLeaf


class Day(NamedTuple):
    """Events of one type on one local date that a leaf counts, and what they add in 1 / `scale` of its unit. For
    distinct keys that is the keys that came for the first time in the period."""

    day: str
    type: str
    events: int
    integer: int


class Group(NamedTuple):
    """Items of one kind, and the keys of the first of them."""

    name: str
    items: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeafTold:
    """One leaf: `integer` counts in 1 / `scale` of `unit`, `events` are those that the sum is made of. Of a leaf that
    joins events, `events` are items, and `groups` say what became of them."""

    what: str
    unit: str
    scale: int
    integer: int
    events: int
    days: tuple[Day, ...]
    excluded: tuple[Excluded, ...]
    groups: tuple[Group, ...] = ()

    @property
    def amount(self) -> Fraction:
        """What the leaf adds up to, in its unit."""
        return Fraction(self.integer, self.scale)


def tell_leaf(leaf: CountLeaf | SumLeaf | KeyLeaf, scene: Scene) -> LeafTold:
    """A leaf over the facts of the scene."""
    currency, registry = scene.spec.catalogue.tenant.currency, scene.spec.observe.registry
    if isinstance(leaf, KeyLeaf):
        added = _first_of_each(leaf, scene)
        scale, unit = 1, "keys"
    else:
        added = [
            (fact, leaf.take(fact) or 0) for fact in scene.mine if leaf.take(fact) is not None and _adds(leaf, fact)
        ]
        scale, unit = (leaf.scale if isinstance(leaf, SumLeaf) else 1), unit_of(leaf, registry, currency)
    return LeafTold(
        what=what(leaf),
        unit=unit,
        scale=scale,
        integer=sum(integer for _, integer in added),
        events=len(added),
        days=_by_day(added, scene),
        excluded=_left_out(leaf, scene),
    )


def events_read(scene: Scene) -> LeafTold:
    """All events of the subject and period that a KPI reads, where nothing more can be told of it."""
    added = [(fact, 1) for fact in scene.mine]
    read = f"read {' + '.join(sorted(scene.plan.types))}"
    return LeafTold(read, "events", 1, len(added), len(added), _by_day(added, scene), ())


def what(leaf: CountLeaf | SumLeaf | KeyLeaf) -> str:
    """`sum amount of sale.closed, basis gross, where cost gt 0`."""
    if isinstance(leaf, CountLeaf):
        verb = "count"
    else:
        verb = f"{'sum' if isinstance(leaf, SumLeaf) else 'distinct'} {' + '.join(leaf.fields)} of"
    basis = "" if leaf.basis.value == "net" else f", basis {leaf.basis.value}"
    where = f", where {leaf.holds}" if leaf.holds.fields else ""
    return f"{verb} {' + '.join(sorted(leaf.types))}{basis}{where}"


def unit_of(leaf: CountLeaf | SumLeaf, registry: Registry, currency: str) -> str:
    """`events`, the currency, `s`, or nothing where a field has no unit that is known."""
    if isinstance(leaf, CountLeaf):
        return "events"
    known = [registry.fields_of(type_) for type_ in leaf.types]
    kinds = {fields[name] for fields in known for name in leaf.fields if name in fields}
    if kinds == {FieldKind.MONEY}:
        return currency
    return "s" if kinds == {FieldKind.SECONDS} else ""


def _adds(leaf: CountLeaf | SumLeaf, fact: Fact) -> bool:
    """Whether a fact that a leaf takes is one of its events: also a sale of which a part was taken back."""
    return leaf.counts(fact) or bool(leaf.take(fact))


def _first_of_each(leaf: KeyLeaf, scene: Scene) -> list[tuple[Fact, int]]:
    """Facts that keep a key counted, with 1 where it is the first to do so."""
    seen: set[str] = set()
    found = []
    merges = scene.merges(leaf)
    for fact in by_time(scene.mine):
        held = leaf.key(fact)
        if held is not None and leaf.counts(fact):
            key = merges.root(held)
            found.append((fact, int(key not in seen)))
            seen.add(key)
    return found


def _by_day(added: Iterable[tuple[Fact, int]], scene: Scene) -> tuple[Day, ...]:
    events: dict[tuple[str, str], int] = defaultdict(int)
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for fact, integer in added:
        name = scene.day(fact.time_us), fact.type
        events[name] += 1
        sums[name] += integer
    return tuple(Day(*name, events[name], sums[name]) for name in sorted(events))


def _left_out(leaf: CountLeaf | SumLeaf | KeyLeaf, scene: Scene) -> tuple[Excluded, ...]:
    tally = Tally()
    for fact in by_time(scene.mine):
        if fact.type not in leaf.types:
            continue
        failing = leaf.holds.failing(fact.data)
        if failing:
            tally.note(Reason.CONDITION, failing, fact.identity)
        elif _has_part(leaf, fact):
            if fact.whole and not leaf.counts(fact):
                tally.note(Reason.REVERSED, "", fact.identity)
        else:
            tally.note(Reason.FIELD, _lacking(leaf), fact.identity)
    return tally.told()


def _has_part(leaf: CountLeaf | SumLeaf | KeyLeaf, fact: Fact) -> bool:
    return (leaf.key(fact) if isinstance(leaf, KeyLeaf) else leaf.take(fact)) is not None


def _lacking(leaf: CountLeaf | SumLeaf | KeyLeaf) -> str:
    if isinstance(leaf, CountLeaf):
        return ""
    return ", ".join(leaf.measured if isinstance(leaf, KeyLeaf) and leaf.measured else leaf.fields)
