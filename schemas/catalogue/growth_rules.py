"""Growth: over the KPI's own period, against a baseline that can be compared with it."""

from collections.abc import Iterator
from datetime import date, timedelta

from schemas.catalogue.durations import Duration
from schemas.catalogue.measures import GrowthParts
from schemas.catalogue.measures_growth import Adjust, Back, Between
from schemas.catalogue.models import Period
from schemas.catalogue.problems import Finding, Loc

LENGTHS = {
    Period.DAY: Duration(1, "d"),
    Period.WEEK: Duration(7, "d"),
    Period.MONTH: Duration(1, "months"),
    Period.QUARTER: Duration(3, "months"),
    Period.YEAR: Duration(12, "months"),
}


def check_growth(growth: GrowthParts, period: Period, loc: Loc) -> Iterator[Finding]:
    """What is wrong with the lengths of a growth; `loc` is the one of its parts."""
    if growth.over != LENGTHS[period]:
        yield Finding(
            "KPI029",
            (*loc, "over"),
            str(growth.over),
            f"`over` là `{growth.over}`, phải bằng chu kỳ của KPI ({period}): viết `{LENGTHS[period]}`",
            f"`over` is `{growth.over}`, it should be the KPI's period ({period}): write `{LENGTHS[period]}`",
        )
    against = growth.against
    if isinstance(against, Between):
        yield from _between(against, growth, (*loc, "against"))
    if isinstance(against, Back) and not _whole_steps(against.back, growth.over):
        yield Finding(
            "KPI029",
            (*loc, "against", "back"),
            str(against.back),
            f"`back` là `{against.back}`, phải là bội số của `over` ({growth.over}) để rơi đúng vào một kỳ",
            f"`back` is `{against.back}`, it should be a multiple of `over` ({growth.over}), so that it meets a period",
        )
    if growth.per is not None:
        yield from _step(growth.per, growth, loc)


def _between(against: Between, growth: GrowthParts, loc: Loc) -> Iterator[Finding]:
    if against.to <= against.from_:
        yield Finding(
            "KPI012",
            (*loc, "to"),
            against.to,
            f"`to` {against.to} phải sau `from` {against.from_}",
            f"`to` {against.to} should be after `from` {against.from_}",
        )
    elif growth.adjust is Adjust.NONE and _later(against.from_, growth.over) != against.to:
        yield Finding(
            "KPI029",
            loc,
            None,
            f"kỳ gốc {against.from_} đến {against.to} không dài bằng `{growth.over}`;"
            " thêm `adjust: days` hoặc `adjust: working_time`",
            f"the baseline {against.from_} to {against.to} is not as long as `{growth.over}`;"
            " add `adjust: days` or `adjust: working_time`",
        )


def _step(per: Duration, growth: GrowthParts, loc: Loc) -> Iterator[Finding]:
    against = growth.against
    distance = against.back if isinstance(against, Back) else growth.over
    if not isinstance(against, Back) and against != "previous":
        yield Finding(
            "KPI029",
            (*loc, "per"),
            str(per),
            "`per` cần khoảng cách cố định tới kỳ gốc: dùng `against: previous` hoặc {back: ...}",
            "`per` needs a fixed distance to the baseline: use `against: previous` or {back: ...}",
        )
    elif not _whole_steps(distance, per):
        yield Finding(
            "KPI029",
            (*loc, "per"),
            str(per),
            f"`per` là `{per}`, phải chia hết khoảng cách tới kỳ gốc ({distance})",
            f"`per` is `{per}`, it should divide the distance to the baseline ({distance})",
        )


def grain_of(against: Between) -> Period | None:
    """The grain of which the dates are one whole period; None where they are of none."""
    first = against.from_
    begins = {
        Period.DAY: True,
        Period.WEEK: first.isoweekday() == 1,
        Period.MONTH: first.day == 1,
        Period.QUARTER: first.day == 1 and first.month % 3 == 1,
        Period.YEAR: (first.month, first.day) == (1, 1),
    }
    return next((grain for grain in Period if begins[grain] and _later(first, LENGTHS[grain]) == against.to), None)


def _whole_steps(length: Duration, step: Duration) -> bool:
    return length.unit == step.unit and length.amount % step.amount == 0


def _later(day: date, length: Duration) -> date | None:
    """The date so much later, or None where its month has no such day or the years end."""
    try:
        if length.unit == "d":
            return day + timedelta(days=length.amount)
        months = day.year * 12 + day.month - 1 + length.amount
        return day.replace(year=months // 12, month=months % 12 + 1)
    except (ValueError, OverflowError):
        return None
