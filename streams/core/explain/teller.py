"""Tells the leaves of a measure one by one, and how its nodes make a term of them."""

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from streams.core.explain.journeys import tell_journey
from streams.core.explain.leaves import LeafTold, tell_leaf
from streams.core.explain.scene import Scene
from streams.core.explain.terms import Term, number
from streams.core.facts import Fact
from streams.core.measures.journey_leaves import JourneyLeaf
from streams.core.measures.leaves import CountLeaf, KeyLeaf, SumLeaf

Terms = Mapping[type, Callable[[Any, Any], Term]]
"""One function a type of node: (node, teller) -> term."""


class UntoldError(Exception):
    """The arithmetic of a measure is not told: it has no function here."""


class Teller:
    """Tells the leaves of a measure in the order in which they were compiled."""

    def __init__(self, scene: Scene, terms: Terms, leaves: list[LeafTold] | None = None) -> None:
        """Args: `terms` tell the nodes of a type; `leaves` were told before, of another scene: these go on with
        them."""
        self.scene = scene
        self.terms = terms
        self.leaves: list[LeafTold] = [] if leaves is None else leaves
        self._plain: Iterator[CountLeaf | SumLeaf] = iter(scene.plan.leaves)
        linked: list[KeyLeaf | JourneyLeaf] = [*scene.plan.keys, *scene.plan.journeys]
        linked.sort(key=lambda leaf: leaf.index)
        self._linked = iter(linked)
        self._base: list[CountLeaf | SumLeaf | KeyLeaf] = []
        self._base_amounts: list[int] = []

    def term(self, node: Any) -> Term:
        """The term of a node, its leaves told on the way.

        Raises:
            UntoldError: no function tells nodes of this type.
        """
        found = self.terms.get(type(node))
        if found is None:
            raise UntoldError(type(node).__name__)
        return found(node, self)

    def plain(self, *, based: bool) -> Term:
        """The next count or sum."""
        leaf = next(self._plain)
        return self._told(leaf, tell_leaf(leaf, self.scene), based)

    def linked(self, *, based: bool) -> Term:
        """The next distinct count, or measure that joins events."""
        leaf = next(self._linked)
        if isinstance(leaf, KeyLeaf):
            return self._told(leaf, tell_leaf(leaf, self.scene), based)
        told = tell_journey(leaf, self.scene, Fraction(*self.scene.plan.factor))
        self.add(told.leaf, n=told.n if based else 0)
        return Term(f"[{len(self.leaves)}] {told.formula}".rstrip(), told.numbers, told.value)

    def add(self, told: LeafTold, *, n: int = 0) -> Term:
        """A leaf that the caller has told by itself, with the items that it adds to n."""
        self._base_amounts.append(n)
        self.leaves.append(told)
        return Term(f"[{len(self.leaves)}]", number(told.amount), told.amount)

    @property
    def n(self) -> int:
        """Events, or entities, behind the value: those of the leaves that were told as its base."""
        return self._events(self.scene) + sum(self._base_amounts)

    @property
    def weight(self) -> Fraction:
        """What a mean divides by."""
        return Fraction(self.n)

    def _events(self, scene: Scene) -> int:
        plain = [leaf for leaf in self._base if not isinstance(leaf, KeyLeaf)]
        return sum(1 for fact in scene.mine if any(_behind(leaf, fact) for leaf in plain))

    def _told(self, leaf: CountLeaf | SumLeaf | KeyLeaf, told: LeafTold, based: bool) -> Term:
        if based:
            self._base.append(leaf)
        return self.add(told, n=told.integer if based and isinstance(leaf, KeyLeaf) else 0)


def _behind(leaf: CountLeaf | SumLeaf, fact: Fact) -> bool:
    return leaf.take(fact) is not None and leaf.counts(fact)
