"""A Faust transport whose unit is the chunk: all records fetched for one partition arrive as one Faust message.

Faust 0.15.3's own driver makes two tasks and several objects per record, and its commits, pauses, seeks and recovery
follow rules that lose or repeat records (DESIGN section 6). This consumer keeps Faust's road from topic to agent
(conductor, channel, stream) and does the rest itself with aiokafka's public calls, in the event loop of the agents:
a loop that hangs then stops its heartbeats too, and the group gives its partitions to a worker that lives.

What must hold, and what breaks otherwise:
- A chunk carries the epoch (number of seeks) it was fetched in, read in the same breath as the fetch: no `await`
  between `getmany` and the copy of the epochs. Else a chunk from before a seek counts as one from after it, and records
  are lost or counted twice (test_lanes: a chunk fetched before the last seek is dropped).
- A new partition is paused until its lane has restored and sought, and between the seek and the lane's phase RUNNING
  nothing is awaited. Else what comes meanwhile is dropped as not running, and is missing, because aiokafka's position
  has gone on (test_lanes: what is fetched before a lane runs is fetched again).
- A chunk may be empty: the position moved over commit markers. Else a stage behind a transactional producer is never
  caught up, and time stands still for it.
- Pauses are aiokafka's own. Unread data of one partition would hold up the fetches of all others on that broker for
  100 ms. What is on its way at a pause is thrown away and fetched again: hence the two marks of `streams.inbox`.
- Listeners let nothing escape: aiokafka 0.14 logs what they raise, and the worker would own partitions and idle.

Static membership (`group.instance.id`) is left out on purpose. aiokafka 0.14 does not send the id with heartbeats and
commits and knows no FENCED_INSTANCE_ID, so two workers with one id would not be told; and a worker that ends would
leave its partitions unserved for a session, where now those that stay keep their state and go on at once.
"""

# mypy: allow-subclassing-any, allow-untyped-decorators
import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import CommitFailedError, ConsumerStoppedError, IllegalStateError, KafkaError
from faust.transport import base
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, Message
from mode import Service

from streams.batches import fetch_bare
from streams.core.stage import Record

log = logging.getLogger("streams")

FETCH_WAIT_MS = 50
"""The broker answers an idle fetch after this long; Faust's 1,500 ms would delay pauses and seeks by as much."""
POLL_MS = 200
METADATA_MS = 10_000
FETCH_BYTES = 1 << 20
"""Of one partition per fetch; with the lane's buffer it bounds memory."""
HINT_ANSWER_S = 30.0
"""A lane asks for its hint when it has restored: giving up would drop the state and restore it again."""
HINT_S = 5.0
"""Seconds between commits of group offsets, which only tell lag tools where we are."""


class Chunk(NamedTuple):
    """All records one fetch brought for a partition, and the offset after them and the commit markers behind."""

    tp: TopicPartition
    records: Sequence[Record]
    position: int
    epoch: int


class Owner(Protocol):
    """Who is told about the partitions this worker gets and loses (streams.agents)."""

    async def revoked(self) -> None:
        """Every partition is being taken away; returns when nothing of them is in flight."""
        ...

    async def assigned(self, tps: Iterable[TopicPartition], generation: int) -> None:
        """These partitions are ours in this generation of the group; may not wait for a restore."""
        ...

    def offsets(self) -> dict[TopicPartition, int]:
        """Next offset of every partition, as a hint for lag tools."""
        ...


class _Listener(ConsumerRebalanceListener):
    def __init__(self, consumer: "ChunkConsumer") -> None:
        self._consumer = consumer

    # aiokafka 0.14 logs what these raise and goes on; the worker would own partitions and do nothing.

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        try:
            await self._consumer.on_revoked()
        except Exception as error:
            await self._consumer.crash(error)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        try:
            await self._consumer.on_assigned(set(assigned))
        except Exception as error:
            await self._consumer.crash(error)


class ChunkConsumer(faust_consumer.Consumer):
    """Faust's consumer over one aiokafka consumer. The app sets `options` and `owner` before it starts."""

    options: dict[str, Any]
    owner: Owner

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._kafka: AIOKafkaConsumer | None = None
        self._subscribed = asyncio.Event()
        self._epochs: dict[TopicPartition, int] = defaultdict(int)
        self._positions: dict[TopicPartition, int] = {}
        self._ends: dict[TopicPartition, int] = {}
        self.fetched_at = 0.0
        super().__init__(*args, **kwargs)

    # -- what a lane needs of its source partition

    @property
    def kafka(self) -> AIOKafkaConsumer:
        """The aiokafka consumer; only while the service runs."""
        assert self._kafka is not None
        return self._kafka

    def epoch(self, tp: TopicPartition) -> int:
        """Number of seeks so far: a chunk with another one was fetched before the last seek and must be dropped."""
        return self._epochs[tp]

    async def seek(self, tp: TopicPartition, offset: int | None) -> int:
        """Goes on reading from `offset` (None: the beginning); the offset it reads from.

        Raises:
            KafkaError: the partition is not ours any more, or the cluster does not answer.
        """
        first: int = (await self.kafka.beginning_offsets([tp]))[tp]
        if offset is not None and offset < first:
            log.error("%s: %d records were deleted by retention before they were read", _name(tp), first - offset)
        start = first if offset is None else max(offset, first)
        self.kafka.seek(tp, start)
        self._epochs[tp] += 1
        self._positions[tp] = start
        self.kafka.resume(tp)
        return start

    def pause(self, tp: TopicPartition) -> None:
        """Stops fetching from a partition, in earnest: what is on its way is fetched again after `resume`."""
        if tp in self.kafka.assignment():
            self.kafka.pause(tp)

    def resume(self, tp: TopicPartition) -> None:
        """Fetches from a partition again."""
        if tp in self.kafka.assignment():
            self.kafka.resume(tp)

    def end(self, tp: TopicPartition) -> int | None:
        """The partition's end offset as of the last fetch or look; None before the first."""
        if tp not in self.kafka.assignment():
            return None
        end: int | None = self.kafka.highwater(tp)
        # A paused partition is not fetched: without looking, its lag would stand still while it grows.
        return end if end is None else max(end, self._ends.get(tp, 0))

    async def is_ours(self, tp: TopicPartition, offset: int) -> bool:
        """Whether the group still counts this worker as the partition's owner, asked of its coordinator.

        Raises:
            KafkaError, TimeoutError: the coordinator does not answer.
        """
        try:
            # A commit carries member and generation; the coordinator refuses it from anyone but the current owner.
            await asyncio.wait_for(self.kafka.commit({tp: offset}), 5.0)
        except (CommitFailedError, IllegalStateError):
            return False
        return True

    async def remembered(self, tp: TopicPartition) -> int | None:
        """The offset last committed as a hint, by whoever owned the partition; None where there is none.

        Raises:
            KafkaError, TimeoutError: the coordinator does not answer.
        """
        offset: int | None = await asyncio.wait_for(self.kafka.committed(tp), HINT_ANSWER_S)
        return offset

    # -- group membership

    async def on_start(self) -> None:
        """Joins no group yet: `subscribe` does."""
        self._kafka = AIOKafkaConsumer(
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=FETCH_WAIT_MS,
            max_partition_fetch_bytes=FETCH_BYTES,
            # Each topic is spread evenly by itself; retained lanes (streams.agents) do what stickiness would.
            partition_assignment_strategy=[RoundRobinPartitionAssignor],
            max_poll_interval_ms=600_000,
            # The group's leader looks this often whether topics have become visible that it could not assign before.
            metadata_max_age_ms=METADATA_MS,
            **self.options,
        )
        self.loop.set_exception_handler(on_loop_exception)
        await self._kafka.start()
        if not fetch_bare(self._kafka):
            log.warning("this aiokafka hides its fetched batches (expected 0.14): fetching costs twice as much CPU")

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Joins the group (called by Faust's conductor once the agents are up)."""
        self.kafka.subscribe(topics=list(topics), listener=_Listener(self))
        self._subscribed.set()

    async def on_revoked(self) -> None:
        """The group rebalances: nothing fetched before may be processed after."""
        for tp in self._epochs:
            self._epochs[tp] += 1
        self._positions.clear()
        self._ends.clear()
        await self.owner.revoked()

    async def on_assigned(self, tps: set[TopicPartition]) -> None:
        """New partitions, paused until their lanes have restored and sought."""
        if tps:
            self.kafka.pause(*tps)
        # Faust builds its map from partition to channel here (transport/conductor.py, 0.15.3).
        await self.app.topics.on_partitions_assigned({TP(tp.topic, tp.partition) for tp in tps})
        # aiokafka 0.14 tells the generation nowhere public; Faust 0.15.3 reads it the same way.
        await self.owner.assigned(tps, self.kafka._coordinator.generation)

    async def on_stop(self) -> None:
        """Leaves the group, so that the others need not wait for the session to time out."""
        if self._kafka is not None:
            try:
                await asyncio.wait_for(self._kafka.stop(), 3.0)
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("left the group without a goodbye: %s", error or type(error).__name__)

    # -- fetching

    @Service.task
    async def _fetch(self) -> None:
        await self._subscribed.wait()
        while not self.should_stop:
            try:
                fetched = await self.kafka.getmany(timeout_ms=POLL_MS)
            except ConsumerStoppedError:
                return
            # No await between the fetch and this line: a seek in between would make old records look new.
            epochs = dict(self._epochs)
            self.fetched_at = self.loop.time()
            for tp, before in list(self._positions.items()):
                try:
                    position = await self.kafka.position(tp)  # does not wait where a seek has set it
                except IllegalStateError:
                    continue  # not ours any more
                # Without records it moved over commit markers: the lane must know, to see that it is at the end.
                if (tp in fetched or position != before) and epochs[tp] == self._epochs[tp]:
                    self._positions[tp] = position
                    await self._deliver(Chunk(tp, fetched.get(tp, ()), position, epochs[tp]))
            # getmany() returns without yielding while data is at hand.
            await asyncio.sleep(0)

    async def _deliver(self, chunk: Chunk) -> None:
        tp = TP(chunk.tp.topic, chunk.tp.partition)
        message = Message(
            tp.topic,
            tp.partition,
            -1,
            0.0,
            0,
            None,
            None,
            chunk,
            None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )
        # Faust 0.15.3 neither tracks nor commits a message that says it is done: the offset row decides, not acks.
        message.acked = message.tracked = True
        await self.callback(message)

    @Service.task
    async def _commit_handler(self) -> None:
        """Instead of Faust's commits: hints for lag tools, and where the partitions end by now."""
        while not self.should_stop:
            await self.sleep(HINT_S)
            await self.commit_hints()
            await self._look_at_ends()

    async def _look_at_ends(self) -> None:
        """Failure means nothing: the next look will tell."""
        try:
            ends = await asyncio.wait_for(self.kafka.end_offsets(list(self.kafka.assignment())), 2.0)
        except (KafkaError, TimeoutError):
            log.debug("end offsets not known")
        else:
            self._ends = {tp: end for tp, end in ends.items() if tp in self.kafka.assignment()}

    async def commit_hints(self) -> None:
        """Commits the lanes' offsets to the group; failure means nothing."""
        offsets = {tp: offset for tp, offset in self.owner.offsets().items() if tp in self.kafka.assignment()}
        if offsets:
            try:
                await asyncio.wait_for(self.kafka.commit(offsets), 2.0)
            except (KafkaError, TimeoutError):
                log.debug("group offsets not committed")

    @Service.task
    async def _commit_livelock_detector(self) -> None:
        """Instead of Faust's: streams.health watches progress."""

    # -- the rest of Faust's interface

    def assignment(self) -> set[TP]:
        """Partitions of this worker."""
        return set() if self._kafka is None else {TP(tp.topic, tp.partition) for tp in self._kafka.assignment()}

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)

    def on_buffer_full(self, tp: TP) -> None:
        """Lanes pause their partition themselves."""

    def on_buffer_drop(self, tp: TP) -> None:
        """Lanes resume their partition themselves."""

    async def wait_empty(self) -> None:
        """Lanes finish their own chunk."""

    async def commit(self, *args: Any, **kwargs: Any) -> bool:
        """Nothing: the offset rows are the commits."""
        return False


# Faust 0.15.3 also asks for record-by-record calls (getmany, seek_to_committed ...) that nothing running here uses.
ChunkConsumer.__abstractmethods__ = frozenset()


class ChunkTransport(base.Transport):
    """Faust transport with the chunk consumer. The producer is Faust's own and stays idle: lanes have theirs."""

    Consumer = ChunkConsumer
    Producer = driver.Producer
    default_port = 9092
    driver_version = driver.Transport.driver_version


def on_loop_exception(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """asyncio's own handler, but for commits of group offsets that were given up waiting for.

    aiokafka 0.14 shields the request of a commit: it outlives the wait, and its failure would be logged with a
    traceback as one that nobody took. Whoever asked has said already that there was no answer.
    """
    task = context.get("future")
    name = getattr(task.get_coro(), "__qualname__", None) if isinstance(task, asyncio.Task) else None
    if name == "GroupCoordinator._do_commit_offsets":
        log.debug("group offsets not committed: %s", context.get("exception"))
    else:
        loop.default_exception_handler(context)


def _name(tp: TopicPartition) -> str:
    return f"{tp.topic}/{tp.partition}"
