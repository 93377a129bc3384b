"""What the kept events say: chains resolved, with each amendment's role and what became of it.

The first step of an explanation. It reads the events of every partition that is at hand, by the ledger's own rules.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from schemas.catalogue.measures import Attainment
from schemas.events.envelope import Event
from streams.core.calendar.absences import LEAVE
from streams.core.corrections import (
    SALE,
    SALE_CORRECTED,
    SALE_REVERSED,
    Chain,
    Kin,
    Ledger,
    Role,
    amends,
    identity_of,
    unpack,
)
from streams.core.facts import Fact
from streams.core.handling import TURNS, timed, turns_read
from streams.core.judge_spec import JudgeSpec
from streams.core.scoring import Board
from streams.core.spread import MERGED
from streams.core.store import Family, Identity, MemoryStore

SALES = frozenset({SALE, SALE_CORRECTED, SALE_REVERSED})


class Kept(NamedTuple):
    """What one partition of OBSERVE still has: packed events, the greatest event time, (outcome, detail) -> events of
    everything it has ever read, and the least event time of that."""

    partition: int
    events: Iterable[bytes]
    watermark_us: int | None
    counts: Mapping[tuple[str, ...], int]
    first_us: int | None = None


class Effect(StrEnum):
    """What became of an amendment."""

    COUNTS = "counts"
    OUTRANKED = "outranked"
    """A later correction of the same event stands instead."""
    UNDONE = "undone"
    """It was itself retracted."""
    MOOT = "moot"
    """What it amends was retracted."""


class Change(NamedTuple):
    """One amendment of a case."""

    role: Role
    event: Event
    effect: Effect


class Case(NamedTuple):
    """A root event, the event whose data stands for it, the facts that it gives (none where it was retracted; the first
    is the root's own), and its amendments by time."""

    root: Event
    effective: Event
    facts: tuple[Fact, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All cases of the types that were asked for, by time; `waiting` amend an event that is not there."""

    cases: tuple[Case, ...]
    waiting: tuple[Event, ...]

    def facts(self) -> Iterator[Fact]:
        """Every fact that stands."""
        return (fact for case in self.cases for fact in case.facts)


def types_of(spec: JudgeSpec, kpi: str) -> frozenset[str]:
    """The types that are evidence on a KPI: those that it reads, leave, which is no working time, merges where leads
    matter, and starts of work where it reads how long somebody worked. Of a KPI over KPIs they are those
    of all that it scores."""
    plan = spec.plans[kpi]
    if isinstance(plan.kpi.measure, Attainment):
        board = Board(plan, spec.plans, spec.windows)
        return frozenset({LEAVE}).union(*(types_of(spec, part) for part in (*board.scored, *board.guards)))
    return plan.types | turns_read([plan]) | ({LEAVE, MERGED} if plan.by_lead else {LEAVE})


def of_types(events: Iterable[bytes], types: frozenset[str]) -> list[bytes]:
    """The packed events that may be evidence on some types; some others may be among them."""
    # A partition has millions of events and a KPI reads a few types: a search in bytes is a fifth of an unpack.
    needles = tuple(type_.encode() for type_ in sorted(_wanted(types)))
    found = []
    for packed in events:
        for needle in needles:
            if needle in packed:
                found.append(packed)
                break
    return found


def gather(kept: Iterable[Kept], types: frozenset[str], horizon_us: int) -> Evidence:
    """The evidence on some types. An entity's events are all in one partition, so partitions are taken one by one."""
    wanted = _wanted(types)
    cases: list[Case] = []
    waiting: list[Event] = []
    for part in kept:
        ledger, amending = Ledger(MemoryStore()), set[Identity]()
        for packed in of_types(part.events, types):
            event = unpack(packed)
            ledger.add(event, packed)
            if amends(event):
                amending.add(identity_of(event))
        for family in ledger.families():
            cases += _cases(ledger, family, amending)
        waiting += [lost for identity in amending if (lost := ledger.get(identity)) is not None]
    if types >= TURNS:
        cases = _timed(cases, horizon_us)
    return Evidence(
        tuple(sorted((case for case in cases if case.root.type in wanted), key=lambda case: _order(case.root))),
        tuple(sorted((event for event in waiting if _root_type(event) in wanted), key=_order)),
    )


def _timed(cases: list[Case], horizon_us: int) -> list[Case]:
    """With the time worked that no system measured."""
    facts = {fact.identity: fact for fact in timed((fact for case in cases for fact in case.facts), horizon_us)}
    return [case._replace(facts=tuple(facts[fact.identity] for fact in case.facts)) for case in cases]


def _cases(ledger: Ledger, family: Family, amending: set[Identity]) -> Iterator[Case]:
    """The cases of a family; the amendments that found their place are taken out of `amending`."""
    kin = ledger.kin(family)
    for chain in kin.chains:
        amending.difference_update(identity_of(event) for _, event in chain.members)
        loose = kin.loose if chain is kin.only else []
        amending.difference_update(identity_of(one.root) for one in loose)
        standing = [one.root for one in loose if not one.retracted]
        facts = () if chain.retracted else tuple(chain.facts(standing))
        yield Case(chain.root, chain.effective, facts, tuple(_changes(chain, loose)))
    _place_retractions(kin, amending)


def _place_retractions(kin: Kin, amending: set[Identity]) -> None:
    for one in kin.loose:
        amending.difference_update(identity_of(event) for _, event in one.members)


def _changes(chain: Chain, loose: Iterable[Chain]) -> list[Change]:
    changes = [Change(role, event, _effect(chain, role, event)) for role, event in chain.members]
    for one in loose:
        effect = Effect.UNDONE if one.retracted else Effect.COUNTS
        changes.append(Change(Role.REVERSAL, one.root, effect))
        changes += [Change(role, event, Effect.COUNTS) for role, event in one.members]
    return sorted(changes, key=lambda change: _order(change.event))


def _effect(chain: Chain, role: Role, event: Event) -> Effect:
    if role is Role.RETRACTION:
        return Effect.COUNTS
    if identity_of(event) in chain.gone:
        return Effect.UNDONE
    if chain.retracted:
        return Effect.MOOT
    if role is Role.CORRECTION and event is not chain.effective:
        return Effect.OUTRANKED
    return Effect.COUNTS


def _wanted(types: frozenset[str]) -> frozenset[str]:
    """With what may amend them: corrections are of the same type, retractions have it in their name, and sales alone
    are amended by other types."""
    return types | SALES if types & SALES else types


def _root_type(event: Event) -> str:
    return event.type.removesuffix(".retracted")


def _order(event: Event) -> tuple[int, str, str]:
    return (event.time_us, event.source, event.id)
