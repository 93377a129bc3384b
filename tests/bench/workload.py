"""The events that every contender reads: seeded, two local days around a month's end, 4 event types, one entity each.

Times ascend with a little disorder, 1 % are repeats of an earlier event and 0.1 % break the contract. Beside each
event stands what it adds, known from the dice and not from reading the event, for the independent count (expected.py).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

from tests.bench import measures as of

ZONE = "Asia/Ho_Chi_Minh"
OFFSET = "+07:00"
DAY_MS = 86_400_000
DISORDER_MS = 30_000
REPEATS, BROKEN = 10, 1
"""Of a thousand events."""
NEAR = 20_000
"""A repeat comes at most about so many events behind its first."""
OUTCOMES = ("answered", "answered", "answered", "no_answer", "busy")

Adds = tuple[tuple[int, int], ...]
"""(base sum, amount) pairs."""


class Happening(NamedTuple):
    """One record, and what is known of it. `adds` is None where it must not count."""

    key: bytes
    value: bytes
    outcome: str
    person: int
    day: int
    """0 for the month's last day, 1 for the next month's first."""
    adds: Adds | None


@dataclass(frozen=True, slots=True)
class Workload:
    """What is generated; the same workload is the same bytes. `end` is the local midnight between the two months."""

    events: int
    end: datetime
    people: int = 1000
    teams: int = 50
    kpis: int = 20
    goals: bool = False
    """Kinds leading and lagging with targets and alerts, instead of plain metrics."""
    span_ms: int = 2 * DAY_MS
    """From the beginning of the first day to the last event, more than a day."""
    seed: int = 7
    distinct: bool = False
    """With one more KPI by day, which counts distinct customers."""
    probes: int = 0
    """People whom no event names, for events that are to be recognised (latency.py)."""
    lone_probes: int = 0
    """The last so many of them have a team of their own."""

    @property
    def days(self) -> tuple[str, str]:
        """The two local days, as periods."""
        return (self.end - timedelta(1)).date().isoformat(), self.end.date().isoformat()

    @property
    def events_a_day(self) -> float:
        """Of a person."""
        return self.events / self.people * DAY_MS / self.span_ms

    def person(self, number: int) -> str:
        """Id of a person."""
        return f"p-{number:04d}"

    def team(self, number: int) -> str:
        """Id of the team that a person belongs to."""
        return f"t-{number % self.teams:03d}"

    def prober(self, number: int) -> str:
        """Id of a person whom no event names."""
        return f"prober-{number:04d}"

    def probe_team(self, number: int) -> str:
        """Id of the team of such a person."""
        return f"probe-{number:04d}" if number >= self.probes - self.lone_probes else self.team(number)

    def __iter__(self) -> Iterator[Happening]:
        dice = Random(self.seed)
        days = self.days
        recent: list[Happening] = []
        for number in range(self.events):
            # One draw an event: the generator must not be slower than the broker.
            bits = dice.getrandbits(64)
            chance, bits = bits % 1000, bits // 1000
            if chance < REPEATS and recent:
                again = recent[bits % len(recent)]
                yield again._replace(outcome="duplicate", adds=None)
                continue
            jitter, bits = bits % DISORDER_MS, bits // DISORDER_MS
            at_ms = max(0, number * self.span_ms // self.events - jitter)
            person, bits = bits % self.people, bits // self.people
            told = _event(
                number, self.person(person), _written(days[at_ms // DAY_MS], at_ms), bits, chance >= 1000 - BROKEN
            )
            happening = Happening(*told[:3], person, at_ms // DAY_MS, told[3])
            if happening.adds is not None:  # a repeat of a dead letter is one more dead letter, not a duplicate
                if len(recent) < NEAR:
                    recent.append(happening)
                else:
                    recent[number % NEAR] = happening
            yield happening


def last_month_end(now: datetime) -> datetime:
    """The newest month's end whose next day is over too, in Vietnam: events of the two days are past, and recent."""
    local = now + timedelta(hours=7)
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC)
    if local.day < 2:
        first = (first - timedelta(1)).replace(day=1)
    return first


def until(now: datetime) -> tuple[datetime, int]:
    """`end` and `span_ms` of a workload whose last event happens now."""
    local = now + timedelta(hours=7)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC)
    return midnight, DAY_MS + (local - midnight.replace(tzinfo=local.tzinfo)) // timedelta(milliseconds=1)


def live_event(number: int, owner: str, now: datetime, dice: Random, *, any_kind: bool = False) -> tuple[bytes, bytes]:
    """Key and value of an event that happens now; a call, so that every call KPI of the owner moves, or `any_kind`."""
    bits = dice.getrandbits(40)
    key, value, _, _ = _event(number, owner, _local(now), bits if any_kind else bits * 10, False)
    return key, value


def corrected(number: int, sale: bytes, now: datetime, dice: Random) -> tuple[bytes, bytes]:
    """Key and value of an event that corrects the amount of a sale that was sent."""
    event = json.loads(sale)
    was = {"source": event["source"], "id": event["id"]}
    event |= {"id": f"e{number:08d}", "time": _local(now)}
    event["data"] |= {"amount": (1 + dice.randrange(10_000)) * 1000, "supersedes": was}
    return event["subject"].encode(), json.dumps(event, separators=(",", ":")).encode()


def _local(now: datetime) -> str:
    local = now + timedelta(hours=7)
    at_ms = (local.hour * 3600 + local.minute * 60 + local.second) * 1000 + local.microsecond // 1000
    return _written(local.date().isoformat(), at_ms)


def _written(day: str, at_ms: int) -> str:
    ms = at_ms % DAY_MS
    clock = f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
    return f"{day}T{clock}{OFFSET}"


def _event(number: int, owner: str, time: str, bits: int, broken: bool) -> tuple[bytes, bytes, str, Adds | None]:
    """Key, value, outcome, and what it adds."""
    kind, bits = bits % 10, bits // 10
    type_, subject, data, adds = _KINDS[kind](number, bits, broken)
    value = (
        f'{{"specversion":"1.0","id":"e{number:08d}","source":"crm/hn","type":"{type_}",'
        f'"time":"{time}","subject":"{subject}",'
        f'"data":{{"owner":"{owner}",{data}}}}}'
    )
    return subject.encode(), value.encode(), *(("dead_lettered", None) if broken else ("applied", adds))


def _call(number: int, bits: int, broken: bool) -> tuple[str, str, str, Adds]:
    said = OUTCOMES[bits % 5]
    seconds, inbound = bits // 5 % 600, bits // 3000 % 2
    adds = [(of.CALLS, 1), (of.TALK_S, seconds)]
    if said == "answered":
        adds.append((of.ANSWERED, 1))
        if seconds >= of.REAL_CALL_S:
            adds.append((of.REAL_CALLS, 1))
    if said == "busy":
        adds.append((of.BUSY, 1))
    if inbound:
        adds.append((of.INBOUND, 1))
    if seconds >= of.LONG_CALL_S:
        adds.append((of.LONG_CALLS, 1))
    direction = "in" if inbound else "out"
    written = -1 if broken else seconds
    data = f'"duration_s":{written},"outcome":"{said}","direction":"{direction}"'
    return "call.completed", f"call-{number}", data, tuple(adds)


def _meeting(number: int, bits: int, broken: bool) -> tuple[str, str, str, Adds]:
    seconds = 600 + bits % 5400
    written = '"long"' if broken else seconds
    data = f'"duration_s":{written},"customer_id":"c-{bits % 9973}"'
    return "meeting.held", f"meeting-{number}", data, ((of.MEETINGS, 1), (of.MEETING_S, seconds))


def _lead(number: int, bits: int, broken: bool) -> tuple[str, str, str, Adds]:
    score = bits % 101
    good: Adds = ((of.GOOD_LEADS, 1),) if score >= of.GOOD_LEAD else ()
    written = 101 if broken else score
    data = f'"lead_id":"lead-{number}","source_channel":"web","score":{written}'
    return "lead.created", f"lead-{number}", data, ((of.LEADS, 1), *good)


def _sale(number: int, bits: int, broken: bool) -> tuple[str, str, str, Adds]:
    amount, quantity = (1 + bits % 10_000) * 1000, 1 + bits % 7
    cost = amount // 2
    big: Adds = ((of.BIG_SALES, 1),) if amount >= of.BIG_SALE else ()
    written = f'"{amount}"' if broken else amount
    data = (
        f'"sale_id":"sale-{number}","amount":{written},"cost":{cost},"quantity":{quantity},'
        f'"currency":"VND","customer_id":"c-{bits % 9973}"'
    )
    return (
        "sale.closed",
        f"sale-{number}",
        data,
        ((of.SALES, 1), (of.REVENUE, amount), (of.QUANTITY, quantity), (of.COST, cost), *big),
    )


_KINDS = (_call, _call, _call, _call, _call, _meeting, _lead, _lead, _sale, _sale)
"""Half are calls, a tenth meetings, a fifth each leads and sales."""
