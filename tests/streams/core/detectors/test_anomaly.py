import json
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom

from schemas.alerts import Severity
from schemas.catalogue.models import Direction
from streams.core.detectors.anomaly import (
    AnomalyState,
    AnomalyVerdict,
    Side,
    dispersion,
    fresh,
    hour_factor,
    tails,
    update,
)
from streams.core.detectors.contract import Standing

OFFICE_HOURS = (8, 9, 10, 11, 13, 14, 15, 16)


def run(
    state: AnomalyState, counts: Iterable[int], direction: Direction = Direction.BAND
) -> tuple[AnomalyState, list[AnomalyVerdict]]:
    verdicts = []
    for n, count in enumerate(counts):
        state, verdict = update(state, count, 1.0, OFFICE_HOURS[n % 8], direction)
        verdicts.append(verdict)
    return state, verdicts


def trained(per_hour: float, days: int = 30, seed: int = 1) -> AnomalyState:
    random = np.random.default_rng(seed)
    return run(fresh(per_hour), random.poisson(per_hour, days * 8).tolist())[0]


@pytest.mark.parametrize("per_hour", [0.3, 2.0, 10.0, 60.0])
def test_under_the_null_few_hours_alarm(per_hour: float) -> None:
    random = np.random.default_rng(20261123)
    hours, alarms = 0, 0
    for _ in range(25):
        counts = random.poisson(per_hour, 400).tolist()
        _, verdicts = run(fresh(per_hour), counts)
        hours += len(verdicts)
        alarms += sum(
            now.standing is Standing.FOUND and before.standing is not Standing.FOUND
            for before, now in zip([verdicts[0], *verdicts], verdicts, strict=False)
        )

    # The policy allows 1e-4 for a single hour and about 2 x 2 x 0.0025^2 for two of three: 1.3 in 10,000 hours.
    assert hours == 10_000
    assert alarms <= 5


def test_a_scattered_and_seasonal_null_alarms_little_once_it_is_known() -> None:
    random = np.random.default_rng(7)
    busy = {8: 0.5, 9: 1.2, 10: 1.6, 11: 0.8, 13: 0.6, 14: 1.3, 15: 1.4, 16: 0.6}
    alarms = 0
    for _ in range(15):
        state = fresh(12.0)
        was_found = False
        for n in range(480):
            hour = OFFICE_HOURS[n % 8]
            mean = 12 * busy[hour]
            count = int(random.negative_binomial(mean / 0.8, 1 / 1.8))  # variance 1.8 x mean
            state, verdict = update(state, count, 1.0, hour, Direction.BAND)
            is_found = verdict.standing is Standing.FOUND
            alarms += n >= 160 and is_found and not was_found
            was_found = is_found

    assert alarms / (15 * 320) < 0.003


def test_a_burst_of_five_times_the_usual_is_found_within_two_hours() -> None:
    for seed in range(20):
        random = np.random.default_rng(100 + seed)
        _, verdicts = run(trained(10, seed=seed), random.poisson(50, 2).tolist())

        assert verdicts[1].standing == Standing.FOUND
        assert verdicts[1].side == Side.HIGH


def test_a_collapse_to_zero_is_found_within_two_hours() -> None:
    for seed in range(20):
        _, verdicts = run(trained(10, seed=seed), [0, 0])

        assert verdicts[1].standing == Standing.FOUND
        assert verdicts[1].side == Side.LOW


def test_a_past_incident_does_not_raise_the_bar() -> None:
    before = trained(10)

    after, _ = run(before, [60] * 6 + [10] * 24)
    _, again = run(after, [50, 50])

    assert after.events / after.hours == pytest.approx(before.events / before.hours, rel=0.1)
    assert again[1].standing == Standing.FOUND


def test_an_outage_does_not_lower_the_bar() -> None:
    before = trained(10)

    after, _ = run(before, [0] * 8)

    assert after.events / after.hours == pytest.approx(before.events / before.hours, rel=0.12)


def test_a_lasting_change_of_level_is_learned_in_the_end() -> None:
    random = np.random.default_rng(3)

    after, verdicts = run(trained(10), random.poisson(20, 60 * 8).tolist())

    assert after.events / after.hours > 17
    assert verdicts[-1].standing == Standing.CLEAR


@pytest.mark.parametrize(
    ("direction", "count", "severity"),
    [
        (Direction.UP, 50, Severity.INFO),
        (Direction.UP, 0, Severity.WARNING),
        (Direction.DOWN, 50, Severity.WARNING),
        (Direction.DOWN, 0, Severity.INFO),
        (Direction.BAND, 50, Severity.WARNING),
        (Direction.BAND, 0, Severity.WARNING),
    ],
)
def test_only_the_unfavourable_side_is_a_warning(direction: Direction, count: int, severity: Severity) -> None:
    _, verdicts = run(trained(10), [count, count], direction)

    assert verdicts[1].standing == Standing.FOUND
    assert verdicts[1].severity == severity
    assert verdicts[1].evidence["favourable"] == int(severity is Severity.INFO)


def test_with_fewer_than_twenty_hours_of_history_a_burst_is_only_information() -> None:
    _, verdicts = run(fresh(10), [10] * 15 + [80, 80])

    assert verdicts[-1].standing == Standing.FOUND
    assert verdicts[-1].severity == Severity.INFO


def test_a_handful_of_events_in_a_quiet_place_is_no_alarm() -> None:
    state, _ = run(fresh(0.05), [0] * 200)

    _, verdicts = run(state, [2, 2])

    assert [verdict.standing for verdict in verdicts] == [Standing.CLEAR, Standing.CLEAR]


def test_silence_where_little_is_expected_is_no_alarm() -> None:
    _, verdicts = run(trained(0.4), [0] * 16)

    assert {verdict.standing for verdict in verdicts} == {Standing.CLEAR}


def test_two_unlikely_hours_of_three_alarm_and_one_does_not() -> None:
    state = trained(10, days=60)
    unlikely = 21  # chance about 0.003

    _, verdicts = run(state, [unlikely, 10, unlikely, 10, 10])

    assert 1e-4 < float(verdicts[0].evidence["chance"] or 0) < 0.005
    found = [verdict.standing is Standing.FOUND for verdict in verdicts]
    assert found == [False, False, True, False, False]


def test_a_closed_hour_is_neither_judged_nor_learned() -> None:
    state, verdicts = run(trained(10), [50, 50])

    after, verdict = update(state, 0, 0.0, 22, Direction.BAND)

    assert after is state
    assert verdict == verdicts[1]


def test_nothing_is_said_before_the_first_working_hour() -> None:
    _, verdict = update(fresh(None), 3, 0.0, 22, Direction.UP)

    assert verdict == AnomalyVerdict(Standing.UNKNOWN, Severity.INFO, None, {})


def test_half_an_hour_of_working_time_expects_half_the_events() -> None:
    state = trained(10)

    _, whole = update(state, 10, 1.0, 13, Direction.UP)
    _, half = update(state, 5, 0.5, 13, Direction.UP)

    assert half.evidence["expected"] == pytest.approx(float(whole.evidence["expected"] or 0) / 2)


def test_the_hours_of_the_day_are_learned_and_shrunk_to_flat() -> None:
    state = fresh(10)
    for _ in range(60):
        for hour in OFFICE_HOURS:
            state, _ = update(state, 15 if hour == 10 else 10, 1.0, hour, Direction.UP)

    # Unshrunk 15 / 10.6.
    assert 1.3 < hour_factor(state, 10) < 15 / 10.625
    assert hour_factor(fresh(10), 10) == 1.0


def test_scatter_beyond_poisson_is_learned() -> None:
    random = np.random.default_rng(5)
    scattered, _ = run(fresh(10), random.negative_binomial(5, 1 / 3, 400).tolist())  # variance 3 x mean

    assert 2.2 < dispersion(scattered) < 3.3
    assert dispersion(trained(10, days=50)) < 1.2


@given(count=st.integers(0, 200), mean=st.floats(0.05, 100), over=st.floats(1.05, 5))
def test_the_tails_are_those_of_the_negative_binomial_and_sum_to_one(count: int, mean: float, over: float) -> None:
    low, high = tails(count, mean, mean * over)

    size, success = mean / (over - 1), 1 / over
    expected = nbinom.cdf(count - 1, size, success) + nbinom.pmf(count, size, success) / 2
    assert low == pytest.approx(expected, rel=1e-6, abs=1e-12)
    assert low + high == pytest.approx(1)


@given(counts=st.lists(st.integers(0, 500), max_size=12), rate=st.floats(0, 100))
def test_a_state_survives_its_row(counts: list[int], rate: float) -> None:
    state, _ = run(fresh(rate), counts)

    assert AnomalyState.load(json.loads(json.dumps(state.dump()))) == state


@given(counts=st.lists(st.integers(0, 10_000), min_size=1, max_size=60), share=st.floats(0.01, 1))
def test_any_counts_leave_a_usable_state(counts: list[int], share: float) -> None:
    state = fresh(None)

    for n, count in enumerate(counts):
        state, verdict = update(state, count, share, n % 24, Direction.BAND)

        assert 0 <= float(verdict.evidence["chance"] or 0) <= 1
        assert state.hours > 0
        assert state.events > 0
