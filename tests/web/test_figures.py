from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.web.figures import clock_time, day_label, period_label, quantity, share
from streams.web.words import LOCALES, STATUS, UNITS, WORDS
from tests.web.sample_board import NOON_US

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.mark.parametrize(
    ("value", "unit", "vi", "en"),
    [
        (12_500_000, "VND", "12,5 triệu ₫", "12.5M ₫"),
        (1_250_000_000, "VND", "1,25 tỷ ₫", "1.25B ₫"),
        (999_999, "VND", "999.999 ₫", "999,999 ₫"),
        (0, "VND", "0 ₫", "0 ₫"),
        (-25_000_000, "VND", "-25 triệu ₫", "-25M ₫"),
        (1_234_567, "USD", "12.345,67\u00a0US$", "$12,345.67"),
        (92.46, "%", "92,5%", "92.5%"),
        (100, "%", "100%", "100%"),
        (14.256, "minutes", "14,3 phút", "14.3 minutes"),
        (8.44, "score", "8,44 điểm", "8.44 points"),
        (1, "calls", "1 cuộc gọi", "1 call"),
        (1234, "calls", "1.234 cuộc gọi", "1,234 calls"),
        (12_345_678, "calls", "12,3 triệu cuộc gọi", "12.3M calls"),
        (3, "visits", "3 visits", "3 visits"),
        (None, "VND", "–", "–"),
    ],
)
def test_a_value_reads_as_people_write_it(value: float | None, unit: str, vi: str, en: str) -> None:
    assert (str(quantity(value, unit, "vi")), str(quantity(value, unit, "en"))) == (vi, en)


@pytest.mark.parametrize(
    ("period", "vi", "en"),
    [
        ("2026", "Năm 2026", "2026"),
        ("2026-Q4", "Quý 4/2026", "Q4 2026"),
        ("2026-11", "Tháng 11/2026", "November 2026"),
        ("2026-W48", "Tuần 48/2026", "Week 48, 2026"),
        ("2026-11-23", "23/11/2026", "23 Nov 2026"),
    ],
)
def test_a_period_has_a_name_in_both_languages(period: str, vi: str, en: str) -> None:
    assert (period_label(period, "vi"), period_label(period, "en")) == (vi, en)


def test_times_are_the_tenants() -> None:
    assert clock_time(NOON_US, HANOI, "vi") == "12:00:00"
    assert day_label(NOON_US, HANOI, "vi") == "Thứ Hai, 23/11/2026"
    assert day_label(NOON_US, HANOI, "en") == "Monday 23 November 2026"


def test_shares_are_whole_percent() -> None:
    assert (share(0.874, "vi"), share(1.5, "en")) == ("87%", "150%")


@given(
    st.floats(-1e15, 1e15), st.sampled_from(["VND", "USD", "%", "minutes", "calls", "visits"]), st.sampled_from(LOCALES)
)
def test_every_finite_value_has_a_number_short_enough_for_a_tile(value: float, unit: str, locale: str) -> None:
    shown = quantity(value, unit, locale)

    assert shown.number
    # A percentage has no compact form: one of a thousand million is a fault in the catalogue.
    assert unit == "%" or len(shown.number) <= len("-999.999,99\u00a0triệu US$")


def test_both_languages_have_every_word() -> None:
    assert WORDS["vi"].keys() == WORDS["en"].keys()
    assert STATUS["vi"].keys() == STATUS["en"].keys()
    assert all(words.keys() == {"vi", "en"} for words in UNITS.values())
