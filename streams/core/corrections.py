"""Chains of corrections, reversals and retractions (DESIGN 4.1): which facts stand, in whatever order events came.

A chain is a root event plus all that supersedes it, directly or through another. `Ledger` keeps every event inside the
horizon and answers, for the family that an event belongs to, which facts stand. A family is one root with its chain;
sales that share a subject and sale_id are one family, because a reversal may name only the sale.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from schemas.events.envelope import Event
from schemas.events.people import PEOPLE
from schemas.events.unnamed import UNNAMED
from streams.core.facts import Fact
from streams.core.store import EventStore, Family, Identity

FREE_TEXT = "note"
"""It is for people; no measure reads it, and the state must not hold what it does not need."""
SALE, SALE_CORRECTED, SALE_REVERSED, RETRACTED = "sale.closed", "sale.corrected", "sale.reversed", ".retracted"

SALES = frozenset({SALE, SALE_REVERSED})
"""Roots of these types belong to the family of their sale."""


class Role(StrEnum):
    """What an event is within its chain."""

    ROOT = "root"
    CORRECTION = "correction"
    REVERSAL = "reversal"
    RETRACTION = "retraction"


class Standing(NamedTuple):
    """A family as it stands: its facts, the amendments that found their place, those that wait for a root, and those
    that may not be where they are, with the reason in a sentence."""

    facts: list[Fact]
    attached: frozenset[Identity]
    waiting: frozenset[Identity]
    refused: dict[Identity, str]


_ROLES = {SALE_REVERSED: Role.REVERSAL}
"""What a member of a sale's family is that supersedes nothing."""
_DROPPED = frozenset({FREE_TEXT})
_DROPPED_OF_UNNAMED = _DROPPED | PEOPLE
_unpack = msgspec.msgpack.Decoder(tuple[str, str, str, int, str, dict[str, Any], Identity | None]).decode


def keep(event: Event) -> Event:
    """An event as the state keeps it, without free text, an anonymous answer without a person. The decoder has left out
    what nobody declared."""
    dropped = _DROPPED_OF_UNNAMED if event.type in UNNAMED else _DROPPED
    if dropped.isdisjoint(event.data):
        return event
    return event._replace(data={name: value for name, value in event.data.items() if name not in dropped})


pack: Callable[[Event], bytes] = msgspec.msgpack.Encoder().encode
"""A kept event as bytes: most are never looked at again, and 150 bytes are less than a dozen objects."""


def unpack(packed: bytes) -> Event:
    """The inverse of `pack`."""
    return Event(*_unpack(packed))


def identity_of(event: Event) -> Identity:
    """(source, id)."""
    return (event.source, event.id)


def amends(event: Event) -> bool:
    """Whether an event says something about another one."""
    return event.supersedes is not None or event.type == SALE_REVERSED


class Ledger:
    """Every event of a partition inside the horizon, with the links between them."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self.packed = store.packed
        """The event of a source and id as it was added, if it is inside the horizon."""

    def __len__(self) -> int:
        return len(self._store)

    def __iter__(self) -> Iterator[Event]:
        return map(unpack, self._store)

    def kept(self) -> list[bytes]:
        """Every event, packed, in no order."""
        return list(self._store)

    def families(self) -> Iterator[Family]:
        """Every family that has a root, or what could be one's reversal; each once."""
        for event in self:
            family = _sale_family(event)
            if family is not None:
                members = self._store.members(family)
                if members and members[0] == identity_of(event):  # a settled reversal has left its family
                    yield family
            elif event.supersedes is None:
                yield ("root", *identity_of(event))

    def amended(self) -> Iterator[Fact]:
        """All that was ever a fact of what has been amended, whether or not it stands: each root with the data of each
        of its versions, and each reversal."""
        families = dict.fromkeys(self.family_of(event) for event in self if amends(event))
        for family in families:
            kin = Kin([], []) if family is None else self.kin(family)
            for chain in (*kin.chains, *kin.loose):
                yield from chain.ever()

    def get(self, identity: Identity) -> Event | None:
        """The event of this identity, if it is inside the horizon."""
        packed = self.packed(*identity)
        return None if packed is None else unpack(packed)

    def known(self, identity: Identity) -> Event:
        """The event of an identity that is inside the horizon."""
        return unpack(self._packed(identity))

    def is_attached(self, identity: Identity) -> bool:
        """Whether a kept amendment has found its place."""
        return identity in self.standing(self.family_of(self.known(identity))).attached

    def add(self, event: Event, packed: bytes) -> None:
        """Take an event whose identity is new."""
        self._store.add(event.source, event.id, packed)
        if event.supersedes is not None or event.type in SALES:
            self.join(event)

    def join(self, event: Event) -> bool:
        """Enter a sale or an amendment, which is in the store already, in its family; whether it stands without a
        chain."""
        source, id_, type_, _, _, _, supersedes = event
        family = _joined(event)
        self._store.join(family, (source, id_))
        return (
            type_ == SALE
            and supersedes is None
            and not self._store.has_members(source, id_)
            and (len(self._store.members(family)) == 1)
        )

    def remove(self, event: Event) -> None:
        """Forget an event (past the horizon, or refused)."""
        self._store.remove(event.source, event.id)
        if event.supersedes is not None or event.type in SALES:
            self.settle(event)

    def settle(self, event: Event) -> None:
        """Take a sale or an amendment out of its family: it stays known, and has to do with no other event any more."""
        self._store.leave(_joined(event), identity_of(event))

    def remove_settled(self, event: Event) -> None:
        """Forget an event that has left its family before."""
        self._store.remove(event.source, event.id)

    def is_amended(self, root: Event) -> bool:
        """Whether others amend an event that supersedes none, or a reversal may that names only its sale."""
        if self._store.has_members(root.source, root.id):
            return True
        members = self._store.members(_joined(root)) if root.type == SALE else ()
        return len(members) > 1 and any(self.known(member).type == SALE_REVERSED for member in members)

    def last_root_us(self, event: Event) -> int:
        """The time of the latest root, or reversal that names only its sale, in the family of an attached amendment."""
        family = self.family_of(event)
        assert family is not None, event
        kin = self.kin(family)
        return max(chain.root.time_us for chain in (*kin.chains, *kin.loose))

    def family_of(self, kept: Event) -> Family | None:
        """The family that an event belongs to, or None while its root is not known."""
        seen = {identity_of(kept)}
        while kept.supersedes is not None:
            parent = self._parent(kept)
            if parent is None or identity_of(parent) in seen:
                return None
            seen.add(identity_of(parent))
            kept = parent
        return _sale_family(kept) or ("root", *identity_of(kept))

    def standing(self, family: Family | None) -> Standing:
        """What stands of a family; of none, nothing."""
        if family is None:
            return Standing([], frozenset(), frozenset(), {})
        if family[0] == "root":
            root = self.get((family[1], family[2]))
            return self._stand([root] if root is not None else [], [])
        members = [self.known(identity) for identity in self._store.members(family)]
        return self._stand(
            [kept for kept in members if kept.type == SALE], [kept for kept in members if kept.type != SALE]
        )

    def kin(self, family: Family) -> "Kin":
        """A family chain by chain, for whoever asks how it came to stand as it does."""
        members = (
            [self.get((family[1], family[2]))] if family[0] == "root" else map(self.get, self._store.members(family))
        )
        roots = [(kept, self._tree(kept, _ROLES.get(kept.type, Role.ROOT), {})) for kept in members if kept is not None]
        chains = [Chain(kept, tree) for kept, tree in roots]
        if family[0] == "root":
            return Kin(chains, [])
        return Kin(
            [chain for chain in chains if chain.root.type == SALE],
            [chain for chain in chains if chain.root.type != SALE],
        )

    def standing_without(self, event: Event, family: Family | None) -> Standing:
        """What stood of a family before an event came."""
        packed = self._packed(identity_of(event))
        self.remove(event)
        before = self.standing(family)
        self.add(event, packed)
        return before

    def _stand(self, roots: list[Event], loose: list[Event]) -> Standing:
        """`loose` are reversals that name only the sale: they hit the only live root, else they wait."""
        refused: dict[Identity, str] = {}
        trees = {identity_of(kept): self._tree(kept, Role.ROOT, refused) for kept in roots}
        trees |= {identity_of(kept): self._tree(kept, Role.REVERSAL, refused) for kept in loose}
        chains = [Chain(kept, trees[identity_of(kept)]) for kept in roots]
        live = [chain for chain in chains if not chain.retracted]
        attached = {identity_of(kept) for tree in trees.values() for _, kept in tree}
        names = {identity_of(kept) for kept in loose}
        standing = [kept for kept in loose if not Chain(kept, trees[identity_of(kept)]).retracted]
        facts = [fact for chain in live for fact in chain.facts(standing if len(live) == 1 else [])]
        found, lost = (names, set()) if len(live) == 1 else (set(), names)
        return Standing(facts, frozenset(attached | found), frozenset(lost), refused)

    def _packed(self, identity: Identity) -> bytes:
        packed = self.packed(*identity)
        assert packed is not None, identity  # who joined a family is kept
        return packed

    def _parent(self, kept: Event) -> Event | None:
        """The superseded event. One of another subject is not seen: it may live in another partition."""
        parent = self.get(kept.supersedes) if kept.supersedes is not None else None
        return parent if parent is not None and parent.subject == kept.subject else None

    def _tree(self, root: Event, role: Role, refused: dict[Identity, str]) -> list[tuple[Role, Event]]:
        """All below a root with their roles. What may not stand where it does is refused; what is below it waits."""
        members: list[tuple[Role, Event]] = []
        todo = [(role, root)]
        while todo:
            above, parent = todo.pop()
            for identity in self._store.members(("root", *identity_of(parent))):
                kept = self.known(identity)
                if kept.subject != parent.subject:
                    continue
                found = _role(kept, parent, above, root)
                if found is None:
                    refused[identity] = _misplaced(kept, parent, above)
                else:
                    members.append((found, kept))
                    todo.append((found, kept))
        return members


class Chain:
    """One root and its members with their roles. `gone` are those that were retracted, `effective` is the event whose
    data stands."""

    def __init__(self, root: Event, members: list[tuple[Role, Event]]) -> None:
        self.root = root
        self.members = members
        self.gone = {kept.supersedes for role, kept in members if role is Role.RETRACTION}
        self.retracted = identity_of(root) in self.gone
        corrections = [kept for role, kept in members if role is Role.CORRECTION and identity_of(kept) not in self.gone]
        self.effective = max(corrections, key=_order, default=root)
        self._reversals = [
            kept for role, kept in members if role is Role.REVERSAL and identity_of(kept) not in self.gone
        ]

    def facts(self, loose: list[Event]) -> list[Fact]:
        """The root with its effective data at the root's time, and each reversal at its own."""
        effective = self.effective.data
        reversals = self._reversals + loose
        amounts = [kept.data.get("amount") for kept in reversals]
        whole = any(amount is None for amount in amounts)
        # A credit note is a sale below zero: nothing can be taken from it.
        most = max(effective.get("amount") or 0, 0)
        taken = min(sum(amount for amount in amounts if amount is not None), most)
        subject, taken = self.root.subject, 0 if whole else taken
        root = Fact(self.root.type, self.root.time_us, effective, identity_of(self.root), whole, taken, subject)
        own = [Fact(kept.type, kept.time_us, kept.data, identity_of(kept), subject=subject) for kept in reversals]
        return [root, *own]

    def ever(self) -> Iterator[Fact]:
        """The root with the data of every version, and every reversal."""
        root = self.root
        for role, kept in ((_ROLES.get(root.type, Role.ROOT), root), *self.members):
            if role in (Role.ROOT, Role.CORRECTION):
                yield Fact(root.type, root.time_us, kept.data, identity_of(root), subject=root.subject)
            elif role is Role.REVERSAL:
                yield Fact(kept.type, kept.time_us, kept.data, identity_of(kept), subject=root.subject)


class Kin(NamedTuple):
    """The chains of a family. `loose` are reversals that name only the sale, each with what is below it: they hit the
    only chain that is not retracted, else they wait."""

    chains: list[Chain]
    loose: list[Chain]

    @property
    def only(self) -> Chain | None:
        """The one chain that loose reversals hit."""
        live = [chain for chain in self.chains if not chain.retracted]
        return live[0] if len(live) == 1 else None


def _order(event: Event) -> tuple[int, str, str]:
    """The order in which the greatest correction wins: (time, source, id)."""
    return (event.time_us, event.source, event.id)


def _misplaced(kept: Event, parent: Event, above: Role) -> str:
    return (
        f"a {kept.type} cannot supersede a {parent.type} that is a {above} "
        f"({kept.source} id {kept.id}, superseding {parent.source} id {parent.id})"
    )


def _role(kept: Event, parent: Event, above: Role, root: Event) -> Role | None:
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


def _sale_family(kept: Event) -> Family | None:
    """The family that a root sale, or a reversal that names only the sale, belongs to."""
    return _joined(kept) if kept.supersedes is None and kept.type in SALES else None


def _joined(event: Event) -> Family:
    """The family that an amendment, a sale or a reversal is looked up by: its parent's or its sale's."""
    if event.supersedes is not None:
        return ("root", *event.supersedes)
    return ("sale", event.subject, str(event.data.get("sale_id")))
