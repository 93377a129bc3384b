"""How much one person carries: three to five KPIs, whose weights make a whole, each thing counted once."""

from collections.abc import Iterator
from datetime import date
from math import isclose

from schemas.catalogue.lint.population import Population, kpis_of, named
from schemas.catalogue.models import Catalogue, Kpi, Person
from schemas.catalogue.problems import Finding, Loc
from schemas.values import Scope

MOST_KPIS = 5
FEWEST_KPIS = 3
LIGHT_PERCENT = 5

Carried = list[tuple[Loc, Kpi]]


def three_to_five_kpis(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """PRODUCT E3: three to five KPIs for a person, their own and those they are named accountable for. One finding
    for all who have the same KPIs."""
    for (kpis, own), people in _alike(catalogue, today).items():
        if len(kpis) > MOST_KPIS or 0 < own <= len(kpis) < FEWEST_KPIS:
            at: Loc = ("people", next(i for i, row in enumerate(catalogue.people) if row is people[0]))
            yield _too_many_or_few(at, [row.id for row in people], kpis)


def teams_with_many_kpis(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """The same for a team; only a note, because what is counted by team (turnover, say) may be the work of others."""
    population = Population(catalogue, today)
    loads: dict[tuple[str, ...], list[str]] = {}
    for team in catalogue.teams:
        of_team = [kpi.id for _, kpi in kpis_of(catalogue) if _is_of_team(kpi, team.id, population)]
        loads.setdefault(tuple(of_team), []).append(team.id)
    for load, teams in loads.items():
        if len(load) > MOST_KPIS:
            place = next(i for i, team in enumerate(catalogue.teams) if team.id == teams[0])
            ids, what = named(teams), ", ".join(load)
            yield Finding(
                "KPI141",
                ("teams", place),
                len(load),
                f"{ids} có {len(load)} KPI của cả đội ({what}), tối đa {MOST_KPIS}; giới hạn bằng `for`, hoặc nêu người"
                " chịu trách nhiệm",
                f"{ids}: {len(load)} KPIs of the team ({what}), at most {MOST_KPIS}; limit them by `for`, or name"
                " who is accountable",
            )


def _too_many_or_few(loc: Loc, ids: list[str], kpis: tuple[str, ...]) -> Finding:
    who, what = named(ids), ", ".join(kpis)
    if len(kpis) > MOST_KPIS:
        return Finding(
            "KPI106",
            loc,
            len(kpis),
            f"{who} có {len(kpis)} KPI ({what}), tối đa {MOST_KPIS}; giữ những KPI trọng yếu, đổi phần còn lại"
            " thành metric"
            " hoặc giới hạn bằng `for`",
            f"{who}: {len(kpis)} KPIs ({what}), at most {MOST_KPIS}; keep the key ones, make the others metrics or"
            " limit"
            " them by `for`",
        )
    return Finding(
        "KPI107",
        loc,
        len(kpis),
        f"{who} có {len(kpis)} KPI ({what}), nên từ {FEWEST_KPIS}; thêm KPI cho phần việc còn lại",
        f"{who}: {len(kpis)} KPIs ({what}), at least {FEWEST_KPIS}; add what the rest of the work is measured by",
    )


def _is_of_team(kpi: Kpi, team: str, population: Population) -> bool:
    """Whether a KPI is the team's own: of its scope with nobody else named, or it is named."""
    if kpi.roles.accountable == "subject":
        return kpi.scope is Scope.TEAM and population.has(team, kpi)
    return kpi.roles.accountable == team


def weights_that_make_no_whole(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """PRODUCT E3: the weights of a person's KPIs are percentages of one score."""
    population, told = Population(catalogue, today), set()
    for team, people in population.by_team().items():
        carried = population.own_kpis(team, catalogue)
        weights = [kpi.weight for _, kpi in carried if kpi.weight is not None]
        if not weights or (len(weights) == len(carried) and isclose(sum(weights), 100, abs_tol=0.01)):
            continue
        load = tuple(kpi.id for _, kpi in carried)
        if load in told:
            continue
        told.add(load)
        who = named([row.id for row in people])
        loc = next((*loc, "weight") for loc, kpi in carried if kpi.weight is not None)
        without = [kpi.id for _, kpi in carried if kpi.weight is None]
        if without:
            vi = f"KPI của {who} có cái ghi `weight`, có cái không ({named(without)}); ghi cho tất cả hoặc bỏ hết"
            en = f"of the KPIs of {who} some have a `weight` and some not ({named(without)}); weigh all or none"
        else:
            vi = f"trọng số các KPI của {who} cộng lại được {sum(weights):g} %, phải là 100 %; sửa `weight`"
            en = f"the weights of the KPIs of {who} add up to {sum(weights):g} %, not 100 %; change `weight`"
        yield Finding("KPI128", loc, sum(weights), vi, en)


def weight_too_light(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """PRODUCT E3: what weighs next to nothing only distracts."""
    for loc, kpi in kpis_of(catalogue):
        if kpi.weight is not None and kpi.weight < LIGHT_PERCENT:
            yield Finding(
                "KPI129",
                (*loc, "weight"),
                kpi.weight,
                f"KPI `{kpi.id}` chỉ chiếm {kpi.weight:g} %, dưới {LIGHT_PERCENT} % thì không ai để ý; tăng"
                " `weight` hoặc"
                " đổi thành metric",
                f"the KPI `{kpi.id}` weighs only {kpi.weight:g} %, under {LIGHT_PERCENT} % nobody heeds it; raise"
                " `weight`"
                " or make it a metric",
            )


def counted_twice(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """Two KPIs of one measure pay for the same work twice."""
    population, seen = Population(catalogue, today), list[tuple[str, Kpi, set[str]]]()
    for loc, kpi in kpis_of(catalogue):
        measure = kpi.measure.model_dump_json() + kpi.period
        teams = set(population.teams_of(kpi))
        for other_measure, other, others in seen:
            if measure == other_measure and kpi.scope is other.scope and (teams & others or not catalogue.teams):
                yield Finding(
                    "KPI130",
                    (*loc, "measure"),
                    kpi.id,
                    f"`{kpi.id}` đo đúng thứ mà `{other.id}` đã đo, cho cùng người và cùng kỳ; giữ một",
                    f"`{kpi.id}` measures what `{other.id}` measures, for the same people and period; keep one",
                )
                break
        seen.append((measure, kpi, teams))


def _alike(catalogue: Catalogue, today: date) -> dict[tuple[tuple[str, ...], int], list[Person]]:
    """People who have the same KPIs: so many of their own as members of a team, then those they are named accountable
    for."""
    population = Population(catalogue, today)
    answered: dict[str, list[str]] = {}
    for _, kpi in kpis_of(catalogue):
        answered.setdefault(kpi.roles.accountable, []).append(kpi.id)
    alike: dict[tuple[tuple[str, ...], int], list[Person]] = {}
    for team, people in population.by_team().items():
        own = [kpi.id for _, kpi in population.own_kpis(team, catalogue)]
        for row in people:
            load = tuple(dict.fromkeys([*own, *answered.get(row.id, ())]))
            alike.setdefault((load, len(own)), []).append(row)
    return alike


RULES = (three_to_five_kpis, teams_with_many_kpis, weights_that_make_no_whole, weight_too_light, counted_twice)
