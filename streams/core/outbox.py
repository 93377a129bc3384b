"""The outbox of one partition of NOTIFY: what is still to be delivered, in what order, and when to try again.

A lane is one recipient at one sink. A lane is strictly first in, first out with one delivery in flight, so a
`resolved` cannot overtake its `firing`; lanes do not wait for one another. Holds no messages' words beyond the raw
notice, reads no clock and writes no rows: `notify.py` does.
"""

from collections import Counter, deque
from dataclasses import dataclass
from zlib import crc32

import msgspec

from streams.core.policy import MINUTE_US, SECOND_US

Lane = tuple[str, str]


class Pending(msgspec.Struct, frozen=True, array_like=True):
    """One delivery to be made; the value of its changelog row.

    `sequence` orders the outbox, `accepted_us` is when the notice was read, `attempts` counts failures so far,
    `not_before_us` is the earliest next attempt, `offset` and `notice` are the record it came from.
    """

    sequence: int
    sink: str
    recipient: str
    fingerprint: str
    accepted_us: int
    attempts: int
    not_before_us: int
    offset: int
    notice: bytes

    @property
    def lane(self) -> Lane:
        """The queue it stands in."""
        return (self.sink, self.recipient)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential waiting between attempts: first, twice that, ... at most `longest_us`, plus up to a quarter of
    jitter.

    A sink's own `retry_after_s` is honoured up to `longest_pause_us`.
    """

    first_us: int = SECOND_US
    longest_us: int = 5 * MINUTE_US
    longest_pause_us: int = 60 * MINUTE_US

    def wait_us(self, identity: str, attempts: int, retry_after_s: float | None) -> int:
        """Time to wait after failure number `attempts` (from 1), the same whenever it is asked.

        >>> Backoff().wait_us("n-1", 1, None) == Backoff().wait_us("n-1", 1, None)
        True
        >>> [Backoff().wait_us("n-1", attempts, None) // SECOND_US for attempts in (1, 2, 3)]
        [1, 2, 4]
        """
        # The exponent is bounded first: 2 ** attempts of a long outage is a huge integer.
        wait_us = min(self.longest_us, self.first_us << min(attempts - 1, 40))
        wait_us += wait_us * (crc32(f"{identity}#{attempts}".encode()) % 1024) // 4096
        # `not >=` also refuses a NaN.
        if retry_after_s is None or not retry_after_s >= 0:
            return wait_us
        return max(wait_us, min(self.longest_pause_us, int(min(retry_after_s, 1e6) * SECOND_US)))


class Outbox:
    """Deliveries by id, in lanes. Those in flight stay in it until they are removed or put back."""

    __slots__ = ("_flying", "_lanes", "_pending")

    def __init__(self) -> None:
        self._pending: dict[str, Pending] = {}
        self._lanes: dict[Lane, deque[str]] = {}
        self._flying: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def __contains__(self, identity: str) -> bool:
        return identity in self._pending

    def add(self, identity: str, pending: Pending) -> None:
        """Append to its lane. The caller adds in order of `sequence`."""
        self._pending[identity] = pending
        self._lanes.setdefault(pending.lane, deque()).append(identity)

    def remove(self, identity: str) -> Pending:
        """Take it out, in flight or not."""
        pending = self._pending.pop(identity)
        self._flying.pop(identity, None)
        lane = self._lanes[pending.lane]
        lane.remove(identity)
        if not lane:
            del self._lanes[pending.lane]
        return pending

    def in_flight(self, identity: str) -> Pending | None:
        """What was handed out under this id and is not settled, else None."""
        return self._pending[identity] if identity in self._flying else None

    def put_back(self, identity: str, pending: Pending) -> None:
        """It failed: no longer in flight, still at the head of its lane."""
        self._pending[identity] = pending
        self._flying.pop(identity, None)

    def start(self, now_us: int, at_most_per_sink: int) -> list[tuple[str, Pending]]:
        """Heads of lanes whose time has come, longest due first; they are in flight from here on."""
        flying = Counter(self._flying.values())
        heads = [
            (pending.not_before_us, pending.sequence, lane[0], pending)
            for lane in self._lanes.values()
            if lane[0] not in self._flying and (pending := self._pending[lane[0]]).not_before_us <= now_us
        ]
        started = []
        for _, _, identity, pending in sorted(heads):
            if flying[pending.sink] < at_most_per_sink:
                flying[pending.sink] += 1
                self._flying[identity] = pending.sink
                started.append((identity, pending))
        return started

    def superseded_by(self, newer: Pending) -> str | None:
        """The oldest waiting delivery of the same lane and fingerprint, about which `newer` says more."""
        for identity in self._lanes.get(newer.lane, ()):
            if identity not in self._flying and self._pending[identity].fingerprint == newer.fingerprint:
                return identity
        return None

    def oldest_waiting(self) -> str | None:
        """The delivery that has waited longest and is not in flight."""
        return next((identity for identity in self._pending if identity not in self._flying), None)
