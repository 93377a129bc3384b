"""How large a share of a young cohort will be, from how long those took who have gone on (PRODUCT 4.7).

An item that has not gone on is not lost, it may be young. With F(a) the share of those that ever go on who have done
so by age a, the cohort's share is estimated by `converted / sum F(age of each item)`. F is the life-table (actuarial
Kaplan and Meier) estimate over all items of the tenant, by whole days of delay, an item not gone on being censored at
its age (half of its last day at risk), normalised to 1 at the end of the window. Between whole days F is linear. Until
somebody's delay is known, a share is shown as it stands.
"""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, fsum

from streams.core.policy import DAY_US


def projected(
    converted: int,
    born: Mapping[int, int],
    start_us: int,
    now_us: int,
    delays: Mapping[int, int],
    waiting: Mapping[int, int],
    within_us: int,
) -> Fraction:
    """The projected share, at most 1, of a cohort of which `converted` items have gone on.

    `born` counts its items by the day after `start_us` on which they began. The pool: `delays` counts items that have
    gone on by whole days that it took, `waiting` those that have not by the day since the epoch on which they began.
    """
    if converted <= 0:
        return Fraction(0)
    if not delays:
        return Fraction(converted, sum(born.values()))
    cumulated = delay_distribution(delays, waiting, now_us, within_us)
    # Not sum(): floats add up differently in another order, and no two partitions tell of the days in the same one.
    expected = fsum(
        number * _at(cumulated, (now_us - start_us) / DAY_US - day - 0.5, within_us) for day, number in born.items()
    )
    # Everyone who has gone on has done so by now, whatever the estimate says.
    share = converted / max(expected, float(converted))
    return Fraction(min(share, 1.0)).limit_denominator(10**12)


def delay_distribution(
    delays: Mapping[int, int], waiting: Mapping[int, int], now_us: int, within_us: int
) -> list[float]:
    """F at 0, 1, 2, ... whole days, up to 1.0 at the end of the window."""
    days = max(1, ceil(within_us / DAY_US))
    gone = [0.0] * days
    for day, number in delays.items():
        gone[min(day, days - 1)] += number
    left = [0.0] * days
    ripe = 0.0
    for day, number in waiting.items():
        age = int((now_us - (day + 0.5) * DAY_US) // DAY_US)
        if age >= days:
            ripe += number
        else:
            left[max(age, 0)] += number
    at_risk = sum(gone) + sum(left) + ripe
    surviving, cumulated = 1.0, [0.0]
    for day in range(days):
        exposed = at_risk - left[day] / 2
        if exposed > 0:
            surviving *= max(0.0, 1 - gone[day] / exposed)
        cumulated.append(1 - surviving)
        at_risk -= gone[day] + left[day]
    whole = cumulated[-1]
    return [share / whole for share in cumulated] if whole > 0 else [0.0] * days + [1.0]


def _at(cumulated: list[float], age_days: float, within_us: int) -> float:
    if age_days <= 0:
        return 0.0
    if age_days >= within_us / DAY_US:
        return 1.0
    day = int(age_days)
    return cumulated[day] + (cumulated[min(day + 1, len(cumulated) - 1)] - cumulated[day]) * (age_days - day)
