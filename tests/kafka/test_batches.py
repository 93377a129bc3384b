"""Bare records are those that aiokafka itself would deliver, on a log with everything that makes it hard."""

import asyncio
import uuid
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.batches import fetch_bare


@pytest.fixture
async def log(broker_address: str) -> TopicPartition:
    """Plain batches, committed and aborted transactions one after another and interleaved, tombstones, headers."""
    tp = TopicPartition(f"b{uuid.uuid4().hex[:8]}", 0)
    admin = AIOKafkaAdminClient(bootstrap_servers=broker_address)
    await admin.start()
    await admin.create_topics([NewTopic(tp.topic, 1, 1)])
    await admin.close()

    async def plain(first: int, compression: str | None) -> None:
        async with AIOKafkaProducer(
            bootstrap_servers=broker_address, linger_ms=20, compression_type=compression
        ) as producer:
            sent = [
                await producer.send(
                    tp.topic,
                    None if number % 7 == 1 else f"value {number}".encode(),
                    key=None if number % 7 == 0 else b"key",
                    partition=0,
                    headers=[("h", b"1")] if number % 3 == 0 else None,
                )
                for number in range(first, first + 50)
            ]
            await asyncio.gather(*sent)

    async def transactions(name: str) -> None:
        async with AIOKafkaProducer(
            bootstrap_servers=broker_address, transactional_id=f"{tp.topic}-{name}"
        ) as producer:
            for number in range(6):
                await producer.begin_transaction()
                for _ in range(3):
                    await producer.send_and_wait(tp.topic, f"{name} {number}".encode(), partition=0)
                await (producer.abort_transaction() if number % 2 else producer.commit_transaction())

    await plain(0, None)
    await asyncio.gather(transactions("a"), transactions("b"))
    await plain(50, "gzip")
    return tp


async def read(broker: str, tp: TopicPartition, start: int, isolation_level: str, bare: bool) -> tuple[list[Any], int]:
    """All records from an offset, and the position after them."""
    async with AIOKafkaConsumer(bootstrap_servers=broker, isolation_level=isolation_level) as consumer:
        if bare:
            assert fetch_bare(consumer)
        consumer.assign([tp])
        consumer.seek(tp, start)
        end = (await consumer.end_offsets([tp]))[tp]
        records: list[Any] = []
        while await consumer.position(tp) < end:
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                records += batch
        return records, await consumer.position(tp)


def content(records: list[Any]) -> list[tuple[Any, ...]]:
    return [(one.offset, one.timestamp, one.key, one.value, tuple(one.headers)) for one in records]


@pytest.mark.parametrize("isolation_level", ["read_committed", "read_uncommitted"])
async def test_bare_records_are_the_same_records(
    broker_address: str, log: TopicPartition, isolation_level: str
) -> None:
    for start in (0, 13, 51, 60, 101):
        theirs, end = await read(broker_address, log, start, isolation_level, bare=False)
        ours, our_end = await read(broker_address, log, start, isolation_level, bare=True)

        assert len(theirs) > 10
        assert content(theirs) == content(ours)
        assert end == our_end
        assert not any(isinstance(record, ConsumerRecord) for record in ours)
