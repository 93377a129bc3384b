"""Names in a catalogue that must be the name of something: teams, people, goals, KPIs, subjects of targets."""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from schemas.catalogue.models import Catalogue, Kpi
from schemas.catalogue.problems import Finding, Loc
from schemas.catalogue.slips import guess
from schemas.values import Scope

_FINEST_FIRST = tuple(Scope)


class _Names(NamedTuple):
    """All names of one sort, and what the sort is called."""

    known: Collection[str]
    vi: str
    en: str


def references(catalogue: Catalogue) -> Iterator[Finding]:
    """Names that nothing bears, and targets of subjects finer than their KPI."""
    known = subjects(catalogue)
    people = _Names([id_ for id_, scope in known.items() if scope is Scope.PERSON], "người", "person")
    teams = _Names([team.id for team in catalogue.teams], "đội", "team")
    for number, row in enumerate(catalogue.people):
        yield from _missing(("people", number, "team"), row.team, teams)
        yield from _missing(("people", number, "manager"), row.manager, people)
    for number, leave in enumerate(catalogue.leave):
        yield from _missing(("leave", number, "person"), leave.person, people)
    goals = _Names([goal.id for goal in catalogue.goals], "mục tiêu chiến lược", "goal")
    departments = _Names([team.department for team in catalogue.teams], "phòng ban", "department")
    for number, goal in enumerate(catalogue.goals):
        yield from _missing(("goals", number, "parent"), goal.parent, goals)
        yield from _missing(("goals", number, "department"), goal.department, departments)
    for number, kpi in enumerate(catalogue.kpis):
        yield from _of_kpi(kpi, ("kpis", number), catalogue)
        yield from _of_roles(kpi, ("kpis", number, "roles"), known)
        yield from _of_targets(kpi, ("kpis", number, "targets"), known)


def subjects(catalogue: Catalogue) -> dict[str, Scope]:
    """Every subject id with its scope; where an id is taken twice, the coarser scope."""
    known = {person.id: Scope.PERSON for person in catalogue.people}
    known |= {team.id: Scope.TEAM for team in catalogue.teams}
    known |= {team.department: Scope.DEPARTMENT for team in catalogue.teams}
    return known | {catalogue.tenant.id: Scope.ORG}


def finer(scope: Scope, than: Scope) -> bool:
    """Whether a scope is below another: a person below a team."""
    return _FINEST_FIRST.index(scope) < _FINEST_FIRST.index(than)


def too_fine(loc: Loc, value: Any, scope: Scope, kpi: Kpi) -> Finding:
    """The finding that a target is for a finer scope than the KPI has values for."""
    return Finding(
        "KPI014",
        loc,
        value,
        f"mục tiêu cho {scope}, nhưng KPI chỉ tính đến cấp {kpi.scope}",
        f"a target for {scope}, but the KPI's finest scope is {kpi.scope}",
    )


def _of_kpi(kpi: Kpi, loc: Loc, catalogue: Catalogue) -> Iterator[Finding]:
    goals = _Names([goal.id for goal in catalogue.goals], "mục tiêu chiến lược", "goal")
    others = _Names([other.id for other in catalogue.kpis if other.id != kpi.id], "KPI khác", "other KPI")
    groups = {team.id for team in catalogue.teams} | {team.department for team in catalogue.teams}
    yield from _missing((*loc, "goal"), kpi.goal, goals)
    yield from _missing((*loc, "guardrail"), kpi.guardrail, others)
    for number, id_ in enumerate(kpi.drives):
        yield from _missing((*loc, "drives", number), id_, others)
    for number, id_ in enumerate(kpi.for_ or ()):
        yield from _missing((*loc, "for", number), id_, _Names(groups, "đội hay phòng ban", "team or department"))


def _of_roles(kpi: Kpi, loc: Loc, known: dict[str, Scope]) -> Iterator[Finding]:
    holders = _Names([*known, "subject"], "người hay đội", "person or team")
    yield from _missing((*loc, "accountable"), kpi.roles.accountable, holders)
    yield from _missing((*loc, "evaluator"), kpi.roles.evaluator, holders)
    for number, id_ in enumerate(kpi.roles.supporters):
        yield from _missing((*loc, "supporters", number), id_, holders)


def _of_targets(kpi: Kpi, loc: Loc, known: dict[str, Scope]) -> Iterator[Finding]:
    for number, target in enumerate(kpi.targets):
        at = (*loc, number, "subject")
        yield from _missing(at, target.subject, _Names(known, "đối tượng", "subject"))
        scope = known.get(target.subject or "")
        if scope is not None and finer(scope, kpi.scope):
            yield too_fine(at, target.subject, scope, kpi)


def _missing(loc: Loc, id_: str | None, names: _Names) -> Iterator[Finding]:
    if id_ is not None and id_ not in names.known:
        vi, en = guess(id_, names.known)
        yield Finding("KPI011", loc, id_, f"không có {names.vi} `{id_}`{vi}", f"there is no {names.en} `{id_}`{en}")
