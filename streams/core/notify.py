"""NOTIFY: every notice is delivered to every sink it is meant for, once, in order, however often a sink fails.

A notice becomes one delivery per sink, kept in the outbox (a changelog row each) until it is settled: delivered, or
given up after `max_age_us`, or refused for good by the receiver. Given up ends as a dead letter; nothing vanishes:
accepted = delivered + undeliverable + superseded + pending.

**How often can one arrive?** A receiver's acceptance and our commit are two systems without a common transaction, so
a delivery whose outcome is not known is made again: the worker died, or lost the partition, after the receiver had
accepted and before `settle` was committed; or the answer got lost or took longer than the timeout. Everything else
arrives exactly once: repeats from upstream are recognised by the notice id for `remember_us`, a failed attempt is
repeated only towards the sink that failed. Each attempt carries the same delivery id (the webhook sink sends it as
`Idempotency-Key`), so a receiver that remembers ids sees each once too; chat services do not take one.

What a sink answers in `Delivered.retry_after_s`: None leaves the wait to the backoff here, a number is the least wait
in seconds (a `Retry-After`), infinity says that no repeat can help.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from pydantic import ValidationError

from schemas.dead_letter import DeadLetter
from schemas.events.envelope import Rejected
from schemas.events.reasons import Reason
from schemas.events.times import format_us
from schemas.notices import MAX_NOTICE_BYTES, Notice
from schemas.topics import DEAD_LETTER, NOTICES
from streams.core.outbox import Backoff, Outbox, Pending
from streams.core.policy import DAY_US
from streams.core.rows import Rows
from streams.core.stage import Delivered, Delivery, Now, Record, Send, Step

OUTBOX, SETTLED, COUNTS = "outbox", "settled", "counts"


@dataclass(frozen=True, slots=True)
class NotifyPolicy:
    """Where notices go and how hard to try. `sinks` are the names of all configured sinks.

    A full outbox (`max_pending`) first drops the oldest waiting delivery that the new one supersedes (same recipient,
    sink and fingerprint: its `resolved` tells more than its `firing`), else gives up the one that has waited longest.
    Below that every transition is told.
    """

    sinks: tuple[str, ...] = ()
    max_age_us: int = DAY_US
    max_pending: int = 10_000
    in_flight_per_sink: int = 4
    remember_us: int = 7 * DAY_US
    max_remembered: int = 100_000
    backoff: Backoff = field(default_factory=Backoff)


class NotifyPartition:
    """State of one partition of `kpi.notices`; a `DeliveringState`."""

    def __init__(self, partition: int, policy: NotifyPolicy) -> None:
        self._partition = partition
        self._policy = policy
        self._rows = Rows()
        self._outbox = Outbox()
        self._settled: dict[str, int] = {}  # delivery id -> when, oldest first
        self._counts: Counter[str] = Counter()
        self._next_sequence = 0
        self._sends: list[Send] = []

    def load(self, key: bytes, value: bytes) -> None:
        """Take one changelog row."""
        self._rows.load(key, value)

    def ready(self) -> None:
        """Everything that was pending is due at once: whoever restarts a worker wants to see it deliver."""
        waiting = [(msgspec.convert(row, Pending), key[1]) for key, row in self._rows.items(OUTBOX)]
        for pending, identity in sorted(waiting, key=lambda item: item[0].sequence):
            self._outbox.add(str(identity), msgspec.structs.replace(pending, not_before_us=0))
            self._next_sequence = pending.sequence + 1
        settled = sorted((settled_us, str(key[1])) for key, settled_us in self._rows.items(SETTLED))
        self._settled = {identity: settled_us for settled_us, identity in settled}
        self._counts = Counter(self._rows.get((COUNTS,)) or {})

    def feed(self, records: Sequence[Record], now: Now) -> Step:
        """Put notices into the outbox."""
        for record in records:
            notice = self._notice(record, now)
            if notice is None:
                continue
            for sink in self._destinations(notice):
                self._accept(notice, sink, record, now)
        return self._step()

    def tick(self, now: Now) -> Step:
        """Forget delivered ids that are older than `remember_us`."""
        self._forget(now)
        return self._step()

    def due(self, now: Now) -> Sequence[Delivery]:
        """Deliveries to start now. Each may be made concurrently with every other; settle each as soon as it ends."""
        started = self._outbox.start(now.us, self._policy.in_flight_per_sink)
        return [Delivery(identity, pending.recipient, _body(identity, pending)) for identity, pending in started]

    def settle(self, outcomes: Sequence[Delivered], now: Now) -> Step:
        """Record what became of deliveries. One that is not in flight is ignored: it was settled before."""
        for outcome in outcomes:
            pending = self._outbox.in_flight(outcome.id)
            if pending is None:
                continue
            if outcome.error is None:
                self._finish(outcome.id, "delivered", now)
            else:
                self._failed(outcome, pending, now)
        return self._step()

    def counts(self) -> Mapping[tuple[str, ...], int]:
        """Deliveries by outcome; `failed` counts attempts, `rejected` and `no_sink` count notices, `pending` is now."""
        shown = ("delivered", "failed", "undeliverable", "duplicate", "superseded", "rejected", "no_sink")
        return {**{(name,): self._counts[name] for name in shown}, ("pending",): len(self._outbox)}

    def _notice(self, record: Record, now: Now) -> Notice | None:
        """The notice of a record, or None after a dead letter."""
        value = record.value or b""
        if len(value) > MAX_NOTICE_BYTES:
            self._reject(record, Reason.OVERSIZE, f"notice of {len(value)} bytes (allowed: {MAX_NOTICE_BYTES})", now)
            return None
        try:
            notice = Notice.model_validate_json(value)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "value"
            self._reject(record, Reason.BAD_NOTICE, f"notice, field {place}: {first['msg']}", now)
            return None
        if notice.sink is not None and notice.sink not in self._policy.sinks:
            known = ", ".join(self._policy.sinks) or "none"
            self._reject(record, Reason.UNKNOWN_SINK, f"notice for sink {notice.sink} (configured: {known})", now)
            return None
        if not self._policy.sinks:
            self._counts["no_sink"] += 1
        return notice

    def _destinations(self, notice: Notice) -> tuple[str, ...]:
        """Sinks of a notice: the one it names, the one that its recipient is, else all."""
        if notice.sink is not None:
            return (notice.sink,)
        return (notice.recipient,) if notice.recipient in self._policy.sinks else self._policy.sinks

    def _reject(self, record: Record, reason: Reason, sentence: str, now: Now) -> None:
        self._counts["rejected"] += 1
        self._dead_letter(reason, sentence, record.offset, record.key, record.value, now)

    def _accept(self, notice: Notice, sink: str, record: Record, now: Now) -> None:
        """One delivery into the outbox, unless it is there or was settled."""
        identity = f"{notice.id}@{sink}"
        if identity in self._outbox or identity in self._settled:
            self._counts["duplicate"] += 1
            return
        pending = Pending(
            sequence=self._next_sequence,
            sink=sink,
            recipient=notice.recipient,
            fingerprint=notice.alert.fingerprint,
            accepted_us=now.us,
            attempts=0,
            not_before_us=0,
            offset=record.offset,
            notice=record.value or b"",
        )
        self._next_sequence += 1
        if len(self._outbox) >= self._policy.max_pending:
            self._make_room(pending, now)
        self._outbox.add(identity, pending)
        self._rows.put((OUTBOX, identity), pending)

    def _make_room(self, newer: Pending, now: Now) -> None:
        if (superseded := self._outbox.superseded_by(newer)) is not None:
            self._finish(superseded, "superseded", now)
        elif (oldest := self._outbox.oldest_waiting()) is not None:
            self._give_up(oldest, f"{self._policy.max_pending} deliveries are waiting, this one for longest", now)

    def _failed(self, outcome: Delivered, pending: Pending, now: Now) -> None:
        """Try again later, or give up: with the age, or because the receiver refuses this very message."""
        self._counts["failed"] += 1
        attempts = pending.attempts + 1
        if outcome.retry_after_s == math.inf:
            return self._give_up(outcome.id, f"refused: {outcome.error}", now)
        not_before_us = now.us + self._policy.backoff.wait_us(outcome.id, attempts, outcome.retry_after_s)
        if not_before_us - pending.accepted_us > self._policy.max_age_us:
            return self._give_up(outcome.id, f"{attempts} attempts, the last: {outcome.error}", now)
        again = msgspec.structs.replace(pending, attempts=attempts, not_before_us=not_before_us)
        self._outbox.put_back(outcome.id, again)
        self._rows.put((OUTBOX, outcome.id), again)
        return None

    def _give_up(self, identity: str, why: str, now: Now) -> None:
        pending = self._finish(identity, "undeliverable", now)
        sentence = f"notice {identity} not delivered: {why}"
        key = pending.recipient.encode()
        self._dead_letter(Reason.UNDELIVERABLE, sentence, pending.offset, key, pending.notice, now)

    def _finish(self, identity: str, outcome: str, now: Now) -> Pending:
        """Out of the outbox for good; its id stays known, so that a repeat from upstream is not a second message."""
        pending = self._outbox.remove(identity)
        self._counts[outcome] += 1
        self._rows.drop((OUTBOX, identity))
        # What nobody has seen is not remembered: replaying its dead letter must deliver it.
        if outcome != "undeliverable":
            self._settled[identity] = now.us
            self._rows.put((SETTLED, identity), now.us)
            self._forget(now)
        return pending

    def _forget(self, now: Now) -> None:
        while self._settled:
            identity, settled_us = next(iter(self._settled.items()))
            if len(self._settled) <= self._policy.max_remembered and now.us - settled_us <= self._policy.remember_us:
                return
            del self._settled[identity]
            self._rows.drop((SETTLED, identity))

    def _dead_letter(
        self, reason: Reason, sentence: str, offset: int, key: bytes | None, value: bytes | None, now: Now
    ) -> None:
        letter = DeadLetter.of(
            Rejected(reason, sentence),
            topic=NOTICES.name,
            partition=self._partition,
            offset=offset,
            at=format_us(now.us),
            key=key,
            value=value,
        )
        self._sends.append(Send(DEAD_LETTER, key, letter.model_dump_json().encode()))

    def _step(self) -> Step:
        """What has changed since the last step."""
        counts = dict(self._counts)
        if counts != (self._rows.get((COUNTS,)) or {}):
            self._rows.put((COUNTS,), counts)
        sends, self._sends = self._sends, []
        return Step(sends, self._rows.flush())


def _body(identity: str, pending: Pending) -> dict[str, Any]:
    """The notice as upstream wrote it, with the delivery's id and sink."""
    body: dict[str, Any] = msgspec.json.decode(pending.notice)
    return {**body, "id": identity, "sink": pending.sink}
