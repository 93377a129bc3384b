from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.importing.local_time import instant, read_time

ZURICH = ZoneInfo("Europe/Zurich")
SAIGON = ZoneInfo("Asia/Ho_Chi_Minh")


def test_a_local_time_gets_the_offset_of_its_zone() -> None:
    read = read_time(["29-02-2016 01:16"], ["%d-%m-%Y %H:%M"], SAIGON)

    assert read.isoformat() == "2016-02-29T01:16:00+07:00"


def test_a_time_in_the_spring_gap_moves_forward_by_the_gap() -> None:
    read = read_time(["2021-03-28 02:30:00"], ["iso"], ZURICH)

    assert read.isoformat() == "2021-03-28T03:30:00+02:00"


def test_a_time_that_occurs_twice_is_the_first_of_the_two() -> None:
    read = read_time(["2021-10-31 02:30:00"], ["iso"], ZURICH)

    assert read.isoformat() == "2021-10-31T02:30:00+02:00"


def test_an_offset_in_the_cell_wins_over_the_zone() -> None:
    read = read_time(["2021-03-28T02:30:00+07:00"], ["iso"], ZURICH)

    assert read == datetime(2021, 3, 27, 19, 30, tzinfo=UTC)


def test_a_date_and_a_time_of_day_make_one_instant() -> None:
    read = read_time(["2021-01-01", "09:12:58"], ["%Y-%m-%d %H:%M:%S"], ZURICH)

    assert read.isoformat() == "2021-01-01T09:12:58+01:00"


@pytest.mark.parametrize("part", [time(9, 12, 58), timedelta(hours=9, minutes=12, seconds=58)])
def test_spreadsheet_dates_and_times_need_no_format(part: time | timedelta) -> None:
    for day in (datetime(2021, 1, 1), date(2021, 1, 1)):
        assert read_time([day, part], ["%d/%m/%Y"], ZURICH).isoformat() == "2021-01-01T09:12:58+01:00"


def test_a_spreadsheet_date_with_a_time_as_text_follows_the_format() -> None:
    read = read_time([datetime(2021, 1, 1), "09:12"], ["%Y-%m-%d %H:%M"], ZURICH)

    assert read.isoformat() == "2021-01-01T09:12:00+01:00"


def test_the_first_format_that_fits_is_taken() -> None:
    read = read_time(["03/04/2021"], ["%d/%m/%Y", "%m/%d/%Y"], ZURICH)

    assert read.date() == date(2021, 4, 3)


@pytest.mark.parametrize(
    ("text", "form"), [("44197.5", "excel"), ("1609498800", "unix_s"), ("1609498800000", "unix_ms")]
)
def test_serial_numbers_are_times(text: str, form: str) -> None:
    zone = UTC if form == "excel" else ZURICH
    expected = datetime(2021, 1, 1, 12 if form == "excel" else 11, tzinfo=UTC)

    assert read_time([text], [form], zone) == expected


def test_what_fits_no_format_is_named_with_all_of_them() -> None:
    with pytest.raises(ValueError, match=r"^'2021-13-01' is not %Y-%m-%d or an ISO 8601 time$"):
        read_time(["2021-13-01"], ["%Y-%m-%d", "iso"], ZURICH)


def test_a_naive_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no offset, and the mapping names no time_zone"):
        read_time(["2021-01-01"], ["%Y-%m-%d"], None)


@given(
    st.datetimes(datetime(1975, 1, 1), datetime(2037, 1, 1)), st.sampled_from(["Europe/Zurich", "America/Sao_Paulo"])
)
def test_an_instant_is_at_or_after_the_local_time_and_never_moves_back(local: datetime, zone: str) -> None:
    read = instant(local, ZoneInfo(zone))

    moved = read.replace(tzinfo=None) - local
    assert timedelta(0) <= moved <= timedelta(hours=1)
    assert read.fold == 0 or moved
