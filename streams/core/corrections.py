"""Chains of corrections, reversals and retractions (DESIGN 4.1): which facts stand, in whatever order events came.

A chain is a root event plus all that supersedes it, directly or through another. `Ledger` keeps every event inside the
horizon and answers, for the family that an event belongs to, which facts stand. A family is one root with its chain;
sales that share a subject and sale_id are one family, because a reversal may name only the sale.
"""

from collections import defaultdict
from collections.abc import Container, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from schemas.events.envelope import Event
from streams.core.facts import Fact

Identity = tuple[str, str]
NEVER_KEPT = frozenset({"note"})
"""Free text is for people; no measure reads it, and the state must not hold what it does not need."""
SALE, SALE_CORRECTED, SALE_REVERSED, RETRACTED = "sale.closed", "sale.corrected", "sale.reversed", ".retracted"


class Role(StrEnum):
    """What an event is within its chain."""

    ROOT = "root"
    CORRECTION = "correction"
    REVERSAL = "reversal"
    RETRACTION = "retraction"


class Kept(msgspec.Struct, array_like=True, frozen=True):
    """An event as the state keeps it; `data` is packed, because most events are never looked at again."""

    source: str
    id: str
    type: str
    time_us: int
    subject: str
    data: bytes
    supersedes: Identity | None

    @property
    def identity(self) -> Identity:
        """(source, id)."""
        return (self.source, self.id)

    @property
    def order(self) -> tuple[int, str, str]:
        """The order in which the greatest correction wins: (time, source, id)."""
        return (self.time_us, self.source, self.id)


class Standing(NamedTuple):
    """A family as it stands: its facts, the amendments that found their place, those that wait for a root, and those
    that may not be where they are, with the reason in a sentence."""

    facts: list[Fact]
    attached: frozenset[Identity]
    waiting: frozenset[Identity]
    refused: dict[Identity, str]


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode
Family = tuple[str, ...]
"""Names a family: ("sale", subject, sale_id) or ("root", source, id)."""


def keep(event: Event, fields: Container[str]) -> Kept:
    """An event, packed for the state: of its data only `fields`, those that its type declares."""
    data = {name: value for name, value in event.data.items() if name in fields and name not in NEVER_KEPT}
    return Kept(event.source, event.id, event.type, event.time_us, event.subject, _pack(data), event.supersedes)


def unpack(kept: Kept) -> dict[str, Any]:
    """The event's data."""
    data: dict[str, Any] = _unpack(kept.data)
    return data


class Ledger:
    """Every event of a partition inside the horizon, with the links between them."""

    def __init__(self) -> None:
        self._events: dict[Identity, Kept] = {}
        self._children: dict[Identity, list[Identity]] = defaultdict(list)
        self._sales: dict[Family, list[Identity]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[Kept]:
        return iter(self._events.values())

    def get(self, identity: Identity) -> Kept | None:
        """The event of this identity, if it is inside the horizon."""
        return self._events.get(identity)

    def add(self, kept: Kept) -> None:
        """Take an event whose identity is new."""
        self._events[kept.identity] = kept
        if kept.supersedes is not None:
            self._children[kept.supersedes].append(kept.identity)
        family = _sale_family(kept)
        if family is not None:
            self._sales[family].append(kept.identity)

    def remove(self, kept: Kept) -> None:
        """Forget an event (past the horizon, or refused)."""
        del self._events[kept.identity]
        if kept.supersedes is not None:
            _discard(self._children, kept.supersedes, kept.identity)
        family = _sale_family(kept)
        if family is not None:
            _discard(self._sales, family, kept.identity)

    def is_alone(self, kept: Kept) -> bool:
        """Whether an event stands without a chain: nothing to look up but itself (the common case, kept fast)."""
        if kept.supersedes is not None or kept.type == SALE_REVERSED or kept.identity in self._children:
            return False
        family = _sale_family(kept)
        return family is None or self._sales.get(family, [kept.identity]) == [kept.identity]

    def family_of(self, kept: Kept) -> Family | None:
        """The family that an event belongs to, or None while its root is not known."""
        seen = {kept.identity}
        while kept.supersedes is not None:
            parent = self._parent(kept)
            if parent is None or parent.identity in seen:
                return None
            seen.add(parent.identity)
            kept = parent
        return _sale_family(kept) or ("root", *kept.identity)

    def standing(self, family: Family | None) -> Standing:
        """What stands of a family; of none, nothing."""
        if family is None:
            return Standing([], frozenset(), frozenset(), {})
        if family[0] == "root":
            root = self._events.get((family[1], family[2]))
            return self._stand([root] if root is not None else [], [])
        members = [self._events[identity] for identity in self._sales.get(family, ())]
        return self._stand(
            [kept for kept in members if kept.type == SALE], [kept for kept in members if kept.type != SALE]
        )

    def _stand(self, roots: list[Kept], loose: list[Kept]) -> Standing:
        """`loose` are reversals that name only the sale: they hit the only live root, else they wait."""
        refused: dict[Identity, str] = {}
        trees = {kept.identity: self._tree(kept, Role.ROOT, refused) for kept in roots}
        trees |= {kept.identity: self._tree(kept, Role.REVERSAL, refused) for kept in loose}
        chains = [_Chain(kept, trees[kept.identity]) for kept in roots]
        live = [chain for chain in chains if not chain.retracted]
        attached = {kept.identity for tree in trees.values() for _, kept in tree}
        names = {kept.identity for kept in loose}
        standing = [kept for kept in loose if not _Chain(kept, trees[kept.identity]).retracted]
        facts = [fact for chain in live for fact in chain.facts(standing if len(live) == 1 else [])]
        found, lost = (names, set()) if len(live) == 1 else (set(), names)
        return Standing(facts, frozenset(attached | found), frozenset(lost), refused)

    def _parent(self, kept: Kept) -> Kept | None:
        """The superseded event. One of another subject is not seen: it may live in another partition."""
        parent = self._events.get(kept.supersedes) if kept.supersedes is not None else None
        return parent if parent is not None and parent.subject == kept.subject else None

    def _tree(self, root: Kept, role: Role, refused: dict[Identity, str]) -> list[tuple[Role, Kept]]:
        """All below a root with their roles. What may not stand where it does is refused; what is below it waits."""
        members: list[tuple[Role, Kept]] = []
        todo = [(role, root)]
        while todo:
            above, parent = todo.pop()
            for identity in self._children.get(parent.identity, ()):
                kept = self._events[identity]
                if kept.subject != parent.subject:
                    continue
                found = _role(kept, parent, above, root)
                if found is None:
                    refused[identity] = _misplaced(kept, parent, above)
                else:
                    members.append((found, kept))
                    todo.append((found, kept))
        return members


class _Chain:
    """One root and its members."""

    def __init__(self, root: Kept, members: list[tuple[Role, Kept]]) -> None:
        self.root = root
        gone = {kept.supersedes for role, kept in members if role is Role.RETRACTION}
        self.retracted = root.identity in gone
        self._corrections = [kept for role, kept in members if role is Role.CORRECTION and kept.identity not in gone]
        self._reversals = [kept for role, kept in members if role is Role.REVERSAL and kept.identity not in gone]

    def facts(self, loose: list[Kept]) -> list[Fact]:
        """The root with its effective data at the root's time, and each reversal at its own."""
        effective = unpack(max(self._corrections, key=lambda kept: kept.order, default=self.root))
        reversals = self._reversals + loose
        amounts = [unpack(kept).get("amount") for kept in reversals]
        whole = any(amount is None for amount in amounts)
        # A credit note is a sale below zero: nothing can be taken from it.
        most = max(effective.get("amount") or 0, 0)
        taken = min(sum(amount for amount in amounts if amount is not None), most)
        root = Fact(self.root.type, self.root.time_us, effective, self.root.identity, whole, 0 if whole else taken)
        return [root, *(Fact(kept.type, kept.time_us, unpack(kept), kept.identity) for kept in reversals)]


def _misplaced(kept: Kept, parent: Kept, above: Role) -> str:
    return (
        f"a {kept.type} cannot supersede a {parent.type} that is a {above} "
        f"({kept.source} id {kept.id}, superseding {parent.source} id {parent.id})"
    )


def _role(kept: Kept, parent: Kept, above: Role, root: Kept) -> Role | None:
    """The role of an event below a parent of role `above`, or None where it may not stand there."""
    if kept.type.endswith(RETRACTED):
        fits = kept.type.removesuffix(RETRACTED) in (parent.type, root.type)
        return Role.RETRACTION if fits and above is not Role.RETRACTION else None
    if above not in (Role.ROOT, Role.CORRECTION):
        return None
    if kept.type == SALE_REVERSED:
        return Role.REVERSAL if root.type == SALE else None
    if kept.type == root.type or (kept.type == SALE_CORRECTED and root.type == SALE):
        return Role.CORRECTION
    return None


def _sale_family(kept: Kept) -> Family | None:
    """The family that a root sale, or a reversal that names only the sale, belongs to."""
    if kept.supersedes is not None or kept.type not in (SALE, SALE_REVERSED):
        return None
    return ("sale", kept.subject, str(unpack(kept).get("sale_id")))


def _discard(index: dict[Any, list[Identity]], key: Any, identity: Identity) -> None:
    index[key].remove(identity)
    if not index[key]:
        del index[key]
