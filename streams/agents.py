"""The Faust agents, one per stage, and the lanes of the partitions this worker owns.

An agent receives chunks from Faust in order and hands each to the lane of its partition, which works while the agent
takes the next: partitions of a stage commit at the same time, each of them strictly in order.

Rebalances. On revocation every lane finishes its chunk and keeps its state; after the assignment the lanes that stay
go on at once, new ones restore, and the others let go. A state is kept only if no generation of the group was missed
in between, for then nobody else can have owned the partition.
"""

# mypy: allow-untyped-decorators
import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

import faust
from aiokafka import TopicPartition

from schemas.topics import CHANGELOGS, SOURCES, Stage
from streams.clock import Clock
from streams.cluster import Cluster, connection
from streams.core.stage import PartitionState, StageSpec
from streams.lane_parts import LaneRules, Phase, Sink, Source
from streams.lanes import Lane
from streams.metrics.timings import Timings
from streams.settings import Settings
from streams.tables import Ledger
from streams.transport import Chunk

log = logging.getLogger("streams")

HOLD_S = 3.0
"""A chunk at work gets this long to commit when its partition is revoked."""
RESUME_S = 10.0
RESTORES = 4
DELIVERIES = 8


class Resumed(StrEnum):
    """What became of a person's word to read a paused partition on."""

    DONE = "resumed"
    NOT_PAUSED = "not_paused"
    NOT_HERE = "not_here"
    """Another worker has the partition, or it is being restored."""
    NOT_YET = "not_yet"
    """Asked, and not committed within RESUME_S."""


class Lanes:
    """All lanes of this worker. `source` is set before the group is joined."""

    source: Source

    def __init__(
        self,
        settings: Settings,
        stages: Sequence[StageSpec],
        clock: Clock,
        sink: Sink | None,
        cluster: Cluster,
        fail: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._cluster = cluster
        self._clock = clock
        self._sink = sink
        self._specs = {settings.topic(SOURCES[spec.stage].name): spec for spec in stages}
        self._rules = LaneRules(
            settings.chunk_records,
            settings.chunk_ms / 1000,
            asyncio.Semaphore(RESTORES),
            asyncio.Semaphore(DELIVERIES),
            asyncio.Lock(),
            fail,
            lanes=lambda stage: sum(lane.spec.stage is stage for lane in self),
        )
        self._lanes: dict[TopicPartition, Lane] = {}
        self._generation = -1
        self._stopped = False
        self.rebalances = 0
        self.rebalancing = False

    @property
    def topics(self) -> Sequence[str]:
        """Source topics on the cluster, in the order of the road."""
        return tuple(self._specs)

    def __iter__(self) -> Iterator[Lane]:
        return iter(tuple(self._lanes.values()))

    def __len__(self) -> int:
        return len(self._lanes)

    def states(self) -> Mapping[tuple[Stage, int], PartitionState]:
        """Live states by stage and partition; those being restored are left out."""
        return {
            (lane.spec.stage, tp.partition): lane.state for tp, lane in self._lanes.items() if lane.state is not None
        }

    @property
    def timings(self) -> Timings:
        """Durations and sizes by stage since the worker started, for metrics."""
        return self._rules.timings

    def accept(self, chunk: Chunk) -> None:
        """Hands a chunk to its lane; one of a partition no longer owned is dropped (its next owner reads it)."""
        lane = self._lanes.get(chunk.tp)
        if lane is not None:
            lane.accept(chunk)

    def offsets(self) -> dict[TopicPartition, int]:
        """Next offset of every partition."""
        return {tp: lane.hint for tp, lane in self._lanes.items() if lane.hint is not None}

    async def resume(self, partition: int, accept: int) -> Resumed:
        """Reads a paused partition of kpi.events on, the next `accept` records unjudged; back once it is committed."""
        tp = TopicPartition(self._settings.topic(SOURCES[Stage.OBSERVE].name), partition)
        lane = self._lanes.get(tp)
        if lane is None or lane.phase is not Phase.RUNNING:
            return Resumed.NOT_HERE
        if not lane.gate.is_shut:
            return Resumed.NOT_PAUSED
        try:
            await asyncio.wait_for(asyncio.shield(lane.gate.ask(accept)), RESUME_S)
        except TimeoutError:
            return Resumed.NOT_YET
        return Resumed.DONE

    async def revoked(self) -> None:
        """Holds every lane."""
        self.rebalancing = True
        await asyncio.gather(*(lane.hold(HOLD_S) for lane in self._lanes.values()))

    async def assigned(self, tps: Iterable[TopicPartition], generation: int) -> None:
        """Keeps, opens and lets go of lanes; restores run on by themselves."""
        wanted = set(tps)
        successive = generation == self._generation + 1
        kept = {tp for tp, lane in self._lanes.items() if successive and tp in wanted and lane.phase is Phase.HELD}
        gone = [tp for tp in self._lanes if tp not in kept]
        await asyncio.gather(*(self._lanes.pop(tp).stop(HOLD_S) for tp in gone))
        if self._stopped:  # meanwhile: a lane started now would never be stopped
            return
        for tp in sorted(wanted):
            lane = self._lanes.get(tp)
            if lane is None:
                lane = self._lanes[tp] = self._lane(tp)
            lane.start()
        self._generation = generation
        self.rebalances += 1
        self.rebalancing = False
        log.info(
            "assigned %s (%d kept, %d let go)",
            _listed(wanted) or "no partition: the group has more workers than partitions",
            len(kept),
            len(set(gone) - wanted),
        )

    async def stop(self, within_s: float) -> None:
        """Finishes what is at work and lets go of everything; an assignment that comes later is ignored."""
        self._stopped = True
        await asyncio.gather(*(lane.stop(within_s) for lane in self._lanes.values()))

    def _lane(self, tp: TopicPartition) -> Lane:
        settings = self._settings
        spec = self._specs[tp.topic]
        changelog = TopicPartition(settings.topic(CHANGELOGS[spec.stage].name), tp.partition)
        transactional_id = f"{settings.app_id}-{tp.topic}-{tp.partition}" if self._cluster.transactions else None
        ledger = Ledger(
            connection(settings),
            changelog,
            transactional_id,
            settings.session_timeout_s,
            settings.topic_prefix,
            settings.partitions,
        )
        return Lane(spec, tp, ledger, self.source, self._clock, self._sink, self._rules)


def _listed(tps: Iterable[TopicPartition]) -> str:
    by_topic: dict[str, list[str]] = {}
    for tp in sorted(tps):
        by_topic.setdefault(tp.topic, []).append(str(tp.partition))
    return ", ".join(f"{topic} {'+'.join(partitions)}" for topic, partitions in by_topic.items())


def add_agents(app: faust.App, lanes: Lanes) -> None:
    """Registers one Faust agent for each stage's source topic."""
    for topic in lanes.topics:
        # raw: the message's value is a Chunk already, and stays one.
        channel = app.topic(topic, key_serializer="raw", value_serializer="raw", value_type=None, acks=False)
        app.agent(channel, name=topic)(_hand_over(lanes))


def _hand_over(lanes: Lanes) -> Callable[[Any], Any]:
    async def hand_over(chunks: Any) -> None:
        async for chunk in chunks:
            lanes.accept(chunk)

    return hand_over
