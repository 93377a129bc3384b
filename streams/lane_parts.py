"""What a lane is made of and what it needs: its source, its phases, its figures, its rules."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from aiokafka import TopicPartition

from schemas.dead_letter import DeadLetter
from schemas.events.envelope import Rejected
from schemas.events.reasons import Reason
from schemas.topics import DEAD_LETTER, Stage
from streams.core.stage import Delivered, Delivery, Now, Record, Send
from streams.metrics.timings import Timings

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Sink(Protocol):
    """Where deliveries go (streams.sinks). It may be slow and may fail; it reports, and does not raise."""

    async def deliver(self, delivery: Delivery) -> Delivered:
        """Tries once to deliver."""
        ...


class Source(Protocol):
    """What a lane needs of its source partition (streams.transport)."""

    def epoch(self, tp: TopicPartition) -> int:
        """Changes with every seek."""
        ...

    async def seek(self, tp: TopicPartition, offset: int | None) -> int:
        """Goes on from `offset`, or from the beginning; where that is."""
        ...

    def pause(self, tp: TopicPartition) -> None:
        """Fetches no more."""
        ...

    def resume(self, tp: TopicPartition) -> None:
        """Fetches again."""
        ...

    def end(self, tp: TopicPartition) -> int | None:
        """End offset as of the last fetch."""
        ...

    async def is_ours(self, tp: TopicPartition, offset: int) -> bool:
        """Whether the group says that this worker owns the partition."""
        ...

    async def remembered(self, tp: TopicPartition) -> int | None:
        """How far the group remembers the partition to have been processed; None for not at all."""
        ...


class LoopTime(Protocol):
    """Monotonic seconds, such as `asyncio.AbstractEventLoop`."""

    def time(self) -> float:
        """Seconds."""
        ...


@dataclass(slots=True)
class Signals:
    """What reaches a lane's task from outside of it: something happened, and that it is to stop."""

    wake: asyncio.Event = field(default_factory=asyncio.Event)
    halt: bool = False


class Phase(StrEnum):
    """Where a lane stands."""

    RESTORING = "restoring"
    RUNNING = "running"
    HELD = "held"
    """Between two assignments, with its state."""
    LOST = "lost"
    """Another worker owns the partition; waits for the next assignment."""
    STOPPED = "stopped"


@dataclass(slots=True)
class Figures:
    """Plain numbers of a lane, for health. What metrics tell is in `LaneRules.timings`."""

    progressed_at: float = 0.0
    """Loop time of the last commit or of the last moment without anything to do."""


@dataclass(frozen=True, slots=True)
class LaneRules:
    """How lanes work, from the settings."""

    chunk_records: int
    chunk_s: float
    restores: asyncio.Semaphore
    """Bounds how many lanes restore at a time."""
    deliveries: asyncio.Semaphore
    """Bounds how many deliveries run at a time."""
    turn: asyncio.Lock
    """Held while a stage works, so that heartbeats go out between the chunks of two lanes."""
    fail: Callable[[str], None]
    """Ends the worker with one clear line."""
    timings: Timings = field(default_factory=Timings)
    """Of all lanes of the worker, those it has let go included."""
    lanes: Callable[[Stage], int] = lambda stage: 1
    """How many lanes of a stage the worker has."""


def internal_error(tp: TopicPartition, record: Record, error: Exception, now: Now) -> Send:
    """The dead letter of a record that a stage could not take because of a fault of ours."""
    rejected = Rejected(
        Reason.INTERNAL_ERROR,
        f"the worker failed on this record with {type(error).__name__}; its log has the traceback",
    )
    letter = DeadLetter.of(
        rejected,
        topic=tp.topic,
        partition=tp.partition,
        offset=record.offset,
        at=(EPOCH + timedelta(microseconds=now.us)).isoformat(),
        key=record.key,
        value=record.value,
        headers=record.headers,
    )
    return Send(DEAD_LETTER, record.key, letter.model_dump_json().encode())
