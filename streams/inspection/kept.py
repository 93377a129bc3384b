"""What an explanation begins with, from the changelogs on Kafka: the kept events of all partitions, and the value."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from schemas.topics import CHANGELOGS, Stage
from schemas.values import Value
from streams.cluster import connection
from streams.core.amendments import SETTLED
from streams.core.explain.evidence import Kept, of_types, types_of
from streams.core.judge import Judge
from streams.core.observe import META, Observe
from streams.core.retained import EVENT
from streams.core.windows import Window
from streams.inspection.asked import Asked
from streams.inspection.changelogs import CONNECT_S, Patience, StateError, check_topics
from streams.settings import Settings
from streams.tables import Ledger

WANTED = (EVENT.encode(), SETTLED.encode(), META.encode())
KEY_HEAD = 9
"""The name of a row's table is within the first bytes of its key."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Of all partitions of OBSERVE, and of the subject's of JUDGE; `faults` are changelogs that are not whole."""

    kept: tuple[Kept, ...]
    judge: Judge
    faults: tuple[str, ...]

    @property
    def clock_us(self) -> int | None:
        """How far the state has come."""
        marks = [part.watermark_us for part in self.kept if part.watermark_us is not None]
        return self.judge.clock_us or (max(marks) if marks else None)

    def published(self, asked: Asked, window: Window) -> Value | None:
        """The row of a period."""
        return self.judge.value(asked.kpi, asked.name, window.id)


async def read_kept(settings: Settings, asked: Asked) -> Stored:
    """Reads the changelogs to their end as of now, beside the workers that write them.

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
        return await _read(settings, asked, brokers)
    except (KafkaError, OSError, TimeoutError) as error:
        raise StateError(f"{brokers}: {str(error).rstrip('.') or type(error).__name__}") from error


async def _read(settings: Settings, asked: Asked, brokers: str) -> Stored:
    faults: list[str] = []

    async def rows(stage: Stage, partition: int) -> Mapping[bytes, bytes]:
        changelog = TopicPartition(settings.topic(CHANGELOGS[stage].name), partition)
        ledger = Ledger(connection(settings), changelog, None, 0, settings.topic_prefix, settings.partitions)
        restored, fault = await ledger.look(Patience(brokers))
        if fault is not None:
            faults.append(fault)
        return restored.rows

    kept = [kept_of(asked, part, await rows(Stage.OBSERVE, part)) for part in range(settings.partitions)]
    judge = judge_of(asked, await rows(Stage.JUDGE, asked.judge_partition))
    return Stored(tuple(kept), judge, tuple(faults))


def kept_of(asked: Asked, partition: int, stored: Mapping[bytes, bytes]) -> Kept:
    """The events of a partition of OBSERVE that may matter, from its rows."""
    state = Observe(asked.spec.observe, partition)
    for key, value in _heads(stored):
        state.load(key, value)
    state.ready()
    events = of_types(state.kept(), types_of(asked.spec, asked.kpi))
    return Kept(partition, events, state.watermark_us, dict(state.counts()), state.first_us)


def judge_of(asked: Asked, stored: Mapping[bytes, bytes]) -> Judge:
    """A state of JUDGE of its own, from the rows of the subject's partition."""
    judge = Judge(asked.spec, asked.judge_partition)
    for key, value in stored.items():
        judge.load(key, value)
    judge.ready()
    return judge


def _heads(stored: Mapping[bytes, bytes]) -> Iterable[tuple[bytes, bytes]]:
    return ((key, row) for key, row in stored.items() if any(name in key[:KEY_HEAD] for name in WANTED))
