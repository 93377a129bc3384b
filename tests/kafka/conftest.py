"""A real Apache Kafka for the tests of the shell: one node for the session, or the cluster KPI_TEST_BROKER names."""

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from deploy.kafka.broker import Broker
from tests import needs
from tests.kafka.harness import Road
from tests.kafka.product import Product


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.kafka)


@pytest.fixture
def needs_java() -> None:
    """For a test with a broker of its own."""
    needs.kafka()


@pytest.fixture(scope="session")
def broker_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`host:port` of a Kafka that is up."""
    running = os.environ.get("KPI_TEST_BROKER")
    if running:
        yield running.removeprefix("kafka://")
        return
    needs.kafka()
    with Broker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker.address


@pytest.fixture
def road(broker_address: str, tmp_path: Path) -> Iterator[Road]:
    """Topics, group and workers of one test; its workers are gone when it ends."""
    road = Road(broker_address, f"t{uuid.uuid4().hex[:8]}", tmp_path)
    yield road
    road.kill_all()


@pytest.fixture
def product(broker_address: str, tmp_path: Path) -> Iterator[Product]:
    """The same for real workers."""
    product = Product(broker_address, f"t{uuid.uuid4().hex[:8]}", tmp_path)
    yield product
    product.kill_all()


@pytest.fixture
async def producer(broker_address: str) -> AsyncIterator[AIOKafkaProducer]:
    """An idempotent producer, as upstream systems use."""
    async with AIOKafkaProducer(
        bootstrap_servers=broker_address, enable_idempotence=True, max_batch_size=1 << 19
    ) as producer:
        yield producer
