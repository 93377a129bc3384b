"""The contract between a stage of the road (pure) and the shell that runs it on Kafka.

A stage owns one state per partition of its source topic. The shell restores that state from its changelog, feeds it
whole chunks of records and ticks of time, and writes what comes back - rows, sends and the offset - in one
transaction. A stage reads no clock, does no I/O and logs nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from schemas.topics import Stage, Topic

PartitionOf = Callable[[str], int]
"""Partition of a routing key in every topic of the road (murmur2, as Kafka's default partitioner)."""


class Record(NamedTuple):
    """One Kafka record. `append_us` is the broker's append time in microseconds since the epoch."""

    offset: int
    append_us: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


class Send(NamedTuple):
    """One record to produce. Without `partition`, Kafka's default partitioner places it by `key`."""

    topic: Topic
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    headers: Sequence[tuple[str, bytes]] = ()


class Step(NamedTuple):
    """What one chunk or tick did: records to send, and state rows to write (None deletes a row)."""

    sends: list[Send]
    rows: dict[bytes, bytes | None]


class Now(NamedTuple):
    """Time as the shell sees it: wall time in microseconds, and whether the partition is read to its end."""

    us: int
    caught_up: bool


class PartitionState(Protocol):
    """State of one source partition.

    `load` is called once for every live changelog row, then `ready` once, then `feed` and `tick` in turn, never
    concurrently. Neither raises on bad input: a bad record becomes a dead letter in `sends`.
    """

    def load(self, key: bytes, value: bytes) -> None:
        """Take one live row of the changelog."""
        ...

    def ready(self) -> None:
        """All rows are loaded: rebuild what is derived from them."""
        ...

    def feed(self, records: Sequence[Record], now: Now) -> Step:
        """Take the next records of the partition, in order."""
        ...

    def tick(self, now: Now) -> Step:
        """Time has passed."""
        ...

    def counts(self) -> Mapping[tuple[str, ...], int]:
        """Outcome counts of this partition, committed with its chunks; keys are label values."""
        ...


class StageSpec(NamedTuple):
    """A stage: its name, and how to open the empty state of a partition."""

    stage: Stage
    open: Callable[[int], PartitionState]


class Delivery(NamedTuple):
    """One message to hand to one sink now. `id` is stable over retries, so that a sink may drop a repeat."""

    id: str
    recipient: str
    body: Mapping[str, object]


class Delivered(NamedTuple):
    """What became of one delivery attempt: `error` is None on success, else a sentence without secrets."""

    id: str
    error: str | None
    retry_after_s: float | None = None


class DeliveringState(PartitionState, Protocol):
    """A state that also hands out messages. The shell delivers outside of transactions and reports back."""

    def due(self, now: Now) -> Sequence[Delivery]:
        """Deliveries to start now; each is handed out once until it is settled."""
        ...

    def settle(self, outcomes: Sequence[Delivered], now: Now) -> Step:
        """Take what became of deliveries."""
        ...
