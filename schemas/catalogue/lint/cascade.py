"""Whether the parts make the whole (PRODUCT C1a): a goal and its parts, a KPI's target and those stated below it."""

from collections.abc import Iterable, Iterator
from datetime import date
from fractions import Fraction

from schemas.catalogue.forms import Number
from schemas.catalogue.lint.nature import sums_over_members
from schemas.catalogue.lint.population import Population, kpis_of, named
from schemas.catalogue.models import Catalogue, Direction, Goal, Kpi
from schemas.catalogue.problems import Finding, Loc
from schemas.catalogue.references import subjects
from schemas.values import Scope


def goal_whose_parts_fall_short(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """ "Tăng 20% doanh thu quý" is shared out among departments; what nobody takes, nobody brings."""
    for number, goal in enumerate(catalogue.goals):
        parts = [part for part in catalogue.goals if part.parent == goal.id and part is not goal]
        if goal.target is None or not parts:
            continue
        at: Loc = ("goals", number, "target")
        other = [part for part in parts if part.target is None or part.unit != goal.unit]
        if other:
            unit = goal.unit or ""
            yield Finding(
                "KPI136",
                at,
                goal.target,
                f"không cộng được các phần của mục tiêu `{goal.id}`: {named([part.id for part in other])} chưa có"
                " `target`"
                f" tính bằng `{unit}`; thêm vào",
                f"the parts of the goal `{goal.id}` cannot be added up: {named([part.id for part in other])} has no"
                f" `target` in `{unit}`; add it",
            )
        elif _falls_short(have := _total(part.target or 0 for part in parts), goal.target):
            yield _short(at, f"`{goal.id}`", goal.target, have, goal.unit, parts)


def _short(at: Loc, what: str, whole: Number, have: Number, unit: str | None, parts: list[Goal]) -> Finding:
    shown, of = f" {unit}" if unit else "", named([part.id for part in parts], most=5)
    return Finding(
        "KPI136",
        at,
        whole,
        f"các phần của mục tiêu {what} ({of}) cộng lại được {have:,}{shown}, thiếu {_less(whole, have)}{shown} so với"
        f" {whole:,}{shown}; giao nốt phần còn thiếu",
        f"the parts of the goal {what} ({of}) come to {have:,}{shown}, {_less(whole, have)}{shown} short of"
        f" {whole:,}{shown}; share out the rest",
    )


def _total(parts: Iterable[Number]) -> Number:
    """The sum as people add: 0.7 and 0.1 are 0.8."""
    exact = sum((Fraction(str(part)) for part in parts), Fraction())
    return exact.numerator if exact.denominator == 1 else float(exact)


def _falls_short(have: Number, whole: Number) -> bool:
    """Whether parts do not make the whole; less than -10 % is more of it."""
    return have > whole if whole < 0 else have < whole


def _less(whole: Number, have: Number) -> str:
    return f"{abs(_total((whole, -have))):,}"


def target_whose_parts_fall_short(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """The same for a KPI that adds up: what is stated for the company against its departments, down to people."""
    population, sums = Population(catalogue, today), _Sums(catalogue, today)
    for loc, kpi in kpis_of(catalogue):
        if kpi.direction is not Direction.UP or not sums_over_members(kpi.measure):
            continue
        for place, target in enumerate(kpi.targets):
            whole = target.subject or (catalogue.tenant.id if target.per is Scope.ORG else None)
            if whole is None or not (target.from_ or date.min) <= today < (target.to or date.max):
                continue
            have = sums.of_parts(kpi, whole, population)
            if have is not None and _falls_short(have, target.value):
                yield Finding(
                    "KPI140",
                    (*loc, "targets", place, "value"),
                    target.value,
                    f"mục tiêu `{kpi.id}` của `{whole}` là {target.value:,} {kpi.unit}, nhưng mục tiêu giao xuống"
                    " dưới cộng"
                    f" lại được {have:,}, thiếu {_less(target.value, have)}; giao nốt phần còn thiếu",
                    f"the target of `{kpi.id}` for `{whole}` is {target.value:,} {kpi.unit}, but those stated below"
                    " come to"
                    f" {have:,}, {_less(target.value, have)} short; share out the rest",
                )


class _Sums:
    """What the targets in force below a subject come to; None where none is stated there."""

    def __init__(self, catalogue: Catalogue, today: date) -> None:
        self._today, self._scopes = today, subjects(catalogue)
        self._departments = {team.id: team.department for team in catalogue.teams}
        self._members = Population(catalogue, today).by_team()

    def of_parts(self, kpi: Kpi, whole: str, population: Population) -> Number | None:
        scope = self._scopes[whole]
        if scope is Scope.ORG:
            parts = [*dict.fromkeys(self._departments.values())]
        elif scope is Scope.DEPARTMENT:
            parts = [team for team in population.teams_of(kpi) if self._departments[team] == whole]
        elif scope is Scope.TEAM and population.has(whole, kpi):
            parts = [row.id for row in self._members.get(whole, ())]
        else:
            parts = []
        found = [own for part in parts if (own := self._own(kpi, part, population)) is not None]
        return _total(found) if found else None

    def _own(self, kpi: Kpi, subject: str, population: Population) -> Number | None:
        """What is stated for a subject, else what its parts come to."""
        scope = self._scopes[subject]
        stated = [t for t in kpi.targets if t.subject == subject] + [t for t in kpi.targets if t.per is scope]
        held = [t.value for t in stated if (t.from_ or date.min) <= self._today < (t.to or date.max)]
        if held and (scope in (Scope.PERSON, Scope.ORG) or self._takes_part(kpi, subject, population)):
            return held[0]
        return self.of_parts(kpi, subject, population)

    def _takes_part(self, kpi: Kpi, subject: str, population: Population) -> bool:
        return any(subject in (team, self._departments[team]) for team in population.teams_of(kpi))


def goal_in_a_circle(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """A goal that is a part of itself."""
    parents, told = {goal.id: goal.parent for goal in catalogue.goals}, set[str]()
    for number, goal in enumerate(catalogue.goals):
        above, seen = goal.parent, {goal.id}
        while above is not None and above not in seen:
            seen.add(above)
            above = parents.get(above)
        if above == goal.id and goal.id not in told:
            told |= seen
            yield Finding(
                "KPI137",
                ("goals", number, "parent"),
                goal.parent,
                f"mục tiêu `{goal.id}` là một phần của chính nó; sửa `parent`",
                f"the goal `{goal.id}` is a part of itself; change `parent`",
            )


def goal_that_nothing_serves(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """PRODUCT C1, from the other side: what no KPI follows, nobody sees coming."""
    served = {kpi.goal for _, kpi in kpis_of(catalogue)}
    parents = {goal.parent for goal in catalogue.goals}
    for number, goal in enumerate(catalogue.goals):
        if goal.id not in served and goal.id not in parents:
            yield Finding(
                "KPI138",
                ("goals", number),
                goal.id,
                f"chưa KPI nào phục vụ mục tiêu `{goal.id}`; thêm `goal: {goal.id}` vào KPI đo nó, hoặc bỏ mục tiêu",
                f"no KPI serves the goal `{goal.id}`; add `goal: {goal.id}` to what measures it, or drop the goal",
            )


RULES = (goal_whose_parts_fall_short, target_whose_parts_fall_short, goal_in_a_circle, goal_that_nothing_serves)
