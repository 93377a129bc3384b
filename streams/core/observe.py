"""Stage OBSERVE: from records of kpi.events to net facts, and from these to absolute partials.

Decodes, refuses what is bad, drops what is repeated, resolves corrections, counts the facts that stand (`cells`), and
tells the next stages what has changed: distinct keys to LINK, everything else to JUDGE. Every event ends in exactly
one outcome. No decision about a KPI is taken here.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from schemas import topics
from schemas.catalogue.models import Catalogue
from schemas.dead_letter import DeadLetter
from schemas.events.decode import Decoder
from schemas.events.envelope import Event, Reason, Rejected, encode
from schemas.events.registry import Registry
from schemas.events.times import format_us
from streams.core import frames
from streams.core.cells import UNKNOWN_OWNER, Cells
from streams.core.corrections import SALE_REVERSED, Identity, Kept, Ledger, Standing, keep, unpack
from streams.core.facts import Fact
from streams.core.frames import Slice
from streams.core.policy import DAY_US, MINUTE_US, PANE_HORIZON_US, Policy
from streams.core.rows import Rows
from streams.core.spread import Spread, route
from streams.core.stage import Now, PartitionOf, PlainRecord, Record, Send, Step
from streams.core.windows import Windows

EVENT, META = "event", "meta"
FIRST_YEAR_US, LAST_YEAR_US = 31_536_000_000_000, 4_070_908_800_000_000
"""1971-01-01 and 2099-01-01, UTC: beyond them there is no working time to judge by."""


class ObserveSpec:
    """What every partition of OBSERVE shares."""

    def __init__(
        self, catalogue: Catalogue, spread: Spread, windows: Windows, policy: Policy, partitions: int, of: PartitionOf
    ) -> None:
        self.spread = spread
        self.windows = windows
        self.policy = policy
        self.partitions = partitions
        self.partition_of = of
        self.org = catalogue.tenant.id
        self.registry = Registry.of(catalogue.event_types)
        self.decoder = Decoder(self.registry, catalogue.tenant.currency)
        self.fingerprint = blake2b(catalogue.model_dump_json().encode(), digest_size=8).hexdigest()


class Observe:
    """State of one partition of kpi.events."""

    def __init__(self, spec: ObserveSpec, partition: int) -> None:
        self._spec = spec
        self._partition = partition
        self._source = f"{frames.FROM_OBSERVE}{partition}"
        self._rows = Rows()
        self._cells = Cells(self._rows, spec.spread, spec.windows)
        self._ledger = Ledger()
        self._waiting: set[Identity] = set()
        self._by_day: dict[int, list[Kept]] = {}
        self._sends: list[Send] = []
        self._sent_us: int | None = None
        self._meta: dict[str, Any] = {
            "fingerprint": spec.fingerprint,
            "watermark_us": None,
            "first_us": None,
            "stamp_us": 0,  # start of the minute that the open slice belongs to
            "swept_day": 0,
            "live": False,  # caught up before this chunk
            "counts": {},
        }

    # -- state

    def load(self, key: bytes, value: bytes) -> None:
        """Take one changelog row."""
        self._rows.load(key, value)

    def ready(self) -> None:
        """Rebuild what is derived from the rows; under another catalogue, count every kept event anew."""
        self._cells.ready()
        for key, value in self._rows.items(EVENT):
            kept = msgspec.convert(value, Kept)
            self._rows.read_as(key, kept)
            self._remember(kept)
        self._waiting = {
            kept.identity
            for kept in self._ledger
            if _amends(kept) and kept.identity not in self._ledger.standing(self._ledger.family_of(kept)).attached
        }
        loaded = self._rows.get((META,))
        if loaded is not None:
            self._meta = loaded
            if loaded["fingerprint"] != self._spec.fingerprint:
                self._recount()

    def counts(self) -> Mapping[tuple[str, ...], int]:
        """(outcome, detail) -> events; detail is `late`, `conflict`, a reason code, or nothing."""
        counted: dict[tuple[str, ...], int] = {("pending", ""): len(self._waiting)}
        for name, number in self._meta["counts"].items():
            outcome, _, detail = name.partition("|")
            counted[(outcome, detail)] = number
        return counted

    @property
    def watermark_us(self) -> int | None:
        """The greatest event time seen."""
        watermark_us: int | None = self._meta["watermark_us"]
        return watermark_us

    @property
    def unknown_owners(self) -> list[str]:
        """Owners that events named and the catalogue does not know, each once."""
        return sorted(str(key[1]) for key, _ in self._rows.items(UNKNOWN_OWNER))

    # -- the road

    def feed(self, records: Sequence[Record], now: Now) -> Step:
        """One chunk of records of this partition."""
        live = self._meta["live"] and now.caught_up
        for record in records:
            self._observe(record, now, live)
        self._meta["live"] = now.caught_up
        self._sweep()
        return self._finish(now, now.us if live else self.watermark_us)

    def tick(self, now: Now) -> Step:
        """Time passed without a record: a partition that is read to its end tells the next stages so."""
        if not now.caught_up or (self._sent_us is not None and now.us - self._sent_us < self._spec.policy.heartbeat_us):
            return Step([], {})
        self._meta["live"] = True
        return self._finish(now, now.us)

    def _observe(self, record: Record, now: Now, live: bool) -> None:
        decoded = self._spec.decoder.decode(record.key, record.value, record.headers)
        if isinstance(decoded, Event):
            decoded = self._on_time(decoded, record)
        if isinstance(decoded, Rejected):
            self._refuse(decoded, record, now)
            return
        watermark_us = self.watermark_us
        if watermark_us is not None and decoded.time_us < watermark_us - self._spec.policy.horizon_us:
            self._outcome("beyond_horizon")
            return
        kept = keep(decoded, self._spec.registry.fields_of(decoded.type))
        known = self._ledger.get(kept.identity)
        if known is not None:
            self._outcome("duplicate", "" if known == kept else "conflict")
            return
        late = watermark_us is not None and decoded.time_us < watermark_us - self._spec.policy.grace_us
        self._advance(decoded.time_us, live)
        self._remember(kept)
        refused = self._apply(kept, "late" if late else "", now)
        if refused is not None:
            self._ledger.remove(kept)
            self._refuse(Rejected(Reason.NOT_SUPERSEDABLE, refused), record, now)
            return
        self._rows.put((EVENT, *kept.identity), kept)

    def _on_time(self, event: Event, record: Record) -> Event | Rejected:
        strange = outside_of_calendars(event)
        if strange is not None:
            return strange
        append_us = record.timestamp * 1000
        ahead_us = event.time_us - append_us
        allowed_us = self._spec.policy.future_us
        if allowed_us is None or ahead_us <= allowed_us:
            return event
        return Rejected(
            Reason.FUTURE_TIME,
            f"event time {format_us(event.time_us)} is {ahead_us / MINUTE_US:.1f} min ahead of the append time "
            f"{format_us(append_us)} (allowed: {allowed_us / MINUTE_US:g} min) ({event.source} id {event.id})",
        )

    def _apply(self, kept: Kept, detail: str, now: Now) -> str | None:
        """Replace the facts of the new event's family by what stands now; the reason where it may not stand there."""
        if self._ledger.is_alone(kept):
            self._count(Fact(kept.type, kept.time_us, unpack(kept), kept.identity), 1)
            self._outcome("applied", detail)
            return None
        family = self._ledger.family_of(kept)
        after = self._ledger.standing(family)
        if kept.identity in after.refused:
            return after.refused[kept.identity]
        self._ledger.remove(kept)
        before = self._ledger.standing(family)
        self._ledger.add(kept)
        for fact in before.facts:
            self._count(fact, -1)
        for fact in after.facts:
            self._count(fact, 1)
        if _amends(kept) and kept.identity not in after.attached:
            self._waiting.add(kept.identity)
        else:
            self._outcome("applied", detail)
        self._settle(after, kept, now)
        return None

    def _settle(self, standing: Standing, newest: Kept, now: Now) -> None:
        """Events that waited for the newest are applied now; those that it made impossible become dead letters."""
        for identity in standing.attached & self._waiting:
            self._waiting.discard(identity)
            self._outcome("applied")
        for identity in standing.waiting - self._waiting - {newest.identity}:
            self._waiting.add(identity)
            self._outcome("applied", step=-1)
        for identity, sentence in standing.refused.items():
            kept = self._ledger.get(identity)
            if kept is None:
                continue
            self._waiting.discard(identity)
            self._forget(kept)
            event = Event(kept.source, kept.id, kept.type, kept.time_us, kept.subject, unpack(kept), kept.supersedes)
            # The record itself is gone: what is replayed is the event as the state kept it, without its free text.
            record = PlainRecord(0, now.us // 1000, kept.subject.encode(), encode(event))
            self._refuse(Rejected(Reason.NOT_SUPERSEDABLE, sentence), record, now)

    def _count(self, fact: Fact, sign: int) -> None:
        self._cells.count(fact, sign, (self.watermark_us or 0) - PANE_HORIZON_US)

    def _outcome(self, outcome: str, detail: str = "", step: int = 1) -> None:
        counts, name = self._meta["counts"], f"{outcome}|{detail}"
        counts[name] = counts.get(name, 0) + step

    def _refuse(self, rejected: Rejected, record: Record, now: Now) -> None:
        self._outcome("dead_lettered", rejected.reason.value)
        letter = DeadLetter.of(
            rejected,
            topic=topics.EVENTS.name,
            partition=self._partition,
            offset=record.offset,
            at=format_us(now.us),
            key=record.key,
            value=record.value,
            headers=record.headers,
        )
        self._sends.append(Send(topics.DEAD_LETTER, record.key, letter.model_dump_json().encode()))

    # -- memory

    def _remember(self, kept: Kept) -> None:
        self._ledger.add(kept)
        self._by_day.setdefault(kept.time_us // DAY_US, []).append(kept)

    def _forget(self, kept: Kept) -> None:
        self._ledger.remove(kept)
        self._rows.drop((EVENT, *kept.identity))

    def _sweep(self) -> None:
        """Once a day of event time, forget what lies beyond the horizon. What still waits there is an orphan."""
        watermark_us = self.watermark_us
        if watermark_us is None or watermark_us // DAY_US <= self._meta["swept_day"]:
            return
        self._meta["swept_day"] = watermark_us // DAY_US
        oldest_us = watermark_us - self._spec.policy.horizon_us
        for day in [day for day in self._by_day if (day + 1) * DAY_US <= oldest_us]:
            for kept in self._by_day.pop(day):
                if self._ledger.get(kept.identity) is not kept:
                    continue
                if kept.identity in self._waiting:
                    self._waiting.discard(kept.identity)
                    self._outcome("orphan")
                self._forget(kept)
        # Events are forgotten by whole days: a cell has to outlive the last event that can still be taken out of it.
        self._cells.sweep(oldest_us - DAY_US, watermark_us - PANE_HORIZON_US)

    def _recount(self) -> None:
        """Another catalogue: every cell from nothing, from the events inside the horizon."""
        self._meta["fingerprint"] = self._spec.fingerprint
        self._cells.restart()
        for family in {self._ledger.family_of(kept) for kept in self._ledger}:
            for fact in self._ledger.standing(family).facts:
                self._count(fact, 1)

    # -- time

    def _advance(self, time_us: int, live: bool) -> None:
        """Move the watermark. In a backlog each minute of event time makes a slice of its own, so that the next stages
        can take their decisions at that minute; a live partition is never held back."""
        meta = self._meta
        meta["first_us"] = time_us if meta["first_us"] is None else min(meta["first_us"], time_us)
        meta["watermark_us"] = time_us if meta["watermark_us"] is None else max(meta["watermark_us"], time_us)
        stamp_us = meta["watermark_us"] // MINUTE_US * MINUTE_US
        if not live and stamp_us > meta["stamp_us"]:
            self._cells.cut(meta["stamp_us"])
            meta["stamp_us"] = stamp_us

    def _finish(self, now: Now, clock_us: int | None) -> Step:
        self._cells.cut(self._meta["stamp_us"])
        self._tell(clock_us)
        self._sent_us = now.us
        self._rows.put((META,), self._meta)
        step = Step(self._sends, self._rows.flush())
        self._sends = []
        return step

    def _tell(self, clock_us: int | None) -> None:
        """One frame to each partition of JUDGE, and of LINK where keys are counted."""
        spec, first_us = self._spec, self._meta["first_us"]
        to_judge: list[list[Slice]] = [[] for _ in range(spec.partitions)]
        to_link: list[list[Slice]] = [[] for _ in range(spec.partitions)]
        for slice_ in self._cells.take_slices():
            parts: dict[int, Slice] = {}
            for cell in slice_.cells:
                plan = spec.spread.plans.get(cell[0])
                target = spec.partition_of(route(plan, cell[1], spec.org))
                parts.setdefault(target, Slice(slice_.stamp_us)).cells.append(cell)
            for target, part in parts.items():
                to_judge[target].append(part)
            parts = {}
            for key in slice_.keys:
                parts.setdefault(spec.partition_of(key[4]), Slice(slice_.stamp_us)).keys.append(key)
            for target, part in parts.items():
                to_link[target].append(part)
        self._sends += frames.frame_sends(topics.PARTIALS, self._source, clock_us, first_us, to_judge)
        if spec.spread.has_keys:
            self._sends += frames.frame_sends(topics.LINKS, self._source, clock_us, first_us, to_link)


def _amends(kept: Kept) -> bool:
    return kept.supersedes is not None or kept.type == SALE_REVERSED


def outside_of_calendars(event: Event) -> Rejected | None:
    """The rejection of an event of a year for which no working time is known."""
    if FIRST_YEAR_US <= event.time_us < LAST_YEAR_US:
        return None
    return Rejected(
        Reason.BAD_ENVELOPE,
        f"time {format_us(event.time_us)} is outside of the years that calendars know (1971 to 2098) "
        f"({event.source} id {event.id})",
    )
