"""Cohorts: items that began and may or may not have converted within a window. `conversion` and `repeat`.

raw = converted / all; matured = the same over items at least as old as the window; projected = converted / sum of
F(age), with F the Kaplan-Meier share of a KPI's conversions that come within an age (PRODUCT 4.7), over all its items.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from tests.reference.events import Net
from tests.reference_measures.world import Cell, Node, Rows, Said, World, duration, grouped, key_of

KINDS = ("raw", "matured", "projected")


@dataclass(frozen=True)
class Item:
    """`at` sets the period; `to` is the instant of the conversion."""

    root: Net
    to: Net | None
    credit: Net

    @property
    def at(self) -> datetime:
        return self.root.at

    @property
    def delay(self) -> timedelta | None:
        return self.to.at - self.at if self.to else None


def conversion(world: World, kpi: Node) -> Rows:
    return rows(
        world, kpi, kpi["measure"]["conversion"]["within"], list(converted(world, kpi["measure"]["conversion"]))
    )


def repeat(world: World, kpi: Node) -> Rows:
    return rows(world, kpi, kpi["measure"]["repeat"]["within"], list(repeated(world, kpi["measure"]["repeat"])))


def converted(world: World, spec: Node) -> Iterator[Item]:
    """One item per key: the earliest `from`, with the first `to` inside the window."""
    for key, root in earliest(world.select(spec["from"], spec["key"]), spec["key"]).items():
        last = root.at + duration(spec["within"])
        to = next(
            (
                fact
                for fact in world.select(spec["to"], spec["key"])
                if key_of(fact, spec["key"]) == key and root.at <= fact.at <= last and not worthless(fact)
            ),
            None,
        )
        yield Item(root, to, to if to and spec.get("credit", "from") == "to" else root)


def worthless(fact: Net) -> bool:
    """A sale of which nothing is left, whole or by parts."""
    return fact.type == "sale.closed" and (fact.whole or fact.data["amount"] - fact.taken == 0)


def repeated(world: World, spec: Node) -> Iterator[Item]:
    """One item per key: its first sale, with the next on a later local day inside the window."""
    facts = [fact for fact in world.select(spec["of"], spec["key"]) if not fact.whole]
    for key, root in earliest(facts, spec["key"]).items():
        day, last = root.at.astimezone(world.zone).date(), root.at + duration(spec["within"])
        later = (
            fact
            for fact in facts
            if key_of(fact, spec["key"]) == key and fact.at.astimezone(world.zone).date() > day and fact.at <= last
        )
        yield Item(root, next(later, None), root)


def earliest(facts: Sequence[Net], key: object) -> dict[tuple[object, ...] | None, Net]:
    first: dict[tuple[object, ...] | None, Net] = {}
    for fact in facts:
        first.setdefault(key_of(fact, key), fact)
    return first


def rows(world: World, kpi: Node, within: str, items: list[Item]) -> Rows:
    window = duration(within)
    curve = Curve(items, world.clock, window)
    cells: dict[Cell, list[Item]] = grouped(
        (cell, item) for item in items for cell in world.credited(kpi, item.credit, item.at, series=item.root)
    )
    kind = kpi["measure"].get("as", "projected")
    factor = 100 if kpi["unit"] == "%" else 1
    return {
        cell: Said(None if value is None else value * factor, n)
        for cell, inside in cells.items()
        for value, n in [share(kind, inside, world.clock, window, curve)]
    }


def share(
    kind: str, items: list[Item], clock: datetime, window: timedelta, curve: "Curve"
) -> tuple[Fraction | None, int]:
    """The share that converts, and the items behind it."""
    if kind == "matured":
        items = [item for item in items if clock - item.at >= window]
    came = sum(item.to is not None for item in items)
    if kind != "projected":
        return (Fraction(came, len(items)) if items else None), len(items)
    due = sum((curve.share_by(min(clock - item.at, window)) for item in items), Fraction())
    return (min(came / due, Fraction(1)) if due else None), len(items)


class Curve:
    """Kaplan-Meier: of the conversions that ever come within the window, the share that has come by an age."""

    def __init__(self, items: list[Item], clock: datetime, window: timedelta) -> None:
        seen = [(item.delay, min(clock - item.at, window)) for item in items]
        left, self.steps = Fraction(1), list[tuple[timedelta, Fraction]]()
        for age in sorted({delay for delay, _ in seen if delay is not None}):
            at_risk = sum((watched if delay is None else delay) >= age for delay, watched in seen)
            left *= 1 - Fraction(sum(delay == age for delay, _ in seen), at_risk)
            self.steps.append((age, 1 - left))
        self.window = window

    def share_by(self, age: timedelta) -> Fraction:
        """Without any conversion there is no curve: then only what has the window's age counts."""
        if not self.steps:
            return Fraction(age >= self.window)
        come = [share for at, share in self.steps if at <= age]
        return come[-1] / self.steps[-1][1] if come else Fraction()
