"""The target of a KPI for a subject and a period (DESIGN 4.2, MEASURES section 3).

The narrowest stated version wins: one for the subject, else one `per` its kind. Where nothing is stated for a team,
department or the organisation, counts and sums take the sum of their members', each by the share of the period's
working time that they belong; ratios and means take over the same target. Totals that should stay small and foreign
distinct counts have only what is stated. Working time here is the tenant's.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from schemas.catalogue.models import Catalogue, Kpi, Target
from schemas.catalogue.references import subjects
from schemas.values import Scope
from streams.core.calendar import WorkingTime
from streams.core.measures.plan import Plan
from streams.core.membership import ALWAYS_US, FOREVER_US, Membership
from streams.core.windows import Window, Windows

Number = int | float
FINENESS = (Scope.PERSON, Scope.TEAM, Scope.DEPARTMENT, Scope.ORG)
MOST_KNOWN = 200_000
"""Answers remembered: open rows of 1,000 people and 20 KPIs ask for 50,000, and every day has new ones."""


class Piece(NamedTuple):
    """What one stated version adds to a target: `value` for [start_us, end_us), weighed by the `share` of the period's
    working time that lies in it. `subject` is whose it is: the one asked for, or a member. `base` is where a key result
    began."""

    subject: str
    value: Fraction
    start_us: int
    end_us: int
    share: Fraction
    base: Fraction | None = None


class Targets:
    """Targets of one catalogue. Answers are remembered for each (kpi, subject, period), up to MOST_KNOWN of them."""

    def __init__(
        self,
        catalogue: Catalogue,
        plans: Mapping[str, Plan],
        membership: Membership,
        windows: Windows,
        working_time: WorkingTime,
    ) -> None:
        self.scopes: Mapping[str, Scope] = subjects(catalogue)
        self._org = catalogue.tenant.id
        self._teams = {team.id: team.department for team in catalogue.teams}
        self._people = sorted({person.id for person in catalogue.people})
        self._plans = plans
        self._membership = membership
        self._windows = windows
        self._working_time = working_time
        self._known: dict[tuple[str, str, str], Number | None] = {}
        self._repeats: dict[tuple[str, str], bool] = {}
        self._stated_for: dict[tuple[str, Scope, str], list[list[Target]]] = {}
        self._spans: dict[int, tuple[int, int]] = {}  # by the identity of a target: the catalogue outlives us

    def of(self, kpi_id: str, subject: str, window: Window) -> Number | None:
        """The target in the KPI's unit, or None where there is none. Pro-rated sums are not rounded."""
        plan = self._plans[kpi_id]
        if not plan.kpi.targets:
            return None
        key = (kpi_id, subject, window.id)
        if key not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            exact = self._find(plan, subject, window)
            self._known[key] = None if exact is None else _plain(exact)
        return self._known[key]

    def pieces(self, kpi_id: str, subject: str, window: Window) -> list[Piece]:
        """What `of` is made of, in order: one piece a version and member. A class without pace has the one version that
        holds at the period's end, with a share of 1. Empty where there is no target."""
        plan, scope = self._plans[kpi_id], self.scopes[subject]
        if plan.measure_class.is_total:
            return self._pieces(plan, scope, subject, window)
        held = self._held(plan.kpi, scope, subject, window)
        if held is None or not self._takes_part(plan.kpi, scope, subject, window):
            return []
        start_us, end_us = self._span(held)
        stretch = max(start_us, window.start_us), min(end_us, window.end_us)
        return [Piece(subject, Fraction(held.value), *stretch, Fraction(1), _base(held))]

    def base(self, kpi_id: str, subject: str, window: Window) -> Number | None:
        """Where a key result began, made of its versions as the target is; None where one of them does not say."""
        if all(target.start is None for target in self._plans[kpi_id].kpi.targets):
            return None
        pieces = self.pieces(kpi_id, subject, window)
        bases = [(piece.base, piece.share) for piece in pieces if piece.base is not None]
        if not pieces or len(bases) < len(pieces):
            return None
        return _plain(sum((base * share for base, share in bases), Fraction()))

    def strict(self, kpi_id: str, subject: str, window: Window) -> bool:
        """Whether the target in force at the period's end is met only when passed."""
        kpi = self._plans[kpi_id].kpi
        if not any(target.strict for target in kpi.targets):
            return False
        for scope in FINENESS[: FINENESS.index(self.scopes[subject]) + 1][::-1]:
            version = self._in_force(self._stated(kpi, scope, subject), window.end_us - 1)
            if version is not None:
                return version.strict
        return False

    def members(self, team: str, from_us: int, to_us: int) -> list[tuple[int, int, str]]:
        """(start, end, person) of every stretch of membership in a team that shares an instant with [from, to)."""
        return [
            (start_us, end_us, person)
            for person in self._membership.persons(team, from_us, to_us)
            for start_us, end_us, held in self._membership.stretches(person)
            if held == team and start_us < to_us and end_us > from_us
        ]

    def subjects_of(self, kpi: Kpi) -> list[str]:
        """Every subject that a KPI of this scope can be published for."""
        finest = FINENESS.index(kpi.scope)
        return [subject for subject, scope in self.scopes.items() if FINENESS.index(scope) >= finest]

    def only_repeats(self, kpi: Kpi, subject: str) -> bool:
        """Whether a team, department or organisation holds just one subject below it that has this KPI: what can be
        said of the one has been said of the other."""
        key = (kpi.id, subject)
        if key not in self._repeats:
            self._repeats[key] = self._only_repeats(kpi, subject)
        return self._repeats[key]

    def _only_repeats(self, kpi: Kpi, subject: str) -> bool:
        scope = self.scopes[subject]
        if scope is Scope.PERSON:
            return False
        teams = {team for team in self._teams if self._named(kpi, team)}
        if scope is Scope.TEAM and kpi.scope is Scope.PERSON:
            return len({person for _, _, person in self.members(subject, ALWAYS_US, FOREVER_US)}) == 1
        if scope is Scope.DEPARTMENT and kpi.scope in (Scope.PERSON, Scope.TEAM):
            return sum(1 for team in teams if self._teams[team] == subject) == 1
        if scope is Scope.ORG and kpi.scope is not Scope.ORG:
            return len({self._teams[team] for team in teams}) == 1
        return False

    def first_us(self, kpi: Kpi) -> int | None:
        """When the earliest version of a target begins; None where one has no beginning, or there is none."""
        starts = [self._span(target)[0] for target in kpi.targets]
        return min(starts) if starts and ALWAYS_US not in starts else None

    # -- finding

    def _find(self, plan: Plan, subject: str, window: Window) -> Fraction | None:
        scope = self.scopes[subject]
        if not self._takes_part(plan.kpi, scope, subject, window):
            return None
        if plan.measure_class.is_total:
            pieces = self._pieces(plan, scope, subject, window)
            return _weighed(pieces) if pieces else None
        version = self._held(plan.kpi, scope, subject, window)
        return None if version is None else Fraction(version.value)

    def _held(self, kpi: Kpi, scope: Scope, subject: str, window: Window) -> Target | None:
        """The one version that holds for a class without pace."""
        return self._in_force(self._stated(kpi, scope, subject), window.end_us - 1) or self._inherited(
            kpi, scope, window
        )

    def _pieces(self, plan: Plan, scope: Scope, subject: str, window: Window) -> list[Piece]:
        """What a paced target is the sum of: what is stated for the subject, else its members' shares."""
        if not self._takes_part(plan.kpi, scope, subject, window):
            return []
        own = self._by_working_time(plan.kpi, scope, subject, window, (window.start_us, window.end_us))
        if own or not plan.measure_class.sums_over_members:
            return own
        if scope is Scope.ORG:
            departments = sorted(set(self._teams.values()))
            return [piece for one in departments for piece in self._pieces(plan, Scope.DEPARTMENT, one, window)]
        if scope is Scope.DEPARTMENT:
            teams = [team for team, department in self._teams.items() if department == subject]
            return [piece for one in teams for piece in self._pieces(plan, Scope.TEAM, one, window)]
        if scope is Scope.TEAM and plan.kpi.scope is Scope.PERSON:
            return [
                piece
                for start_us, end_us, person in self.members(subject, window.start_us, window.end_us)
                for piece in self._by_working_time(plan.kpi, Scope.PERSON, person, window, (start_us, end_us))
            ]
        return []

    def _inherited(self, kpi: Kpi, scope: Scope, window: Window) -> Target | None:
        """A ratio's or mean's target stated for a finer kind holds for the wider one too."""
        for finer in FINENESS[: FINENESS.index(scope)][::-1]:
            version = self._in_force([[t for t in kpi.targets if _kind(t, kpi) is finer]], window.end_us - 1)
            if version is not None:
                return version
        return None

    def _takes_part(self, kpi: Kpi, scope: Scope, subject: str, window: Window) -> bool:
        """Whether the subject has this KPI in the period: by membership and by the KPI's `for`."""
        if FINENESS.index(scope) < FINENESS.index(kpi.scope):
            return False
        if scope is Scope.PERSON:
            return any(
                self._named(kpi, team)
                for start_us, end_us, team in self._membership.stretches(subject)
                if start_us < window.end_us and end_us > window.start_us
            )
        if kpi.for_ is None or scope is Scope.ORG:
            return True
        if scope is Scope.TEAM:
            return self._named(kpi, subject)
        return subject in kpi.for_ or any(self._named(kpi, t) for t, d in self._teams.items() if d == subject)

    def _named(self, kpi: Kpi, team: str) -> bool:
        return kpi.for_ is None or team in kpi.for_ or self._teams.get(team) in kpi.for_

    # -- versions

    def _stated(self, kpi: Kpi, scope: Scope, subject: str) -> list[list[Target]]:
        """Versions for the subject itself, then those for its kind."""
        name = (kpi.id, scope, subject)
        if name not in self._stated_for:
            own = [target for target in kpi.targets if target.subject == subject]
            self._stated_for[name] = [own, [target for target in kpi.targets if _kind(target, kpi) is scope]]
        return self._stated_for[name]

    def _in_force(self, stated: list[list[Target]], time_us: int) -> Target | None:
        for versions in stated:
            for version in versions:
                start_us, end_us = self._span(version)
                if start_us <= time_us < end_us:
                    return version
        return None

    def _span(self, version: Target) -> tuple[int, int]:
        span = self._spans.get(id(version))
        if span is None:
            clock = self._windows.clock
            span = self._spans[id(version)] = (
                ALWAYS_US if version.from_ is None else clock.start_of(version.from_),
                FOREVER_US if version.to is None else clock.start_of(version.to),
            )
        return span

    def _by_working_time(
        self, kpi: Kpi, scope: Scope, subject: str, window: Window, held: tuple[int, int]
    ) -> list[Piece]:
        """T_i and W_i / W of the versions in force for a subject within the window and [start, end) of `held`."""
        stated = self._stated(kpi, scope, subject)
        start_us, end_us = max(held[0], window.start_us), min(held[1], window.end_us)
        edges = {start_us, end_us}
        for version in (version for versions in stated for version in versions):
            edges.update(edge for edge in self._span(version) if start_us < edge < end_us)
        parts = [
            (in_force, left_us, right_us)
            for left_us, right_us in pairwise(sorted(edges))
            if (in_force := self._in_force(stated, left_us)) is not None
        ]
        whole = len(parts) == 1 and parts[0][1:] == window[1:]
        return [
            Piece(
                subject,
                Fraction(version.value),
                left_us,
                right_us,
                Fraction(1) if whole else self._share(window, left_us, right_us),
                _base(version),
            )
            for version, left_us, right_us in parts
        ]

    def _share(self, window: Window, start_us: int, end_us: int) -> Fraction:
        whole_us = self._working_time.between(window.start_us, window.end_us)
        if whole_us == 0:  # a period without working time is shared out by the clock
            return Fraction(end_us - start_us, window.end_us - window.start_us)
        return Fraction(self._working_time.between(start_us, end_us), whole_us)


def _kind(target: Target, kpi: Kpi) -> Scope | None:
    """The kind of subject that a target is stated for; None where it is for one subject."""
    return None if target.subject is not None else target.per or kpi.scope


def _base(version: Target) -> Fraction | None:
    return None if version.start is None else Fraction(version.start)


def _weighed(pieces: Iterable[Piece]) -> Fraction:
    return sum((piece.value * piece.share for piece in pieces), Fraction())


def _plain(exact: Fraction) -> Number:
    return exact.numerator if exact.denominator == 1 else float(exact)
