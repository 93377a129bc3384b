from typing import Any

import pytest

from schemas.catalogue.models import Calendar, Catalogue
from streams.core.calendar import CalendarError, Problem, build, check_calendar, check_calendars
from streams.core.calendar.text import spans_of, week_of


def catalogue(zone: str = "Asia/Ho_Chi_Minh", **more: Any) -> Catalogue:
    tenant = {"id": "demo", "timezone": zone, "currency": "VND"}
    return Catalogue.model_validate({"version": 1, "tenant": tenant, **more})


@pytest.mark.parametrize(
    ("key", "days"),
    [
        ("mon", [0]),
        ("mon-fri", [0, 1, 2, 3, 4]),
        ("mon,wed", [0, 2]),
        ("sat-mon", [0, 5, 6]),
        ("mon-tue, sun", [0, 1, 6]),
        ("Mon-Sun", [0, 1, 2, 3, 4, 5, 6]),
    ],
)
def test_weekday_keys(key: str, days: list[int]) -> None:
    week = week_of({key: ["08:00-12:00"]})

    assert [weekday for weekday in range(7) if week[weekday]] == days


@pytest.mark.parametrize(
    ("texts", "spans"),
    [
        (["08:00-11:30", "13:30-17:30"], ((480, 690), (810, 1050))),
        (["13:00-14:00", "08:00-09:00"], ((480, 540), (780, 840))),
        (["08:00-12:00", "12:00-17:00"], ((480, 1020),)),
        (["08:00-12:00", "11:00-13:00"], ((480, 780),)),
        (["22:00-06:00"], ((1320, 1800),)),
        (["00:00-24:00"], ((0, 1440),)),
        (["18:00-24:00"], ((1080, 1440),)),
        (["08:00-08:00"], ((480, 1920),)),
        ([], ()),
    ],
)
def test_opening_spans(texts: list[str], spans: tuple[tuple[int, int], ...]) -> None:
    assert spans_of(texts, ()) == spans


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8:00-9:00",
        "08:00",
        "08:00-25:00",
        "24:00-25:00",
        "08:60-09:00",
        "08:00-24:30",
        "8-12",
        "08:00 - 09:00",
        "٠٨:00-09:00",
    ],
)
def test_a_bad_span_is_refused_with_place_value_and_rule(text: str) -> None:
    with pytest.raises(CalendarError) as caught:
        week_of({"mon": ["08:00-09:00", text]})

    assert str(caught.value) == f"hours.mon.1: `{text}` is no opening span of the form HH:MM-HH:MM (00:00 to 24:00)"
    assert caught.value.problem.path == ("hours", "mon", 1)


@pytest.mark.parametrize("key", ["", "monday", "mon-", "mon-wed-fri", "thứ hai", "mon;tue"])
def test_an_unknown_weekday_is_refused(key: str) -> None:
    with pytest.raises(CalendarError, match="names no weekdays") as caught:
        week_of({key: []})

    assert caught.value.problem.path == ("hours", key)


def test_a_weekday_named_twice_is_found() -> None:
    found = check_calendar(Calendar(hours={"mon-fri": ("08:00-12:00",), "fri,sat": ("08:00-10:00",)}))

    assert [(problem.path, problem.en) for problem in found] == [
        (("hours", "fri,sat"), "`fri` is named twice in hours; name each weekday once")
    ]


@pytest.mark.parametrize(
    ("calendar", "path", "said"),
    [
        ({"country": "XX"}, "country", "no holidays are known for `XX`"),
        ({"subdivision": "BE"}, "subdivision", "`BE` needs the `country`"),
        ({"country": "DE", "subdivision": "ZZ"}, "subdivision", "DE has no subdivision `ZZ`; it has BB, BE"),
        ({"country": "VN", "subdivision": "HN"}, "subdivision", "it has none"),
    ],
)
def test_an_unknown_place_is_found(calendar: dict[str, Any], path: str, said: str) -> None:
    (problem,) = check_calendar(Calendar.model_validate(calendar))

    assert problem.path == (path,)
    assert said in problem.en
    assert problem.vi != problem.en


@pytest.mark.parametrize(
    "calendar", [{"country": "DE", "subdivision": "BE"}, {"country": "VN"}, {"country": "US", "subdivision": "CA"}, {}]
)
def test_a_known_place_passes(calendar: dict[str, Any]) -> None:
    assert check_calendar(Calendar.model_validate(calendar)) == []


def test_a_subdivision_alone_belongs_to_the_country_beneath() -> None:
    berlin = Calendar(subdivision="BE")

    assert check_calendar(berlin, Calendar(country="DE")) == []
    assert [problem.path for problem in check_calendar(berlin, Calendar(country="VN"))] == [("subdivision",)]


def test_everything_wrong_in_a_calendar_is_found_at_once() -> None:
    # Without validation, as a caller may make it; a loaded catalogue has had its forms checked already.
    broken = Calendar.model_construct(
        country="XX",
        hours={"moon": (), "tue": ("8-12",)},
        overrides={},
        subdivision=None,
        _fields_set={"country", "hours"},
    )

    assert [problem.path for problem in check_calendar(broken)] == [
        ("country",),
        ("hours", "moon"),
        ("hours", "tue", 0),
    ]


def test_problems_of_a_catalogue_carry_their_place_from_its_root() -> None:
    xx = {"calendar": {"country": "XX"}}
    broken = catalogue(
        zone="Asia/Saigonn",
        calendar={"subdivision": "BE"},
        teams=[{"id": "a", "department": "x"}, {"id": "b", "department": "x", **xx}],
        people=[{"id": "an", "team": "a", **xx}],
    )

    assert [problem.path for problem in check_calendars(broken)] == [
        ("tenant", "timezone"),
        ("calendar", "subdivision"),
        ("teams", 1, "calendar", "country"),
        ("people", 0, "calendar", "country"),
    ]


@pytest.mark.parametrize("zone", ["Asia/Saigonn", "", "../etc/passwd", "Asia", "/etc/localtime"])
def test_an_unknown_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(CalendarError, match=f"tenant.timezone: there is no time zone `{zone}`"):
        build(catalogue(zone))


def test_build_refuses_what_check_finds() -> None:
    with pytest.raises(CalendarError) as caught:
        build(catalogue(calendar={"country": "XX"}))

    assert isinstance(caught.value.problem, Problem)
    assert str(caught.value).startswith("calendar.country: no holidays are known for `XX`")
