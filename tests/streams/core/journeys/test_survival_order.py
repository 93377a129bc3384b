"""A projection is the same in whatever order its days were told: live partitions and a replay tell them differently."""

from random import Random

from streams.core.journeys.survival import projected
from streams.core.policy import DAY_US


def test_the_order_of_the_days_changes_no_projection() -> None:
    dice = Random(1)
    born = [(day, dice.randrange(1, 50)) for day in range(40)]
    delays = {day: dice.randrange(1, 30) for day in range(20)}

    found = set()
    for _ in range(200):
        dice.shuffle(born)
        found.add(projected(25, dict(born), 0, 41 * DAY_US + 123_457, delays, {}, 60 * DAY_US))

    assert len(found) == 1
