"""Who answers for a KPI, who helps, who judges (PRODUCT C2): one, some, and somebody else. And none of them gone."""

from collections.abc import Iterator
from datetime import date

from schemas.catalogue.lint.population import MANY, Population, kpis_of, named
from schemas.catalogue.models import Catalogue
from schemas.catalogue.problems import Finding, Loc
from schemas.values import Scope


def judge_in_their_own_case(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """The evaluator is somebody else than the accountable; where each answers for their own value, the evaluator's own
    value needs another judge, which is only noted: the boss of a small team is often in it."""
    population, own = Population(catalogue, today), dict[str, list[tuple[Loc, str]]]()
    for loc, kpi in kpis_of(catalogue):
        accountable, evaluator = kpi.roles.accountable, kpi.roles.evaluator
        if evaluator is None:
            continue
        if evaluator == accountable:
            who_vi, who_en = ("chính đối tượng", "the subject") if evaluator == "subject" else (f"`{evaluator}`",) * 2
            yield Finding(
                "KPI118",
                (*loc, "roles", "evaluator"),
                evaluator,
                f"{who_vi} vừa chịu trách nhiệm vừa tự đánh giá KPI `{kpi.id}`; chọn `evaluator` là người khác",
                f"{who_en} is accountable for `{kpi.id}` and its evaluator; name somebody else as `evaluator`",
            )
        elif (
            accountable == "subject"
            and kpi.scope is Scope.PERSON
            and any(row.id == evaluator and row.manager is None for row in population.members_of(kpi))
        ):
            own.setdefault(evaluator, []).append((loc, kpi.id))
    for evaluator, kpis in own.items():
        ids = named([id_ for _, id_ in kpis])
        yield Finding(
            "KPI120",
            (*kpis[0][0], "roles", "evaluator"),
            evaluator,
            f"`{evaluator}` cũng có {ids} và sẽ tự đánh giá mình; thêm `manager` cho người này",
            f"`{evaluator}` has {ids} too and would judge their own value; give them a `manager`",
        )


def nobody_judges(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """Without an evaluator a person's manager is a judge; where there is none either, nobody is. One finding for all:
    a company that has not thought of it yet has not thought of it anywhere."""
    population = Population(catalogue, today)
    without: list[tuple[Loc, str]] = []
    for loc, kpi in kpis_of(catalogue):
        own = kpi.scope is Scope.PERSON and kpi.roles.accountable == "subject"
        judged = kpi.roles.evaluator is not None or (own and any(row.manager for row in population.members_of(kpi)))
        if not judged:
            without.append((loc, kpi.id))
    if without:
        ids = [id_ for _, id_ in without]
        yield Finding(
            "KPI119",
            without[0][0],
            ids,
            f"chưa ai đánh giá {named(ids, MANY)}; thêm `evaluator` vào `roles`",
            f"nobody evaluates {named(ids, MANY)}; add an `evaluator` to `roles`",
        )


def supporter_of_oneself(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """PRODUCT C2: three roles, so that they do not overlap."""
    for loc, kpi in kpis_of(catalogue):
        if kpi.roles.accountable in kpi.roles.supporters:
            yield Finding(
                "KPI121",
                (*loc, "roles", "supporters", kpi.roles.supporters.index(kpi.roles.accountable)),
                kpi.roles.accountable,
                f"`{kpi.roles.accountable}` vừa chịu trách nhiệm vừa là người hỗ trợ của KPI `{kpi.id}`; bỏ khỏi"
                " `supporters`",
                f"`{kpi.roles.accountable}` is accountable for `{kpi.id}` and its own supporter; take it out of"
                " `supporters`",
            )


def owner_who_left(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """PRODUCT C2a: a KPI whose owner has left is nobody's; who helps or judges should be here too."""
    population = Population(catalogue, today)
    for loc, kpi in kpis_of(catalogue):
        roles = [("accountable", kpi.roles.accountable), ("evaluator", kpi.roles.evaluator)]
        held = [((*loc, "roles", role), role, id_) for role, id_ in roles]
        held += [
            ((*loc, "roles", "supporters", place), "supporter", id_) for place, id_ in enumerate(kpi.roles.supporters)
        ]
        for at, role, id_ in held:
            if (left := population.left_on(id_)) is not None:
                vi, en = _ROLES[role]
                yield Finding(
                    "KPI122" if role == "accountable" else "KPI123",
                    at,
                    id_,
                    f"`{id_}`, người {vi} KPI `{kpi.id}`, đã nghỉ việc từ {left}; chọn người khác",
                    f"`{id_}`, {en} `{kpi.id}`, left on {left}; name somebody who is here",
                )


_ROLES = {
    "accountable": ("chịu trách nhiệm", "accountable for"),
    "evaluator": ("đánh giá", "evaluator of"),
    "supporter": ("hỗ trợ", "supporter of"),
}


def manager_who_left(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """One finding a manager: their people's alerts go to nobody."""
    population = Population(catalogue, today)
    people = {id(row) for row in population.here}
    reports: dict[str, list[tuple[int, str]]] = {}
    for number, row in enumerate(catalogue.people):
        if id(row) in people and row.manager is not None and population.left_on(row.manager) is not None:
            reports.setdefault(row.manager, []).append((number, row.id))
    for manager, rows in reports.items():
        ids = named([id_ for _, id_ in rows])
        yield Finding(
            "KPI123",
            ("people", rows[0][0], "manager"),
            manager,
            f"`{manager}`, quản lý của {ids}, đã nghỉ việc từ {population.left_on(manager)}; chọn quản lý khác",
            f"`{manager}`, the manager of {ids}, left on {population.left_on(manager)}; name another manager",
        )


RULES = (judge_in_their_own_case, nobody_judges, supporter_of_oneself, owner_who_left, manager_who_left)
