import math
from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.detectors.contract import Standing
from streams.core.detectors.stall import (
    NO_HISTORY,
    History,
    Rate,
    StallVerdict,
    inhibited,
    rate_of,
    stall,
    team_silent,
)
from tests.streams.core.detectors.office import DAY_US, HOUR_US, MINUTE_US, office, us

# 22 working days of 8 hours: 1 to 30 September 2026.
SEPTEMBER = office(date(2026, 9, 1), 30)
START, END = us("2026-09-01"), us("2026-10-01")
MONTH_US = 22 * 8 * HOUR_US


def september(last: str | None, now: str, target: float | None = 80, history: History = NO_HISTORY) -> StallVerdict:
    last_us = None if last is None else us(last)
    return stall(last_us, target, START, END, us(now), SEPTEMBER, history=history)


def test_80_calls_a_month_stall_after_five_expected_calls_or_1_4_working_days() -> None:
    got = september("2026-09-07T09:00", "2026-09-07T09:00")

    limit_us = got.evidence["limit_us"]
    assert isinstance(limit_us, int)
    assert limit_us / (8 * HOUR_US) == pytest.approx(1.40, abs=0.005)
    assert limit_us * 80 / MONTH_US == pytest.approx(5.08, abs=0.005)


def test_it_is_found_at_the_promised_minute_and_not_before() -> None:
    promised = september("2026-09-07T09:00", "2026-09-07T09:00").recheck_us
    assert promised == us("2026-09-08T12:10")  # 11.165 working hours later

    before = stall(us("2026-09-07T09:00"), 80, START, END, promised - MINUTE_US, SEPTEMBER)
    then = stall(us("2026-09-07T09:00"), 80, START, END, promised, SEPTEMBER)

    assert before.standing == Standing.CLEAR
    assert then.standing == Standing.FOUND
    assert then.recheck_us is None


def test_the_next_event_ends_it() -> None:
    assert september("2026-09-07T09:00", "2026-09-08T13:00").standing == Standing.FOUND
    assert september("2026-09-08T13:00", "2026-09-08T13:00").standing == Standing.CLEAR


def test_a_weekend_and_its_nights_add_no_silence() -> None:
    got = september("2026-09-11T17:00", "2026-09-14T09:00")

    assert got.evidence["silence_us"] == 0
    assert got.standing == Standing.CLEAR


def test_leave_adds_no_silence() -> None:
    away = office(date(2026, 9, 1), 30, closed=[date(2026, 9, day) for day in (8, 9, 10, 11)])

    got = stall(us("2026-09-07T16:00"), 80, START, END, us("2026-09-14T09:00"), away)

    assert got.evidence["silence_us"] == HOUR_US
    assert got.standing == Standing.CLEAR


def test_silence_before_the_first_event_is_not_a_stall() -> None:
    assert StallVerdict(Standing.UNKNOWN, {}, None) == september(None, "2026-09-30T17:00")


def test_a_new_period_starts_its_silence_from_zero() -> None:
    got = september("2026-08-03T09:00", "2026-09-01T11:00")

    assert got.evidence["since_us"] == START
    assert got.evidence["silence_us"] == 2 * HOUR_US
    assert got.standing == Standing.CLEAR


def test_a_stall_that_would_begin_after_the_period_sets_no_timer() -> None:
    assert september("2026-09-30T09:00", "2026-09-30T10:00").recheck_us is None


def test_sparse_events_need_the_silence_of_one_in_twenty() -> None:
    got = september("2026-09-02T09:00", "2026-09-02T09:00", target=2)

    limit_us = got.evidence["limit_us"]
    assert isinstance(limit_us, int)
    assert limit_us * 2 / MONTH_US == pytest.approx(-math.log(0.05), abs=1e-6)


def test_without_target_and_history_nothing_is_said() -> None:
    assert september("2026-09-07T09:00", "2026-09-30T09:00", target=None).standing == Standing.UNKNOWN


def test_without_target_history_alone_gives_the_rate() -> None:
    got = september("2026-09-07T09:00", "2026-09-09T09:00", target=None, history=History(80, MONTH_US))

    assert got.standing == Standing.FOUND


def test_history_of_a_slower_subject_gives_it_more_time_than_the_target_would() -> None:
    by_target = rate_of(80, MONTH_US)
    by_history = rate_of(80, MONTH_US, History(40, MONTH_US))

    assert by_target is not None
    assert by_history is not None
    assert by_history.silence_us(0.01) > 1.7 * by_target.silence_us(0.01)


def test_a_few_hours_of_history_do_not_replace_the_target() -> None:
    assert Rate(80, MONTH_US, known=True) == rate_of(80, MONTH_US, History(2, 4 * HOUR_US))


@given(events=st.floats(1, 1e4), worked_h=st.floats(1, 1e4), known=st.booleans(), chance=st.floats(1e-6, 0.05))
def test_the_limit_is_where_silence_has_the_chance_asked_for(
    events: float, worked_h: float, known: bool, chance: float
) -> None:
    rate = Rate(events, worked_h * HOUR_US, known)

    got = rate.chance_of_silence(rate.silence_us(chance))

    assert got == pytest.approx(chance, rel=1e-5)


def false_stalls(per_month: float, history: History, months: int) -> float:
    """False stalls an agent-month of Poisson agents, asking the detector at the end of every gap between two calls."""
    random = np.random.default_rng(20260901)
    found = 0
    for count in random.poisson(per_month, months):
        worked = np.sort(random.integers(0, MONTH_US, count))
        times = [START, *(SEPTEMBER.due(START, int(at_us) + 1) for at_us in worked), END - MINUTE_US]
        for last_us, next_us in pairwise(times):
            # Just before the next call is when the silence is longest.
            verdict = stall(last_us, 80, START, END, next_us - 1, SEPTEMBER, history=history)
            found += verdict.standing is Standing.FOUND
    return found / months


def test_500_agent_months_on_target_see_at_most_half_a_false_stall_each() -> None:
    rate = false_stalls(80, NO_HISTORY, 500)

    assert 0.35 <= rate <= 0.5


def test_500_agent_months_judged_by_their_history_see_at_most_half_a_false_stall_each() -> None:
    assert false_stalls(80, History(240, 3 * MONTH_US), 500) <= 0.5
    assert false_stalls(40, History(120, 3 * MONTH_US), 500) <= 0.55


def test_a_rule_of_four_silent_hours_would_cry_wolf_13_times_a_month() -> None:
    random = np.random.default_rng(20260901)
    gaps = [
        np.diff(np.sort(random.integers(0, MONTH_US, count)), prepend=0, append=MONTH_US)
        for count in random.poisson(80, 500)
    ]

    false_alarms = sum(int((gap > 4 * HOUR_US).sum()) for gap in gaps) / 500

    assert false_alarms == pytest.approx(12.9, abs=0.5)


def test_a_silent_team_speaks_instead_of_its_members() -> None:
    silent = StallVerdict(Standing.FOUND, {"silence_us": DAY_US}, None)

    assert team_silent(silent, working_members=4)
    assert inhibited(silent).standing == Standing.UNKNOWN
    assert inhibited(silent).evidence["inhibited_by"] == "team_silent"


@pytest.mark.parametrize(("standing", "members"), [(Standing.CLEAR, 4), (Standing.UNKNOWN, 4), (Standing.FOUND, 1)])
def test_a_person_is_told_while_the_team_works_or_has_no_other_member(standing: Standing, members: int) -> None:
    assert not team_silent(StallVerdict(standing, {}, None), members)


def test_a_team_reaches_its_limit_before_its_members_do() -> None:
    person = september("2026-09-07T09:00", "2026-09-07T09:00", target=80)
    team = september("2026-09-07T09:00", "2026-09-07T09:00", target=320)

    assert team.recheck_us is not None
    assert person.recheck_us is not None
    assert team.recheck_us < person.recheck_us
