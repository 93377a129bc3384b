"""The wallboard's feed on a real Kafka: what a transaction takes back is never shown."""

import asyncio
import json

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.topics import ALERTS, VALUES
from streams.clock import SystemClock
from streams.core.board import Board
from streams.web.board_feed import BoardFeed
from tests.kafka.harness import Road
from tests.web.sample_board import catalogue, value


async def test_an_aborted_value_never_reaches_the_wall(broker_address: str, road: Road) -> None:
    prefix = road.topic("")
    admin = AIOKafkaAdminClient(bootstrap_servers=broker_address)
    await admin.start()
    await admin.create_topics([NewTopic(prefix + topic.name, 2, 1) for topic in (VALUES, ALERTS)])
    await admin.close()
    board = Board(catalogue())
    feed = BoardFeed(board, {"bootstrap_servers": broker_address}, prefix, SystemClock())

    async with AIOKafkaProducer(bootstrap_servers=broker_address, transactional_id=f"{prefix}wall") as producer:
        for number, commit in ((1, True), (2, True), (666, False)):
            await producer.begin_transaction()
            row = json.dumps(value("revenue", "sales", "department", number)).encode()
            await producer.send_and_wait(prefix + VALUES.name, row, key=b"revenue|sales|2026-11")
            await (producer.commit_transaction() if commit else producer.abort_transaction())

    chunks = feed.chunks()
    async with asyncio.timeout(30):
        while [row.value for row in board.values()] != [2]:
            await anext(chunks)
        await anext(chunks)  # and nothing more comes
    await chunks.aclose()

    assert [row.value for row in board.values()] == [2]
    assert not feed.refused
