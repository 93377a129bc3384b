"""A lane against a ledger and a source in memory: what Kafka would have to be forced to do happens here at will."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from aiokafka import TopicPartition

from schemas.topics import VALUES, Stage
from streams.clock import ManualClock
from streams.core.stage import StageSpec, Step
from streams.lane_parts import LaneRules, Phase, Sink
from streams.lanes import Lane
from streams.restoring import Progress
from streams.tables import CommitLostError, Ledger, Restored
from streams.transport import Chunk
from tests.kafka.toys import CountWords

TP = TopicPartition("kpi.events", 0)


class MemoryLedger:
    """Commits to a dict; `losing` commits fail."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes] = {}
        self.offset: int | None = None
        self.sends: list[Any] = []
        self.commits = 0
        self.losing = 0
        self.opened = 0
        self.committed_before_close: int | None = None
        self.name = "changelog kpi.observe-changelog partition 0"

    async def open(self) -> None:
        self.opened += 1

    async def read(self, progress: Progress) -> Restored:
        return Restored(dict(self.rows), self.offset, len(self.rows))

    async def commit(self, step: Step, offset: int) -> None:
        await asyncio.sleep(0)
        if self.losing:
            self.losing -= 1
            raise CommitLostError("fenced: another worker owns the partition now")
        self.commits += 1
        for key, value in step.rows.items():
            if value is not None:
                self.rows[key] = value
        self.sends += step.sends
        self.offset = offset

    async def close(self) -> None:
        self.committed_before_close = self.commits


class MemorySource:
    """A partition as a list of values; fetches are up to the test."""

    def __init__(self) -> None:
        self.log: list[bytes] = []
        self.epochs = 0
        self.position = 0
        self.paused = False
        self.ours = True
        self.hint: int | None = None
        self.meanwhile: Callable[[], object] = lambda: None
        """What happens while the group is asked for its hint."""

    def epoch(self, tp: TopicPartition) -> int:
        return self.epochs

    async def seek(self, tp: TopicPartition, offset: int | None) -> int:
        self.epochs += 1
        self.position = offset or 0
        self.paused = False
        return self.position

    def pause(self, tp: TopicPartition) -> None:
        self.paused = True

    def resume(self, tp: TopicPartition) -> None:
        self.paused = False

    def end(self, tp: TopicPartition) -> int:
        return len(self.log)

    async def is_ours(self, tp: TopicPartition, offset: int) -> bool:
        return self.ours

    async def remembered(self, tp: TopicPartition) -> int | None:
        self.meanwhile()
        return self.hint

    def fetch(self, most: int = 1000) -> Chunk:
        start = self.position
        self.position = min(len(self.log), start + most)
        records = [
            SimpleNamespace(offset=offset, key=b"w", value=self.log[offset], timestamp=0, headers=())
            for offset in range(start, self.position)
        ]
        return Chunk(TP, cast(Any, records), self.position, self.epochs)


LONG_AFTER_US = 3_600_000_000
"""The clock of a bench, whose records were appended at 0: a backlog."""


class Bench:
    """One lane with its ledger and source."""

    def __init__(
        self,
        chunk_records: int = 5,
        toy: type[CountWords] = CountWords,
        now_us: int = LONG_AFTER_US,
        sink: Sink | None = None,
        turn: asyncio.Lock | None = None,
    ) -> None:
        self.ledger = MemoryLedger()
        self.source = MemorySource()
        self.failures: list[str] = []
        self.rules = rules = LaneRules(
            chunk_records, 0.0, asyncio.Semaphore(1), asyncio.Semaphore(1), turn or asyncio.Lock(), self.failures.append
        )
        spec = StageSpec(Stage.OBSERVE, lambda partition: toy(partition, VALUES))
        self.lane = Lane(spec, TP, cast(Ledger, self.ledger), self.source, ManualClock(now_us), sink, rules)

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not true():
                if (
                    self.lane.phase is Phase.RUNNING
                    and not self.source.paused
                    and self.source.position < len(self.source.log)
                ):
                    self.lane.accept(self.source.fetch(3))
                await asyncio.sleep(0)

    @property
    def totals(self) -> list[int]:
        return [int(send.value) for send in self.ledger.sends if send.topic is VALUES]
