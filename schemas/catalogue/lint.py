"""What a catalogue may say but should not: one rule, one function, listed in `RULES`. Codes KPI1xx.

A rule takes the catalogue and today's date and yields findings; a new rule is a function, a row in `problems.CODES`,
and one failing and one passing example in the tests.
"""

from collections.abc import Callable, Iterator
from datetime import date

from schemas.catalogue.measures import Count, Sum, SumOf
from schemas.catalogue.models import Catalogue, Direction, Kind, Kpi, Person
from schemas.catalogue.problems import Finding, Loc
from schemas.values import Scope

MOST_KPIS = 5
FEWEST_KPIS = 3
HEAVY_PERCENT = 40

Rule = Callable[[Catalogue, date], Iterator[Finding]]


def lint(catalogue: Catalogue, today: date) -> list[Finding]:
    """The findings of every rule, in the order of the rules."""
    return [finding for rule in RULES for finding in rule(catalogue, today)]


def kpi_without_goal(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """PRODUCT C1: an activity that serves no strategic goal is not a KPI; call it a metric."""
    for loc, kpi in _kpis(catalogue):
        if kpi.goal is None:
            yield Finding(
                "KPI101",
                loc,
                kpi.id,
                f"KPI `{kpi.id}` chưa gắn với mục tiêu chiến lược nào; thêm `goal`, hoặc đổi `kind` thành metric",
                f"the KPI `{kpi.id}` serves no goal; add `goal`, or make its `kind` metric",
            )


def kpi_without_target(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """The guide leaves some targets open; nobody but the company can fill them."""
    for loc, kpi in _kpis(catalogue):
        if not kpi.targets:
            yield Finding(
                "KPI102",
                loc,
                kpi.id,
                f"KPI `{kpi.id}` chưa có mục tiêu; hãy chọn con số và thêm `targets`",
                f"the KPI `{kpi.id}` has no target; choose one and add `targets`",
            )


def quantity_without_guardrail(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """PRODUCT D3: who counts only quantity gets only quantity."""
    for loc, kpi in _kpis(catalogue):
        if kpi.guardrail is None and _is_quantity(kpi):
            leading = kpi.kind is Kind.LEADING
            yield Finding(
                "KPI103" if leading else "KPI104",
                loc,
                kpi.id,
                f"KPI số lượng `{kpi.id}` chưa có KPI chất lượng đi kèm; thêm `guardrail`",
                f"the quantity KPI `{kpi.id}` has no quality beside it; add `guardrail`",
            )


def heavy_without_guardrail(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """PRODUCT D2a: a number that decides much of the pay, unchecked, invites cheating."""
    for loc, kpi in _kpis(catalogue):
        if kpi.weight is not None and kpi.weight > HEAVY_PERCENT and kpi.guardrail is None:
            yield Finding(
                "KPI105",
                (*loc, "weight"),
                kpi.weight,
                f"KPI `{kpi.id}` chiếm {kpi.weight:g} % (quá {HEAVY_PERCENT} %) mà không có `guardrail`",
                f"the KPI `{kpi.id}` weighs {kpi.weight:g} % (over {HEAVY_PERCENT} %) and has no `guardrail`",
            )


def three_to_five_kpis(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """PRODUCT E3: three to five KPIs for a person. One finding for all who have the same KPIs."""
    alike: dict[tuple[str, ...], list[Person]] = {}
    for person in catalogue.people:
        if (person.from_ or date.min) <= today < (person.to or date.max):
            alike.setdefault(_kpis_of(person, catalogue), []).append(person)
    for kpis, people in alike.items():
        if kpis and not FEWEST_KPIS <= len(kpis) <= MOST_KPIS:
            many = len(kpis) > MOST_KPIS
            names = ", ".join(person.id for person in people[:3]) + (", ..." if len(people) > 3 else "")
            loc: Loc = ("people", catalogue.people.index(people[0]))
            limit_vi, limit_en = (
                (f"tối đa {MOST_KPIS}", f"at most {MOST_KPIS}")
                if many
                else (f"nên từ {FEWEST_KPIS}", f"at least {FEWEST_KPIS}")
            )
            yield Finding(
                "KPI106" if many else "KPI107",
                loc,
                len(kpis),
                f"{names} có {len(kpis)} KPI ({', '.join(kpis)}), {limit_vi}",
                f"{names}: {len(kpis)} KPIs ({', '.join(kpis)}), {limit_en}",
            )


def unconfirmed_year(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """Holidays are decreed late; until somebody confirmed a year, its working days are a guess."""
    calendar = catalogue.calendar
    confirmed = calendar.holidays.confirmed if calendar.holidays else ()
    if calendar.country is not None and today.year not in confirmed:
        yield Finding(
            "KPI108",
            ("calendar", "holidays", "confirmed"),
            today.year,
            f"chưa ai xác nhận ngày nghỉ lễ năm {today.year} của {calendar.country}; xem lại rồi thêm vào `confirmed`",
            f"nobody has confirmed the holidays of {today.year} in {calendar.country}; check, then add to `confirmed`",
        )


def review_date_passed(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """PRODUCT C7a: a KPI is kept, changed or retired at the end of its cycle."""
    for loc, kpi in _kpis(catalogue):
        if kpi.review_by is not None and kpi.review_by < today:
            yield Finding(
                "KPI109",
                (*loc, "review_by"),
                kpi.review_by.isoformat(),
                f"KPI `{kpi.id}` đã quá ngày rà soát {kpi.review_by}; hãy giữ, sửa hoặc bỏ",
                f"the review of `{kpi.id}` was due {kpi.review_by}; keep, change or retire it",
            )


def open_choice(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """A `note` records what the source left open and which default was taken."""
    for loc, kpi in _kpis(catalogue):
        if kpi.note is not None:
            vi, en = (kpi.note.get("vi"), kpi.note.get("en"))
            yield Finding(
                "KPI110",
                (*loc, "note"),
                kpi.id,
                f"lựa chọn ở KPI `{kpi.id}`: {vi or en}",
                f"a choice in the KPI `{kpi.id}`: {en or vi}",
            )


def _kpis(catalogue: Catalogue) -> Iterator[tuple[Loc, Kpi]]:
    """The KPIs proper; a plain metric may lack what a KPI needs."""
    for number, kpi in enumerate(catalogue.kpis):
        if kpi.kind is not Kind.METRIC:
            yield ("kpis", number), kpi


def _is_quantity(kpi: Kpi) -> bool:
    return kpi.direction is Direction.UP and isinstance(kpi.measure, Count | Sum | SumOf)


def _kpis_of(person: Person, catalogue: Catalogue) -> tuple[str, ...]:
    department = next((team.department for team in catalogue.teams if team.id == person.team), None)
    groups = {person.team, department}
    return tuple(
        kpi.id
        for _, kpi in _kpis(catalogue)
        if kpi.scope is Scope.PERSON and (kpi.for_ is None or groups & set(kpi.for_))
    )


RULES: tuple[Rule, ...] = (
    kpi_without_goal,
    kpi_without_target,
    quantity_without_guardrail,
    heavy_without_guardrail,
    three_to_five_kpis,
    unconfirmed_year,
    review_date_passed,
    open_choice,
)
