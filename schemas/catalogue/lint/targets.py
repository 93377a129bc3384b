"""Targets that cannot be reached, cannot be missed, have no date, leave a gap, jump, or are for nobody."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from math import isinf

from schemas.catalogue.lint.nature import is_proportion, limits_of
from schemas.catalogue.lint.population import Population, kpis_of
from schemas.catalogue.models import Catalogue, Direction, Kpi, Target
from schemas.catalogue.problems import Finding, Loc
from schemas.catalogue.references import subjects
from schemas.events.registry import Registry
from schemas.values import Scope

JUMP = 2
"""A target that is so many times the one before is worth a second look."""
PAST_DAYS = 366
"""What was missing longer ago is history: filling it in would rewrite what people were told."""


def target_out_of_reach(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """Achievable, as far as the measure itself has limits: no share is over 100 %, no answer on a scale of 5 over 5."""
    registry = Registry.of(catalogue.event_types)
    for number, kpi in enumerate(catalogue.kpis):
        low, high = limits_of(kpi, registry)
        for place, target in enumerate(kpi.targets):
            up, value = kpi.direction is Direction.UP, target.value
            impossible = {
                Direction.UP: value > high or (target.strict and value == high),
                Direction.DOWN: value < low or (target.strict and value == low),
                Direction.BAND: not low <= value <= high,
            }[kpi.direction]
            at: Loc = ("kpis", number, "targets", place, "value")
            if impossible and kpi.unit != "%" and is_proportion(kpi.measure):
                yield Finding(
                    "KPI114",
                    at,
                    value,
                    f"mục tiêu {value} không thể đạt: với đơn vị `{kpi.unit}`, `{kpi.id}` nằm từ 0 đến 1; viết"
                    ' `unit: "%"` để tính phần trăm, hoặc sửa con số',
                    f"the target {value} cannot be reached: in the unit `{kpi.unit}`, `{kpi.id}` lies between 0 and 1;"
                    ' write `unit: "%"` for per cent, or change it',
                )
            elif impossible:
                vi, en = _between(low, high)
                yield Finding(
                    "KPI114",
                    at,
                    value,
                    f"mục tiêu {value} không thể đạt: `{kpi.id}` {vi}; hãy sửa con số",
                    f"the target {value} cannot be reached: `{kpi.id}` {en}; change it",
                )
            elif (up and value <= low) or (kpi.direction is Direction.DOWN and value >= high):
                vi, en = _between(low, high)
                yield Finding(
                    "KPI115",
                    at,
                    value,
                    f"mục tiêu {value} lúc nào cũng đạt: `{kpi.id}` {vi}; hãy chọn con số có ý nghĩa",
                    f"the target {value} is always met: `{kpi.id}` {en}; choose one that says something",
                )


def _between(low: float, high: float) -> tuple[str, str]:
    """The limits of a value in words; one of them may be infinite."""
    if isinf(high):
        return f"không bao giờ dưới {low:g}", f"is never below {low:g}"
    if isinf(low):
        return f"không bao giờ trên {high:g}", f"is never above {high:g}"
    return f"chỉ nằm từ {low:g} đến {high:g}", f"lies between {low:g} and {high:g}"


def target_without_date(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """PRODUCT E4: a target without a start holds for the past too, and its next version rewrites what was judged."""
    for loc, kpi in kpis_of(catalogue):
        for place, target in enumerate(kpi.targets):
            if target.from_ is None:
                yield Finding(
                    "KPI117",
                    (*loc, "targets", place),
                    target.value,
                    f"mục tiêu {target.value} của `{kpi.id}` không có ngày bắt đầu; thêm `from`",
                    f"the target {target.value} of `{kpi.id}` has no first day; add `from`",
                )


def target_gap(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """Days without a target between two versions, or after the last one."""
    for loc, kpi in kpis_of(catalogue):
        for versions in _versions(kpi):
            for (_, before), (place, after) in pairwise(versions):
                if before.to and after.from_ and before.to < after.from_ and after.from_ > _history(today):
                    yield Finding(
                        "KPI132",
                        (*loc, "targets", place),
                        after.value,
                        f"`{kpi.id}` không có mục tiêu từ {before.to} đến trước {after.from_}; kéo dài `to` hoặc"
                        " dời `from`",
                        f"`{kpi.id}` has no target from {before.to} until {after.from_}; extend `to` or move `from`",
                    )
        ends = [target.to or date.max for target in kpi.targets]
        if ends and max(ends) <= today:
            last = max(range(len(ends)), key=lambda place: ends[place])
            yield Finding(
                "KPI132",
                (*loc, "targets", last, "to"),
                ends[last],
                f"mục tiêu cuối của `{kpi.id}` đã hết hạn ngày {ends[last]}; thêm mục tiêu mới hoặc bỏ KPI",
                f"the last target of `{kpi.id}` ended on {ends[last]}; add the next one or retire the KPI",
            )


def target_jump(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """Achievable, by the only history that a catalogue has: the version before."""
    for loc, kpi in kpis_of(catalogue):
        for versions in _versions(kpi):
            for (_, before), (place, after) in pairwise(versions):
                old, new = before.value, after.value
                if min(old, new) <= 0 or (after.from_ or date.min) < _history(today):
                    continue
                if kpi.direction is not Direction.BAND and max(old, new) >= JUMP * min(old, new):
                    yield Finding(
                        "KPI135",
                        (*loc, "targets", place, "value"),
                        new,
                        f"mục tiêu của `{kpi.id}` nhảy từ {old} lên {new}; hãy chắc rằng vẫn đạt được"
                        if new > old
                        else f"mục tiêu của `{kpi.id}` tụt từ {old} xuống {new}; hãy chắc rằng đúng ý",
                        f"the target of `{kpi.id}` jumps from {old} to {new}; make sure that this is meant and"
                        " achievable",
                    )


def target_for_a_stranger(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """A target for somebody who does not have the KPI is never used."""
    population, known = Population(catalogue, today), subjects(catalogue)
    teams = {team.id: team.department for team in catalogue.teams}
    for loc, kpi in kpis_of(catalogue):
        having = set(population.teams_of(kpi))
        has = having | {teams[team] for team in having} | {catalogue.tenant.id}
        has |= {row.id for row in catalogue.people if row.team in having}
        for place, target in enumerate(kpi.targets):
            if target.subject in known and target.subject not in has:
                yield Finding(
                    "KPI133",
                    (*loc, "targets", place, "subject"),
                    target.subject,
                    f"`{target.subject}` không có KPI `{kpi.id}` (xem `for`), nên mục tiêu này không bao giờ được"
                    " dùng; sửa `subject` hoặc `for`",
                    f"`{target.subject}` does not have the KPI `{kpi.id}` (see `for`), so this target is never"
                    " used; change `subject` or `for`",
                )


def _history(today: date) -> date:
    """What was decided before it is history."""
    return date.fromordinal(max(today.toordinal() - PAST_DAYS, 1))


def _versions(kpi: Kpi) -> Iterator[list[tuple[int, Target]]]:
    """The targets of each subject or kind of subject with their positions, in order of time."""
    grouped: dict[tuple[Scope | None, str | None], list[tuple[int, Target]]] = defaultdict(list)
    for place, target in enumerate(kpi.targets):
        grouped[target.per, target.subject].append((place, target))
    for versions in grouped.values():
        yield sorted(versions, key=lambda version: version[1].from_ or date.min)


RULES = (
    target_out_of_reach,
    target_without_date,
    target_gap,
    target_jump,
    target_for_a_stranger,
)
