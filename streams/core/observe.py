"""Stage OBSERVE: from records of kpi.events to net facts, and from these to absolute partials.

Decodes, refuses what is bad, drops what is repeated, resolves corrections, counts the facts that stand (`cells`), and
tells the next stages what has changed: distinct keys to LINK, everything else to JUDGE. Every event ends in exactly
one outcome. No decision about a KPI is taken here.

Most events stand alone: nothing amends them, and they amend nothing. They are gathered and counted together
(`columns`), the others one by one through the ledger. Adding commutes, so only the cut of a slice has to wait for both.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from schemas import topics
from schemas.events.envelope import Event, Reason, Rejected
from schemas.events.times import format_us
from schemas.events.unnamed import UNNAMED
from streams.core import frames
from streams.core.amendments import Amendments
from streams.core.cells import UNKNOWN_OWNER, Cells
from streams.core.corrections import (
    FREE_TEXT,
    SALE,
    SALE_REVERSED,
    Ledger,
    keep,
    pack,
    unpack,
)
from streams.core.counted import COUNTED, Counted
from streams.core.facts import Fact
from streams.core.observe_spec import ObserveSpec
from streams.core.outcomes import Outcomes
from streams.core.partitioned import to_judge, to_link
from streams.core.policy import DAY_US, MINUTE_US, PANE_HORIZON_US, Policy
from streams.core.recount import recount
from streams.core.retained import Retained
from streams.core.rows import Rows
from streams.core.stage import Now, Record, Send, Step
from streams.core.store import MemoryStore

try:
    from streams.core.ordinary import Ordinary
except ImportError:  # installed where there was no compiler: each event is taken by itself
    Ordinary = None  # type: ignore[assignment,misc]

META = "meta"
NEVER_US = -(1 << 62)
FIRST_YEAR_US, LAST_YEAR_US = 31_536_000_000_000, 4_070_908_800_000_000
"""1971-01-01 and 2099-01-01, UTC: beyond them there is no working time to judge by."""

MOST_SLICES = 500
"""Of an open transaction, before they are told. They are counted and framed in one go, and a backlog that may alert has
one for each minute: those of a whole transaction would hold the worker's loop for longer than its session lasts."""


class Observe:
    """State of one partition of kpi.events."""

    def __init__(self, spec: ObserveSpec, partition: int) -> None:
        self._spec = spec
        self._source = f"{frames.FROM_OBSERVE}{partition}"
        self._rows = Rows()
        self._cells = Cells(self._rows, spec.spread, spec.windows, spec.policy.horizon_us)
        store = spec.open_store(partition)
        self._ledger = Ledger(store)
        self._retained = Retained(self._rows, self._ledger, store)
        self._outcomes = Outcomes(partition)
        self._amendments = Amendments(self._rows, self._ledger, self._retained, self._cells, self._outcomes)
        self._ordinary = _ordinary_of(spec.policy, store, self._retained) if type(store) is MemoryStore else None
        self._is_swept = True
        self._sent_us: int | None = None
        self._next_cut_us = 0
        self._watermark_us = NEVER_US
        self._first_us = -NEVER_US
        self._meta: dict[str, Any] = {
            "fingerprint": spec.fingerprint,
            "watermark_us": None,
            "first_us": None,
            "stamp_us": 0,  # when the open slice may be judged
            "swept_day": 0,
            "live": False,  # caught up before this chunk
            "counts": self._outcomes.numbers,
        }

    # -- state

    def load(self, key: bytes, value: bytes) -> None:
        """Take one changelog row."""
        if not self._retained.load(key, value):
            self._rows.load(key, value)

    def ready(self) -> None:
        """Rebuild what is derived from the rows; under another catalogue, also what counts otherwise."""
        self._cells.ready()
        loaded = self._rows.get((META,))
        if loaded is not None:
            self._meta, self._outcomes.numbers = loaded, loaded["counts"]
            self._watermark_us = NEVER_US if loaded["watermark_us"] is None else loaded["watermark_us"]
            self._first_us = -NEVER_US if loaded["first_us"] is None else loaded["first_us"]
        self._amendments.ready(self._oldest_us)
        self._adopt()

    def counts(self) -> Mapping[tuple[str, ...], int]:
        """(outcome, detail) -> events; detail is `late`, `conflict`, a reason code, or nothing."""
        return {("pending", ""): self._amendments.waiting, **self._outcomes.counts()}

    @property
    def watermark_us(self) -> int | None:
        """The greatest event time seen."""
        return None if self._watermark_us == NEVER_US else self._watermark_us

    @property
    def unknown_owners(self) -> list[str]:
        """Owners that events named and the present catalogue does not know, each once."""
        return sorted(str(key[1]) for key, _ in self._rows.items(UNKNOWN_OWNER))

    @property
    def first_us(self) -> int | None:
        """The least event time seen."""
        first_us: int | None = self._meta["first_us"]
        return first_us

    @property
    def events_kept(self) -> int:
        """How many events there are inside the horizon."""
        return len(self._ledger)

    def kept(self) -> list[bytes]:
        """Every event inside the horizon that may still be amended, packed: what an explanation begins with."""
        settled = self._amendments.settled
        return [packed for packed in self._ledger.kept() if packed not in settled] if settled else self._ledger.kept()

    # -- the road

    def feed(self, records: Sequence[Record], now: Now) -> Step:
        """One chunk of records of this partition."""
        live = self._meta["live"] and now.caught_up
        self._take(records, self._spec.decoder.decode_all(records), now, live)
        self._cells.gather()
        if now.more:
            return self._tell_many()
        self._meta["live"] = now.caught_up
        return self._finish(now, now.us if live else self.watermark_us)

    def tick(self, now: Now) -> Step:
        """Time passed without a record: a partition that is read to its end tells the next stages so."""
        if not now.caught_up or (self._sent_us is not None and now.us - self._sent_us < self._spec.policy.heartbeat_us):
            return Step([], {})
        self._meta["live"] = True
        return self._finish(now, now.us)

    def _take(self, records: Sequence[Record], outcomes: list[Event | Rejected], now: Now, live: bool) -> None:
        """Each record with what the decoder says of it to its outcome: runs of ordinary ones, and what is between."""
        place = 0
        while self._ordinary is not None and place < len(records):
            place = self._take_ordinary(self._ordinary, records, outcomes, place, live)
            self._take_each(records[place : place + 1], outcomes[place : place + 1], now, live)
            place += 1
        if self._ordinary is None:
            self._take_each(records, outcomes, now, live)

    def _take_ordinary(
        self, ordinary: "Ordinary", records: Sequence[Record], outcomes: list[Event | Rejected], place: int, live: bool
    ) -> int:
        """The ordinary events from `place` on; where they end."""
        cut_us = -NEVER_US if live else self._next_cut_us
        times = self._watermark_us, self._first_us, cut_us, self._forgets_us
        taken = ordinary.take(outcomes, records, place, self._cells.alone, *times)
        place, self._watermark_us, applied, late, repeated = taken
        self._outcomes.count("applied", "", applied)
        self._outcomes.count("applied", "late", late)
        self._outcomes.count("duplicate", "", repeated)
        return place

    def _take_each(self, records: Sequence[Record], outcomes: Sequence[Event | Rejected], now: Now, live: bool) -> None:
        """Each record, ordinary or not."""
        # One loop over the chunk with what it needs in locals: a call and some attributes less for each event made this
        # part twice as fast.
        policy = self._spec.policy
        horizon_us, grace_us = policy.horizon_us, policy.grace_us
        allowed_us = _allowed_us(policy)
        admit, add = self._retained.admit, self._cells.alone.append
        applied = late = 0
        watermark_us, first_us, forgets_us = self._watermark_us, self._first_us, self._forgets_us
        for record, event in zip(records, outcomes, strict=True):
            if isinstance(event, Rejected):
                self._outcomes.refuse(event, record, now)
                continue
            time_us = event.time_us
            if not FIRST_YEAR_US <= time_us < LAST_YEAR_US or time_us > record.timestamp * 1000 + allowed_us:
                self._outcomes.refuse(outside_of_calendars(event) or _ahead(event, record, allowed_us), record, now)
                continue
            behind_us = watermark_us - time_us
            if behind_us > horizon_us:
                self._outcomes.count("beyond_horizon")
                continue
            if time_us >= forgets_us and self._ledger.packed(event.source, event.id) is None:
                self._forget(time_us)
                forgets_us = self._forgets_us
            if FREE_TEXT in event.data or event.type in UNNAMED:
                event = keep(event)
            alone = admit(event)
            if alone is not True and alone is not False:
                self._outcomes.count("duplicate", "" if unpack(alone) == event else "conflict")
                continue
            if behind_us < 0 or time_us < first_us:
                self._advance(time_us, live)
                watermark_us, first_us = self._watermark_us, self._first_us
            if not alone:
                self._amendments.take(event, "late" if behind_us > grace_us else "", record, now)
                continue
            add(event)
            if behind_us > grace_us:
                late += 1
            else:
                applied += 1
        self._outcomes.count("applied", "", applied)
        self._outcomes.count("applied", "late", late)

    # -- memory

    @property
    def _forgets_us(self) -> int:
        """The beginning of the day of event time on which events are forgotten again."""
        return int(self._meta["swept_day"] + 1) * DAY_US

    @property
    def _oldest_us(self) -> int:
        """The beginning of the first day that is kept."""
        return int(self._meta["swept_day"]) * DAY_US - self._spec.policy.horizon_us // DAY_US * DAY_US

    def _forget(self, watermark_us: int) -> None:
        """Once a day of event time, forget the events of the days beyond the horizon.

        As the first event of the day comes, not as its chunk ends: what an amendment finds must depend on the events
        before it, not on how they fell into chunks.
        """
        self._meta["swept_day"] = watermark_us // DAY_US
        self._is_swept = False
        self._amendments.forget(self._oldest_us)

    def _sweep(self) -> None:
        """Where events were forgotten, forget cells. Everything gathered is counted by now: an event of a chunk that
        spans a year belongs to a cell that goes here."""
        if self._is_swept:
            return
        self._is_swept = True
        oldest_us = self._watermark_us - self._spec.policy.horizon_us
        # Events are forgotten by whole days: a cell has to outlive the last event that can still be taken out of it.
        self._cells.sweep(oldest_us - DAY_US, self._watermark_us - PANE_HORIZON_US)

    def _adopt(self) -> None:
        """Take over what another catalogue counted, as far as it counts the same. Rows of before version 0.1.0 do not
        say what they were counted by; then only the same catalogue counts the same."""
        spec = self._spec
        if self._meta["fingerprint"] == spec.fingerprint:
            return
        before = Counted.stored(self._rows)
        pane_us = (self.watermark_us or 0) - PANE_HORIZON_US
        facts, amended = self._facts, self._ledger.amended
        recount(self._cells, spec.spread, spec.windows, before, spec.counted, facts, amended, pane_us)
        self._meta["fingerprint"] = spec.fingerprint
        spec.counted.save(self._rows)

    def _facts(self) -> Iterator[Fact]:
        """Every fact that stands inside the horizon."""
        for family in self._ledger.families():
            yield from self._ledger.standing(family).facts

    # -- time

    def _advance(self, time_us: int, live: bool) -> None:
        """Move the watermark. In a backlog what is to be judged apart makes a slice of its own; a live partition is
        never held back."""
        meta = self._meta
        if time_us < self._first_us:
            meta["first_us"] = self._first_us = time_us
        if time_us > self._watermark_us:
            self._watermark_us = time_us
        if live or self._watermark_us < self._next_cut_us:
            return
        stamp_us, self._next_cut_us = self._spec.stamp(self._watermark_us)
        if stamp_us > meta["stamp_us"]:
            self._cells.cut(meta["stamp_us"])
            meta["stamp_us"] = stamp_us

    def _finish(self, now: Now, clock_us: int | None) -> Step:
        self._cells.cut(self._meta["stamp_us"])
        sends = self._tell(clock_us)
        self._sweep()
        self._sent_us = now.us
        self._retained.save()
        self._meta["watermark_us"] = self.watermark_us
        self._rows.put((META,), self._meta)
        if self._rows.get((COUNTED,)) is None:
            self._spec.counted.save(self._rows)
        return Step(sends, self._rows.flush())

    def _tell_many(self) -> Step:
        """In the middle of a transaction: the slices so far, where they have become many. Rows are written at its end;
        what is told stands whether or not more of its slice follows, for partials are absolute."""
        if self._cells.slices < MOST_SLICES:
            return Step([], {})
        self._cells.cut(self._meta["stamp_us"])
        return Step(self._tell(self.watermark_us), {})

    def _tell(self, clock_us: int | None) -> list[Send]:
        """Dead letters; one frame to each partition of JUDGE, and of LINK where keys are counted."""
        spec, first_us = self._spec, self._meta["first_us"]
        slices = self._cells.take_slices((self.watermark_us or 0) - PANE_HORIZON_US)
        cells, keys = to_judge(slices, spec), to_link(slices, spec)
        sends = self._outcomes.take_letters()
        sends += frames.frame_sends(topics.PARTIALS, self._source, clock_us, first_us, cells)
        if spec.spread.has_keys or any(keys):  # an edit may end what LINK, where it comes back, still has
            sends += frames.frame_sends(topics.LINKS, self._source, clock_us, first_us, keys)
        return sends


def _ordinary_of(policy: Policy, store: MemoryStore, retained: Retained) -> "Ordinary | None":
    """The compiled way for a store in memory, where there is a compiler."""
    if Ordinary is None:
        return None
    limits = (FIRST_YEAR_US, LAST_YEAR_US, _allowed_us(policy), policy.horizon_us, policy.grace_us)
    return Ordinary(Event, pack, store, retained.fresh, (SALE, SALE_REVERSED, FREE_TEXT, UNNAMED), limits)


def _allowed_us(policy: Policy) -> int:
    """How far ahead of its record an event may be."""
    return LAST_YEAR_US if policy.future_us is None else policy.future_us


def _ahead(event: Event, record: Record, allowed_us: int) -> Rejected:
    append_us = record.timestamp * 1000
    return Rejected(
        Reason.FUTURE_TIME,
        f"event time {format_us(event.time_us)} is {(event.time_us - append_us) / MINUTE_US:.1f} min ahead of the "
        f"append time {format_us(append_us)} (allowed: {allowed_us / MINUTE_US:g} min) ({event.source} id {event.id})",
    )


def outside_of_calendars(event: Event) -> Rejected | None:
    """The rejection of an event of a year for which no working time is known."""
    if FIRST_YEAR_US <= event.time_us < LAST_YEAR_US:
        return None
    return Rejected(
        Reason.BAD_ENVELOPE,
        f"time {format_us(event.time_us)} is outside of the years that calendars know (1971 to 2098) "
        f"({event.source} id {event.id})",
    )
