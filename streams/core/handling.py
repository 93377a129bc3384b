"""Time worked that no system measured: an end of work without `work_s` has the wall time since its owner's start.

MEASURES section 4 (C5k). A ticket's events meet in one partition of OBSERVE. What stands of one owner's work on one
ticket is a row there, its turns in the order of (time, source, id): an end belongs to the start that stands directly
before it, if one does, and by no more than the horizon. So a turn that comes or goes changes the time of itself and of
the next one alone, and what has been forgotten makes no difference. Nothing is kept for a catalogue that does not read
`work_s`.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

from streams.core.facts import Fact
from streams.core.measures.plan import Plan
from streams.core.rows import Key, Rows

STARTED, ENDED, WORK_S = "ticket.work_started", "ticket.work_ended", "work_s"
TURNS = frozenset({STARTED, ENDED})
TICKET, OWNER = "ticket_id", "owner"
WORK = "work"
MOST_BYTES = 200_000
"""Of one row, some thousand turns; beyond it the oldest half is settled. Kafka takes no record beyond 1 MB."""


class _Turn(NamedTuple):
    """A start or an end as a row has it. `data` is that of an end without `work_s`."""

    time_us: int
    source: str
    id: str
    is_start: bool
    data: dict[str, Any] | None = None


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[tuple[int, str, str, bool, dict[str, Any] | None]]).decode


def turns_read(plans: Iterable[Plan]) -> frozenset[str]:
    """The types of events that are turns of work for some KPIs; none where none of them reads `work_s`."""
    return TURNS if any(reads_work(plan) for plan in plans) else frozenset()


def reads_work(plan: Plan) -> bool:
    """Whether a KPI adds up the time worked on tickets, or asks for it in a condition."""
    fields = {field for leaf in (*plan.leaves, *plan.keys) for field in leaf.holds.fields}
    fields |= {field for leaf in plan.leaves for field in getattr(leaf, "fields", ())}
    fields |= {field for leaf in plan.journeys for field in leaf.measured}
    fields |= {field for leaf in plan.journeys for part in leaf.parts for field in part.holds.fields}
    return ENDED in plan.types and WORK_S in fields


class Handling:
    """The turns of one partition of OBSERVE, as its rows. Packed: a ticket costs some 300 bytes, not 1,000. No work is
    longer than `longest_us`."""

    def __init__(self, rows: Rows, longest_us: int) -> None:
        self._rows = rows
        self._longest_us = longest_us

    def take(self, fact: Fact, sign: int) -> list[tuple[Fact, int]]:
        """Add (`sign` 1) or take back (-1) a turn. What that changes besides, to be taken back and added in this order:
        ends as they were told, and as they are with the time worked by now."""
        key = (WORK, fact.data[TICKET], fact.data[OWNER])
        turn, turns = _turn_of(fact), self._turns(key)
        at = bisect_left(turns, _order(turn), key=_order)
        is_there = at < len(turns) and _order(turns[at]) == _order(turn)
        if is_there == (sign > 0):
            return []  # taken back after it was settled
        before = turns[at - 1] if at else None
        following = turns[at + is_there : at + is_there + 1]
        if sign > 0:
            turns.insert(at, turn)
            changed = [(turn, None, before), *((after, before, turn) for after in following)]
        else:
            del turns[at]
            changed = [(turn, before, None), *((after, turn, before) for after in following)]
        self._put(key, turns)
        return [told for change in changed for told in self._retold(fact.subject, *change)]

    def sweep(self, oldest_us: int) -> None:
        """Forget turns that no event of an instant or later has to do with."""
        for key, _ in self._rows.items(WORK):
            turns = self._turns(key)
            at = bisect_left(turns, oldest_us - self._longest_us, key=lambda turn: turn.time_us)
            if at:
                self._put(key, turns[at:])

    @property
    def is_followed(self) -> bool:
        """Whether any turn is known."""
        return bool(self._rows.items(WORK))

    def timed(self, fact: Fact) -> Fact:
        """A turn as it stands by now: an end with the time worked that no system measured."""
        turn, turns = _turn_of(fact), self._turns((WORK, fact.data[TICKET], fact.data[OWNER]))
        at = bisect_left(turns, _order(turn), key=_order)
        worked = _worked(turn, turns[at - 1] if at else None, self._longest_us)
        return fact if worked is None else fact._replace(data=worked)

    def forget(self) -> None:
        """A catalogue that does not read them: nothing is kept."""
        for key, _ in self._rows.items(WORK):
            self._rows.drop(key)

    def _turns(self, key: Key) -> list[_Turn]:
        packed: bytes | None = self._rows.get(key)
        return [] if packed is None else [_Turn(*turn) for turn in _unpack(packed)]

    def _retold(self, subject: str, turn: _Turn, was: _Turn | None, now: _Turn | None) -> Iterator[tuple[Fact, int]]:
        """One end, where another turn stands directly before it than did."""
        old, new = _worked(turn, was, self._longest_us), _worked(turn, now, self._longest_us)
        if turn.data is None or old == new:
            return
        end = Fact(ENDED, turn.time_us, turn.data, (turn.source, turn.id), subject=subject)
        yield end if old is None else end._replace(data=old), -1
        yield end if new is None else end._replace(data=new), 1

    def _put(self, key: Key, turns: list[_Turn]) -> None:
        packed = _pack(turns)
        if len(packed) > MOST_BYTES:
            packed = _pack(turns[len(turns) // 2 :])
        if turns:
            self._rows.put(key, packed)
        else:
            self._rows.drop(key)


def timed(facts: Iterable[Fact], longest_us: int) -> Iterator[Fact]:
    """All facts at once, those ends with their `work_s` that no system measured: for whoever has every fact at hand."""
    work: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.type in TURNS:
            work[fact.data[TICKET], fact.data[OWNER]].append(fact)
        else:
            yield fact
    for turns in work.values():
        turns.sort(key=lambda fact: (fact.time_us, *fact.identity))
        yield turns[0]
        for before, fact in pairwise(turns):
            worked = _worked(_turn_of(fact), _turn_of(before), longest_us)
            yield fact if worked is None else fact._replace(data=worked)


def _turn_of(fact: Fact) -> _Turn:
    measured = fact.type == STARTED or fact.data.get(WORK_S) is not None
    data = None if measured else dict(fact.data)
    return _Turn(fact.time_us, *fact.identity, fact.type == STARTED, data)


def _order(turn: _Turn) -> tuple[int, str, str]:
    return turn[:3]


def _worked(turn: _Turn, before: _Turn | None, longest_us: int) -> dict[str, Any] | None:
    """The data of an end with the time worked, by the turn directly before it; None where it stays as it is."""
    if turn.data is None or before is None or not before.is_start or turn.time_us - before.time_us > longest_us:
        return None
    seconds, rest_us = divmod(turn.time_us - before.time_us, 1_000_000)
    return {**turn.data, WORK_S: seconds + rest_us / 1_000_000 if rest_us else seconds}
