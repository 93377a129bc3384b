from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.detectors.contract import Standing
from streams.core.detectors.pace import PacePolicy, PaceVerdict, pace
from tests.streams.core.detectors.office import HOUR_US, MINUTE_US, office, us

TET = [date(2026, 2, day) for day in range(16, 21)]
FEBRUARY = office(date(2026, 2, 1), 28, closed=TET)
START, END = us("2026-02-01"), us("2026-03-01")
TARGET = 90


def february(value: float, now: str, *, was_behind: bool = False, counts_events: bool = True) -> PaceVerdict:
    return pace(value, TARGET, START, END, us(now), FEBRUARY, was_behind=was_behind, counts_events=counts_events)


def test_before_tet_two_thirds_of_the_month_are_expected_and_a_shortfall_of_30_percent_is_seen() -> None:
    got = february(60 * 0.7, "2026-02-14")

    assert got.expected == pytest.approx(TARGET * 10 / 15)
    assert got.index == pytest.approx(0.7)
    assert got.standing == Standing.FOUND


def test_after_tet_a_person_on_plan_is_on_track() -> None:
    got = february(60, "2026-02-22")

    assert got.index == pytest.approx(1.0)
    assert got.standing == Standing.CLEAR


def test_the_cultural_day_of_november_2026_moves_nobody_behind() -> None:
    holiday = date(2026, 11, 24)
    november = office(date(2026, 11, 1), 30, closed=[holiday])
    args = (us("2026-11-01"), us("2026-12-01"))

    evening = pace(52, 80, *args, us("2026-11-23T17:00"), november, was_behind=False, counts_events=True)
    next_evening = pace(52, 80, *args, us("2026-11-24T17:00"), november, was_behind=False, counts_events=True)

    assert evening.standing == Standing.CLEAR
    assert evening == next_evening


@pytest.mark.parametrize(
    ("was_behind", "value", "standing"),
    [(False, 24, "clear"), (False, 23, "found"), (True, 26, "found"), (True, 27, "clear")],
)
def test_it_falls_behind_below_80_percent_and_recovers_only_at_90(
    was_behind: bool, value: float, standing: str
) -> None:
    got = february(value, "2026-02-07", was_behind=was_behind)  # 30 expected

    assert standing == got.standing


def test_events_are_judged_once_five_are_expected() -> None:
    assert february(0, "2026-02-02T15:00").standing == Standing.UNKNOWN  # 6 of 120 h: 4.5 expected
    assert february(0, "2026-02-02T16:00").standing == Standing.FOUND  # 5.25 expected


def test_money_waits_for_20_percent_of_the_working_time() -> None:
    assert february(0, "2026-02-04T16:59", counts_events=False).standing == Standing.UNKNOWN
    assert february(0, "2026-02-04T17:00", counts_events=False).standing == Standing.FOUND


def test_while_it_is_too_early_the_expectation_is_still_known() -> None:
    got = february(0, "2026-02-02T13:00")

    assert got.standing == Standing.UNKNOWN
    assert got.expected == pytest.approx(3.0)


def test_a_period_without_working_time_has_no_verdict() -> None:
    got = pace(
        0,
        10,
        us("2026-02-17"),
        us("2026-02-18"),
        us("2026-02-17T12:00"),
        FEBRUARY,
        was_behind=False,
        counts_events=True,
    )

    assert PaceVerdict(Standing.UNKNOWN, None, None, {}, None) == got


def test_a_target_that_is_not_positive_has_no_pace() -> None:
    got = pace(-5, 0, START, END, us("2026-02-14"), FEBRUARY, was_behind=False, counts_events=False)

    assert got.standing == Standing.UNKNOWN


def test_a_value_below_zero_after_reversals_is_behind() -> None:
    assert february(-3, "2026-02-07").standing == Standing.FOUND


def test_the_evidence_says_the_gap_in_working_time() -> None:
    got = february(24, "2026-02-07")

    assert got.evidence["gap_us"] == 8 * HOUR_US  # 6 of 90, in a month of 15 days of 8 h
    assert got.evidence["left_us"] == 80 * HOUR_US


def budget(value: float, now: str, *, was_behind: bool = False, strict: bool = False) -> PaceVerdict:
    return pace(
        value, 1500, START, END, us(now), FEBRUARY,
        was_behind=was_behind, counts_events=False, budget=True, strict=strict,
    )  # fmt: skip


def test_a_budget_spent_faster_than_time_passes_is_found() -> None:
    assert budget(601, "2026-02-07").standing == Standing.FOUND  # 500 expected
    assert budget(600, "2026-02-07").standing == Standing.CLEAR


def test_a_budget_recovers_by_time_alone_at_the_promised_minute() -> None:
    found = budget(605, "2026-02-07")
    assert found.recheck_us is not None

    assert budget(605, "2026-02-09T12:00", was_behind=True).standing == Standing.FOUND
    assert us("2026-02-09T13:00") == found.recheck_us  # 550 = 605 / 1.1 expected after 44 h of 120
    assert budget(605, "2026-02-09T13:00", was_behind=True).standing == Standing.CLEAR


def test_a_budget_overspent_whole_on_the_first_day_is_not_too_early() -> None:
    assert budget(1500, "2026-02-02T12:00").standing == Standing.UNKNOWN
    assert budget(1501, "2026-02-02T12:00").standing == Standing.FOUND


def test_what_is_over_budget_is_not_back_within_plan_at_the_end() -> None:
    for now in ("2026-02-25", "2026-02-28T23:00"):
        assert budget(1501, now, was_behind=True).standing == Standing.FOUND
        assert budget(1501, now, was_behind=True).recheck_us is None
    assert budget(1500, "2026-02-28T23:00", was_behind=True).standing == Standing.CLEAR


def test_a_strict_budget_is_over_once_it_is_spent_whole() -> None:
    assert budget(1500, "2026-02-02T12:00", strict=True).standing == Standing.FOUND
    assert budget(1500, "2026-02-28T23:00", was_behind=True, strict=True).standing == Standing.FOUND
    assert budget(1499, "2026-02-28T23:00", was_behind=True, strict=True).standing == Standing.CLEAR


DAY = office(date(2026, 11, 23), 1, hours=((9, 12), (13, 17)))
DAY_START, DAY_END = us("2026-11-23"), us("2026-11-24")


@settings(max_examples=40, deadline=None)
@given(
    value=st.integers(0, 60),
    target=st.integers(1, 60),
    counts_events=st.booleans(),
    is_budget=st.booleans(),
    is_strict=st.booleans(),
    tolerance=st.sampled_from([0.1, 0.2, 0.3]),
)
def test_waking_only_at_the_promised_minutes_sees_what_asking_every_minute_sees(
    value: int, target: int, counts_events: bool, is_budget: bool, is_strict: bool, tolerance: float
) -> None:
    policy = PacePolicy(tolerance_ratio=tolerance)

    def at(now_us: int, was_behind: bool) -> PaceVerdict:
        return pace(
            value, target, DAY_START, DAY_END, now_us, DAY,
            was_behind=was_behind, counts_events=counts_events, budget=is_budget, strict=is_strict, policy=policy,
        )  # fmt: skip

    verdict = at(DAY_START, False)
    for now_us in range(DAY_START + MINUTE_US, DAY_END, MINUTE_US):
        asked = at(now_us, verdict.standing is Standing.FOUND)
        if verdict.recheck_us == now_us:
            verdict = asked
        assert verdict.standing == asked.standing


@given(value=st.floats(0, 100), now=st.integers(0, 24 * 60))
def test_found_means_that_the_index_is_below_the_tolerance(value: float, now: int) -> None:
    got = pace(value, 50, DAY_START, DAY_END, DAY_START + now * MINUTE_US, DAY, was_behind=False, counts_events=True)

    if got.standing is Standing.FOUND:
        assert got.index is not None
        assert got.index < 0.8 + 1e-9
    if got.standing is Standing.CLEAR:
        assert got.index is not None
        assert got.index >= 0.8 - 1e-9
