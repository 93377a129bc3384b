"""Rules of KPIs over KPIs: which KPIs may stand in a person's score, and that those that are named do."""

from collections.abc import Iterator

from schemas.catalogue.measures import Attainment
from schemas.catalogue.models import Catalogue, Kind, Kpi
from schemas.catalogue.problems import Finding, Loc
from schemas.catalogue.slips import guess
from schemas.values import Scope


def is_scored(kpi: Kpi) -> bool:
    """Whether a KPI may stand in a person's score: it has values of persons, is no plain metric and no score itself."""
    is_own = kpi.scope is Scope.PERSON and kpi.anonymous is None
    return is_own and kpi.kind is not Kind.METRIC and not isinstance(kpi.measure, Attainment)


def scored(catalogue: Catalogue) -> Iterator[Finding]:
    """Names under `attainment: {kpis: [...]}`."""
    known = {kpi.id: kpi for kpi in catalogue.kpis}
    for place, kpi in enumerate(catalogue.kpis):
        named = kpi.measure.attainment.kpis if isinstance(kpi.measure, Attainment) else "all"
        for number, id_ in enumerate(named if named != "all" else ()):
            loc: Loc = ("kpis", place, "measure", "attainment", "kpis", number)
            if id_ not in known:
                vi, en = guess(id_, known)
                yield Finding("KPI011", loc, id_, f"không có KPI `{id_}`{vi}", f"there is no KPI `{id_}`{en}")
            elif not is_scored(known[id_]):
                yield Finding(
                    "KPI030",
                    loc,
                    id_,
                    f"`{id_}` không chấm được cho từng người: chỉ chấm KPI có `scope: person`, không phải metric hay"
                    " attainment",
                    f"`{id_}` scores no person: only KPIs of `scope: person` do, which are neither metrics nor"
                    " attainment themselves",
                )
