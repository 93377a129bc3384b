"""The yardstick: a plain aiokafka loop that decodes with orjson and counts events by owner.

Leaves out: validation, duplicates, KPIs, subjects, periods and any state that outlives it.
"""

# mypy: disable-error-code="import-not-found"
import asyncio
from collections import Counter

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.bench.peers.told import Task, task


async def run(task: Task) -> None:
    """Reads all events and counts them."""
    partitions = [TopicPartition(task.topic, number) for number in range(task.partitions)]
    consumer = AIOKafkaConsumer(bootstrap_servers=task.broker, enable_auto_commit=False)
    await consumer.start()
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    counts: Counter[str] = Counter()
    loads, left = orjson.loads, task.events
    task.mark("start")
    while left:
        for records in (await consumer.getmany(timeout_ms=1000)).values():
            for record in records:
                counts[loads(record.value)["data"]["owner"]] += 1
            left -= len(records)
    task.mark("end")
    await consumer.stop()
    assert counts.total() == task.events


if __name__ == "__main__":
    asyncio.run(run(task()))
