"""The law of overlays: whose hours hold on a date, against precedence written out by hand for each date."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import holidays
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalogue.models import Catalogue
from streams.core.calendar import build
from streams.core.calendar.text import WEEKDAYS
from streams.core.local_clock import DAY_US, MINUTE_US
from tests.streams.core.test_local_clock import us

FIRST, DAYS = date(2026, 8, 10), 60
"""Two months with holidays in every country below, Vietnam's swap of 22 and 31 August 2026 among them."""
COUNTRIES = (None, "VN", "DE", "US", "JP")
DEFAULT = (("08:00", "11:30"), ("13:30", "17:30"))
SWAPPED = {date(2026, 8, 22): date(2026, 8, 31)}

Texts = list[str]
spans = st.sampled_from([[], ["08:00-12:00"], ["08:00-11:30", "13:30-17:30"], ["22:00-06:00"], ["00:00-24:00"]])
weeks = st.fixed_dictionaries({}, optional=dict.fromkeys(WEEKDAYS, spans))
dates = st.integers(0, DAYS - 1).map(lambda n: FIRST + timedelta(n))
overrides = st.dictionaries(dates.map(str), spans | st.just("closed"), max_size=4)
layers = st.fixed_dictionaries(
    {}, optional={"country": st.sampled_from(COUNTRIES), "hours": weeks, "overrides": overrides}
)


@st.composite
def companies(draw: st.DrawFn) -> dict[str, Any]:
    """A tenant, two teams and one person who may move between them, join, leave and be away."""
    moves = sorted(draw(st.lists(dates, min_size=1, max_size=3, unique=True)))
    rows: list[dict[str, Any]] = []
    for number, start in enumerate(moves):
        row: dict[str, Any] = {"id": "an", "team": draw(st.sampled_from(["a", "b"])), "from": str(start)}
        if number + 1 < len(moves) and draw(st.booleans()):
            row["to"] = str(start + timedelta(draw(st.integers(1, (moves[number + 1] - start).days))))
        if draw(st.booleans()):
            row["calendar"] = draw(layers)
        rows.append(row)
    away = [(start, start + timedelta(draw(st.integers(1, 5)))) for start in draw(st.lists(dates, max_size=2))]
    return {
        "version": 1,
        "tenant": {"id": "demo", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND"},
        "calendar": draw(layers),
        "teams": [{"id": name, "department": "x", "calendar": draw(layers)} for name in ("a", "b")],
        "people": rows,
        "leave": [{"person": "an", "from": str(start), "to": str(end)} for start, end in away],
    }


def by_hand(told: Mapping[str, Any], day: date, person: bool, team: str | None) -> Texts:
    """The opening spans of a date, straight from DESIGN 4.2."""
    stack = [told["calendar"]]
    if person:
        ends = [*[row["from"] for row in told["people"][1:]], "9999-12-31"]
        held = [
            row for row, end in zip(told["people"], ends, strict=True) if row["from"] <= str(day) < row.get("to", end)
        ]
        if not held or any(away["from"] <= str(day) < away["to"] for away in told["leave"]):
            return []
        team = held[0]["team"]
        stack.append(held[0].get("calendar", {}))
    if team is not None:
        stack.insert(1, next(one["calendar"] for one in told["teams"] if one["id"] == team))
    for layer in reversed(stack):
        if str(day) in layer.get("overrides", {}):
            says = layer["overrides"][str(day)]
            return [] if says == "closed" else list(says)
    country = next((layer["country"] for layer in reversed(stack) if "country" in layer), None)
    hours = next((layer["hours"] for layer in reversed(stack) if "hours" in layer), None)
    known = holidays.country_holidays(country, years=day.year) if country else {}
    if day in known:
        return []
    rests = day.weekday() >= 5

    def of(weekday: int, rests: bool) -> Texts:
        if hours is not None:
            return list(hours.get(WEEKDAYS[weekday], []))
        return [] if rests else ["-".join(span) for span in DEFAULT]

    if country == "VN" and day in SWAPPED:
        return of(SWAPPED[day].weekday(), rests=False) or of(day.weekday(), rests=False)
    return of(day.weekday(), rests)


def wall(texts: Texts) -> list[tuple[int, int]]:
    """Minutes after 00:00, in order; spans that touch or overlap are one."""
    found: list[tuple[int, int]] = []
    for text in texts:
        start, end = (int(reading[:2]) * 60 + int(reading[3:]) for reading in text.split("-"))
        found.append((start, end if end > start else end + 1440))
    return sorted(found)


def open_minutes(texts_of: Mapping[date, Texts]) -> int:
    """How many minutes of the two months are open: spans may run over midnight, and into each other."""
    minutes = set[int]()
    for day, texts in texts_of.items():
        for start, end in wall(texts):
            minutes.update((day - FIRST).days * 1440 + minute for minute in range(start, end))
    return sum(0 <= minute < DAYS * 1440 for minute in minutes)


@settings(max_examples=30, deadline=None)
@given(companies())
def test_each_date_has_the_hours_of_the_nearest_layer_that_says_any(told: dict[str, Any]) -> None:
    calendars = build(Catalogue.model_validate(told))
    start_us = us(f"{FIRST}T00:00:00+07:00")
    for working, person, team in (
        (calendars.tenant, False, None),
        (calendars.team("a"), False, "a"),
        (calendars.person("an"), True, None),
    ):
        days = [FIRST + timedelta(n) for n in range(-1, DAYS)]
        expected = {day: by_hand(told, day, person, team) for day in days}

        assert {day: list(working.wall_spans(day)) for day in days} == {day: wall(expected[day]) for day in days}
        assert working.between(start_us, start_us + DAYS * DAY_US) == open_minutes(expected) * MINUTE_US
