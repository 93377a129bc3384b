"""The target of a KPI for a subject and a period (DESIGN 4.2, MEASURES section 3).

The narrowest stated version wins: one for the subject, else one `per` its kind. Where nothing is stated for a team,
department or the organisation, counts and sums take the sum of their members', each by the share of the period's
working time that they belong; ratios and means take over the same target. Totals that should stay small and foreign
distinct counts have only what is stated. Working time here is the tenant's.
"""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import pairwise

from schemas.catalogue.models import Catalogue, Kpi, Target
from schemas.catalogue.references import subjects
from schemas.values import Scope
from streams.core.calendar import WorkingTime
from streams.core.measures.compile import Plan
from streams.core.membership import ALWAYS_US, FOREVER_US, Membership
from streams.core.windows import Window, Windows

Number = int | float
FINENESS = (Scope.PERSON, Scope.TEAM, Scope.DEPARTMENT, Scope.ORG)


class Targets:
    """Targets of one catalogue. Answers are cached for each (kpi, subject, period)."""

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
        key = (kpi_id, subject, window.id)
        if key not in self._known:
            plan = self._plans[kpi_id]
            exact = self._find(plan, subject, window) if plan.kpi.targets else None
            self._known[key] = None if exact is None else _plain(exact)
        return self._known[key]

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
        stated = self._stated(plan.kpi, scope, subject)
        if plan.measure_class.paced:
            own = self._by_working_time(stated, window, window.start_us, window.end_us)
            if own is not None or not plan.measure_class.sums_over_members:
                return own
            return self._of_members(plan, scope, subject, window)
        version = self._in_force(stated, window.end_us - 1)
        if version is None:
            version = self._inherited(plan.kpi, scope, window)
        return None if version is None else Fraction(version.value)

    def _of_members(self, plan: Plan, scope: Scope, subject: str, window: Window) -> Fraction | None:
        if scope is Scope.ORG:
            departments = sorted(set(self._teams.values()))
            return _total(self._find(plan, department, window) for department in departments)
        if scope is Scope.DEPARTMENT:
            teams = [team for team, department in self._teams.items() if department == subject]
            return _total(self._find(plan, team, window) for team in teams)
        if scope is Scope.TEAM and plan.kpi.scope is Scope.PERSON:
            return _total(self._shares(plan.kpi, subject, window))
        return None

    def _shares(self, kpi: Kpi, team: str, window: Window) -> Iterator[Fraction | None]:
        """What each member adds to the team's target: their own, for the time that they belong."""
        for start_us, end_us, person in self.members(team, window.start_us, window.end_us):
            stated = self._stated(kpi, Scope.PERSON, person)
            yield self._by_working_time(stated, window, max(start_us, window.start_us), min(end_us, window.end_us))

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
        self, stated: list[list[Target]], window: Window, start_us: int, end_us: int
    ) -> Fraction | None:
        """Sum of T_i x W_i / W over the versions in force within [start, end); None where none is."""
        edges = {start_us, end_us}
        for version in (version for versions in stated for version in versions):
            edges.update(edge for edge in self._span(version) if start_us < edge < end_us)
        ordered = sorted(edges)
        parts = []
        for left_us, right_us in pairwise(ordered):
            held = self._in_force(stated, left_us)
            if held is not None:
                parts.append((Fraction(held.value), left_us, right_us))
        if not parts:
            return None
        values = {value for value, _, _ in parts}
        if len(values) == 1 and sum(right - left for _, left, right in parts) == window.end_us - window.start_us:
            return values.pop()
        whole_us = self._working_time.between(window.start_us, window.end_us)
        if whole_us == 0:  # a period without working time is shared out by the clock
            return sum(
                (v * Fraction(right - left, window.end_us - window.start_us) for v, left, right in parts), Fraction()
            )
        return sum(
            (v * Fraction(self._working_time.between(left, right), whole_us) for v, left, right in parts), Fraction()
        )


def _kind(target: Target, kpi: Kpi) -> Scope | None:
    """The kind of subject that a target is stated for; None where it is for one subject."""
    return None if target.subject is not None else target.per or kpi.scope


def _total(parts: Iterable[Fraction | None]) -> Fraction | None:
    known = [part for part in parts if part is not None]
    return sum(known, Fraction()) if known else None


def _plain(exact: Fraction) -> Number:
    return exact.numerator if exact.denominator == 1 else float(exact)
