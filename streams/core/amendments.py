"""Events that have to do with others - corrections, reversals, retractions, and what they are about - to their outcomes
and to the cells: what stood of a family is taken back, what stands now is added."""

from collections.abc import Iterable

from schemas.events.envelope import Event, Reason, Rejected, encode
from streams.core.cells import Cells
from streams.core.corrections import Ledger, Standing, amends, identity_of
from streams.core.facts import Fact
from streams.core.outcomes import Outcomes
from streams.core.policy import DAY_US
from streams.core.retained import Retained
from streams.core.rows import Rows
from streams.core.stage import Now, PlainRecord, Record
from streams.core.store import Family, Identity

SETTLED = "settled"
"""(SETTLED, source, id): an amendment whose root is beyond the horizon. What it did stays done; it is kept only for its
repeats to be known."""


class Amendments:
    """Of one partition; remembers which of them wait for what they are about."""

    def __init__(self, rows: Rows, ledger: Ledger, retained: Retained, cells: Cells, outcomes: Outcomes) -> None:
        self._rows = rows
        self._ledger = ledger
        self._retained = retained
        self._cells = cells
        self._outcomes = outcomes
        self._waiting: set[Identity] = set()
        self._oldest_us = 0

    def ready(self, oldest_us: int) -> None:
        """Find again those that are settled and those that wait, among the events loaded: none is of a day that ended
        by `oldest_us`."""
        self._oldest_us = oldest_us
        amending = self._retained.take_amending()
        left = [identity for identity in amending if not self._is_settled(identity)]
        for identity in set(amending).difference(left):
            self._ledger.settle(self._ledger.known(identity))
        self._waiting.update(identity for identity in left if not self._ledger.is_attached(identity))

    @property
    def waiting(self) -> int:
        """How many events have no outcome yet, for what they are about is not known."""
        return len(self._waiting)

    @property
    def settled(self) -> frozenset[bytes]:
        """Those whose root is beyond the horizon, packed."""
        packed = (self._ledger.packed(str(key[1]), str(key[2])) for key, _ in self._rows.items(SETTLED))
        return frozenset(one for one in packed if one is not None)

    def take(self, event: Event, detail: str, record: Record, now: Now) -> None:
        """A kept event to its outcome, of which `detail` says whether it is late."""
        refused = self._amend(event, detail, now)
        if refused is not None:
            self._retained.forget(event)
            self._outcomes.refuse(Rejected(Reason.NOT_SUPERSEDABLE, refused), record, now)

    def forget(self, oldest_us: int) -> None:
        """Forget the events before a day that begins at an instant; what was counted of them stays."""
        self._oldest_us = oldest_us
        for event in self._retained.expire(oldest_us):
            self._expire(event)

    def _expire(self, event: Event) -> None:
        """A root is forgotten, and what amended it is settled. One that still waits is an orphan. One that amends what
        stays, for it calls itself older than that, stays too: without it another version would stand."""
        identity = identity_of(event)
        if self._is_settled(identity):
            self._rows.drop((SETTLED, *identity))
            self._ledger.remove_settled(event)
        elif amends(event) and identity not in self._waiting:
            self._retained.keep_with(event, self._ledger.last_root_us(event) // DAY_US)
        else:
            if identity in self._waiting:
                self._waiting.discard(identity)
                self._outcomes.count("orphan")
            if event.supersedes is None and self._ledger.is_amended(event):
                self._settle_below(event)
            else:
                self._ledger.remove(event)

    def _settle_below(self, root: Event) -> None:
        """Forget a root, or a reversal that named only its sale, which others amend."""
        family = self._ledger.family_of(root)
        assert family is not None, root
        kin = self._ledger.kin(family)
        own = next(chain for chain in (*kin.chains, *kin.loose) if chain.root == root)
        waiting = {identity_of(chain.root) for chain in kin.loose} & self._waiting
        settled = [kept for _, kept in own.members]
        for chain in kin.loose if own is kin.only else ():
            if identity_of(chain.root) not in waiting:
                settled += [chain.root, *(kept for _, kept in chain.members)]
        before = self._ledger.standing(family).facts if waiting else []
        for kept in settled:
            self._rows.put((SETTLED, *identity_of(kept)), 1)
            self._ledger.settle(kept)
        self._ledger.remove(root)
        if waiting:
            gone = {identity_of(kept) for kept in (root, *settled)}
            self._find_again(family, [fact for fact in before if fact.identity not in gone])

    def _find_again(self, family: Family, before: Iterable[Fact]) -> None:
        """Of several sales of one name one is left: it is what a reversal of that name meant. Not one that goes too."""
        left = self._ledger.kin(family).only
        if left is not None and left.root.time_us >= self._oldest_us:
            after = self._ledger.standing(family)
            self._replace(before, after.facts)
            self._attach(after.attached & self._waiting)

    def _amend(self, event: Event, detail: str, now: Now) -> str | None:
        """Replace the facts of the new event's family by what stands now; the reason where it may not stand there."""
        family = self._ledger.family_of(event)
        after = self._ledger.standing(family)
        if identity_of(event) in after.refused:
            return after.refused[identity_of(event)]
        before = self._ledger.standing_without(event, family)
        self._replace(before.facts, after.facts)
        if amends(event) and identity_of(event) not in after.attached:
            self._waiting.add(identity_of(event))
        else:
            self._outcomes.count("applied", detail)
        self._settle(after, event, now)
        return None

    def _replace(self, before: Iterable[Fact], after: Iterable[Fact]) -> None:
        """Facts of forgotten days stay as they were counted: the reversal of a sale may call itself older than that."""
        for facts, sign in ((before, -1), (after, 1)):
            for fact in facts:
                if fact.time_us >= self._oldest_us:
                    self._cells.count(fact, sign)

    def _attach(self, found: Iterable[Identity]) -> None:
        """Some that waited have found what they are about."""
        for identity in found:
            self._waiting.discard(identity)
            self._outcomes.count("applied")

    def _is_settled(self, identity: Identity) -> bool:
        return self._rows.get((SETTLED, *identity)) is not None

    def _settle(self, standing: Standing, newest: Event, now: Now) -> None:
        """Events that waited for the newest are applied now; those that it made impossible become dead letters."""
        self._attach(standing.attached & self._waiting)
        for identity in standing.waiting - self._waiting - {identity_of(newest)}:
            self._waiting.add(identity)
            self._outcomes.count("applied", step=-1)
        for identity, sentence in standing.refused.items():
            event = self._ledger.get(identity)
            if event is None:
                continue
            self._waiting.discard(identity)
            self._retained.forget(event)
            # The record itself is gone: what is replayed is the event as the state kept it, without its free text.
            record = PlainRecord(0, now.us // 1000, event.subject.encode(), encode(event))
            self._outcomes.refuse(Rejected(Reason.NOT_SUPERSEDABLE, sentence), record, now)
