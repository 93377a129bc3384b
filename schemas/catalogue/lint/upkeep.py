"""What grows old: review dates, years nobody has confirmed, open choices, KPIs that nobody has any more."""

from collections.abc import Iterator
from datetime import date

from schemas.catalogue.lint.population import MANY, Population, kpis_of, named
from schemas.catalogue.models import Calendar, Catalogue
from schemas.catalogue.problems import Finding, Loc

YEAR_END = 12
"""From this month on the next year's holidays are asked for."""


def review_date(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """PRODUCT C7a: a KPI is kept, changed or retired at the end of its cycle. One finding for all that have no date."""
    for loc, kpi in kpis_of(catalogue):
        if kpi.review_by is not None and kpi.review_by < today:
            yield Finding(
                "KPI109",
                (*loc, "review_by"),
                kpi.review_by.isoformat(),
                f"KPI `{kpi.id}` đã quá ngày rà soát {kpi.review_by}; hãy giữ, sửa hoặc bỏ",
                f"the review of `{kpi.id}` was due {kpi.review_by}; keep, change or retire it",
            )
    without = [(loc, kpi.id) for loc, kpi in kpis_of(catalogue) if kpi.review_by is None]
    if without:
        ids = [id_ for _, id_ in without]
        yield Finding(
            "KPI131",
            without[0][0],
            ids,
            f"{named(ids, MANY)} chưa có ngày rà soát; thêm `review_by`, thường là cuối chu kỳ",
            f"{named(ids, MANY)} has no review date; add `review_by`, usually the end of the cycle",
        )


def unconfirmed_year(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """Holidays are decreed late; until somebody confirmed a year, its working days are a guess.

    A team or person in another country needs that country's years confirmed beside it.
    """
    tenant = catalogue.calendar
    teams = {team.id: team.calendar for team in catalogue.teams if team.calendar is not None}
    over: list[tuple[Loc, Calendar, Calendar]] = [(("calendar",), tenant, Calendar())]
    over += [
        (("teams", i, "calendar"), team.calendar, tenant) for i, team in enumerate(catalogue.teams) if team.calendar
    ]
    for number, row in enumerate(catalogue.people):
        base = teams.get(row.team)
        if row.calendar is not None:
            beneath = base if base is not None and "country" in base.model_fields_set else tenant
            over.append((("people", number, "calendar"), row.calendar, beneath))
    for loc, calendar, beneath in over:
        if calendar.country is None or calendar.country == beneath.country:
            continue
        confirmed = calendar.holidays.confirmed if calendar.holidays else ()
        at: Loc = (*loc, "holidays", "confirmed")
        if today.year not in confirmed:
            yield _unconfirmed("KPI108", at, calendar, today.year)
        elif today.month >= YEAR_END and today.year + 1 not in confirmed:
            yield _unconfirmed("KPI139", at, calendar, today.year + 1)


def _unconfirmed(code: str, loc: Loc, calendar: Calendar, year: int) -> Finding:
    return Finding(
        code,
        loc,
        year,
        f"chưa ai xác nhận ngày nghỉ lễ năm {year} của {calendar.country}; xem lại bằng `kpi calendar show`, rồi"
        f" thêm {year}"
        " vào `confirmed`",
        f"nobody has confirmed the holidays of {year} in {calendar.country}; look at `kpi calendar show`, then add"
        f" {year}"
        " to `confirmed`",
    )


def open_choice(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """A `note` records what the source left open and which default was taken."""
    for number, kpi in enumerate(catalogue.kpis):
        if kpi.note is not None:
            vi, en = (kpi.note.get("vi"), kpi.note.get("en"))
            yield Finding(
                "KPI110",
                ("kpis", number, "note"),
                kpi.id,
                f"lựa chọn ở KPI `{kpi.id}`: {vi or en} Khi đã quyết định, bỏ `note`.",
                f"a choice in the KPI `{kpi.id}`: {en or vi} Once decided, remove the `note`.",
            )


def kpi_for_nobody(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """A catalogue that lists people should have some for each KPI that says for whom it is."""
    population = Population(catalogue, today)
    for number, kpi in enumerate(catalogue.kpis):
        if kpi.for_ is not None and catalogue.people and not population.members_of(kpi):
            yield Finding(
                "KPI134",
                ("kpis", number, "for"),
                kpi.id,
                f"không ai có KPI `{kpi.id}`: {', '.join(kpi.for_) or '`for` trống'} hiện không có thành viên; sửa"
                " `for`"
                " hoặc bỏ KPI",
                f"nobody has the KPI `{kpi.id}`: {', '.join(kpi.for_) or 'an empty `for`'} has no member today; change"
                " `for` or retire the KPI",
            )


RULES = (review_date, unconfirmed_year, open_choice, kpi_for_nobody)
