"""A worker in this process with its web pages: health tells what it does, and a taken port is said in words."""

import asyncio
import socket
from pathlib import Path

import aiohttp
import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client import CollectorRegistry

from schemas.catalogue.load import load
from schemas.catalogue.models import Catalogue
from schemas.topics import VALUES, Stage
from streams.app import Worker, build_app
from streams.clock import SystemClock
from streams.core.stage import Delivered, Delivery, StageSpec
from streams.serving import Serving
from streams.settings import load_settings
from tests.kafka.harness import Road
from tests.kafka.toys import Courier, one_hop


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    path = tmp_path / "catalogue.yaml"
    path.write_text("version: 1\ntenant: {id: demo, timezone: Asia/Ho_Chi_Minh, currency: VND, locale: vi}\n")
    return load([path])


def _worker(road: Road, port: int) -> Worker:
    settings = load_settings(
        broker_url=road.broker, topic_prefix=f"{road.name}.", app_id=road.name, http_host="127.0.0.1", http_port=port
    )
    return build_app(settings, one_hop(), SystemClock())


async def test_a_worker_is_ready_once_its_partitions_are_restored(road: Road, catalogue: Catalogue) -> None:
    worker = _worker(road, 0)
    serving = Serving(worker, catalogue, CollectorRegistry())
    worker.add_service(serving)
    assert worker.health.snapshot().ready is False

    running = asyncio.create_task(worker.run())
    await road.until(lambda: worker.health.snapshot().ready, 20, "readiness")
    host, port = serving.address
    async with aiohttp.ClientSession() as session, session.get(f"http://{host}:{port}/readyz") as answer:
        status = answer.status
    states, lags = worker.states(), {lane.lag_records for lane in worker.lanes}
    worker.stop()

    assert await running == 0
    assert status == 200
    assert len(states) == 4
    assert lags == {0}


async def test_a_taken_port_stops_the_start_with_one_line(
    road: Road, catalogue: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        worker = _worker(road, taken.getsockname()[1])
        worker.add_service(Serving(worker, catalogue, CollectorRegistry()))

        assert await asyncio.wait_for(worker.run(), 20) == 1
    assert "error: cannot listen on 127.0.0.1:" in capsys.readouterr().err


async def test_deliveries_run_outside_of_transactions_and_settle_inside(road: Road, producer: AIOKafkaProducer) -> None:
    class Slow:
        async def deliver(self, delivery: Delivery) -> Delivered:
            await asyncio.sleep(0.3)
            return Delivered(delivery.id, None)

    settings = load_settings(broker_url=road.broker, topic_prefix=f"{road.name}.", app_id=road.name)
    couriers = [StageSpec(Stage.OBSERVE, lambda partition: Courier(partition, VALUES))]
    worker = build_app(settings, couriers, SystemClock(), Slow())
    running = asyncio.create_task(worker.run())
    await road.until(lambda: worker.health.snapshot().ready, 20, "readiness")
    await road.produce(producer, [(f"k{number}".encode(), b"x") for number in range(20)])

    settled = await road.read_until("kpi.values", lambda records: len(records) >= 20, 20)
    worker.stop()

    assert await running == 0
    assert len({record.key for record in settled}) == len(settled) == 20
