from datetime import date

from streams.core.detectors.contract import minute_when_worked
from tests.streams.core.detectors.office import HOUR_US, MINUTE_US, SECOND_US, office, us

WEEK = office(date(2026, 11, 23), 5)
START, END = us("2026-11-23"), us("2026-11-28")


def test_the_answer_is_rounded_up_to_a_whole_minute() -> None:
    got = minute_when_worked(WEEK, START, HOUR_US + SECOND_US, END)

    assert us("2026-11-23T10:01") == got


def test_a_whole_minute_stays_as_it_is() -> None:
    assert us("2026-11-23T10:00") == minute_when_worked(WEEK, START, HOUR_US, END)


def test_more_working_time_than_the_period_holds_has_no_instant() -> None:
    assert minute_when_worked(WEEK, START, 41 * HOUR_US, END) is None


def test_an_instant_that_rounds_to_the_end_is_left_to_the_closing() -> None:
    end = us("2026-11-23T10:00")

    assert minute_when_worked(WEEK, START, HOUR_US - SECOND_US, end) is None
    assert end - MINUTE_US == minute_when_worked(WEEK, START, HOUR_US - MINUTE_US, end)
