"""The contract between a stage of the road (pure) and the shell that runs it on Kafka.

A stage owns one state per partition of its source topic. The shell restores that state from its changelog, feeds it
whole chunks of records and ticks of time, and writes what comes back - rows, sends and the offset - in one
transaction. A stage reads no clock, does no I/O and logs nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from schemas.topics import Stage, Topic

PartitionOf = Callable[[str], int]
"""Partition of a routing key in every topic of the road (murmur2, as Kafka's default partitioner)."""


class Record(Protocol):
    """One Kafka record, in the shape in which the client fetches it: chunks reach a stage without a copy.

    The one place in the core where a time is in milliseconds, because Kafka's records have it so.
    """

    @property
    def offset(self) -> int:
        """Its place in the partition."""
        ...

    @property
    def timestamp(self) -> int:
        """The broker's append time by the stage's clock (`Now.us`), in MILLISECONDS since the epoch."""
        ...

    @property
    def key(self) -> bytes | None:
        """What decided its partition."""
        ...

    @property
    def value(self) -> bytes | None:
        """Its content."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Name and content of each header."""
        ...


class PlainRecord(NamedTuple):
    """A record that no client fetched: of a file, or of a state."""

    offset: int
    timestamp: int
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
    """Time as the shell sees it: wall time in microseconds, and whether the partition is read to its end.

    `more`: another `feed` follows before anything is committed (see `PartitionState.feed`). `fresh`: somebody waits for
    what is fed now, because the events behind it have just been appended; of a backlog nobody waits for any one value.
    """

    us: int
    caught_up: bool
    more: bool = False
    fresh: bool = False


class StoreFailedError(Exception):
    """The disk that a state lives on is full or broken: no fault of a record, and the state may not be used any more.

    Nothing is lost, for the changelog has every row. The message names the directory and the cause.
    """


class PartitionState(Protocol):
    """State of one source partition.

    `load` is called once for every live changelog row, then `ready` once, then `feed` and `tick` in turn, never
    concurrently. Neither raises on bad input: a bad record becomes a dead letter in `sends`. Any of them may raise
    StoreFailedError.
    """

    def load(self, key: bytes, value: bytes) -> None:
        """Take one live row of the changelog."""
        ...

    def ready(self) -> None:
        """All rows are loaded: rebuild what is derived from them."""
        ...

    def feed(self, records: Sequence[Record], now: Now) -> Step:
        """Take the next records of the partition, in order.

        While a partition lags, the shell feeds several chunks and commits them in one transaction; on all but the
        last, `now.more` is true. A stage may then hold back its sends and rows and return an empty Step, if it returns
        everything with the next feed whose `more` is false: no tick, no commit and no delivery comes in between. So a
        row that every chunk touches is written once, and a value that changes with every chunk is sent once. A stage
        that returns its Step each time is as right, only slower: the shell sends the sends in their order, and of the
        rows with one key writes the last. The last feed of a transaction may be of no records.

        When a later chunk of the transaction fails, the state is dropped with all it held back, and is restored from
        the last commit.
        """
        ...

    def tick(self, now: Now) -> Step:
        """Time has passed."""
        ...

    def counts(self) -> Mapping[tuple[str, ...], int]:
        """Outcome counts of this partition, committed with its chunks; keys are label values."""
        ...


class Guard(Protocol):
    """Watches what a partition's records are worth, and may ask to read no further (streams.core.intake).

    It has one row of its own in the stage's changelog, under `streams.core.intake.KEY`. What `note` and `resume` return
    is committed with the chunk, or by itself; while `pause` is not None, the shell feeds nothing.
    """

    @property
    def pause(self) -> Any:
        """None, or `since_us` and `evidence`."""
        ...

    @property
    def is_lifted(self) -> bool:
        """The pause has no ground any more: resume without being asked."""
        ...

    def load(self, row: bytes | None) -> None:
        """Start anew from the row of the last commit."""
        ...

    def note(self, records: int, rejected: Mapping[str, int], offset: int, now_us: int) -> Step:
        """Of a chunk of so many records so many were rejected, by reason; `offset` is the next one to read."""
        ...

    def resume(self, accept: int, now_us: int) -> Step:
        """A person says to read on, the next `accept` records unjudged."""
        ...


class StageSpec(NamedTuple):
    """A stage: its name, how to open the empty state of a partition, and the guard of one, where it has any."""

    stage: Stage
    open: Callable[[int], PartitionState]
    guard: Callable[[int], Guard] | None = None


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
