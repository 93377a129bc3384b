"""What a calendar's text says: weekdays, opening spans, country - or where it is wrong.

Only text here: nothing knows a time zone yet. `check_calendar` is for whoever has the line numbers.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import holidays

from schemas.catalogue.models import Calendar
from streams.core.calendar.spans import DAY_MINUTES, Span, united

Place = tuple[str | int, ...]
"""Keys and list positions that lead to a node."""

Week = tuple[tuple[Span, ...], ...]
"""Spans of Monday to Sunday."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)", re.ASCII)


class Problem(NamedTuple):
    """One thing wrong with a calendar: its place, the value, and value and rule as a sentence in both languages."""

    path: Place
    value: str
    vi: str
    en: str


class CalendarError(ValueError):
    """A calendar that cannot be understood; the text names the place, the value and the rule."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{'.'.join(map(str, problem.path))}: {problem.en}")
        self.problem = problem


def check_calendar(calendar: Calendar, base: Calendar | None = None) -> list[Problem]:
    """Everything that keeps a calendar from being understood; places start inside the calendar.

    Args:
        calendar: as written on the tenant, a team or a person.
        base: what it is laid over; its country gives a meaning to a subdivision named alone.
    """
    problems: list[Problem] = []

    def attempt(read: Callable[..., object], *arguments: object) -> None:
        try:
            read(*arguments)
        except CalendarError as error:
            problems.append(error.problem)

    inherits = base is not None and "country" not in calendar.model_fields_set
    attempt(check_place, base.country if base and inherits else calendar.country, calendar.subdivision)
    hours = calendar.hours or {}
    for key, texts in hours.items():
        attempt(week_of, {key: texts})
    if not problems:
        attempt(week_of, hours)
    for day, says in calendar.overrides.items():
        if says != "closed":
            attempt(spans_of, says, ("overrides", day.isoformat()))
    return problems


def week_of(hours: Mapping[str, Iterable[str]]) -> Week:
    """Spans by weekday from keys like `mon-fri`, `sat` or `mon,wed`; a day not named is closed.

    Raises:
        CalendarError: an unknown weekday, a day named twice, or a bad span.
    """
    week: dict[int, tuple[Span, ...]] = {}
    for key, texts in hours.items():
        spans = spans_of(texts, ("hours", key))
        for weekday in _weekdays(key):
            if weekday in week:
                name = WEEKDAYS[weekday]
                raise _wrong(
                    ("hours", key),
                    key,
                    f"`{name}` được ghi hai lần trong hours; mỗi ngày trong tuần chỉ ghi một lần",
                    f"`{name}` is named twice in hours; name each weekday once",
                )
            week[weekday] = spans
    return tuple(week.get(weekday, ()) for weekday in range(7))


def spans_of(texts: Iterable[str], path: Place) -> tuple[Span, ...]:
    """Opening spans of one day in order, those that overlap or touch made one.

    Raises:
        CalendarError: a span that is not HH:MM-HH:MM.
    """
    return united(_span(text, (*path, index)) for index, text in enumerate(texts))


def check_place(country: str | None, subdivision: str | None) -> None:
    """Raises CalendarError unless the `holidays` package knows the country and its subdivision."""
    if country is None:
        if subdivision is not None:
            raise _wrong(
                ("subdivision",),
                subdivision,
                f"`{subdivision}` cần đi kèm `country` là quốc gia có vùng đó",
                f"`{subdivision}` needs the `country` that it is a part of",
            )
        return
    known: Any = getattr(holidays, country, None) if re.fullmatch("[A-Z]{2,3}", country) else None
    if not hasattr(known, "country"):
        raise _wrong(
            ("country",),
            country,
            f"không có dữ liệu ngày lễ của `{country}`; viết mã quốc gia ISO 3166 chữ hoa như VN",
            f"no holidays are known for `{country}`; write a country code of ISO 3166 in capitals, like VN",
        )
    subdivisions = (*known.subdivisions, *known.subdivisions_aliases)
    if subdivision is not None and subdivision not in subdivisions:
        raise _wrong(
            ("subdivision",),
            subdivision,
            f"{country} không có vùng `{subdivision}`; các vùng: {', '.join(subdivisions) or 'không có'}",
            f"{country} has no subdivision `{subdivision}`; it has {', '.join(subdivisions) or 'none'}",
        )


def _weekdays(key: str) -> list[int]:
    days: list[int] = []
    for part in key.split(","):
        names = [name.strip().lower() for name in part.split("-")]
        if len(names) > 2 or any(name not in WEEKDAYS for name in names):
            raise _wrong(
                ("hours", key),
                key,
                f"`{key}` không phải ngày trong tuần; viết như mon, mon-fri hoặc mon,wed ({' '.join(WEEKDAYS)})",
                f"`{key}` names no weekdays; write mon, mon-fri or mon,wed ({' '.join(WEEKDAYS)})",
            )
        first, last = WEEKDAYS.index(names[0]), WEEKDAYS.index(names[-1])
        days += [(first + step) % 7 for step in range((last - first) % 7 + 1)]
    return days


def _span(text: str, path: Place) -> Span:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise _wrong(
            path,
            text,
            f"`{text}` không phải khung giờ dạng HH:MM-HH:MM (00:00 đến 24:00)",
            f"`{text}` is no opening span of the form HH:MM-HH:MM (00:00 to 24:00)",
        )
    hour, minute, end_hour, end_minute = (int(group or 0) for group in match.groups())
    start, end = hour * 60 + minute, end_hour * 60 + end_minute
    # 24:00 has no groups and reads as 0 here, which is the same: an end at or before its start is on the next date.
    return start, end if end > start else end + DAY_MINUTES


def _wrong(path: Place, value: str, vi: str, en: str) -> CalendarError:
    return CalendarError(Problem(path, value, vi, en))
