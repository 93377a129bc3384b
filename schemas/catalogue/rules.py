"""Rules between the nodes of a catalogue: ids, references, dates, targets. Each rule is one function in a list.

Names of one item in another are in `references`, a KPI's measure in `measure_rules`. What is only unwise, not wrong, is
the linter's (`lint`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from schemas.catalogue.attainment_rules import scored
from schemas.catalogue.computed import not_computed
from schemas.catalogue.forms import Number, Spans, weekdays
from schemas.catalogue.measure_rules import check_measure
from schemas.catalogue.models import Calendar, Catalogue, Direction
from schemas.catalogue.problems import Finding, Loc
from schemas.catalogue.references import finer, references, too_fine
from schemas.catalogue.slips import guess, guess_zone
from schemas.catalogue.units import CURRENCIES
from schemas.events.registry import Registry
from schemas.values import Scope

Rule = Callable[[Catalogue], Iterator[Finding]]


def find_problems(catalogue: Catalogue, *, alone: bool = False) -> list[Finding]:
    """Everything the rules object to.

    `alone` leaves out the rules that look from one item to another: for what is left of a catalogue of which some items
    could not be read, where a missing reference would be no news.
    """
    rules = SINGLE if alone else (*SINGLE, *BETWEEN)
    found = [finding for rule in rules for finding in rule(catalogue)]
    if not any(finding.code == "KPI026" for finding in found):
        registry = Registry.of(catalogue.event_types)
        for number, kpi in enumerate(catalogue.kpis):
            found += check_measure(kpi, ("kpis", number), registry, catalogue.tenant.currency)
    found += not_computed(catalogue)
    return found


def _zone_and_currency(catalogue: Catalogue) -> Iterator[Finding]:
    tenant = catalogue.tenant
    if tenant.timezone not in _zones():
        vi, en = guess_zone(tenant.timezone, _zones())
        yield Finding(
            "KPI013",
            ("tenant", "timezone"),
            tenant.timezone,
            f"không có múi giờ `{tenant.timezone}`{vi}",
            f"there is no time zone `{tenant.timezone}`{en}",
        )
    if tenant.currency not in CURRENCIES:
        vi, en = guess(tenant.currency, CURRENCIES)
        yield Finding(
            "KPI013",
            ("tenant", "currency"),
            tenant.currency,
            f"`{tenant.currency}` không phải tiền tệ ISO 4217{vi}",
            f"`{tenant.currency}` is no ISO 4217 currency{en}",
        )


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _calendars(catalogue: Catalogue) -> Iterator[Finding]:
    for loc, calendar in calendars(catalogue):
        named: dict[str, str] = {}
        for key in calendar.hours or {}:
            for day in weekdays(key):
                if day in named:
                    yield Finding(
                        "KPI015",
                        (*loc, "hours", key),
                        key,
                        f"`{day}` có ở cả `{named[day]}` và `{key}`; mỗi ngày chỉ nêu một lần",
                        f"`{day}` is in `{named[day]}` and in `{key}`; name each day once",
                    )
                named.setdefault(day, key)


def _whole_days(catalogue: Catalogue) -> Iterator[Finding]:
    """A span that ends when it begins is 24 hours, which few mean who copy a time twice."""
    for loc, calendar in calendars(catalogue):
        days: list[tuple[Loc, Spans]] = [((*loc, "hours", key), spans) for key, spans in (calendar.hours or {}).items()]
        for day, said in calendar.overrides.items():
            days.append(((*loc, "overrides", str(day)), () if said == "closed" else said))
        for at, spans in days:
            for number, span in enumerate(spans):
                start, _, end = span.partition("-")
                if start == end:
                    yield Finding(
                        "KPI016",
                        (*at, number),
                        span,
                        f"`{span}` là 24 giờ, tới {end} hôm sau; viết `00:00-24:00` nếu là cả ngày, nếu không hãy"
                        " sửa giờ",
                        f"`{span}` is 24 hours, until {end} of the next day; write `00:00-24:00` for a whole day, or"
                        " correct the times",
                    )


def calendars(catalogue: Catalogue) -> Iterator[tuple[Loc, Calendar]]:
    """The tenant's calendar, then those laid over it, each with its place."""
    yield ("calendar",), catalogue.calendar
    for number, team in enumerate(catalogue.teams):
        if team.calendar is not None:
            yield ("teams", number, "calendar"), team.calendar
    for number, row in enumerate(catalogue.people):
        if row.calendar is not None:
            yield ("people", number, "calendar"), row.calendar


def _date_ranges(catalogue: Catalogue) -> Iterator[Finding]:
    ranges: list[tuple[Loc, date | None, date | None]] = [
        (("people", i), row.from_, row.to) for i, row in enumerate(catalogue.people)
    ]
    ranges += [(("leave", i), leave.from_, leave.to) for i, leave in enumerate(catalogue.leave)]
    ranges += [
        (("kpis", i, "targets", k), target.from_, target.to)
        for i, kpi in enumerate(catalogue.kpis)
        for k, target in enumerate(kpi.targets)
    ]
    for loc, start, end in ranges:
        if start is not None and end is not None and end <= start:
            yield Finding(
                "KPI012",
                (*loc, "to"),
                end,
                f"`to` {end} phải sau `from` {start}",
                f"`to` {end} should be after `from` {start}",
            )


def _people_overlap(catalogue: Catalogue) -> Iterator[Finding]:
    rows = [(row.id, row.from_, row.to) for row in catalogue.people]
    for number, other in _overlapping(rows):
        row = catalogue.people[number]
        yield Finding(
            "KPI012",
            ("people", number),
            row.id,
            f"`{row.id}` có hai dòng chồng ngày nhau (đội `{catalogue.people[other].team}` và `{row.team}`)",
            f"two rows of `{row.id}` overlap (team `{catalogue.people[other].team}` and `{row.team}`)",
        )


def _targets(catalogue: Catalogue) -> Iterator[Finding]:
    for number, kpi in enumerate(catalogue.kpis):
        loc: Loc = ("kpis", number, "targets")
        for k, target in enumerate(kpi.targets):
            if target.per is not None and target.subject is not None:
                yield Finding(
                    "KPI014",
                    (*loc, k, "subject"),
                    target.subject,
                    "mục tiêu chỉ nêu `per` hoặc `subject`, không cả hai",
                    "a target says `per` or `subject`, not both",
                )
            if target.per is not None and finer(target.per, kpi.scope):
                yield too_fine((*loc, k, "per"), target.per, target.per, kpi)
            if target.strict and kpi.direction is Direction.BAND:
                yield Finding(
                    "KPI014",
                    (*loc, k, "strict"),
                    True,
                    "`strict` không có nghĩa khi direction là band",
                    "`strict` means nothing with direction band",
                )
            if target.start is not None and not _leads_on(kpi.direction, target.start, target.value):
                yield Finding(
                    "KPI014",
                    (*loc, k, "start"),
                    target.start,
                    f"kết quả then chốt phải đi từ `start` đến một mục tiêu tốt hơn, mà `direction` là {kpi.direction}:"
                    f" từ {target.start} không đến {target.value} được",
                    f"a key result leads from `start` to a better target, and `direction` is {kpi.direction}:"
                    f" {target.start} does not lead to {target.value}",
                )
        rows = [((target.per, target.subject), target.from_, target.to) for target in kpi.targets]
        for k, other in _overlapping(rows):
            yield Finding(
                "KPI014",
                (*loc, k),
                kpi.targets[k].value,
                f"mục tiêu chồng ngày với mục tiêu {kpi.targets[other].value} của cùng đối tượng",
                f"the target overlaps the target {kpi.targets[other].value} of the same subjects",
            )


def _leads_on(direction: Direction, start: Number, value: Number) -> bool:
    if direction is Direction.BAND:
        return False
    return start < value if direction is Direction.UP else start > value


def _overlapping(rows: list[tuple[Any, date | None, date | None]]) -> Iterator[tuple[int, int]]:
    """Pairs (later, earlier) of row numbers with one key whose [from, to) overlap."""
    order = sorted(range(len(rows)), key=lambda i: (rows[i][1] or date.min, i))
    last: dict[Any, int] = {}
    for i in order:
        key, start, end = rows[i]
        before = last.get(key)
        if before is not None and (rows[before][2] or date.max) > (start or date.min):
            yield i, before
        if before is None or (end or date.max) > (rows[before][2] or date.max):
            last[key] = i


def _unique(catalogue: Catalogue) -> Iterator[Finding]:
    lists: Mapping[str, Iterable[str]] = {
        "kpis": [kpi.id for kpi in catalogue.kpis],
        "goals": [goal.id for goal in catalogue.goals],
        "teams": [team.id for team in catalogue.teams],
    }
    for kind, ids in lists.items():
        seen: dict[str, int] = {}
        for number, id_ in enumerate(ids):
            if id_ in seen:
                yield Finding(
                    "KPI010",
                    (kind, number, "id"),
                    id_,
                    f"mã `{id_}` đã dùng trong {kind}",
                    f"the id `{id_}` is already used in {kind}",
                    first=(kind, seen[id_], "id"),
                )
            seen.setdefault(id_, number)


def _subjects_are_told_apart(catalogue: Catalogue) -> Iterator[Finding]:
    taken: dict[str, tuple[Scope, Loc]] = {catalogue.tenant.id: (Scope.ORG, ("tenant", "id"))}
    claims: list[tuple[str, Scope, Loc]] = []
    claims += [
        (team.department, Scope.DEPARTMENT, ("teams", i, "department")) for i, team in enumerate(catalogue.teams)
    ]
    claims += [(team.id, Scope.TEAM, ("teams", i, "id")) for i, team in enumerate(catalogue.teams)]
    claims += [(row.id, Scope.PERSON, ("people", i, "id")) for i, row in enumerate(catalogue.people)]
    for id_, scope, loc in claims:
        other, first = taken.setdefault(id_, (scope, loc))
        if other is not scope:
            yield Finding(
                "KPI010",
                loc,
                id_,
                f"mã `{id_}` dùng cho cả {other} lẫn {scope}; mỗi mã chỉ cho một đối tượng",
                f"the id `{id_}` stands for {other} and for {scope}; an id names one subject only",
                first=first,
            )


def _own_event_types(catalogue: Catalogue) -> Iterator[Finding]:
    seen: dict[str, Loc] = {}
    for number, declared in enumerate(catalogue.event_types):
        loc: Loc = ("event_types", number, "type")
        if declared.type in seen:
            yield Finding(
                "KPI026",
                loc,
                declared.type,
                f"loại sự kiện `{declared.type}` khai báo hai lần",
                f"the event type `{declared.type}` is declared twice",
                first=seen[declared.type],
            )
        seen.setdefault(declared.type, loc)
        try:
            Registry.of((declared,))
        except ValueError as error:
            yield Finding(
                "KPI026", loc, declared.type, f"không khai báo được loại sự kiện `{declared.type}`: {error}", str(error)
            )


SINGLE: tuple[Rule, ...] = (_zone_and_currency, _calendars, _whole_days, _date_ranges, _own_event_types)
"""Rules that need one item at a time."""

BETWEEN: tuple[Rule, ...] = (_unique, _subjects_are_told_apart, _people_overlap, _targets, references, scored)
"""Rules from one item to another."""
