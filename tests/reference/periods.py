"""Periods and instants of the tenant's clock."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from schemas.catalogue.models import Period


@cache
def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a date: an hour later where the clock jumps over 00:00."""
    if day.year in (1, 9999):
        return datetime(day.year, 6, 1, tzinfo=UTC)
    instant = datetime.combine(day, time(), zone).astimezone(UTC) - timedelta(hours=3)
    while instant.astimezone(zone).date() < day:
        instant += timedelta(minutes=15)
    return instant


def period_of(grain: Period, moment: datetime, zone: ZoneInfo) -> tuple[str, date, date]:
    """Id, first date and first date after the period around a moment."""
    day = moment.astimezone(zone).date()
    if grain is Period.DAY:
        return day.isoformat(), day, day + timedelta(1)
    if grain is Period.WEEK:
        year, week, weekday = day.isocalendar()
        monday = day - timedelta(weekday - 1)
        return f"{year}-W{week:02d}", monday, monday + timedelta(7)
    if grain is Period.YEAR:
        return str(day.year), date(day.year, 1, 1), date(day.year + 1, 1, 1)
    months, name = (1, f"{day:%Y-%m}") if grain is Period.MONTH else (3, f"{day.year}-Q{(day.month + 2) // 3}")
    month = (day.month - 1) // months * months
    after = (month + months) // 12
    return name, date(day.year, month + 1, 1), date(day.year + after, (month + months) % 12 + 1, 1)


@cache
def bounds(period: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    grain, day = Period.YEAR, date(int(period[:4]), 1, 1)
    if "W" in period:
        grain, day = Period.WEEK, date.fromisocalendar(int(period[:4]), int(period[6:]), 1)
    elif "Q" in period:
        grain, day = Period.QUARTER, date(int(period[:4]), int(period[6:]) * 3, 1)
    elif len(period) > 4:
        grain = Period.MONTH if len(period) == 7 else Period.DAY
        day = date.fromisoformat(period if grain is Period.DAY else f"{period}-01")
    _, first, after = period_of(grain, datetime.combine(day, time(12), zone), zone)
    return midnight(first, zone), midnight(after, zone)


def text(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat()
