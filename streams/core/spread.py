"""From a fact to the cells it changes: credited subjects times windows, for every KPI that reads its type."""

from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Mapping
from copy import copy
from typing import NamedTuple, TypeVar

from schemas.catalogue.models import Catalogue
from schemas.events.registry import Registry
from streams.core.calendar.absences import LEAVE
from streams.core.facts import Credit, Crediting, Fact
from streams.core.frames import Part
from streams.core.handling import turns_read
from streams.core.layout import Layout, watches_hours
from streams.core.measures.compile import compile_kpi
from streams.core.measures.growing import BASE, base_kpi
from streams.core.measures.journey_leaves import JourneyLeaf
from streams.core.measures.plan import Plan
from streams.core.membership import Membership
from streams.core.series import joined, named_in, whole_of
from streams.core.windows import Windows

MERGED = "lead.merged"
T = TypeVar("T")


class Touch(NamedTuple):
    """One fact's effect on one KPI: the same vector and keys for each of `subjects` and of their `series`; activity of
    the subjects alone."""

    plan: Plan
    vector: list[int]
    keys: list[tuple[int, str]]
    subjects: list[str]
    series: list[str]
    period: str
    pane: str | None
    active: int


class Spread:
    """Compiled KPIs of a catalogue, by the event types that they read."""

    def __init__(self, catalogue: Catalogue, registry: Registry, membership: Membership, windows: Windows) -> None:
        self.plans = {kpi.id: compile_kpi(kpi, registry) for kpi in catalogue.kpis}
        grown = ((plan.kpi, plan.growing) for plan in self.plans.values() if plan.growing is not None)
        counted = [base for kpi, growing in grown if (base := base_kpi(kpi, growing)) is not None]
        self.bases = {base.id.removesuffix(BASE): compile_kpi(base, registry) for base in counted}
        """What counts the baseline of a KPI's growth, by that KPI."""
        self.counted = self.plans | {base.kpi.id: base for base in self.bases.values()}
        self.layout = Layout(self.plans.values(), self.bases.values())
        self.crediting = Crediting(membership, catalogue.tenant.id)
        self._windows = windows
        self._by_type: dict[str, list[Plan]] = defaultdict(list)
        self._keyed: dict[str, list[Plan]] = defaultdict(list)
        self._joined: dict[str, list[tuple[Plan, JourneyLeaf]]] = defaultdict(list)
        counting = {plan.kpi.id: [leaf for leaf in plan.journeys if leaf.is_activity] for plan in self.counted.values()}
        for plan in self.counted.values():
            leaves = (*plan.leaves, *plan.keys, *counting[plan.kpi.id])
            for type_ in frozenset().union(*(leaf.types for leaf in leaves)):
                self._by_type[type_].append(plan)
                if plan.one_by_one:
                    self._keyed[type_].append(plan)
            for leaf in plan.journeys:
                for type_ in leaf.types:
                    self._joined[type_].append((plan, leaf))
        self.tells_merges = self.has_keys
        """Also where nothing goes by lead: LINK keeps merges, and has to hear of one that is retracted meanwhile."""
        told = {LEAVE, MERGED} if self.tells_merges else {LEAVE}
        self.linked_types = frozenset(self._keyed) | frozenset(self._joined) | told
        """Types of events that are counted one by one: a KPI counts distinct keys, joins events or has series."""
        self.turns = turns_read(self.counted.values())
        """Types of events that say how long somebody worked on a ticket, where a KPI reads that."""

    def only(self, kpis: Container[str]) -> "Spread":
        """The same for some of the KPIs counted."""
        some = copy(self)
        some._by_type = _some(self._by_type, lambda plan: plan.kpi.id in kpis)
        some._keyed = _some(self._keyed, lambda plan: plan.kpi.id in kpis)
        some._joined = _some(self._joined, lambda entry: entry[0].kpi.id in kpis)
        some.tells_merges = any(plan.by_lead for kpi, plan in self.counted.items() if kpi in kpis)
        return some

    @property
    def types(self) -> frozenset[str]:
        """Types of events that any KPI counts or joins."""
        return frozenset(self._by_type) | frozenset(self._joined)

    @property
    def has_keys(self) -> bool:
        """Whether any KPI counts distinct keys or joins events, and so needs stage LINK."""
        return any(plan.linked and plan.types for plan in self.plans.values())

    def parts(self, fact: Fact, credit: Credit) -> Iterator[Part]:
        """The items that a fact is a part of."""
        for plan, leaf in self._joined.get(fact.type, ()):
            taken = leaf.take(fact)
            if taken is not None:
                series = named_in(plan.kpi, fact.data)
                chain = credit[:3] if series is None else (*credit[:3], series)
                payload = (fact.time_us, taken.roles, chain, taken.value)
                yield plan.tag, leaf.index, taken.key, *fact.identity, payload, ""

    def touches(self, fact: Fact, credit: Credit, *, keyed: bool = False) -> Iterator[Touch]:
        """Every KPI that the fact has a part in; `keyed`: of those alone that are counted one by one."""
        for plan in (self._keyed if keyed else self._by_type).get(fact.type, ()):
            vector = plan.contribution(fact)
            if vector is None:
                continue
            kpi = plan.kpi
            subjects, series = [subject for _, subject in credit.subjects(kpi.scope)], named_in(kpi, fact.data)
            yield Touch(
                plan=plan,
                vector=vector,
                keys=plan.held_keys(fact) if plan.keys else [],
                subjects=subjects,
                series=[] if series is None else [joined(subject, series) for subject in subjects],
                period=self._windows.period(kpi.period, fact.time_us).id,
                pane=self._windows.pane(fact.time_us).id if watches_hours(plan) else None,
                active=0 if fact.whole else 1,
            )


def _some(by_type: Mapping[str, list[T]], is_one: Callable[[T], bool]) -> dict[str, list[T]]:
    """Of what is kept by type some, without types that have none."""
    found = {type_: [one for one in entries if is_one(one)] for type_, entries in by_type.items()}
    return {type_: entries for type_, entries in found.items() if entries}


def route(anonymous: bool, subject: str, org: str) -> str:
    """The routing key of a KPI's cell on the way to JUDGE: its subject, so that all KPIs of a subject meet, and all
    series. Anonymous KPIs are judged in one place, because hiding one team may mean hiding its sibling."""
    return org if anonymous else whole_of(subject)
