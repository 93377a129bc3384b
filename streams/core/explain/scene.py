"""One KPI, subject, period and series with the evidence on it: which facts count there, and why others do not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from schemas.events.envelope import Event
from schemas.values import Scope
from streams.core.corrections import identity_of
from streams.core.explain.evidence import Case, Evidence
from streams.core.facts import ANONYMOUS_TYPES, Credit, Fact
from streams.core.journeys.contract import Chain
from streams.core.judge_spec import JudgeSpec
from streams.core.measures.journey_leaves import JourneyLeaf
from streams.core.measures.leaves import KeyLeaf
from streams.core.measures.plan import Plan
from streams.core.merges import Merges
from streams.core.rows import Rows
from streams.core.series import joined, named_in
from streams.core.spread import MERGED
from streams.core.windows import Window

EXAMPLES = 5


class Reason(StrEnum):
    """Why an event of a type that the KPI reads has no part in the value, or in one leaf of it."""

    CONDITION = "condition"
    """It does not meet a `where`; the detail is the conditions that fail."""
    FIELD = "field"
    """It lacks what would be added or told apart; the detail is the fields."""
    REVERSED = "reversed"
    """It was taken back as a whole."""
    RETRACTED = "retracted"
    CORRECTED_AWAY = "corrected_away"
    """A correction moved it to somebody else, or changed it so that it does not count."""
    OTHER_PERIOD = "other_period"
    """It counts for the subject, in another period; the detail is the first and the last of them."""
    MOVED = "moved"
    """Its person belongs to the subject in some part of the period, and at its time did not; the detail is where."""
    OUTSIDE_MEMBERSHIP = "outside_membership"
    """It names the subject at a time at which they belong to no team; the detail is who is credited instead."""
    OTHER_SUBJECT = "other_subject"
    """It is credited to others."""
    OTHER_SERIES = "other_series"
    """It belongs to another series, or to none."""
    NO_START = "no_start"
    """Of an item whose beginning is not there."""
    OPEN = "open"
    """Of an item that nobody has answered yet, or whose answer was stopped or undone."""
    WAITING = "waiting"
    """It amends an event that is not there."""


class Excluded(NamedTuple):
    """Events left out for one reason, and (source, id) of the first of them."""

    reason: Reason
    detail: str
    events: int
    examples: tuple[tuple[str, str], ...]


class Tally:
    """Events left out, gathered by reason and detail in the order in which they come."""

    def __init__(self) -> None:
        self._found: dict[tuple[Reason, str], list[tuple[str, str]]] = {}

    def note(self, reason: Reason, detail: str, identity: tuple[str, str]) -> None:
        """One more."""
        self._found.setdefault((reason, detail), []).append(identity)

    def told(self) -> tuple[Excluded, ...]:
        """By reason, then detail."""
        found = sorted(self._found.items(), key=lambda item: (list(Reason).index(item[0][0]), item[0][1]))
        return tuple(Excluded(*name, len(all_), tuple(all_[:EXAMPLES])) for name, all_ in found)


@dataclass(frozen=True)
class Scene:
    """What an explanation is about. `clock_us` is how far the state has come, `first_us` the time of the first event of
    all, None where there is none; `series` None is the whole."""

    spec: JudgeSpec
    plan: Plan
    subject: str
    window: Window
    clock_us: int
    first_us: int | None
    evidence: Evidence
    series: str | None = None

    @property
    def name(self) -> str:
        """What the subject, or its series, is counted under."""
        return self.subject if self.series is None else joined(self.subject, self.series)

    @cached_property
    def mine(self) -> tuple[Fact, ...]:
        """Facts of the KPI's types that are credited to the subject within the period."""
        return tuple(
            fact for fact in self.evidence.facts() if self.reads(fact) and self.within(fact) and self.credited(fact)
        )

    def reads(self, fact: Fact) -> bool:
        """Whether the KPI reads facts of this type."""
        return fact.type in self.plan.types

    def within(self, fact: Fact) -> bool:
        """Whether the fact is of the period."""
        return self.window.start_us <= fact.time_us < self.window.end_us

    def credit(self, fact: Fact) -> Credit:
        """Who is credited for a fact."""
        return self.spec.observe.spread.crediting.of(fact)

    def chain(self, fact: Fact) -> Chain:
        """Who is credited, and the series, as a moment of an item has it."""
        series = named_in(self.plan.kpi, fact.data)
        return self.credit(fact)[:3] if series is None else (*self.credit(fact)[:3], series)

    def credited(self, fact: Fact) -> bool:
        """Whether the subject is, in the series that is asked for."""
        return self._is_of_subject(fact) and self.series in (None, named_in(self.plan.kpi, fact.data))

    def _is_of_subject(self, fact: Fact) -> bool:
        return any(subject == self.subject for _, subject in self.credit(fact).subjects(self.plan.kpi.scope))

    def takes(self, fact: Fact) -> bool:
        """Whether the fact by itself has a part in the KPI, whoever is credited; what it is to an item of a journey is
        told with the item."""
        return self.reads(fact) and self.plan.contribution(fact) is not None

    def joins(self, fact: Fact) -> bool:
        """Whether the fact is a part of an item."""
        return any(leaf.take(fact) is not None for leaf in self.plan.journeys if fact.type in leaf.types)

    def merges(self, leaf: KeyLeaf | JourneyLeaf) -> Merges:
        """What each key of a leaf is now: leads may have become others."""
        return self._merges if leaf.by_lead else Merges(Rows())

    @cached_property
    def _merges(self) -> Merges:
        merges = Merges(Rows())
        standing = [fact for fact in self.evidence.facts() if fact.type == MERGED]
        merges.take(
            [(*fact.identity, (fact.time_us, fact.data["lead_id"], fact.data["into_lead_id"])) for fact in standing]
        )
        return merges

    def day(self, time_us: int) -> str:
        """The local date of an instant, as 2026-11-23."""
        return self.spec.windows.clock.date(time_us).isoformat()

    def excluded(self) -> tuple[Excluded, ...]:
        """What would count, and does not for this subject and period."""
        tally, periods = Tally(), _Periods(self)
        for case in self.evidence.cases:
            for fact in case.facts:
                if self.takes(fact):
                    self._place(fact, tally, periods)
            self._amended(case, tally)
        periods.told(tally)
        for event in self.evidence.waiting:
            tally.note(Reason.WAITING, event.type, identity_of(event))
        return tally.told()

    def _place(self, fact: Fact, tally: Tally, periods: "_Periods") -> None:
        credited = self.credited(fact)
        if credited and self.within(fact):
            return
        if credited:
            periods.add(fact)
        elif self.within(fact):
            tally.note(*self._not_credited(fact), fact.identity)

    def _not_credited(self, fact: Fact) -> tuple[Reason, str]:
        if self._is_of_subject(fact):
            return Reason.OTHER_SERIES, named_in(self.plan.kpi, fact.data) or "-"
        credit, named = self.credit(fact), self._named(fact)
        elsewhere = credit.team or credit.org
        if named is not None and named == self.subject:
            return Reason.OUTSIDE_MEMBERSHIP, elsewhere
        if named is not None and named in self._members:
            return Reason.MOVED, elsewhere
        return Reason.OTHER_SUBJECT, ""

    def _named(self, fact: Fact) -> str | None:
        if fact.type in ANONYMOUS_TYPES:
            return None
        data = fact.data
        found: str | None = data.get("owner") or data.get("person_id") or data.get("to_owner")
        return found

    @cached_property
    def _members(self) -> frozenset[str]:
        """Who belongs to the subject at some time of the period."""
        scope, targets = self.spec.targets.scopes[self.subject], self.spec.targets
        teams = {team.id for team in self.spec.catalogue.teams if self.subject in (team.id, team.department)}
        if scope is Scope.PERSON:
            return frozenset()
        return frozenset(
            person for team in teams for _, _, person in targets.members(team, self.window.start_us, self.window.end_us)
        )

    def _amended(self, case: Case, tally: Tally) -> None:
        """A root that would count as it was sent."""
        sent = _as_sent(case.root)
        if not ((self.takes(sent) or self.joins(sent)) and self.within(sent) and self.credited(sent)):
            return
        if not case.facts:
            tally.note(Reason.RETRACTED, "", sent.identity)
        elif not ((self.takes(case.facts[0]) or self.joins(case.facts[0])) and self.credited(case.facts[0])):
            tally.note(Reason.CORRECTED_AWAY, "", sent.identity)

    def touched(self) -> Iterator[Case]:
        """Cases with amendments in which the subject and period have a part, as sent or as they stand."""
        for case in self.evidence.cases:
            if case.changes and any(
                self.reads(fact) and self.within(fact) and self.credited(fact)
                for fact in (_as_sent(case.root), *case.facts)
            ):
                yield case


class _Periods:
    """Facts of the subject in other periods, told as one."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._facts: list[Fact] = []

    def add(self, fact: Fact) -> None:
        self._facts.append(fact)

    def told(self, tally: Tally) -> None:
        facts, scene = sorted(self._facts, key=lambda fact: (fact.time_us, fact.identity)), self._scene
        grain = scene.plan.kpi.period
        for fact in facts:
            first, last = (scene.spec.windows.period(grain, one.time_us).id for one in (facts[0], facts[-1]))
            tally.note(Reason.OTHER_PERIOD, first if first == last else f"{first} … {last}", fact.identity)


def _as_sent(root: Event) -> Fact:
    return Fact(root.type, root.time_us, root.data, identity_of(root))


def by_time(facts: Iterable[Fact]) -> list[Fact]:
    """Facts in order of (time, source, id)."""
    return sorted(facts, key=lambda fact: (fact.time_us, fact.identity))
