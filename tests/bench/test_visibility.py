"""Quantiles of a latency that is only sampled: right where the truth is known, and not moved by seldom looks."""

from math import inf
from random import Random

import pytest

from tests.bench.visibility import age_when_visible


@pytest.mark.parametrize("every_s", [0.05, 1.0])
def test_the_quantiles_of_a_known_latency_are_found_however_seldom_one_looks(every_s: float) -> None:
    dice = Random(1)
    points = []
    for _ in range(4000):
        latency_s = dice.uniform(0, 0.4)
        look_s = dice.uniform(0, every_s)
        while look_s < 2:
            points.append((look_s, look_s >= latency_s))
            look_s += every_s

    assert 0.2 == pytest.approx(age_when_visible(points, 0.5), abs=0.03)
    assert 0.396 == pytest.approx(age_when_visible(points, 0.99), abs=0.03)


def test_what_is_never_visible_has_no_age() -> None:
    assert inf == age_when_visible([(0.1, False), (5.0, False)], 0.5)
    assert 0.1 == age_when_visible([(0.1, True), (0.1, True)], 0.99)
