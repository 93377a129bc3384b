"""A month or year of working time as lines of text, in Vietnamese and English."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import groupby
from typing import Literal

from babel.dates import format_date
from babel.numbers import format_decimal

from streams.core.calendar.month import Day, Stretch
from streams.core.calendar.schedule import DayKind
from streams.core.local_clock import HOUR_US

Lang = Literal["vi", "en"]

CELL = 10
WEEKDAYS: Mapping[Lang, tuple[str, ...]] = {
    "vi": ("Thứ 2", "Thứ 3", "Thứ 4", "Thứ 5", "Thứ 6", "Thứ 7", "CN"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
OFF: Mapping[DayKind, Mapping[Lang, str]] = {
    DayKind.REST: {"vi": "–", "en": "–"},
    DayKind.WORKING: {"vi": "–", "en": "–"},  # a change of the clock left nothing of its hours
    DayKind.MADE_UP: {"vi": "–", "en": "–"},
    DayKind.CHANGED: {"vi": "–", "en": "–"},
    DayKind.HOLIDAY: {"vi": "lễ", "en": "hol"},
    DayKind.CLOSED: {"vi": "nghỉ", "en": "closed"},
    DayKind.LEAVE: {"vi": "phép", "en": "leave"},
    DayKind.ABSENT: {"vi": "·", "en": "·"},
    DayKind.SKIPPED: {"vi": "không có", "en": "skipped"},
}
"""What stands in the cell of a date without work."""
MARKS: Mapping[DayKind, str] = {DayKind.MADE_UP: "+", DayKind.CHANGED: "*", DayKind.LEAVE: "~"}
"""What stands behind the hours of a date that is worked, but not as usual."""

SAYS: Mapping[Lang, Mapping[str, str]] = {
    "vi": {
        "when": "'tháng' M/yyyy",
        "title": "Lịch làm việc {when}: {who}, múi giờ {zone}",
        "holidays": "Ngày lễ của {place}: năm {years}",
        "confirmed": "{year} đã xác nhận",
        "unconfirmed": "{year} CHƯA xác nhận",
        "no_country": "Không tính ngày lễ của quốc gia nào (lịch không có `country`).",
        "usual": "Giờ thường: {days} {spans}",
        "week": "Tuần",
        "sum": "Giờ",
        "month": "Tháng",
        "days": "Ngày",
        "total": "Tổng: {days} ngày làm việc, {hours} giờ.",
        "edge": "Ca đêm qua ranh giới: các ca bắt đầu trong những ngày này dài {hours} giờ.",
        "made_up": "làm bù cho {day}, {spans}",
        "made_up_plain": "làm bù, {spans}",
        "substituted": "nghỉ, làm bù ngày {day}",
        "changed": "lịch riêng {spans}",
        "closed": "nghỉ theo lịch riêng",
        "leave": "nghỉ phép",
        "leave_part": "nghỉ phép một phần, còn làm {spans}",
        "absent": "không thuộc đội nào",
        "skipped": "múi giờ không có ngày này",
        "half": " (nửa ngày)",
        "clock": "đổi giờ: {hours} giờ",
    },
    "en": {
        "when": "LLLL yyyy",
        "title": "Working time {when}: {who}, time zone {zone}",
        "holidays": "Holidays of {place}: {years}",
        "confirmed": "{year} confirmed",
        "unconfirmed": "{year} NOT confirmed",
        "no_country": "No country's holidays are kept (the calendar has no `country`).",
        "usual": "Usual hours: {days} {spans}",
        "week": "Week",
        "sum": "Hours",
        "month": "Month",
        "days": "Days",
        "total": "Total: {days} working days, {hours} hours.",
        "edge": "Night shifts cross the edge: those that start on these dates last {hours} hours.",
        "made_up": "worked instead of {day}, {spans}",
        "made_up_plain": "make-up day, {spans}",
        "substituted": "day off, worked on {day} instead",
        "changed": "own hours {spans}",
        "closed": "closed by an override",
        "leave": "on leave",
        "leave_part": "on leave for a part, works {spans}",
        "absent": "in no team",
        "skipped": "the time zone has no such date",
        "half": " (half day)",
        "clock": "the clock changes: {hours} hours",
    },
}


def say_stretch(stretch: Stretch, who: str, zone: str, lang: Lang) -> Iterator[str]:
    """The lines of a month (weeks as rows) or of a year (months as rows), then every day that is not as usual."""
    says = SAYS[lang]
    is_month = (stretch.after - stretch.first).days <= 31
    when = format_date(stretch.first, says["when"] if is_month else "yyyy", locale=lang)
    yield says["title"].format(when=when, who=who, zone=zone)
    if stretch.country is None:
        yield says["no_country"]
    else:
        place = stretch.country + (f"-{stretch.subdivision}" if stretch.subdivision else "")
        years = ", ".join(
            says["confirmed" if known else "unconfirmed"].format(year=year) for year, known in stretch.confirmed.items()
        )
        yield says["holidays"].format(place=place, years=years)
    yield from _usual(stretch, lang)
    yield ""
    yield from _weeks(stretch, lang) if is_month else _months(stretch, lang)
    yield ""
    yield says["total"].format(days=stretch.working_days, hours=_hours(stretch.open_us, lang))
    started_us = sum(day.open_us for day in stretch.days)
    if started_us != stretch.open_us:
        yield says["edge"].format(hours=_hours(started_us, lang))
    told = list(_told(stretch.days, lang))
    if told:
        yield ""
        yield from told


def _usual(stretch: Stretch, lang: Lang) -> Iterator[str]:
    """The hours of each weekday, those that are alike on one line."""
    hours: dict[tuple[tuple[int, int], ...], dict[int, None]] = {}
    for day in stretch.days:
        if day.kind is DayKind.WORKING:
            hours.setdefault(day.spans, {})[day.on.weekday()] = None
    for spans, weekdays in hours.items():
        yield SAYS[lang]["usual"].format(days=", ".join(_runs(sorted(weekdays), lang)), spans=_spans(spans))


def _runs(weekdays: list[int], lang: Lang) -> Iterator[str]:
    """`Mon–Fri` for days in a row."""
    for _, group in groupby(enumerate(weekdays), key=lambda pair: pair[1] - pair[0]):
        names = [WEEKDAYS[lang][weekday] for _, weekday in group]
        yield names[0] if len(names) == 1 else f"{names[0]}–{names[-1]}"


def _weeks(stretch: Stretch, lang: Lang) -> Iterator[str]:
    says = SAYS[lang]
    yield _row(says["week"], WEEKDAYS[lang], says["sum"])
    for (_, week), group in groupby(stretch.days, key=lambda day: day.on.isocalendar()[:2]):
        days = list(group)
        cells = [""] * 7
        for day in days:
            cells[day.on.weekday()] = _cell(day, lang)
        yield _row(f"W{week:02}", cells, _hours(sum(day.open_us for day in days), lang))


def _months(stretch: Stretch, lang: Lang) -> Iterator[str]:
    says = SAYS[lang]
    yield f"{says['month']:<12}{says['days']:>6}{says['sum']:>10}"
    for _, group in groupby(stretch.days, key=lambda day: day.on.month):
        days = list(group)
        name = format_date(days[0].on, "LLLL", locale=lang)
        hours = _hours(sum(day.open_us for day in days), lang)
        yield f"{name:<12}{sum(day.open_us > 0 for day in days):>6}{hours:>10}"


def _row(head: str, cells: Iterable[str], tail: str) -> str:
    return f"{head:<6}" + "".join(f"{cell:<{CELL}}" for cell in cells) + f"{tail:>6}"


def _cell(day: Day, lang: Lang) -> str:
    what = _hours(day.open_us, lang) + MARKS.get(day.kind, "") if day.open_us else OFF[day.kind][lang]
    return f"{day.on.day:>2} {what}"


def _told(days: Iterable[Day], lang: Lang) -> Iterator[str]:
    """What is said of each day that is not as usual; days in a row of which the same is said are one line."""
    said = [(day.on, what) for day in days if (what := _what(day, lang)) is not None]
    runs: list[tuple[date, date, str]] = []
    for on, what in said:
        if runs and runs[-1][2] == what and (on - runs[-1][1]).days == 1:
            runs[-1] = (runs[-1][0], on, what)
        else:
            runs.append((on, on, what))
    for first, last, what in runs:
        when = _date(first, lang) if first == last else f"{_date(first, lang)} – {_date(last, lang)}"
        yield f"{when:<16} {what}"


def _what(day: Day, lang: Lang) -> str | None:
    says = SAYS[lang]
    spans = _spans(day.spans) + (says["half"] if day.is_short else "")
    if day.kind is DayKind.HOLIDAY and day.made_up_on is not None:
        return says["substituted"].format(day=_date(day.made_up_on, lang))
    if day.kind is DayKind.HOLIDAY:
        return (day.name or {}).get(lang) or OFF[DayKind.HOLIDAY][lang]
    if day.kind is DayKind.MADE_UP:
        if day.instead_of is None:
            return says["made_up_plain"].format(spans=spans)
        return says["made_up"].format(day=_date(day.instead_of, lang), spans=spans)
    if day.kind is DayKind.LEAVE:
        return says["leave_part"].format(spans=spans) if day.open_us else says["leave"]
    if day.kind in (DayKind.CHANGED, DayKind.CLOSED):
        own = says["changed"].format(spans=spans) if day.kind is DayKind.CHANGED else says["closed"]
        return f"{day.name[lang]}; {own}" if day.name and lang in day.name else own
    if day.kind in (DayKind.ABSENT, DayKind.SKIPPED):
        return says[day.kind.value]
    if day.kind is DayKind.WORKING and day.open_us != day.usual_us:
        return says["clock"].format(hours=_hours(day.open_us, lang))
    return None


def _spans(spans: Iterable[tuple[int, int]]) -> str:
    return ", ".join(f"{_clock(start)}–{_clock(end)}" for start, end in spans)


def _clock(minutes: int) -> str:
    """`06:00` of the next date reads `06:00`; only midnight at an end is `24:00`."""
    return "24:00" if minutes == 1440 else f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def _date(on: date, lang: Lang) -> str:
    return format_date(on, "dd/MM" if lang == "vi" else "d MMM", locale=lang)


def _hours(us: int, lang: Lang) -> str:
    return format_decimal(us / HOUR_US, "#,##0.##", locale=lang)
