"""When a thing becomes visible that is looked at only now and then: quantiles without the wait for the next look.

Every look at every thing is a point (age, visible or not). The share that is visible at an age never falls with age, so
the best estimate is the isotonic fit of the points (pool adjacent violators: Ayer et al. 1955, "An empirical
distribution function for sampling with incomplete information").
"""

from collections.abc import Iterable
from math import inf


def age_when_visible(points: Iterable[tuple[float, bool]], part: float) -> float:
    """The smallest age looked at from which at least `part` are visible; infinite where that was never so.

    >>> age_when_visible([(0.1, False), (0.2, True), (0.3, False), (0.4, True), (0.5, True)], 0.5)
    0.2
    >>> age_when_visible([(0.1, False), (0.2, True), (0.3, False), (0.4, True), (0.5, True)], 0.99)
    0.4
    """
    blocks: list[tuple[float, int, int]] = []  # first age, visible, looked at
    for age, visible in sorted(points):
        first, seen, looked = age, int(visible), 1
        while blocks and blocks[-1][1] * looked >= seen * blocks[-1][2]:
            first, before, count = blocks.pop()
            seen, looked = seen + before, looked + count
        blocks.append((first, seen, looked))
    return next((first for first, seen, looked in blocks if seen >= part * looked), inf)
