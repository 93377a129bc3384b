"""`retention`: of those who were there just before a period began, the share that still is.

What happens at the period's first instant belongs to the period, as everywhere; so does being idle from then on.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from tests import reference
from tests.reference.events import Net
from tests.reference_measures.world import Cell, Node, Rows, Said, World, duration, grouped, key_of, listed, order

NOW = timedelta(microseconds=1)


def rows(world: World, kpi: Node) -> Rows:
    spec = kpi["measure"]["retention"]
    histories: dict[Any, list[Net]] = {}
    for fact in sorted(world.select(spec["base"], spec["key"]) + world.select(spec["lost"], spec["key"]), key=order):
        histories.setdefault(key_of(fact, spec["key"]), []).append(fact)
    members: list[tuple[Cell, bool]] = []
    for period in world.periods_since(kpi, world.first):
        start, end = world.bounds(period)
        now = min(end, world.clock + NOW)
        at_start = staff(world, kpi, start) if is_staff(spec) else based(world, kpi, histories, start)
        members += [
            (Cell(subject, period, series), still(spec, histories.get(key, []), start, now))
            for key, subjects, base in at_start
            for subject in subjects
            for series in dict.fromkeys((None, world.series(kpi, base)))
        ]
    return {
        cell: Said(Fraction(100 * sum(stayed), len(stayed)), len(stayed)) for cell, stayed in grouped(members).items()
    }


def is_staff(spec: Node) -> bool:
    """Employees at the start come from the catalogue's people."""
    return "employee.hired" in listed(spec["base"]["of"] if isinstance(spec["base"], dict) else spec["base"])


Member = tuple[Any, list[str], Net]
"""Key, whom the latest base event credits, and that event."""


def staff(world: World, kpi: Node, start: datetime) -> Iterator[Member]:
    for person in sorted({row.id for row in world.company.people}):
        if reference.credit.team_of(world.company, person, start, world.zone) is not None:
            hired = Net("employee.hired", start, {"person_id": person}, ("", person))
            yield (person,), world.subjects(kpi["scope"], hired), hired


def based(world: World, kpi: Node, histories: dict[Any, list[Net]], start: datetime) -> Iterator[Member]:
    """Each member just before a start."""
    spec = kpi["measure"]["retention"]
    for key, history in histories.items():
        before = [fact for fact in history if fact.at < start]
        if before and is_base(spec, before[-1]) and start <= lapses(spec, before[-1]):
            yield key, world.subjects(kpi["scope"], before[-1]), before[-1]


def still(spec: Node, history: list[Net], start: datetime, now: datetime) -> bool:
    """Whether a member at the start is one just before `now`."""
    inside = [fact for fact in history if fact.at < now]
    if not inside or (is_staff(spec) and inside[-1].at < start):
        return True
    return is_base(spec, inside[-1]) and now <= lapses(spec, inside[-1])


def is_base(spec: Node, fact: Net) -> bool:
    types = spec["base"]["of"] if isinstance(spec["base"], dict) else spec["base"]
    return fact.type in listed(types)


def lapses(spec: Node, base: Net) -> datetime:
    return base.at + duration(spec["idle"]) if "idle" in spec else datetime.max.replace(tzinfo=base.at.tzinfo)
