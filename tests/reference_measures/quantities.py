"""Measures that read each event by itself: counts, sums, means, quantiles, levels, and what is made of them.

A cell's value is computed from the facts that fall into it; only a level looks back before its period.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from schemas.catalogue.measures import Basis
from tests import reference
from tests.reference.events import Net
from tests.reference_measures import levels
from tests.reference_measures.world import (
    Cell,
    Node,
    Rows,
    Said,
    World,
    grouped,
    key_of,
    listed,
    order_statistic,
    passes,
)

LEADING = ("count", "sum", "mean", "quantile", "latest")
QUANTILE_ERROR = 0.01


def rows(world: World, kpi: Node) -> Rows:
    measure = kpi["measure"]
    inside = grouped(
        (cell, (position, fact))
        for position, leaf in enumerate(leaves(measure))
        if "latest" not in leaf
        for fact in read(world, leaf)
        for cell in world.credited(kpi, fact, fact.at)
    )
    for leaf in leaves(measure):
        if "latest" in leaf:
            for cell in levels.cells(world, kpi, leaf):
                inside.setdefault(cell, [])
    return {cell: Reading(world, kpi, cell, facts).said() for cell, facts in inside.items()}


def leaves(node: Node) -> list[Node]:
    if "sum_of" in node:
        return [leaf for part in node["sum_of"] for leaf in leaves(part)]
    for name, second in (("difference", "minus"), ("ratio", "to")):
        if name in node:
            return leaves(node[name]["of"]) + leaves(node[name][second])
    return [node]


def read(world: World, leaf: Node) -> Iterator[Net]:
    """The facts that a leaf reads: type, `where`, and the fields or the key it needs."""
    kind = next(name for name in LEADING if name in leaf)
    types = listed(leaf["count"] if kind == "count" else leaf["of"])
    seen: set[Any] = set()
    for fact in world.facts:
        if fact.type not in types or not passes(leaf.get("where", {}), fact.data):
            continue
        if kind != "count":
            if any(fact.data.get(name) is not None for name in listed(leaf[kind])):
                yield fact
        elif "distinct" not in leaf:
            yield fact
        elif (key := key_of(fact, leaf["distinct"])) is not None:
            # The earliest lead.created of merged leads sets period and credit: the others are the same lead.
            if fact.type == "lead.created" and fact.data["lead_id"] in world.joined:
                if key in seen:
                    continue
                seen.add(key)
            yield fact


class Reading:
    """One cell's facts by leaf, and the values of a tree's nodes over them."""

    def __init__(self, world: World, kpi: Node, cell: Cell, facts: list[tuple[int, Net]]) -> None:
        self.world, self.kpi, self.cell, self.facts = world, kpi, cell, facts
        self.leaves = leaves(kpi["measure"])

    def said(self) -> Said:
        node = self.kpi["measure"]
        if "ratio" in node:
            of, to = self.value(node["ratio"]["of"]), self.value(node["ratio"]["to"])
            factor = 100 if self.kpi["unit"] == "%" else 1
            value = of / to * factor if to and of is not None else None
            return Said(value, self.behind(node["ratio"]["to"]))
        value = self.value(node)
        unit = self.unit()
        within = QUANTILE_ERROR if "quantile" in node else 0.0
        return Said(None if value is None else value / unit, self.behind(node), within)

    def unit(self) -> int:
        fields = {name for leaf in self.leaves for kind in LEADING[1:] if kind in leaf for name in listed(leaf[kind])}
        return (
            reference.measures.SECONDS_IN.get(self.kpi["unit"], 1)
            if fields and fields <= reference.measures.DURATIONS
            else 1
        )

    def value(self, node: Node) -> Fraction | None:
        if "sum_of" in node:
            parts = [self.value(part) for part in node["sum_of"]]
            return None if None in parts else sum((part for part in parts if part is not None), Fraction())
        if "difference" in node:
            of, minus = self.value(node["difference"]["of"]), self.value(node["difference"]["minus"])
            return None if of is None or minus is None else of - minus
        if "latest" in node:
            return levels.level(self.world, self.kpi, node, self.cell)[0]
        return self.of_events(node)

    def of_events(self, leaf: Node) -> Fraction | None:
        facts, basis = self.standing(leaf), Basis(leaf.get("basis", "net"))
        if "count" in leaf:
            keys = {key_of(fact, leaf["distinct"]) for fact in facts} if "distinct" in leaf else facts
            return Fraction(len(keys))
        if "sum" in leaf:
            return sum((reference.measures.amount(fact, leaf["sum"], basis) for fact in facts), Fraction())
        entities = self.entities(leaf)
        if not entities:
            return None
        if "mean" in leaf:
            return sum(entities.values(), Fraction()) / len(entities)
        return order_statistic(entities.values(), leaf["q"])

    def standing(self, leaf: Node) -> list[Net]:
        """The facts behind a leaf's value, by its basis."""
        position = next(i for i, known in enumerate(self.leaves) if known is leaf)
        basis = leaf.get("basis", "net")

        def stands(fact: Net) -> bool:
            if basis == "reversed":
                return fact.whole or (leaf.get("sum") == "amount" and fact.taken > 0)
            return basis == "gross" or not fact.whole

        return [fact for at, fact in self.facts if at == position and stands(fact)]

    def entities(self, leaf: Node) -> dict[Any, Fraction]:
        """Total by key of a mean or a quantile; an event without the key is its own."""
        fields = listed(leaf["mean" if "mean" in leaf else "quantile"])
        totals: dict[Any, Fraction] = {}
        for fact in self.standing(leaf):
            key = (key_of(fact, leaf["per"]) if "per" in leaf else None) or fact.identity
            total = sum((reference.measures.amount(fact, name, Basis.NET) for name in fields), Fraction())
            totals[key] = totals.get(key, Fraction()) + total
        return totals

    def behind(self, node: Node) -> int:
        """n: events once each, plus the entities of distinct counts, means and levels."""
        events, entities = set(), 0
        for leaf in leaves(node):
            if "latest" in leaf:
                entities += levels.level(self.world, self.kpi, leaf, self.cell)[1]
            elif "mean" in leaf or "quantile" in leaf:
                entities += len(self.entities(leaf))
            elif "distinct" in leaf:
                entities += len({key_of(fact, leaf["distinct"]) for fact in self.standing(leaf)})
            else:
                events |= {fact.identity for fact in self.standing(leaf)}
        return len(events) + entities
