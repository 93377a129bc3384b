"""A mergeable sketch of a distribution: how many values lie in each of some logarithmic buckets.

Masson, Rim, Lee: DDSketch, VLDB 2019, section 2. Every value of a bucket is within `ERROR` of the number that stands
for it, so a quantile is within that share of the order statistic of its rank. Zero has a bucket of its own, negative
numbers mirror the positive ones. Unlike a t-digest it forgets exactly what is taken back.
"""

from collections.abc import Mapping
from math import ceil, log

ERROR = 0.009
GAMMA = (1 + ERROR) / (1 - ERROR)
_LOG_GAMMA = log(GAMMA)


def bucket(value: int) -> int:
    """The bucket of a number; buckets are in the order of the numbers in them."""
    if value == 0:
        return 0
    number = 1 + ceil(log(abs(value)) / _LOG_GAMMA)
    return number if value > 0 else -number


def middle(number: int) -> float:
    """What stands for every value of a bucket."""
    if number == 0:
        return 0.0
    size: float = 2 * GAMMA ** (abs(number) - 1) / (GAMMA + 1)
    return size if number > 0 else -size


def quantile(buckets: Mapping[int, int], q: float) -> float | None:
    """The order statistic of rank ceil(q n), within `ERROR`; None of nothing."""
    n = sum(buckets.values())
    rank = max(1, ceil(round(q * n, 9)))  # 0.9 * 10 is 9.000000000000002 in floats
    for number in sorted(buckets):
        rank -= buckets[number]
        if rank <= 0 and n > 0:
            return middle(number)
    return None
