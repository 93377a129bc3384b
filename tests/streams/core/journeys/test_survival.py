"""Projected shares: unbiased on simulated delays, and what they are in the plain cases."""

from collections import Counter
from random import Random
from statistics import mean

import pytest

from streams.core.journeys.survival import delay_distribution, projected
from streams.core.policy import DAY_US

WITHIN_US = 60 * DAY_US
MONTH = 30


def cohorts(
    random: Random, months: int, leads: int, share: float, delay_days: float
) -> list[list[tuple[float, float | None]]]:
    """(day of birth, delay in days or None) of the leads of each month; delays past the window are none."""
    made = []
    for month in range(months):
        cohort: list[tuple[float, float | None]] = []
        for _ in range(leads):
            delay = random.expovariate(1 / delay_days)
            while delay > 60:  # all who convert do so inside the window: the truth is `share` itself
                delay = random.expovariate(1 / delay_days)
            cohort.append((month * MONTH + random.random() * MONTH, delay if random.random() < share else None))
        made.append(cohort)
    return made


def estimate(every: list[list[tuple[float, float | None]]], month: int, now_day: float) -> float:
    """The projected share of a month's cohort at a day, from all cohorts born by then."""
    start_us = month * MONTH * DAY_US
    converted, born = 0, Counter[int]()
    delays, waiting = Counter[int](), Counter[int]()
    for number, cohort in enumerate(every):
        for day, delay in cohort:
            if day > now_day:
                continue
            gone = delay is not None and day + delay <= now_day
            if gone and delay is not None:
                delays[int(delay)] += 1
            else:
                waiting[int(day)] += 1
            if number == month:
                born[int(day) - month * MONTH] += 1
                converted += gone
    return float(projected(converted, born, start_us, int(now_day * DAY_US), delays, waiting, WITHIN_US))


@pytest.mark.parametrize("age_days", [30, 45])
def test_a_young_cohort_is_projected_without_bias(age_days: int) -> None:
    # 20 % convert after 21 days in the mean (before the window cuts), 200 leads a month, half a year of history
    estimates, naive = [], []
    for seed in range(120):
        every = cohorts(Random(seed), months=7, leads=200, share=0.2, delay_days=21)
        now_day = 6 * MONTH + age_days
        estimates.append(estimate(every, 6, now_day))
        gone = sum(delay is not None and day + delay <= now_day for day, delay in every[6])
        naive.append(gone / 200)

    assert abs(mean(estimates) - 0.2) < 0.01
    assert mean(naive) < 0.17  # what is shown without


def test_a_tenant_s_first_cohort_is_projected_from_itself() -> None:
    estimates = [
        estimate(cohorts(Random(seed), months=1, leads=2000, share=0.2, delay_days=10), 0, 50) for seed in range(20)
    ]

    assert abs(mean(estimates) - 0.2) < 0.01


def test_nobody_converted_is_none_and_everybody_is_all() -> None:
    assert 0 == projected(0, {0: 5}, 0, 10 * DAY_US, {}, {0: 5}, WITHIN_US)
    assert 1 == projected(5, {0: 5}, 0, 10 * DAY_US, {1: 5}, {}, WITHIN_US)


def test_a_share_is_never_above_all() -> None:
    # two of two sold on their first day, where most take weeks
    assert 1 == projected(2, {0: 2}, 0, DAY_US // 2, {0: 2, 20: 100}, {}, WITHIN_US)


def test_the_life_table_by_hand() -> None:
    # window of 3 days. 10 items: 2 gone in the first day, 1 in the second; 3 censored in it (half at risk), 4 ripe.
    # day 0: 1 - 2/10 = 0.8. day 1: 8 at risk less 3/2 = 6.5: 0.8 x (1 - 1/6.5) = 0.676923. day 2: nobody.
    now_us = 10 * DAY_US
    waiting = {8: 3, 1: 4}  # in the middle of day 8 is 1.5 days ago

    found = delay_distribution({0: 2, 1: 1}, waiting, now_us, 3 * DAY_US)

    assert [0, 0.2 / 0.323077, 1, 1] == pytest.approx(found, rel=1e-5)
