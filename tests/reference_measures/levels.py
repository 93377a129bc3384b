"""`latest`: levels that hold until the next one says otherwise. A level is kept per subject and `per` key.

A cell's level is the sum over the keys that its subject was ever credited with. Over no time at all (the first level
comes at the clock's very instant) the mean is the level itself.
"""

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any

from tests.reference.events import Net
from tests.reference_measures.world import Cell, Node, World, grouped, key_of, passes, seconds


def known(world: World, kpi: Node, leaf: Node, subject: str, series: str | None) -> dict[Any, list[Net]]:
    """Key -> the facts that set a subject's level, in order."""
    facts: dict[Any, list[Net]] = {}
    for fact in selected(world, leaf):
        if subject in world.subjects(kpi["scope"], fact) and (series is None or world.series(kpi, fact) == series):
            facts.setdefault(key(world, leaf, fact), []).append(fact)
    return facts


def selected(world: World, leaf: Node) -> list[Net]:
    return [
        fact
        for fact in world.select(leaf["of"])
        if passes(leaf.get("where", {}), fact.data) and fact.data.get(leaf["latest"]) is not None
    ]


def key(world: World, leaf: Node, fact: Net) -> Any:
    return (key_of(fact, leaf["per"]) if "per" in leaf else None) or world.subject_of[fact.identity]


def cells(world: World, kpi: Node, leaf: Node) -> Iterator[Cell]:
    """A level keeps its row: one for each period from its first event's on."""
    for (subject, _, series), facts in grouped(
        (cell, fact) for fact in selected(world, leaf) for cell in world.credited(kpi, fact, fact.at)
    ).items():
        for period in world.periods_since(kpi, min(fact.at for fact in facts)):
            yield Cell(subject, period, series)


def level(world: World, kpi: Node, leaf: Node, cell: Cell) -> tuple[Fraction | None, int]:
    """The sum over the keys that are known, and how many they are."""
    start, end = world.bounds(cell.period)
    parts = []
    for facts in known(world, kpi, leaf, cell.subject, cell.series).values():
        steps = [(fact.at, Fraction(str(fact.data[leaf["latest"]]))) for fact in facts]
        before = [step for step in steps if step[0] < (start if leaf.get("at", "end") == "start" else end)]
        if before and leaf.get("at") == "mean":
            parts.append(step_mean(before, start, min(end, world.clock)))
        elif before:
            parts.append(before[-1][1])
    return (sum(parts, Fraction()) if parts else None), len(parts)


def step_mean(steps: list[tuple[datetime, Fraction]], start: datetime, stop: datetime) -> Fraction:
    """Time-weighted over [start, stop), from the first known value on."""
    since = max(start, steps[0][0])
    if stop <= since:
        return steps[-1][1]
    area = Fraction()
    for (at, value), (until, _) in pairwise([*steps, (stop, Fraction())]):
        area += value * max(seconds(min(until, stop) - max(at, since)), Fraction())
    return area / seconds(stop - since)
