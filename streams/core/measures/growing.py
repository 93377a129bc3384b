"""What is compiled of `growth`: how far back its baseline lies, and what has to be counted for it.

A baseline that is read event by event is counted by local days under a KPI of its own (`base_kpi`), which nobody sees:
days make any stretch, also one that is not over. What stage LINK finds (distinct keys, journeys) does not add up over
days; its baseline is a period of the KPI itself, or, against dates, one period of another grain.
"""

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import NamedTuple

from schemas.catalogue.growth_rules import grain_of
from schemas.catalogue.measures import Growth, GrowthParts
from schemas.catalogue.measures_growth import Back, Between
from schemas.catalogue.models import Kind, Kpi, Period

BASE = "~"
"""Ends the id of a KPI that counts a baseline; no id of a catalogue has it."""
DAY_US = timedelta(days=1) // timedelta(microseconds=1)
LONGEST_US = {
    Period.DAY: 2 * DAY_US,
    Period.WEEK: 8 * DAY_US,
    Period.MONTH: 32 * DAY_US,
    Period.QUARTER: 93 * DAY_US,
    Period.YEAR: 367 * DAY_US,
}
"""Longer than any period of a grain."""


class Volume(NamedTuple):
    """What a period has so far, what it has at its end if it makes the target, and what its baseline had by now."""

    so_far: float
    whole: float
    base: float


@dataclass(frozen=True, slots=True)
class Growing:
    """`periods` lie between a period and its baseline, 0 where that is stated; `steps` times `per`. `adds_up` says that
    the measure grows from nothing, so that a part of the time has a part of the value."""

    parts: GrowthParts
    periods: int
    steps: int
    adds_up: bool
    by_days: bool

    @property
    def reads_own(self) -> bool:
        """Whether the baseline is a period of the KPI itself, as stage LINK told of it."""
        return self.periods > 0 and not self.by_days

    def rate(self, ratio: Fraction) -> Fraction | None:
        """What a period and its baseline make as growth of each step, 1 for twice as much. None where the sign has
        changed in several steps: that has no mean growth."""
        if self.steps == 1:
            return ratio - 1
        return None if ratio < 0 else Fraction(float(ratio) ** (1 / self.steps)) - 1


def growing_of(kpi: Kpi, *, adds_up: bool, linked: bool) -> Growing | None:
    """What growth needs, None for any other measure."""
    if not isinstance(kpi.measure, Growth):
        return None
    parts = kpi.measure.growth
    distance = parts.against.back if isinstance(parts.against, Back) else parts.over
    stated = not isinstance(parts.against, Back) and parts.against != "previous"
    return Growing(
        parts,
        periods=0 if stated else distance.amount // parts.over.amount,
        steps=1 if parts.per is None else distance.amount // parts.per.amount,
        adds_up=adds_up,
        by_days=not linked,
    )


def base_kpi(kpi: Kpi, growing: Growing) -> Kpi | None:
    """The KPI that counts the baseline; None where nothing has to be counted besides the KPI itself."""
    against = growing.parts.against
    grain: Period | None = None
    if growing.by_days and (growing.periods or isinstance(against, Between)):
        grain = Period.DAY
    elif isinstance(against, Between):
        grain = grain_of(against)
    if grain is None:
        return None
    told = {"id": kpi.id + BASE, "kind": Kind.METRIC, "period": grain, "measure": growing.parts.of, "targets": ()}
    return kpi.model_copy(update={**told, "guardrail": None, "weight": None, "drives": ()})


def reach_us(kpi: Kpi, growing: Growing) -> int | None:
    """How long after its end a baseline is still read, at the least; None for ever."""
    return None if growing.periods == 0 else (growing.periods + 1) * LONGEST_US[kpi.period]
