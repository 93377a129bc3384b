"""The moving parts of `kpi demo`: how its time runs, how its events reach the broker, and who hears of its past."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from aiokafka import AIOKafkaProducer

from schemas.events.envelope import encode
from schemas.events.times import parse_us
from schemas.topics import EVENTS, Stage
from streams.app import Worker
from streams.clock import Pace, PacedClock
from streams.cluster import connection
from streams.core.calendar import WorkingTime
from streams.core.stage import Delivered, Delivery
from streams.settings import Settings
from streams.simulation.generate import Arrival
from streams.sinks.sink import Sink

HOUR_US = 3_600_000_000
NIGHT_S = 6.0
"""Wall seconds for which a night, a weekend or Tết lasts."""
LEAST_NIGHT_US = 4 * HOUR_US
EARLY_US = HOUR_US // 4
"""The clock slows down so long before work begins, and speeds up so long after it has ended."""
STEP_S = 0.05
MAX_UNREAD_BYTES = 2 << 20
"""Of one partition: the embedded broker forgets the oldest records from 5 MiB on."""
MAX_LAG_RECORDS = 100
"""Of an inner topic, whose records are bigger."""
BATCH = 500
QUIET_LOOKS = 4
"""All partitions are read to their end so many times in a row before the past counts as told."""


def pace_of(working: WorkingTime, speed: float) -> Pace:
    """`speed` while people work and over lunch; every night and weekend takes NIGHT_S seconds of wall time."""

    def pace(time_us: int) -> tuple[float, int]:
        opens_us = working.next_open(time_us + EARLY_US)
        if opens_us is None:
            return speed, time_us + 24 * HOUR_US
        if opens_us > time_us + LEAST_NIGHT_US and not working.is_open(time_us - EARLY_US):
            until_us = opens_us - EARLY_US
            return max(speed, (until_us - time_us) / (NIGHT_S * 1_000_000)), until_us
        return speed, time_us + EARLY_US

    return pace


class Feeder:
    """Sends arrivals: those before `live_us` as fast as they are read; then the clock runs and the rest keep time.

    `told` hears the number of past events when they have been read.
    """

    def __init__(
        self,
        settings: Settings,
        arrivals: Iterable[Arrival],
        live_us: int,
        clock: PacedClock,
        worker: Worker,
        told: Callable[[int], None],
    ) -> None:
        self._settings = settings
        self._arrivals = iter(arrivals)
        self._live_us = live_us
        self._clock = clock
        self._worker = worker
        self._told = told
        self._unread: dict[int, deque[tuple[int, int]]] = {}
        self.sent = 0

    async def run(self) -> None:
        """Sends until cancelled.

        Raises:
            KafkaError: the broker does not take events.
        """
        producer = AIOKafkaProducer(**connection(self._settings), linger_ms=5, max_batch_size=1 << 18)
        await producer.start()
        try:
            first = await self._tell_past(producer)
            await self._until_read()
            self._clock.run()
            self._told(self.sent)
            await self._go_on(producer, first)
        finally:
            await producer.stop()

    async def _tell_past(self, producer: AIOKafkaProducer) -> Arrival:
        """Sends what arrived before the clock runs; gives the first arrival after that."""
        batch: list[Arrival] = []
        for arrival in self._arrivals:
            if arrival.at_us >= self._live_us:
                await self._send(producer, batch)
                return arrival
            batch.append(arrival)
            if len(batch) == BATCH:
                await self._send(producer, batch)
                await self._room()
                batch = []
        raise AssertionError("the simulation has no end")

    async def _until_read(self) -> None:
        """Waits until the worker has read everything, down to the last stage."""
        looks = 0
        while looks < QUIET_LOOKS:
            await asyncio.sleep(2 * STEP_S)
            lanes = list(self._worker.lanes)
            read = bool(lanes) and all(lane.state is not None and lane.lag_records == 0 for lane in lanes)
            looks = looks + 1 if read else 0

    async def _go_on(self, producer: AIOKafkaProducer, waiting: Arrival) -> None:
        while True:
            until_us = self._clock.ahead_us()
            batch: list[Arrival] = []
            while waiting.at_us <= until_us and len(batch) < BATCH:
                batch.append(waiting)
                waiting = next(self._arrivals)
            await self._send(producer, batch)
            self._clock.allow(min(until_us, waiting.at_us))
            await self._room()
            await asyncio.sleep(STEP_S)

    async def _send(self, producer: AIOKafkaProducer, batch: list[Arrival]) -> None:
        sends = []
        for _, event in batch:
            value = encode(event)
            sends.append(
                (len(value), await producer.send(self._settings.topic(EVENTS.name), value, key=event.subject.encode()))
            )
        for size, acknowledged in sends:
            record = await acknowledged
            self._unread.setdefault(record.partition, deque()).append((record.offset, size))
        self.sent += len(batch)

    async def _room(self) -> None:
        """Waits while a partition holds too much that the worker has not read."""
        while self._is_full():  # noqa: ASYNC110 - lanes tell nobody how far they are
            await asyncio.sleep(STEP_S)

    def _is_full(self) -> bool:
        inner = (lane.lag_records or 0 for lane in self._worker.lanes if lane.spec.stage is not Stage.OBSERVE)
        return any(unread > MAX_UNREAD_BYTES for unread in self._unread_bytes()) or any(
            lag > MAX_LAG_RECORDS for lag in inner
        )

    def _unread_bytes(self) -> Iterator[int]:
        read = {lane.tp.partition: lane.offset for lane in self._worker.lanes if lane.spec.stage is Stage.OBSERVE}
        for partition, records in self._unread.items():
            while records and records[0][0] < read.get(partition, 0):
                records.popleft()
            yield sum(size for _, size in records)


class SinceSink:
    """Hands on what happened from an instant on; the simulated past concerns nobody any more."""

    def __init__(self, sink: Sink, since_us: int) -> None:
        self._sink = sink
        self._since_us = since_us

    async def deliver(self, delivery: Delivery) -> Delivered:
        """As the sink within; what is older counts as delivered."""
        alert = delivery.body["alert"]
        assert isinstance(alert, dict)
        if parse_us(str(alert["at"])) < self._since_us:
            return Delivered(delivery.id, None)
        return await self._sink.deliver(delivery)

    async def close(self) -> None:
        """Closes the sink within."""
        await self._sink.close()
