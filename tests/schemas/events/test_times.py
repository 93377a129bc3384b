"""RFC 3339 instants, exact to the microsecond."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events.times import TimeFormatError, check_day_or_instant, format_us, parse_us

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# A day from either end, so that no offset leads outside the years 1-9999.
INSTANTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=OFFSETS)


@given(INSTANTS)
def test_every_instant_is_read_exactly(instant: datetime) -> None:
    assert (instant - EPOCH) // timedelta(microseconds=1) == parse_us(instant.isoformat())


@given(INSTANTS)
def test_what_is_written_reads_back_the_same(instant: datetime) -> None:
    us = parse_us(instant.isoformat())

    assert us == parse_us(format_us(us))


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("1970-01-01T07:00:00+07:00", 0),
        ("1970-01-01T00:00:00-00:00", 0),
        ("1970-01-01t00:00:00.5z", 500_000),
        ("1970-01-01T00:00:00.1234569Z", 123_456),
        ("1970-01-01T00:00:00.0000000000000000001Z", 0),
    ],
)
def test_the_forms_of_rfc_3339_are_read_and_digits_past_microseconds_cut(text: str, us: int) -> None:
    assert us == parse_us(text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("2026-11-23T09:15:00", "no offset"),
        ("2026-11-23 09:15", "no offset"),
        ("2026-11-23", "no offset"),
        ("2026-06-30T23:59:60Z", "leap second"),
        ("2026-02-30T00:00:00Z", "no day of the calendar"),
        ("2026-02-30t00:00:00z", "no day of the calendar"),
        ("2025-02-29T00:00:00Z", "no day of the calendar"),
        ("0000-01-01T00:00:00Z", "no day of the calendar"),
        ("0001-01-01T00:00:00+00:01", "outside the years"),
        ("9999-12-31T23:59:59-00:01", "outside the years"),
        ("2026-11-23T24:00:00Z", "not an RFC 3339"),
        ("2026-11-23T09:15Z", "not an RFC 3339"),
        ("2026-11-23 09:15:00Z", "not an RFC 3339"),
        ("2026-11-23T09:15:00+0700", "not an RFC 3339"),
        ("2026-11-23T09:15:00+24:00", "not an RFC 3339"),
        ("2026-11-23T09:15:00,5Z", "not an RFC 3339"),
        ("2026-11-23T09:15:00Z\n", "not an RFC 3339"),
        ("20261123T091500Z", "not an RFC 3339"),
        ("2026-W48-1T09:15:00Z", "not an RFC 3339"),
        ("２０２６-11-23T09:15:00Z", "not an RFC 3339"),
        ("1795400100", "not an RFC 3339"),
        ("", "not an RFC 3339"),
    ],
)
def test_other_forms_are_refused_with_what_is_wrong(text: str, fault: str) -> None:
    with pytest.raises(TimeFormatError, match=fault):
        parse_us(text)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(TimeFormatError):
        assert isinstance(parse_us(text), int)


def test_a_day_may_stand_where_a_day_or_an_instant_is_wanted() -> None:
    assert check_day_or_instant("2026-11-23") == "2026-11-23"
    with pytest.raises(TimeFormatError, match="no day of the calendar"):
        check_day_or_instant("2026-02-30")
