"""Which partition a routing key belongs to: the same murmur2 as Kafka's default partitioner, in every language."""

from aiokafka.partitioner import murmur2

from streams.core.stage import PartitionOf


def partition_of(partitions: int) -> PartitionOf:
    """The partition function of topics with that many partitions (every topic of the road has as many).

    Raises:
        ValueError: `partitions` is less than 1.
    """
    if partitions < 1:
        raise ValueError(f"partitions {partitions}: expected 1 or more")

    return lambda key: place(key.encode(), partitions)


def place(key: bytes, partitions: int) -> int:
    """Partition of a record key."""
    # The sign bit is masked, not negated: that is what Kafka's toPositive() does.
    return int(murmur2(key) & 0x7FFFFFFF) % partitions
