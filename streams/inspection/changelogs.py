"""The changelogs of the stages on the cluster, read to their end as of now beside the workers that write them.

No group and no producer: looking at a partition never takes it from its worker.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from schemas.topics import CHANGELOGS, SOURCES, Stage
from streams.cluster import connection
from streams.inspection.asked import Asked
from streams.inspection.holdings import Held, Judged, judged, linked, observed
from streams.restoring import Progress
from streams.settings import Settings
from streams.tables import Ledger

CONNECT_S = 8.0
SILENT_S = 15.0
"""A broker that sends nothing for so long, although there is more to read, is lost."""

Known = TypeVar("Known", Held, Judged)


class StateError(Exception):
    """The state cannot be read; one sentence."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a partition of a stage stands: the next source offset (None: the first), the end of the source as of the
    read, live rows of the changelog, and what is wrong with them against the seal of the last commit."""

    partition: int
    offset: int | None
    begin: int
    end: int
    rows: int
    fault: str | None

    @property
    def lag(self) -> int:
        """Offsets to the end. Behind transactions their markers are among them, so that 1 or 2 may mean nothing."""
        return max(0, self.end - (self.begin if self.offset is None else self.offset))


@dataclass(frozen=True, slots=True)
class Found:
    """All that was asked: each partition of OBSERVE, of LINK where the KPI counts distinct keys, and one of JUDGE."""

    asked: Asked
    observe: tuple[tuple[Place, Held], ...]
    link: tuple[tuple[Place, Held], ...]
    judge: tuple[Place, Judged]

    @property
    def is_empty(self) -> bool:
        """Whether no stage knows of the KPI and subject."""
        judge = self.judge[1]
        known = [held for _, held in (*self.observe, *self.link)]
        return not (
            any(held.periods or held.hours for held in known)
            or judge.periods
            or judge.hours
            or judge.rows
            or judge.alerts
            or judge.baseline
        )


async def find(settings: Settings, asked: Asked) -> Found:
    """Reads what there is, one partition after another; a worker may go on meanwhile.

    Raises:
        StateError: the cluster does not answer, or has other topics than the settings say.
    """
    brokers = f"Kafka at {', '.join(settings.broker_url)}"
    try:
        async with asyncio.timeout(CONNECT_S):
            await check_topics(settings, brokers)
    except (KafkaError, OSError, TimeoutError) as error:
        hint = "is it running, and is its address right (--broker, KPI_BROKER_URL)?"
        raise StateError(f"{brokers} does not answer; {hint}") from error
    try:
        return await _find(settings, asked, brokers)
    except (KafkaError, OSError, TimeoutError) as error:
        raise StateError(f"{brokers}: {str(error).rstrip('.') or type(error).__name__}") from error


async def _find(settings: Settings, asked: Asked, brokers: str) -> Found:
    consumer = AIOKafkaConsumer(**connection(settings), group_id=None, isolation_level="read_committed")
    await consumer.start()

    async def one(
        stage: Stage, partition: int, known: Callable[[Asked, Mapping[bytes, bytes]], Known]
    ) -> tuple[Place, Known]:
        changelog = TopicPartition(settings.topic(CHANGELOGS[stage].name), partition)
        ledger = Ledger(connection(settings), changelog, None, 0, settings.topic_prefix, settings.partitions)
        restored, fault = await ledger.look(Patience(brokers))
        # after the changelog, so that no offset lies behind the end
        source = TopicPartition(settings.topic(SOURCES[stage].name), partition)
        begin = (await consumer.beginning_offsets([source]))[source]
        end = (await consumer.end_offsets([source]))[source]
        place = Place(partition, restored.offset, begin, end, len(restored.rows), fault)
        return place, known(asked, restored.rows)

    try:
        every = range(settings.partitions)
        return Found(
            asked,
            tuple([await one(Stage.OBSERVE, partition, observed) for partition in every]),
            tuple([await one(Stage.LINK, partition, linked) for partition in every if asked.plan.linked]),
            await one(Stage.JUDGE, asked.judge_partition, judged),
        )
    finally:
        await consumer.stop()


async def check_topics(settings: Settings, brokers: str) -> None:
    """Raises StateError where the cluster has not the topics that the settings say."""
    # All topics are listed: asking for one by name would make some brokers create it.
    admin = AIOKafkaAdminClient(**connection(settings))
    try:
        await admin.start()
        topics = {topic["topic"]: topic for topic in await admin.describe_topics()}
    finally:
        await admin.close()
    for stage in (Stage.OBSERVE, Stage.LINK, Stage.JUDGE):
        for name in (settings.topic(SOURCES[stage].name), settings.topic(CHANGELOGS[stage].name)):
            if name not in topics:
                raise StateError(f"{brokers} has no topic {name} (KPI_TOPIC_PREFIX)")
            partitions = len(topics[name]["partitions"])
            if partitions != settings.partitions:
                raise StateError(
                    f"topic {name} has {partitions} partitions, expected {settings.partitions} (KPI_PARTITIONS)"
                )


class Patience(Progress):
    """Ends a read in which nothing comes any more."""

    def __init__(self, brokers: str) -> None:
        super().__init__("kpi state", asyncio.get_running_loop().time)
        self._clock = asyncio.get_running_loop().time
        self._heard = self._clock()
        self._brokers = brokers

    def at(self, rows: int, share: float) -> None:
        """So far it is."""
        if rows != self.rows:
            self.rows, self._heard = rows, self._clock()
        elif self._clock() - self._heard > SILENT_S:
            raise StateError(f"{self._brokers} stopped answering")
