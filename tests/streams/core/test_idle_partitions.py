"""The clock of the road: the slowest partition that lags, and wall time when none does. Idle ones hold nothing back."""

import pytest

from schemas.topics import Stage
from streams.core.policy import DAY_US, MINUTE_US, SECOND_US
from streams.core.stage import Now
from tests.streams.core import worlds
from tests.streams.core.road import Road
from tests.streams.core.test_road_laws import POLICY, UNTIL_US

PARTITIONS, BUSY = 4, 2


@pytest.fixture
def road() -> Road:
    """Events in one partition only."""
    road = Road(worlds.catalogue(1), POLICY, PARTITIONS)
    road._place = lambda key: BUSY
    road.put(worlds.events(1, 30))
    return road


def clocks(road: Road) -> set[int | None]:
    return {road.states[Stage.JUDGE, part].clock_us for part in range(PARTITIONS)}  # type: ignore[attr-defined]


def tick(road: Road, now: Now, *partitions: int) -> None:
    """Time for these partitions of OBSERVE, read to their ends, as their lanes would tell it."""
    for part in partitions:
        for send in road.states[Stage.OBSERVE, part].tick(now).sends:
            road._deliver(send)
    road.run(now)


def test_idle_partitions_that_are_read_to_their_end_do_not_hold_the_clock_back(road: Road) -> None:
    road.run(Now(UNTIL_US, caught_up=True))
    seen = []
    for now_us in (UNTIL_US + 2 * SECOND_US, UNTIL_US + DAY_US, UNTIL_US + DAY_US + MINUTE_US):
        tick(road, Now(now_us, caught_up=True), *range(PARTITIONS))
        seen.append(clocks(road))

    assert seen == [{UNTIL_US + 2 * SECOND_US}, {UNTIL_US + DAY_US}, {UNTIL_US + DAY_US + MINUTE_US}]


def test_a_partition_that_lags_holds_the_clock_at_its_watermark_and_idle_ones_do_not(road: Road) -> None:
    now_us = UNTIL_US + DAY_US
    road.run(Now(now_us, caught_up=False))
    watermark_us = road.states[Stage.OBSERVE, BUSY].watermark_us  # type: ignore[attr-defined]
    tick(road, Now(now_us, caught_up=True), *(part for part in range(PARTITIONS) if part != BUSY))

    assert clocks(road) == {watermark_us}
    tick(road, Now(now_us + SECOND_US, caught_up=True), *range(PARTITIONS))
    assert clocks(road) == {now_us + SECOND_US}
