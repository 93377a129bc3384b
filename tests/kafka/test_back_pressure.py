"""What a worker holds while it cannot keep up stays bounded; what it cannot take stays on the broker."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer

from schemas.topics import NOTICES, VALUES, Stage
from streams.agents import DELIVERIES
from streams.app import Worker, build_app
from streams.clock import SystemClock
from streams.cluster import ensure_topics
from streams.core.notify import NotifyPartition, NotifyPolicy
from streams.core.stage import Delivered, Delivery, Now, Record, StageSpec, Step
from streams.inbox import FULL_BYTES, LEAST_RECORDS
from streams.lane_parts import Sink
from streams.settings import Settings, load_settings
from streams.transport import FETCH_BYTES
from tests.kafka.harness import PARTITIONS, Road
from tests.kafka.toys import CountWords
from tests.streams.sinks.examples import notice

VALUE = bytes(1024)
RECORDS = 40_000


class Slow(CountWords):
    """Takes so long for every chunk that chunks stay small, until it is let off the lead."""

    delay_s = 0.11

    def feed(self, records: Sequence[Record], now: Now) -> Step:
        time.sleep(self.delay_s)
        return super().feed(records, now)


class Hanging:
    """A sink that never answers."""

    def __init__(self) -> None:
        self.asked = 0

    async def deliver(self, delivery: Delivery) -> Delivered:
        self.asked += 1
        await asyncio.Event().wait()
        raise AssertionError


@asynccontextmanager
async def running(road: Road, spec: StageSpec, sink: Sink | None = None) -> AsyncIterator[Worker]:
    """A worker in this process, ready."""
    worker = build_app(settings_of(road), [spec], SystemClock(), sink)
    ends = asyncio.create_task(worker.run())
    await road.until(lambda: worker.health.snapshot().ready, 30, "readiness")
    try:
        yield worker
    finally:
        worker.stop()
        assert await ends == 0


def settings_of(road: Road) -> Settings:
    return load_settings(broker_url=road.broker, topic_prefix=f"{road.name}.", app_id=road.name)


async def most_buffered(worker: Worker, enough: Callable[[], bool], within_s: float) -> tuple[int, int]:
    """Greatest number of records, and of bytes, that one lane held until it was enough."""
    records = size = 0
    async with asyncio.timeout(within_s):
        while not enough():
            for lane in worker.lanes:
                records, size = max(records, lane.buffered[0]), max(size, lane.buffered[1])
            await asyncio.sleep(0.01)
    return records, size


def lag(worker: Worker) -> int:
    return sum(lane.lag_records or 0 for lane in worker.lanes)


def applied(state: CountWords) -> int:
    return state.counts()["applied",]


def taken(states: Sequence[NotifyPartition]) -> int:
    return sum(state.counts()["undeliverable",] + state.counts()["pending",] for state in states)


async def test_a_slow_stage_leaves_the_backlog_on_the_broker_and_takes_it_when_it_is_quick(
    road: Road, producer: AIOKafkaProducer
) -> None:
    states: list[Slow] = []

    def slow(partition: int) -> Slow:
        states.append(Slow(partition, VALUES))
        return states[-1]

    def fed() -> int:
        return sum(map(applied, states))

    await ensure_topics(settings_of(road))
    await road.produce(producer, [(f"w{number % 400}".encode(), VALUE) for number in range(RECORDS)])
    async with running(road, StageSpec(Stage.OBSERVE, slow)) as worker:
        held = await most_buffered(worker, lambda: fed() >= 100 * LEAST_RECORDS, 60)
        behind = lag(worker)
        await road.produce(producer, [(f"w{number}".encode(), b"more") for number in range(400)])
        await road.until(lambda: lag(worker) + fed() >= RECORDS + 400, 20, "lag of what came while it was paused")
        for state in states:
            state.delay_s = 0.0
        await most_buffered(worker, lambda: fed() == RECORDS + 400 and lag(worker) == 0, 60)

    assert behind > RECORDS * 0.95
    # Two chunks of the smallest size are much less than one fetch, so at most two fetches wait in a partition.
    assert 0 < held[1] <= 2 * FETCH_BYTES
    assert held[0] <= 2 * FETCH_BYTES // len(VALUE)


async def test_a_quick_stage_never_holds_more_than_its_inbox_and_a_fetch(
    road: Road, producer: AIOKafkaProducer
) -> None:
    states: list[CountWords] = []

    def quick(partition: int) -> CountWords:
        states.append(CountWords(partition, VALUES))
        return states[-1]

    async with running(road, StageSpec(Stage.OBSERVE, quick)) as worker:
        words = [(f"w{number % 400}".encode(), bytes(32 * 1024)) for number in range(4000)]
        await road.produce(producer, words)
        held = await most_buffered(worker, lambda: sum(map(applied, states)) == len(words), 60)

    assert 0 < held[1] <= FULL_BYTES + 2 * FETCH_BYTES


async def test_a_sink_that_hangs_holds_up_no_stage_and_fills_no_memory(road: Road, producer: AIOKafkaProducer) -> None:
    policy = NotifyPolicy(sinks=("chat-1",), max_pending=100)
    states: list[NotifyPartition] = []

    def notify(partition: int) -> NotifyPartition:
        states.append(NotifyPartition(partition, policy))
        return states[-1]

    sink = Hanging()
    async with running(road, StageSpec(Stage.NOTIFY, notify), sink) as worker:
        for number in range(4000):
            one = notice(fingerprint=f"f{number}", recipient=f"p{number % 50}")
            value = one.model_dump_json(by_alias=True).encode()
            await producer.send(road.topic(NOTICES.name), value, key=one.recipient.encode())
        await producer.flush()
        # Lag is none, too, before the worker has heard of the notices.
        await road.until(lambda: taken(states) == 4000 and sink.asked >= DELIVERIES, 60, "4000 notices taken")
        counts = [state.counts() for state in states]
        under_way, asked = sum(len(lane._deliveries._running) for lane in worker.lanes), sink.asked

    assert max(count["pending",] for count in counts) <= policy.max_pending
    assert under_way <= PARTITIONS * policy.in_flight_per_sink
    assert asked == DELIVERIES
