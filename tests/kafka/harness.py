"""What the Kafka tests do to workers and topics: start, stop and kill processes, produce, and read back."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

ROOT = Path(__file__).parents[2]
SESSION_S = 6
PARTITIONS = 4


class Road:
    """One test's own topics (by prefix), app id and workers."""

    def __init__(self, broker: str, name: str, logs: Path) -> None:
        self.broker = broker
        self.name = name
        self._logs = logs
        self._workers: list[subprocess.Popen[bytes]] = []

    def topic(self, name: str) -> str:
        return f"{self.name}.{name}"

    def environment(self, **changes: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KPI_")}
        ours = {
            "KPI_BROKER_URL": self.broker,
            "KPI_TOPIC_PREFIX": f"{self.name}.",
            "KPI_APP_ID": self.name,
            "KPI_SESSION_TIMEOUT_S": str(SESSION_S),
        }
        return kept | ours | changes

    def start(self, stages: str, **changes: str) -> subprocess.Popen[bytes]:
        """Starts a worker process over toy stages."""
        return self.start_process([sys.executable, "-m", "tests.kafka.run_worker", stages], **changes)

    def start_process(self, command: Sequence[str], **changes: str) -> subprocess.Popen[bytes]:
        """Starts a process that ends with the test; its output goes to `log_of`."""
        path = self._logs / f"worker-{len(self._workers)}.log"
        with path.open("wb") as log:
            worker = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment(**changes),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._workers.append(worker)
        return worker

    def log_of(self, worker: subprocess.Popen[bytes]) -> str:
        return (self._logs / f"worker-{self._workers.index(worker)}.log").read_text()

    def logs(self) -> str:
        return "\n".join(f"--- {path.name}\n{path.read_text()}" for path in sorted(self._logs.glob("worker-*.log")))

    async def ended(self, worker: subprocess.Popen[bytes], within_s: float) -> int:
        """Exit status of a worker that ends by itself."""
        return await asyncio.wait_for(asyncio.to_thread(worker.wait), within_s)

    async def stop(self, worker: subprocess.Popen[bytes], within_s: float = 5.0) -> int:
        """SIGTERM, and the exit status, which must come soon."""
        worker.send_signal(signal.SIGTERM)
        return await self.ended(worker, within_s)

    def kill_all(self) -> None:
        for worker in self._workers:
            if worker.poll() is None:
                worker.kill()
                worker.wait()

    async def until_logged(self, worker: subprocess.Popen[bytes], text: str, within_s: float = 30.0) -> None:
        """Waits until a worker says something."""
        await self.until(lambda: text in self.log_of(worker), within_s, f"{text!r} in its log")

    async def until(self, true: Callable[[], bool], within_s: float, what: str) -> None:
        deadline = asyncio.get_running_loop().time() + within_s
        while not true():
            assert asyncio.get_running_loop().time() < deadline, f"no {what} within {within_s} s\n{self.logs()}"
            await asyncio.sleep(0.05)

    # -- topics

    async def produce(self, producer: AIOKafkaProducer, words: list[tuple[bytes, bytes]]) -> None:
        """Sends (key, value) records to the source topic of the first stage."""
        topic = self.topic("kpi.events")
        sent = [await producer.send(topic, value, key=key) for key, value in words]
        await producer.flush()
        await asyncio.gather(*sent)

    async def trickle(self, producer: AIOKafkaProducer, words: list[tuple[bytes, bytes]], batch: int = 500) -> None:
        """Sends records ten batches a second, so that workers are at work all the while."""
        for start in range(0, len(words), batch):
            await self.produce(producer, words[start : start + batch])
            await asyncio.sleep(0.1)

    async def read_until(
        self, name: str, enough: Callable[[list[ConsumerRecord]], bool], within_s: float
    ) -> list[ConsumerRecord]:
        """All committed records of a topic, once they are enough."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.broker, isolation_level="read_committed", auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            await self._exists(consumer, name)
            tps = [TopicPartition(self.topic(name), partition) for partition in range(PARTITIONS)]
            consumer.assign(tps)
            await consumer.seek_to_beginning(*tps)
            records: list[ConsumerRecord] = []
            deadline = asyncio.get_running_loop().time() + within_s
            while not enough(records):
                assert asyncio.get_running_loop().time() < deadline, f"{len(records)} records only\n{self.logs()}"
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    records += batch
            # What should not be there would come right behind.
            for batch in (await consumer.getmany(timeout_ms=300)).values():
                records += batch
            return records
        finally:
            await consumer.stop()

    async def _exists(self, consumer: AIOKafkaConsumer, name: str) -> None:
        for _ in range(100):
            if self.topic(name) in await consumer.topics():
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"no topic {name}\n{self.logs()}")


def totals(records: list[ConsumerRecord]) -> Counter[bytes]:
    """The last total of each key."""
    found: Counter[bytes] = Counter()
    for record in records:
        found[record.key] = int(record.value)
    return found


def check_every_total_came_once(records: list[ConsumerRecord]) -> None:
    """Running totals of a key must read 1, 2, 3 ...: a lost or repeated effect breaks the row."""
    seen: Counter[bytes] = Counter()
    for record in records:
        assert int(record.value) == seen[record.key] + 1, (record.key, record.value, seen[record.key])
        seen[record.key] += 1
