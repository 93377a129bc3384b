"""Events that have to do with others - corrections, reversals, retractions, and what they are about - to their outcomes
and to the cells: what stood of a family is taken back, what stands now is added."""

from schemas.events.envelope import Event, Reason, Rejected, encode
from streams.core.cells import Cells
from streams.core.corrections import Ledger, Standing, amends, identity_of
from streams.core.outcomes import Outcomes
from streams.core.retained import Retained
from streams.core.stage import Now, PlainRecord, Record
from streams.core.store import Identity


class Amendments:
    """Of one partition; remembers which of them wait for what they are about."""

    def __init__(self, ledger: Ledger, retained: Retained, cells: Cells, outcomes: Outcomes) -> None:
        self._ledger = ledger
        self._retained = retained
        self._cells = cells
        self._outcomes = outcomes
        self._waiting: set[Identity] = set()

    def ready(self) -> None:
        """Find again those that wait, among the events loaded."""
        for identity in self._retained.take_amending():
            if not self._ledger.is_attached(identity):
                self._waiting.add(identity)

    @property
    def waiting(self) -> int:
        """How many events have no outcome yet, for what they are about is not known."""
        return len(self._waiting)

    def take(self, event: Event, detail: str, record: Record, now: Now) -> None:
        """A kept event to its outcome, of which `detail` says whether it is late."""
        refused = self._amend(event, detail, now)
        if refused is not None:
            self._retained.forget(event)
            self._outcomes.refuse(Rejected(Reason.NOT_SUPERSEDABLE, refused), record, now)

    def expire(self, event: Event) -> None:
        """An event is forgotten: one that still waits is an orphan."""
        if identity_of(event) in self._waiting:
            self._waiting.discard(identity_of(event))
            self._outcomes.count("orphan")

    def _amend(self, event: Event, detail: str, now: Now) -> str | None:
        """Replace the facts of the new event's family by what stands now; the reason where it may not stand there."""
        family = self._ledger.family_of(event)
        after = self._ledger.standing(family)
        if identity_of(event) in after.refused:
            return after.refused[identity_of(event)]
        before = self._ledger.standing_without(event, family)
        for fact in before.facts:
            self._cells.count(fact, -1)
        for fact in after.facts:
            self._cells.count(fact, 1)
        if amends(event) and identity_of(event) not in after.attached:
            self._waiting.add(identity_of(event))
        else:
            self._outcomes.count("applied", detail)
        self._settle(after, event, now)
        return None

    def _settle(self, standing: Standing, newest: Event, now: Now) -> None:
        """Events that waited for the newest are applied now; those that it made impossible become dead letters."""
        for identity in standing.attached & self._waiting:
            self._waiting.discard(identity)
            self._outcomes.count("applied")
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
