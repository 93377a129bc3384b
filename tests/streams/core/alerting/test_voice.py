from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from streams.core.alerting.voice import ENTRY, EVENT_NOUNS, HOUR_US, Lang, Voice

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
VI, EN = Voice("vi", HANOI, "VND"), Voice("en", HANOI, "VND")
CALLS = EVENT_NOUNS["calls"]


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=HANOI).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("value", "unit", "vi", "en"),
    [
        (12_500_000, "VND", "12.500.000\N{NO-BREAK SPACE}₫", "₫12,500,000"),
        (1_250_000.4, "VND", "1.250.000\N{NO-BREAK SPACE}₫", "₫1,250,000"),
        (18.54, "%", "18,5%", "18.5%"),
        (1, "calls", "1 cuộc gọi", "1 call"),
        (4, "calls", "4 cuộc gọi", "4 calls"),
        (1234.5, "leads", "1.234 khách hàng tiềm năng", "1,234 leads"),
        (12.25, "minutes", "12,2 phút", "12.2 minutes"),
        (3, "bó hoa", "3 bó hoa", "3 bó hoa"),
        (3, "{kpi}", "3 {kpi}", "3 {kpi}"),
    ],
)
def test_an_amount_is_said_in_its_unit_and_language(value: float, unit: str, vi: str, en: str) -> None:
    assert (VI.amount(value, unit), EN.amount(value, unit)) == (vi, en)


def test_money_with_minor_units_is_said_in_major_ones() -> None:
    dollars = Voice("en", HANOI, "USD")

    assert dollars.amount(125_050, "USD") == "$1,250.50"


def test_a_value_said_next_to_its_target_leaves_the_noun_out() -> None:
    assert [VI.bare(30, "calls"), VI.bare(30, "%"), VI.bare(30, "VND")] == ["30", "30%", "30\N{NO-BREAK SPACE}₫"]


@pytest.mark.parametrize(
    ("at", "vi", "en"),
    [
        ("2026-11-23T09:12", "09:12 hôm nay", "09:12 today"),
        ("2026-11-22T17:05", "17:05 hôm qua", "17:05 yesterday"),
        ("2026-11-20T09:12", "09:12 thứ Sáu 20/11", "09:12 on Fri, Nov 20"),
        ("2026-11-15T09:12", "09:12 Chủ Nhật 15/11", "09:12 on Sun, Nov 15"),
    ],
)
def test_a_moment_is_said_as_people_on_the_floor_say_it(at: str, vi: str, en: str) -> None:
    now_us = us("2026-11-23T14:20")

    assert (VI.moment(us(at), now_us), EN.moment(us(at), now_us)) == (vi, en)


def test_a_moment_is_read_on_the_readers_clock() -> None:
    before_midnight_utc_us = us("2026-11-23T00:30")

    assert VI.moment(before_midnight_utc_us, us("2026-11-23T14:20")) == "00:30 hôm nay"


def test_an_hour_is_said_from_start_to_end() -> None:
    got = VI.hour(us("2026-11-23T13:00"), us("2026-11-23T14:00"), us("2026-11-23T14:20"))

    assert got == "13:00–14:00 hôm nay"


@pytest.mark.parametrize(
    ("hours", "vi", "en"),
    [
        (0.75, "45 phút làm việc", "45 working minutes"),
        (1, "1 giờ làm việc", "1 working hour"),
        (3.5, "3,5 giờ làm việc", "3.5 working hours"),
        (8, "1 ngày làm việc", "1 working day"),
        (11.17, "1,4 ngày làm việc", "1.4 working days"),
    ],
)
def test_working_time_is_said_in_the_largest_unit_that_fits(hours: float, vi: str, en: str) -> None:
    worked_us = round(hours * HOUR_US)

    assert (VI.work(worked_us), EN.work(worked_us)) == (vi, en)


@pytest.mark.parametrize(
    ("per_hour", "vi", "en"),
    [
        (4.0, "4 cuộc gọi mỗi giờ làm việc", "4 calls a working hour"),
        (0.45, "3,6 cuộc gọi mỗi ngày làm việc", "3.6 calls a working day"),
        (0.05, "1 cuộc gọi mỗi 2,5 ngày làm việc", "1 call every 2.5 working days"),
    ],
)
def test_a_rate_is_said_over_a_stretch_that_people_can_picture(per_hour: float, vi: str, en: str) -> None:
    assert (VI.rate(per_hour, CALLS), EN.rate(per_hour, CALLS)) == (vi, en)


@pytest.mark.parametrize(
    ("period", "vi", "en"),
    [
        ("2026-11-03", "ngày 3/11/2026", "Nov 3, 2026"),
        ("2026-W08", "tuần 8/2026", "week 8 of 2026"),
        ("2026-11", "tháng 11/2026", "November 2026"),
        ("2026-Q4", "quý 4/2026", "Q4 2026"),
        ("2026", "năm 2026", "2026"),
        ("sprint 7", "sprint 7", "sprint 7"),
    ],
)
def test_a_period_id_is_said_in_words(period: str, vi: str, en: str) -> None:
    assert (VI.period(period), EN.period(period)) == (vi, en)


@pytest.mark.parametrize(("lang", "word"), [("vi", "ghi nhận"), ("en", "entries")])
def test_what_is_not_a_countable_thing_is_an_entry(lang: Lang, word: str) -> None:
    assert ENTRY.of(lang, 2) == word
