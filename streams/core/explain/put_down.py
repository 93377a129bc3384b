"""What an item of a joining measure is put down as: one function a journey."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from streams.core.explain.scene import Scene
from streams.core.journeys import cohorts, elapsed, retention
from streams.core.journeys.cohorts import Conversion, Repeat, Share
from streams.core.journeys.contract import Moment, first
from streams.core.journeys.distinct import DistinctLeads
from streams.core.journeys.elapsed import Elapsed
from streams.core.journeys.levels import Latest
from streams.core.journeys.quantiles import Quantile
from streams.core.journeys.retention import Retention
from streams.core.journeys.staff import Staff


class Put(StrEnum):
    """What an item is put down as."""

    CONVERTED = "converted"
    NOT_CONVERTED = "not_converted"
    NOT_YET = "not_yet"
    """It has not gone on, and its window is not over."""
    ANSWERED = "answered"
    GOOD = "good"
    BAD = "bad"
    STILL = "still"
    LOST = "lost"
    LEAD = "lead"
    LEVEL = "level"
    SUM = "sum"
    REACHED = "reached"
    NOT_REACHED = "not_reached"


class Item(NamedTuple):
    """An item of the subject and period: its key, its moments, and what it adds."""

    key: str
    moments: Sequence[Moment]
    vector: Mapping[int, int]


BAD = frozenset({Put.NOT_CONVERTED, Put.NOT_YET, Put.BAD, Put.LOST})


def _in_cohort(journey: Share, item: Item, scene: Scene) -> Put:
    if item.vector.get(cohorts.CONVERTED):
        return Put.CONVERTED
    start = first(item.moments, cohorts.FROM)
    ripe = start is not None and scene.clock_us >= start.time_us + journey.within_us
    return Put.NOT_CONVERTED if ripe else Put.NOT_YET


def _in_time(journey: Elapsed, item: Item, scene: Scene) -> Put:
    if journey.within_us is None:
        return Put.ANSWERED
    return Put.GOOD if item.vector.get(elapsed.PART) else Put.BAD


def _retained(journey: Retention | Staff, item: Item, scene: Scene) -> Put:
    return Put.STILL if item.vector.get(retention.STILL) else Put.LOST


PUT_DOWN: Mapping[type, Callable[[Any, Item, Scene], Put]] = {
    Conversion: _in_cohort,
    Repeat: _in_cohort,
    Elapsed: _in_time,
    Retention: _retained,
    Staff: _retained,
    DistinctLeads: lambda journey, item, scene: Put.LEAD,
    Latest: lambda journey, item, scene: Put.LEVEL,
    Quantile: lambda journey, item, scene: Put.SUM,
}
