"""`growth`: a period against a baseline, in percent.

Before the period's end: to date, against the baseline's events within the same share of its own length.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

from tests import reference
from tests.reference_measures import quantities, working_time
from tests.reference_measures.world import Cell, Node, Rows, Said, World, grouped

Stretch = tuple[datetime, datetime]
MICROSECOND = timedelta(microseconds=1)
LENGTH = re.compile(r"(\d+) ?([a-z]+)")


def rows(world: World, kpi: Node) -> Rows:
    spec = kpi["measure"]["growth"]
    found: Rows = {}
    for cell, said, reading in own(world, kpi):
        base = baseline(world, kpi, cell, reading)
        value = grown(said.value, base, steps(spec)) if said.value is not None else None
        found[cell] = Said(value, said.n)
    return found


def own(world: World, kpi: Node) -> Iterator[tuple[Cell, Said, quantities.Reading]]:
    """What is measured in each period by itself, and how any other stretch of the same cell is read."""
    of = kpi["measure"]["growth"]["of"]
    plain = {**kpi, "measure": of, "unit": "things"}
    everywhere = grouped(
        (Cell(cell.subject, "", cell.series), (position, fact))
        for position, leaf in enumerate(quantities.leaves(of))
        for fact in quantities.read(world, leaf)
        for cell in world.credited(kpi, fact, fact.at)
    )
    for cell, said in quantities.rows(world, plain).items():
        facts = everywhere[Cell(cell.subject, "", cell.series)]
        yield cell, said, quantities.Reading(world, plain, cell, facts)


def grown(now: Fraction, base: Fraction | None, steps: int) -> Fraction | None:
    """Per step, in percent: the geometric mean of the changes."""
    if not base:
        return None
    ratio = now / base
    return 100 * ((ratio if steps == 1 else Fraction(float(ratio) ** (1 / steps))) - 1)


def steps(spec: Node) -> int:
    """How many times `per` lies between the baseline and the period."""
    against = spec.get("against", "previous")
    apart = against["back"] if isinstance(against, dict) and "back" in against else spec["over"]
    return length(apart)[0] // length(spec["per"])[0] if "per" in spec else 1


def length(span: str) -> tuple[int, bool]:
    """`3 months` is (3, True), `7d` is (7, False): months or days."""
    number, unit = LENGTH.fullmatch(span).groups()  # type: ignore[union-attr]
    of, is_months = {"d": (1, False), "w": (7, False), "m": (1, True), "q": (3, True), "y": (12, True)}[unit[0]]
    return int(number) * of, is_months


def baseline(world: World, kpi: Node, cell: Cell, reading: quantities.Reading) -> Fraction | None:
    spec = kpi["measure"]["growth"]
    against = spec.get("against", "previous")
    if isinstance(against, dict) and "value" in against:
        return Fraction(str(against["value"]))
    start, end = world.bounds(cell.period)
    begins, ends = stretch(world, spec, start)
    passed = min(Fraction((world.clock - start) // MICROSECOND, (end - start) // MICROSECOND), Fraction(1))
    until = ends if passed == 1 else begins + int((ends - begins) // MICROSECOND * passed) * MICROSECOND
    reading.facts = [(position, fact) for position, fact in reading.facts if begins <= fact.at < until]
    value = reading.said().value
    scale = scaled(world, spec.get("adjust", "none"), (start, end), (begins, ends))
    return None if value is None or scale is None else value * scale


def stretch(world: World, spec: Node, start: datetime) -> Stretch:
    """The whole baseline of the period that begins at `start`."""
    against: Any = spec.get("against", "previous")
    if isinstance(against, dict) and "from" in against:
        first, after = (date.fromisoformat(str(against[edge])) for edge in ("from", "to"))
    else:
        first = back(start.astimezone(world.zone).date(), spec["over"] if against == "previous" else against["back"])
        after = back(first, spec["over"], -1)
    return reference.periods.midnight(first, world.zone), reference.periods.midnight(after, world.zone)


def back(day: date, span: str, times: int = 1) -> date:
    """So much before the first day of a period: so many days, or the first of the month so many months before."""
    number, is_months = length(span)
    if not is_months:
        return day - timedelta(times * number)
    month = day.year * 12 + day.month - 1 - times * number
    return date(month // 12, month % 12 + 1, 1)


def scaled(world: World, adjust: str, period: Stretch, base: Stretch) -> Fraction | None:
    """How much longer the period is than the baseline."""
    if adjust == "none":
        return Fraction(1)
    measured = worked if adjust == "working_time" else days
    return measured(world, *period) / measured(world, *base) if measured(world, *base) else None


def days(world: World, start: datetime, end: datetime) -> Fraction:
    return Fraction((end.astimezone(world.zone).date() - start.astimezone(world.zone).date()).days)


def worked(world: World, start: datetime, end: datetime) -> Fraction:
    calendar = working_time.calendar_of(world.catalogue, "business")
    return working_time.elapsed(working_time.stretches(calendar, start.astimezone(UTC), world.zone), end)
