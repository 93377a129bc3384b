"""The real Kafka of a benchmark: topics, the events in them, and what a worker published.

By confluent-kafka (librdkafka), which takes the least of the cores that broker and contender need.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from deploy.kafka.broker import Broker
from schemas.topics import EVENTS
from tests.bench.expected import Expected
from tests.bench.workload import Workload

PATIENCE_S = 30.0
SILENT = {"log_level": 2}
"""librdkafka writes to stderr what it then retries."""
BATCH = 10_000


class Cluster:
    """One running broker."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.address = broker.address
        self._admin = AdminClient({"bootstrap.servers": self.address, **SILENT})

    @property
    def pid(self) -> int:
        """Process id of the broker."""
        return int((self.broker.data_dir / "pid").read_text())

    def create(self, topic: str, partitions: int, config: dict[str, str] | None = None) -> None:
        """Creates a topic and waits for it."""
        wanted = NewTopic(topic, num_partitions=partitions, replication_factor=1, config=config or {})
        for done in self._admin.create_topics([wanted]).values():
            done.result(PATIENCE_S)
        self.ends(topic, partitions)  # once its leaders are known

    def delete(self, topics: Iterable[str]) -> None:
        """Deletes topics and waits until nobody sees them any more."""
        names = list(topics)
        if not names:
            return
        for done in self._admin.delete_topics(names, operation_timeout=PATIENCE_S).values():
            done.result(PATIENCE_S)
        deadline = time.monotonic() + PATIENCE_S
        while set(names) & set(self.topics()) and time.monotonic() < deadline:
            time.sleep(0.1)

    def topics(self) -> list[str]:
        """Names of all topics but Kafka's own."""
        return [name for name in self._admin.list_topics(timeout=PATIENCE_S).topics if not name.startswith("__")]

    def fill(self, topic: str, partitions: int, workload: Workload) -> Expected:
        """Creates a topic with the events of a workload, keyed by entity as producers do; what they must come to."""
        self.create(topic, partitions, dict(EVENTS.config))
        expected = Expected(workload)
        producer = Producer(
            {
                "bootstrap.servers": self.address,
                **SILENT,
                "enable.idempotence": True,
                "partitioner": "murmur2_random",
                "linger.ms": 20,
                "batch.size": 512 * 1024,
                "queue.buffering.max.messages": 200_000,
            }
        )
        for happening in workload:
            expected.add(happening)
            while True:
                try:
                    producer.produce(topic, happening.value, happening.key)
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
        if producer.flush(PATIENCE_S):
            raise KafkaException(f"{topic}: events were not delivered within {PATIENCE_S:.0f} s")
        return expected

    def ends(self, topic: str, partitions: int) -> tuple[int, ...]:
        """End offset of every partition."""
        consumer = self._consumer()
        try:
            return tuple(self._end(consumer, TopicPartition(topic, number)) for number in range(partitions))
        finally:
            consumer.close()

    @staticmethod
    def _end(consumer: Consumer, partition: TopicPartition) -> int:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return int(consumer.get_watermark_offsets(partition, timeout=PATIENCE_S)[1])
            except KafkaException:  # a new topic has no leader yet
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def read(self, topic: str, partitions: int) -> Iterator[Sequence[Message]]:
        """All committed records of a topic up to its end as of now, in batches."""
        consumer = self._consumer()
        try:
            consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
            left = set(range(partitions))
            deadline = time.monotonic() + PATIENCE_S
            while left and time.monotonic() < deadline:
                records = []
                for message in consumer.consume(BATCH, 1.0):
                    if message.error() is None:
                        records.append(message)
                    else:  # the end of a partition
                        left.discard(message.partition())
                if records:
                    deadline = time.monotonic() + PATIENCE_S
                    yield records
        finally:
            consumer.close()

    def _consumer(self) -> Consumer:
        return Consumer(
            {
                "bootstrap.servers": self.address,
                **SILENT,
                "group.id": "bench-reader",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
            }
        )


def started(folder: Path) -> Cluster:
    """A cluster of one new broker; stop it with `cluster.broker.stop()`.

    Raises:
        BrokerError: Kafka cannot be started here.
    """
    broker = Broker(folder, heap_mb=768)
    broker.start()
    return Cluster(broker)
