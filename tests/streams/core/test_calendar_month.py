"""The dates of a calendar with their reasons, and the law that reasons and hours never disagree."""

from datetime import date, timedelta
from typing import Any

import pytest

from schemas.catalogue.models import Catalogue
from schemas.values import Scope
from streams.core.calendar import build, zone_of
from streams.core.calendar.month import Day, Diary, Stretch, Whose
from streams.core.calendar.schedule import DayKind
from streams.core.local_clock import HOUR_US, LocalClock

OFFICE = {"country": "VN", "hours": {"mon-fri": ["08:00-11:30", "13:30-17:30"]}, "holidays": {"confirmed": [2026]}}


def company(zone: str = "Asia/Ho_Chi_Minh", **more: Any) -> Catalogue:
    tenant = {"id": "demo", "timezone": zone, "currency": "VND"}
    return Catalogue.model_validate({"version": 1, "tenant": tenant, "calendar": OFFICE, **more})


def stretch(catalogue: Catalogue, first: str, after: str, whose: Whose | None = None) -> Stretch:
    diary = Diary(catalogue, build(catalogue), LocalClock(zone_of(catalogue.tenant)))
    return diary.stretch(whose or Whose(Scope.ORG, "demo"), date.fromisoformat(first), date.fromisoformat(after))


def day(catalogue: Catalogue, on: str, whose: Whose | None = None) -> Day:
    (found,) = stretch(catalogue, on, str(date.fromisoformat(on) + timedelta(1)), whose).days
    return found


def test_february_2026_has_15_working_days_and_five_of_tet() -> None:
    february = stretch(company(), "2026-02-01", "2026-03-01")

    assert (february.working_days, february.open_us / HOUR_US) == (15, 112.5)
    assert [one.on.day for one in february.days if one.kind is DayKind.HOLIDAY] == [16, 17, 18, 19, 20]
    assert february.confirmed == {2026: True}


def test_a_leap_year_has_a_29th_of_february() -> None:
    assert len(stretch(company(), "2028-02-01", "2028-03-01").days) == 29
    assert day(company(), "2028-02-29").open_us == 7.5 * HOUR_US  # a Tuesday


def test_a_holiday_has_its_name_in_both_languages() -> None:
    new_year = day(company(), "2026-01-01")

    assert new_year.name == {"vi": "Tết Dương lịch", "en": "New Year's Day"}


def test_a_swap_is_told_on_both_of_its_days() -> None:
    saturday, monday = day(company(), "2026-08-22"), day(company(), "2026-08-31")

    assert (saturday.kind, saturday.instead_of) == (DayKind.MADE_UP, date(2026, 8, 31))
    assert (monday.kind, monday.made_up_on) == (DayKind.HOLIDAY, date(2026, 8, 22))


def test_a_holiday_on_a_sunday_has_its_substitute_on_monday() -> None:
    kinds = [day(company(), f"2026-04-{number}").kind for number in (26, 27, 28)]

    assert kinds == [DayKind.HOLIDAY, DayKind.HOLIDAY, DayKind.WORKING]


def test_overrides_say_whether_the_day_is_short() -> None:
    changed = company(calendar=OFFICE | {"overrides": {"2026-12-24": ["08:00-11:30"], "2026-12-31": "closed"}})
    eve, last = day(changed, "2026-12-24"), day(changed, "2026-12-31")

    assert (eve.kind, eve.is_short, eve.usual_us) == (DayKind.CHANGED, True, 7.5 * HOUR_US)
    assert (last.kind, last.is_short, last.open_us) == (DayKind.CLOSED, False, 0)


def test_a_person_is_on_leave_only_when_they_would_work() -> None:
    an = Whose(Scope.PERSON, "an")
    away = company(
        teams=[{"id": "hn-1", "department": "x"}],
        people=[{"id": "an", "team": "hn-1", "from": "2026-11-02", "to": "2026-12-01"}],
        leave=[{"person": "an", "from": "2026-11-20", "to": "2026-11-25"}],
    )
    kinds = {number: day(away, f"2026-11-{number:02}", an).kind for number in (1, 2, 20, 21, 23, 24, 25)}

    assert kinds == {
        1: DayKind.ABSENT,
        2: DayKind.WORKING,
        20: DayKind.LEAVE,
        21: DayKind.REST,  # a Saturday
        23: DayKind.LEAVE,
        24: DayKind.HOLIDAY,
        25: DayKind.WORKING,
    }
    assert day(away, "2026-12-01", an).kind is DayKind.ABSENT


def test_who_moves_has_the_days_of_the_team_then_held() -> None:
    nights = {"hours": {"mon-fri": ["22:00-06:00"]}, "country": None}
    moved = company(
        teams=[{"id": "hn-1", "department": "x"}, {"id": "night", "department": "x", "calendar": nights}],
        people=[{"id": "an", "team": "hn-1"}, {"id": "an", "team": "night", "from": "2026-11-24"}],
    )
    an = Whose(Scope.PERSON, "an")

    assert day(moved, "2026-11-23", an).spans == ((480, 690), (810, 1050))
    assert day(moved, "2026-11-24", an).spans == ((1320, 1800),)  # a holiday, but not for the night team


def test_a_night_shift_over_the_months_end_makes_the_sum_of_its_days_other_than_the_months() -> None:
    night = company(calendar={"hours": {"mon-sun": ["22:00-06:00"]}})
    november = stretch(night, "2026-11-01", "2026-12-01")

    assert sum(one.open_us for one in november.days) == 30 * 8 * HOUR_US
    assert november.open_us == 30 * 8 * HOUR_US  # six hours from October come in, six go to December
    assert (
        stretch(company(calendar={"hours": {"mon-fri": ["22:00-06:00"]}}), "2026-11-01", "2026-12-01").open_us
        == (21 * 8 - 6) * HOUR_US
    )  # the 1st is a Sunday; the 30th a Monday


def test_a_date_that_the_zone_skipped_says_so() -> None:
    apia = company("Pacific/Apia", calendar={"hours": {"mon-sun": ["08:00-17:00"]}})

    assert day(apia, "2011-12-30").kind is DayKind.SKIPPED
    assert day(apia, "2011-12-31").open_us == 9 * HOUR_US


def test_without_a_country_no_year_is_asked_for() -> None:
    assert stretch(company(calendar={}), "2026-02-01", "2026-03-01").confirmed == {}


def test_years_are_confirmed_one_by_one() -> None:
    assert stretch(company(), "2026-12-01", "2027-02-01").confirmed == {2026: True, 2027: False}


@pytest.mark.parametrize("zone", ["Asia/Ho_Chi_Minh", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
@pytest.mark.parametrize("country", ["VN", "CN", "US", "DE", None])
def test_reasons_agree_with_the_hours_on_every_date(zone: str, country: str | None) -> None:
    hours = {"mon-fri": ["08:00-11:30", "13:30-17:30"], "sat": ["22:00-04:00"]}
    catalogue = company(zone, calendar={"country": country, "hours": hours})

    for one in stretch(catalogue, "2025-12-01", "2027-02-01").days:
        off = one.kind in (DayKind.REST, DayKind.HOLIDAY, DayKind.CLOSED)
        assert (one.open_us == 0) == off == (one.spans == ()), one
