"""A Kafka broker inside this process, for `kpi demo`: librdkafka's mock cluster, from the confluent-kafka wheel.

It speaks the real protocol on a free loopback port. It lacks: disk (everything is gone when it ends; each partition
keeps its newest 5 MiB or 100,000 records), compaction, fencing of producers, hiding of aborted transactions, creation
of topics by request (asking for a topic makes it, with 4 partitions), and any security. One worker, no crash recovery.
"""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

PARTITIONS = 4
"""Of every topic; librdkafka's default, which the Python binding cannot change."""
MAX_PARTITION_BYTES = 5 << 20
"""The oldest records of a partition go when it holds more."""
READY_S = 10.0


class EmbeddedBrokerError(RuntimeError):
    """The broker cannot run; one sentence says why."""


@contextmanager
def embedded_broker(topics: Iterable[str]) -> Iterator[str]:
    """Runs a broker with these topics; gives its `host:port`. Nothing of it is left afterwards.

    Raises:
        EmbeddedBrokerError: confluent-kafka is not installed, or the broker does not answer.
    """
    try:
        from confluent_kafka import KafkaException, Producer
    except ImportError:
        raise EmbeddedBrokerError(
            "the embedded broker needs the package confluent-kafka: pip install 'kpi-streams[demo]'"
        ) from None
    # The cluster lives in librdkafka's threads, as long as the client that made it; it takes nothing of the event loop.
    owner = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    try:
        for topic in topics:
            owner.list_topics(topic, timeout=READY_S)
        (node,) = owner.list_topics(timeout=READY_S).brokers.values()
        yield f"{node.host}:{node.port}"
    except KafkaException as error:
        raise EmbeddedBrokerError(f"the embedded broker does not answer: {error}") from error
    finally:
        del owner
        gc.collect()  # the client ends with its last reference; an exception's traceback may hold one in a cycle
