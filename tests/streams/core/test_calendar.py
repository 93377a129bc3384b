"""Facts about real calendars, and the worked examples of PRODUCT 4.1 and 4.6."""

import timeit
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import pytest

from schemas.catalogue.models import Catalogue
from schemas.values import Scope
from streams.core.calendar import Calendars, WorkingTime, build, expected_share
from streams.core.calendar.public_holidays import public_holidays
from streams.core.windows import Windows
from tests.streams.core.test_local_clock import us

HOUR_US = 3_600_000_000
WINDOWS = Windows(ZoneInfo("Asia/Ho_Chi_Minh"))
OFFICE = {"country": "VN", "hours": {"mon-fri": ["08:00-11:30", "13:30-17:30"]}}


def calendars(calendar: dict[str, Any], zone: str = "Asia/Ho_Chi_Minh", **more: Any) -> Calendars:
    tenant = {"id": "demo", "timezone": zone, "currency": "VND"}
    return build(Catalogue.model_validate({"version": 1, "tenant": tenant, "calendar": calendar, **more}))


def office() -> WorkingTime:
    return calendars(OFFICE).tenant


def at(text: str) -> int:
    """An instant in Vietnam, written `2026-11-23 09:15`."""
    return us(f"{text.replace(' ', 'T')}:00+07:00")


def days_off(working_time: WorkingTime, year: int) -> set[str]:
    """Weekdays without work, as month-day."""
    days = (date(year, 1, 1) + timedelta(n) for n in range(365))
    return {f"{day:%m-%d}" for day in days if day.weekday() < 5 and not working_time.is_working_day(day)}


def test_weekdays_off_in_vietnam_in_2026() -> None:
    tet = {"02-16", "02-17", "02-18", "02-19", "02-20"}
    others = {"01-01", "04-27", "04-30", "05-01", "08-31", "09-01", "09-02", "11-24"}

    assert days_off(office(), 2026) == tet | others


def test_a_make_up_saturday_takes_the_hours_of_the_day_it_replaces() -> None:
    hours = {"mon": ["09:00-12:00"], "tue-fri": ["08:00-17:00"], "sat": ["08:00-10:00"]}
    working_time = calendars({"country": "VN", "hours": hours}).tenant

    assert working_time.spans(date(2026, 8, 22)) == [(at("2026-08-22 09:00"), at("2026-08-22 12:00"))]  # for Mon 31 Aug
    assert working_time.spans(date(2026, 8, 29)) == [(at("2026-08-29 08:00"), at("2026-08-29 10:00"))]


def test_who_never_works_on_the_replaced_weekday_keeps_their_own_saturday() -> None:
    working_time = calendars({"country": "VN", "hours": {"sat": ["08:00-10:00"]}}).tenant

    assert working_time.spans(date(2026, 8, 22)) == [(at("2026-08-22 08:00"), at("2026-08-22 10:00"))]


def test_a_swap_across_new_year_is_known_in_both_years() -> None:
    working_time = office()

    assert not working_time.is_working_day(date(2018, 12, 31))
    assert working_time.is_working_day(date(2019, 1, 5))
    assert public_holidays("VN", None, 2019).made_up[date(2019, 1, 5)] == date(2018, 12, 31)


@pytest.mark.parametrize("language", ["", "en_US", "vi", "de"])
def test_swapped_days_do_not_depend_on_the_language_of_the_machine(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE", language)
    public_holidays.cache_clear()

    assert public_holidays("VN", None, 2026).made_up == {date(2026, 8, 22): date(2026, 8, 31)}


@pytest.mark.parametrize("country", ["VN", "CN", "HU", "LV", "RU", "TW", "UZ", "BG", "DE", "US", "JP", "GB"])
def test_working_days_are_those_of_the_holidays_package(country: str) -> None:
    working_time = calendars({"country": country, "hours": {"mon-fri": ["08:00-17:00"]}}).tenant
    known = holidays.country_holidays(country, years=range(2017, 2029))
    days = [date(2018, 1, 1) + timedelta(n) for n in range(10 * 365)]

    assert [d for d in days if working_time.is_working_day(d)] == [d for d in days if known.is_working_day(d)]


def test_a_holiday_of_one_subdivision_is_a_working_day_elsewhere() -> None:
    womens_day = date(2027, 3, 8)  # a Monday; in 2026 it is a Sunday
    hours = {"mon-fri": ["09:00-17:00"]}

    assert not calendars({"country": "DE", "subdivision": "BE", "hours": hours}).tenant.is_working_day(womens_day)
    assert calendars({"country": "DE", "subdivision": "BY", "hours": hours}).tenant.is_working_day(womens_day)


def test_february_2026_has_15_working_days_and_two_thirds_are_over_on_the_13th() -> None:
    working_time, (_, february) = office(), WINDOWS.parse("2026-02")
    share = {day: expected_share(working_time, february, WINDOWS.day(date(2026, 2, day)).end_us) for day in (13, 22)}

    assert working_time.working_days(date(2026, 2, 1), date(2026, 3, 1)) == 15
    assert {day: round(100 * value, 1) for day, value in share.items()} == {13: 66.7, 22: 66.7}


def test_the_share_of_a_working_day_grows_while_it_is_open_and_stands_still_at_lunch() -> None:
    working_time, day = office(), WINDOWS.day(date(2026, 11, 23))
    clock = ["08:00", "09:30", "11:30", "12:30", "13:30", "15:30", "17:30", "23:59"]

    got = [expected_share(working_time, day, at(f"2026-11-23 {reading}")) for reading in clock]

    assert got == [0, 1.5 / 7.5, 3.5 / 7.5, 3.5 / 7.5, 3.5 / 7.5, 5.5 / 7.5, 1, 1]


def test_a_window_without_working_time_has_its_share_at_its_end() -> None:
    working_time, sunday = office(), WINDOWS.day(date(2026, 11, 22))

    assert expected_share(working_time, sunday, sunday.end_us - 1) == 0.0
    assert expected_share(working_time, sunday, sunday.end_us) == 1.0
    assert expected_share(working_time, sunday, sunday.start_us - 1) == 0.0


@pytest.mark.parametrize(
    ("hours", "opened", "duration_h", "due"),
    [
        (["08:00-17:00"], "2026-11-20 16:00", 4, "2026-11-23 11:00"),  # a Friday; a vendor's page says Tuesday
        (["09:00-17:00"], "2026-11-20 17:00", 8, "2026-11-23 17:00"),  # another one says Monday 09:00
        (["08:00-11:30", "13:30-17:30"], "2026-11-23 10:30", 4, "2026-11-23 16:30"),  # lunch does not count
        (["08:00-11:30", "13:30-17:30"], "2026-11-23 08:00", 3.5, "2026-11-23 11:30"),  # due at a closing instant
        (["08:00-17:00"], "2026-11-22 03:00", 0.5, "2026-11-23 08:30"),  # opened on a Sunday night
        (["08:00-17:00"], "2026-11-23 07:00", 0, "2026-11-23 07:00"),
        (["22:00-06:00"], "2026-11-23 23:00", 6, "2026-11-24 05:00"),
    ],
)
def test_due_instants(hours: list[str], opened: str, duration_h: float, due: str) -> None:
    working_time = calendars({"hours": {"mon-fri": hours}}).tenant

    assert working_time.due(at(opened), int(duration_h * HOUR_US)) == at(due)


def test_four_hours_before_tet_are_due_after_it() -> None:
    assert office().due(at("2026-02-13 16:30"), 4 * HOUR_US) == at("2026-02-23 11:00")


def test_a_calendar_that_never_opens_has_no_due_instant() -> None:
    never = calendars({"hours": {}}).tenant

    assert never.due(at("2026-11-23 09:00"), 1) is None
    assert never.next_open(at("2026-11-23 09:00")) is None
    assert never.due(at("2026-11-23 09:00"), 0) == at("2026-11-23 09:00")


def test_a_due_instant_may_lie_years_ahead_but_not_for_ever() -> None:
    working_time = calendars(
        {"hours": {}, "overrides": {"2029-01-02": ["08:00-09:00"], "2039-01-02": ["08:00-09:00"]}}
    ).tenant

    assert working_time.due(at("2026-01-01 00:00"), HOUR_US) == at("2029-01-02 09:00")
    assert working_time.due(at("2026-01-01 00:00"), HOUR_US + 1) is None


def test_a_negative_duration_is_refused() -> None:
    with pytest.raises(ValueError, match="duration -1 us is negative"):
        office().due(0, -1)


def test_open_instants_and_the_next_opening() -> None:
    working_time = office()

    assert working_time.is_open(at("2026-11-23 08:00"))
    assert not working_time.is_open(at("2026-11-23 11:30"))
    assert working_time.next_open(at("2026-11-23 11:30")) == at("2026-11-23 13:30")
    assert working_time.next_open(at("2026-11-23 14:00")) == at("2026-11-23 14:00")
    assert working_time.next_open(at("2026-11-23 17:30")) == at("2026-11-25 08:00")  # the 24th is Vietnam Cultural Day


def test_overrides_beat_holidays_swaps_and_hours() -> None:
    overrides = {
        "2026-12-24": ["08:00-12:00"],
        "2026-12-31": "closed",
        "2026-02-16": ["09:00-10:00"],
        "2026-08-22": "closed",
    }
    working_time = calendars({**OFFICE, "overrides": overrides}).tenant

    assert working_time.spans(date(2026, 12, 24)) == [(at("2026-12-24 08:00"), at("2026-12-24 12:00"))]
    assert working_time.spans(date(2026, 2, 16)) == [(at("2026-02-16 09:00"), at("2026-02-16 10:00"))]
    assert not working_time.is_working_day(date(2026, 12, 31))
    assert not working_time.is_working_day(date(2026, 8, 22))


def test_a_night_shift_belongs_to_the_date_on_which_it_starts() -> None:
    hours = {"mon-fri": ["22:00-06:00"]}
    working_time = calendars({"country": "VN", "hours": hours}).tenant  # Tuesday 24 November 2026 is a holiday

    assert working_time.between(at("2026-11-24 00:00"), at("2026-11-25 00:00")) == 6 * HOUR_US
    assert working_time.between(at("2026-11-25 00:00"), at("2026-11-26 00:00")) == 2 * HOUR_US
    assert working_time.spans(date(2026, 11, 23)) == [(at("2026-11-23 22:00"), at("2026-11-24 06:00"))]


def test_spans_that_overlap_over_midnight_count_once() -> None:
    working_time = calendars({"hours": {"mon-sun": ["20:00-08:00", "06:00-09:00"]}}).tenant

    assert working_time.between(at("2026-11-23 12:00"), at("2026-11-24 12:00")) == 13 * HOUR_US


def test_a_day_around_the_clock_is_24_hours_and_never_closes() -> None:
    working_time = calendars({"hours": {"mon-sun": ["00:00-24:00"]}}).tenant

    assert working_time.between(at("2025-01-01 00:00"), at("2027-01-01 00:00")) == 730 * 24 * HOUR_US
    assert working_time.next_open(at("2026-11-24 00:00")) == at("2026-11-24 00:00")


@pytest.mark.parametrize(
    ("span", "day", "hours"),
    [
        ("00:00-24:00", date(2026, 3, 8), 23),
        ("00:00-24:00", date(2026, 11, 1), 25),
        ("22:00-06:00", date(2026, 3, 7), 7),
        ("22:00-06:00", date(2026, 10, 31), 9),
        ("02:30-06:00", date(2026, 3, 8), 3),  # 02:30 was skipped: open from 03:00
        ("02:15-02:45", date(2026, 3, 8), 0),
        ("01:30-06:00", date(2026, 11, 1), 5.5),  # from the first 01:30
        ("00:00-01:30", date(2026, 11, 1), 1.5),  # to the first 01:30
        ("09:00-17:00", date(2026, 3, 8), 8),
    ],
)
def test_spans_on_days_when_the_clocks_change_in_new_york(span: str, day: date, hours: float) -> None:
    working_time = calendars({"hours": {}, "overrides": {day.isoformat(): [span]}}, "America/New_York").tenant
    worked = working_time.between(us("2026-01-01T00:00:00Z"), us("2027-01-01T00:00:00Z"))

    assert worked == hours * HOUR_US


def test_a_date_that_its_zone_skipped_has_no_working_time() -> None:
    working_time = calendars({"hours": {"mon-sun": ["08:00-17:00"]}}, "Pacific/Apia").tenant

    assert working_time.spans(date(2011, 12, 30)) == []
    assert working_time.between(us("2011-12-29T00:00:00-10:00"), us("2012-01-01T00:00:00+14:00")) == 18 * HOUR_US


def test_without_hours_an_office_day_holds_outside_of_the_countrys_weekend() -> None:
    vietnam, saudi_arabia, nowhere = (calendars(c).tenant for c in ({"country": "VN"}, {"country": "SA"}, {}))
    friday, saturday, sunday = (date(2026, 11, day) for day in (20, 21, 22))

    assert vietnam.spans(friday) == [
        (at("2026-11-20 08:00"), at("2026-11-20 11:30")),
        (at("2026-11-20 13:30"), at("2026-11-20 17:30")),
    ]
    assert [nowhere.is_working_day(day) for day in (friday, saturday, sunday)] == [True, False, False]
    assert [saudi_arabia.is_working_day(day) for day in (friday, saturday, sunday)] == [False, False, True]
    assert vietnam.between(*(WINDOWS.day(date(2026, 8, 22))[1:])) == 7.5 * HOUR_US  # the make-up Saturday


def people_of(*people: dict[str, Any], **more: Any) -> Calendars:
    teams = [
        {"id": "hn-1", "department": "sales"},
        {"id": "night", "department": "care", "calendar": {"hours": {"mon-fri": ["22:00-06:00"]}, "country": None}},
    ]
    return calendars(OFFICE, teams=teams, people=list(people), **more)


def hours_of(working_time: WorkingTime, period: str) -> float:
    return working_time.between(*WINDOWS.parse(period)[1][1:]) / HOUR_US


def test_a_team_calendar_replaces_the_keys_that_it_names() -> None:
    overrides = {"2026-11-23": "closed"}
    teams = [
        {"id": "half", "department": "x", "calendar": {"hours": {"mon-wed": ["08:00-12:00"]}}},
        {"id": "busy", "department": "x", "calendar": {"country": None, "overrides": {"2026-11-25": ["08:00-09:00"]}}},
    ]
    of = calendars({**OFFICE, "overrides": overrides}, teams=teams)

    assert (
        hours_of(of.team("half"), "2026-W48") == 4
    )  # Monday closed, Tuesday a holiday, Thursday and Friday not theirs
    assert hours_of(of.team("busy"), "2026-W48") == 7.5 + 1 + 7.5 + 7.5  # Monday closed as for all, Tuesday worked


def test_a_new_country_drops_the_subdivision_of_the_old_one() -> None:
    teams = [{"id": "hn-1", "department": "x", "calendar": {"country": "VN"}}]
    of = calendars({"country": "DE", "subdivision": "BE"}, "Europe/Berlin", teams=teams)

    assert not of.team("hn-1").is_working_day(date(2026, 11, 24))
    assert of.tenant.is_working_day(date(2026, 11, 24))


def test_leave_takes_whole_dates_out_of_a_person() -> None:
    leave = [{"person": "an", "from": "2026-11-25", "to": "2026-11-27"}]
    of = people_of({"id": "an", "team": "hn-1"}, {"id": "binh", "team": "hn-1"}, leave=leave)

    assert hours_of(of.person("an"), "2026-W48") == 15  # Monday and Friday; Tuesday is a holiday
    assert hours_of(of.person("binh"), "2026-W48") == 30
    assert not of.person("an").is_working_day(date(2026, 11, 25))
    assert of.person("an").is_working_day(date(2026, 11, 27))


def test_leave_of_a_night_worker_takes_the_shifts_that_start_on_its_dates() -> None:
    leave = [{"person": "an", "from": "2026-11-24", "to": "2026-11-25"}]
    an = people_of({"id": "an", "team": "night"}, leave=leave).person("an")

    assert an.between(at("2026-11-23 20:00"), at("2026-11-26 00:00")) == (8 + 2) * HOUR_US
    assert an.is_open(at("2026-11-24 03:00"))
    assert not an.is_open(at("2026-11-25 03:00"))


def test_who_is_not_here_yet_or_any_more_does_not_work() -> None:
    an = people_of({"id": "an", "team": "hn-1", "from": "2026-11-25", "to": "2026-12-02"}).person("an")

    assert hours_of(an, "2026-11") == 4 * 7.5
    assert hours_of(an, "2026-12") == 7.5
    assert an.due(at("2026-12-02 08:00"), 1) is None


def test_who_moves_works_the_hours_of_the_team_held_on_each_date() -> None:
    rows = {"id": "an", "team": "hn-1", "to": "2026-11-26"}, {"id": "an", "team": "night", "from": "2026-11-26"}
    an = people_of(*rows).person("an")

    assert an.spans(date(2026, 11, 25))[0][0] == at("2026-11-25 08:00")
    assert an.spans(date(2026, 11, 26)) == [(at("2026-11-26 22:00"), at("2026-11-27 06:00"))]
    assert hours_of(an, "2026-W48") == 7.5 + 7.5 + 8 + 8  # Monday, Wednesday by day; Thursday, Friday by night


def test_a_persons_own_calendar_lies_over_their_teams() -> None:
    part_time = {"hours": {"mon-tue": ["08:00-12:00"]}}
    of = people_of(
        {"id": "an", "team": "hn-1", "calendar": part_time}, {"id": "binh", "team": "night", "calendar": part_time}
    )

    assert hours_of(of.person("an"), "2026-W48") == 4  # Tuesday is a holiday
    assert hours_of(of.person("binh"), "2026-W48") == 8  # but not for the night team


def test_absence_told_by_events_comes_on_top() -> None:
    an = people_of({"id": "an", "team": "hn-1"}).person("an")

    assert hours_of(an.less([(date(2026, 11, 25), date(2026, 11, 26))]), "2026-W48") == hours_of(an, "2026-W48") - 7.5


def test_whoever_the_catalogue_does_not_know_works_the_tenants_hours() -> None:
    of = people_of({"id": "an", "team": "hn-1"})

    assert of.person("nobody") is of.team("nothing") is of.of(Scope.DEPARTMENT, "sales") is of.tenant
    assert of.of(Scope.TEAM, "night") is of.team("night")
    assert of.of(Scope.PERSON, "an") is of.person("an")


def test_b_does_not_depend_on_what_was_asked_before() -> None:
    instants = [at(f"{year}-05-13 10:17") for year in (1971, 1999, 2019, 2020, 2026, 2098)]
    once, again, fresh = office(), office(), [office().worked(time_us) for time_us in instants]

    assert [once.worked(time_us) for time_us in instants] == fresh
    assert [again.worked(time_us) for time_us in reversed(instants)] == fresh[::-1]


def test_far_years_are_closed() -> None:
    working_time = office()

    assert working_time.between(us("2100-01-02T00:00:00Z"), us("2100-01-02T00:00:00Z") * 50) == 0
    assert working_time.between(-us("2100-01-02T00:00:00Z"), -HOUR_US * 24) == 0
    assert working_time.next_open(us("2100-01-02T00:00:00Z")) is None


def test_every_country_has_holidays_for_every_year_we_open() -> None:
    for country in holidays.list_supported_countries(include_aliases=False):
        for year in (1970, 2026, 2099):
            public_holidays.__wrapped__(country, None, year)


def test_a_known_lookup_takes_microseconds() -> None:
    working_time, time_us = office(), at("2026-11-23 09:15")
    working_time.due(time_us, 4 * HOUR_US)
    for call in (lambda: working_time.worked(time_us), lambda: working_time.due(time_us, 4 * HOUR_US)):
        assert (
            min(timeit.repeat(call, number=2000, repeat=7)) / 2000 < 10e-6
        )  # 0.9 and 1.9 us; the margin is for a busy core
