"""The amount that the items of a joining measure add up to, and formula and numbers of its value: one function a
journey."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from streams.core.journeys import cohorts, elapsed, retention
from streams.core.journeys.cohorts import Conversion, Repeat, Share
from streams.core.journeys.distinct import DistinctLeads
from streams.core.journeys.elapsed import Elapsed
from streams.core.journeys.levels import Latest
from streams.core.journeys.quantiles import Quantile
from streams.core.journeys.retention import Retention
from streams.core.journeys.staff import Staff

Shown = tuple[Fraction, str, str]


def _read_cohort(journey: Share, vector: Mapping[int, int], value: Fraction | None, n: int, factor: Fraction) -> Shown:
    matured = journey.how.value == "matured"
    converted = vector.get(cohorts.MATURED_CONVERTED if matured else cohorts.CONVERTED, 0)
    whole = vector.get(cohorts.MATURED, 0) == n
    if journey.how.value != "projected" or whole or not value:
        items = "matured items" if matured else "items"
        return Fraction(converted), f"converted / {items}", f"{converted:,} / {n:,}"
    expected = float(converted / value)
    return Fraction(converted), "converted / items by their age", f"{converted:,} / {expected:,.6g} (of {n:,})"


def _read_elapsed(
    journey: Elapsed, vector: Mapping[int, int], value: Fraction | None, n: int, factor: Fraction
) -> Shown:
    if journey.q is not None:
        return _read_quantile(journey, vector, value, n, factor)
    part = vector.get(elapsed.PART, 0)
    if journey.within_us is not None:
        return Fraction(part), "good / due", f"{part:,} / {n:,}"
    total = part * factor
    return total, "time / answered", f"{float(total):,.9g} / {n:,}"


def _read_retention(journey: Any, vector: Mapping[int, int], value: Fraction | None, n: int, factor: Fraction) -> Shown:
    still = vector.get(retention.STILL, 0)
    return Fraction(still), "still / at start", f"{still:,} / {n:,}"


def _read_level(journey: Latest, vector: Mapping[int, int], value: Fraction | None, n: int, factor: Fraction) -> Shown:
    level = value or Fraction(0)
    return level, f"level ({journey.at.value})", f"{float(level):,.9g}"


def _read_leads(journey: Any, vector: Mapping[int, int], value: Fraction | None, n: int, factor: Fraction) -> Shown:
    return Fraction(n), "", f"{n:,}"


def _read_quantile(journey: Any, vector: Mapping[int, int], value: Fraction | None, n: int, factor: Fraction) -> Shown:
    found = Fraction(0) if value is None else value * factor
    return Fraction(n), f"quantile {journey.q:g} of items", f"{float(found):,.9g} (of {n:,}, within 1 %)"


READ: Mapping[type, Callable[[Any, Mapping[int, int], Fraction | None, int, Fraction], Shown]] = {
    Conversion: _read_cohort,
    Repeat: _read_cohort,
    Elapsed: _read_elapsed,
    Retention: _read_retention,
    Staff: _read_retention,
    DistinctLeads: _read_leads,
    Latest: _read_level,
    Quantile: _read_quantile,
}
