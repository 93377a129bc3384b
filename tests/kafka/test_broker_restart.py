"""The broker goes away while workers run: they say so once, wait, and go on exactly where they were."""

import asyncio
from collections import Counter
from pathlib import Path

from aiokafka import AIOKafkaProducer

from deploy.kafka.broker import Broker
from tests.kafka.harness import Road, check_every_total_came_once, totals
from tests.kafka.test_workers import words


async def test_a_broker_restart_costs_no_record_and_repeats_none(needs_java: None, tmp_path: Path) -> None:
    broker = Broker(tmp_path / "kafka")
    broker.start()
    road = Road(broker.address, "r", tmp_path)
    sent = words(6000)
    try:
        worker = road.start("two_hops")
        await road.until_logged(worker, "link/3: restored")
        async with AIOKafkaProducer(bootstrap_servers=broker.address, enable_idempotence=True) as producer:
            await road.produce(producer, sent[:3000])
            flowing = asyncio.create_task(road.trickle(producer, sent[3000:]))
            await road.read_until("kpi.values", lambda records: len(records) >= 500, 30)
            broker.kill()
            await road.until_logged(worker, "is lost; trying again")

            broker.start()
            await road.until_logged(worker, "answers again")
            await flowing
        records = await road.read_until("kpi.values", lambda records: len(records) >= len(sent), 60)

        check_every_total_came_once(records)
        assert totals(records) == Counter(key for key, _ in sent)
        assert road.log_of(worker).count("is lost; trying again") == 1
        assert await road.stop(worker) == 0
    finally:
        road.kill_all()
        broker.stop()
