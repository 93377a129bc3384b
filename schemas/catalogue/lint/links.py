"""How KPIs hang together: what an activity leads to, what leads to a result, what guards a quantity."""

from collections.abc import Iterator, Mapping
from datetime import date

from schemas.catalogue.lint.nature import is_quantity, is_speed
from schemas.catalogue.lint.population import MANY, Population, kpis_of, named
from schemas.catalogue.models import Catalogue, Kind, Kpi
from schemas.catalogue.problems import Finding
from schemas.catalogue.references import finer
from schemas.events.registry import Registry

HEAVY_PERCENT = 40


def activity_that_leads_nowhere(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """PRODUCT E1: an activity is measured for the result it leads to, directly or over others."""
    by_id = {kpi.id: kpi for kpi in catalogue.kpis}
    for loc, kpi in kpis_of(catalogue):
        if kpi.kind is not Kind.LEADING or any(by_id[id_].kind is Kind.LAGGING for id_ in _reached(kpi, by_id)):
            continue
        if kpi.drives:
            vi = f"`drives` của `{kpi.id}` ({', '.join(kpi.drives)}) không dẫn tới KPI kết quả nào"
            en = f"what `{kpi.id}` drives ({', '.join(kpi.drives)}) leads to no lagging KPI"
        else:
            vi, en = (
                f"KPI dẫn dắt `{kpi.id}` chưa nêu dẫn tới kết quả nào",
                f"the leading KPI `{kpi.id}` drives no result",
            )
        yield Finding(
            "KPI124",
            (*loc, "drives") if kpi.drives else loc,
            kpi.id,
            f"{vi}; thêm mã của KPI kết quả vào `drives`",
            f"{en}; add the id of a lagging KPI to `drives`",
        )


def result_without_a_driver(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """PRODUCT C1c: who sees only results sees them too late. One finding for all."""
    by_id = {kpi.id: kpi for kpi in catalogue.kpis}
    driven = {id_ for _, kpi in kpis_of(catalogue) if kpi.kind is Kind.LEADING for id_ in _reached(kpi, by_id)}
    without = [(loc, kpi.id) for loc, kpi in kpis_of(catalogue) if kpi.kind is Kind.LAGGING and kpi.id not in driven]
    if without:
        ids = [id_ for _, id_ in without]
        yield Finding(
            "KPI125",
            without[0][0],
            ids,
            f"chưa KPI dẫn dắt nào dẫn tới {named(ids, MANY)}; ghi mã vào `drives` của hoạt động tạo ra kết quả đó",
            f"no leading KPI drives {named(ids, MANY)}; name them in the `drives` of the activity that makes them",
        )


def _reached(kpi: Kpi, by_id: Mapping[str, Kpi]) -> set[str]:
    """Ids of all that a KPI drives, directly or over others."""
    reached: set[str] = set()
    ahead = [*kpi.drives]
    while ahead:
        id_ = ahead.pop()
        if id_ not in reached:
            reached.add(id_)
            ahead += by_id[id_].drives
    return reached


def quantity_without_guardrail(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """PRODUCT D3: who counts only quantity gets only quantity; who counts only speed gets only speed."""
    registry = Registry.of(catalogue.event_types)
    for loc, kpi in kpis_of(catalogue):
        speed = is_speed(kpi, registry)
        if kpi.guardrail is None and (speed or is_quantity(kpi)):
            vi, en = ("tốc độ", "speed") if speed else ("số lượng", "quantity")
            yield Finding(
                "KPI103" if kpi.kind is Kind.LEADING else "KPI104",
                loc,
                kpi.id,
                f"KPI {vi} `{kpi.id}` chưa có KPI chất lượng đi kèm; thêm `guardrail`",
                f"the {en} KPI `{kpi.id}` has no quality beside it; add `guardrail`",
            )


def heavy_without_guardrail(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """PRODUCT D2a: a number that decides much of the pay, unchecked, invites cheating."""
    for loc, kpi in kpis_of(catalogue):
        if kpi.weight is not None and kpi.weight > HEAVY_PERCENT and kpi.guardrail is None:
            yield Finding(
                "KPI105",
                (*loc, "weight"),
                kpi.weight,
                f"KPI `{kpi.id}` chiếm {kpi.weight:g} % (quá {HEAVY_PERCENT} %) mà không có KPI chất lượng đi kèm; thêm"
                " `guardrail` hoặc giảm `weight`",
                f"the KPI `{kpi.id}` weighs {kpi.weight:g} % (over {HEAVY_PERCENT} %) and has no quality beside it; add"
                " `guardrail` or lower `weight`",
            )


def guardrail_that_cannot_guard(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """Quantity is no check on quantity, and a check has to have a value where the KPI has one."""
    by_id, population = {kpi.id: kpi for kpi in catalogue.kpis}, Population(catalogue, today)
    for loc, kpi in kpis_of(catalogue):
        guard = by_id.get(kpi.guardrail or "")
        why = _useless(kpi, guard, population) if guard is not None else None
        if why is not None:
            vi, en = why
            yield Finding(
                "KPI126",
                (*loc, "guardrail"),
                kpi.guardrail,
                f"`{kpi.guardrail}` không canh được `{kpi.id}`: {vi}; chọn KPI chất lượng khác",
                f"`{kpi.guardrail}` cannot guard `{kpi.id}`: {en}; choose another measure of quality",
            )


def _useless(kpi: Kpi, guard: Kpi, population: Population) -> tuple[str, str] | None:
    if is_quantity(guard) and is_quantity(kpi):
        return "nó cũng chỉ đếm số lượng", "it only counts quantity too"
    if finer(kpi.scope, guard.scope):
        return (
            f"nó chỉ tính đến cấp {guard.scope}, còn KPI tính đến cấp {kpi.scope}",
            f"its finest scope is {guard.scope}, the KPI's is {kpi.scope}",
        )
    without = [team for team in population.teams_of(kpi) if not population.has(team, guard)]
    if without:
        return f"nó không dành cho {named(without)} (xem `for`)", f"it is not for {named(without)} (see `for`)"
    return None


def guardrail_without_target(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """A guardrail says no by missing its target. One finding for all."""
    guarded: dict[str, list[str]] = {}
    for _, kpi in kpis_of(catalogue):
        if kpi.guardrail is not None:
            guarded.setdefault(kpi.guardrail, []).append(kpi.id)
    blind = [(number, kpi.id) for number, kpi in enumerate(catalogue.kpis) if kpi.id in guarded and not kpi.targets]
    if blind:
        ids = [id_ for _, id_ in blind]
        told = ", ".join(f"{id_} ({named(guarded[id_])})" for id_ in ids[:MANY])
        yield Finding(
            "KPI127",
            ("kpis", blind[0][0]),
            ids,
            f"KPI chất lượng chưa có giới hạn nên không bao giờ báo đỏ: {told}; thêm `targets`",
            f"guardrails without a limit never turn red: {told}; add `targets`",
        )


RULES = (
    activity_that_leads_nowhere,
    result_without_a_driver,
    quantity_without_guardrail,
    heavy_without_guardrail,
    guardrail_that_cannot_guard,
    guardrail_without_target,
)
