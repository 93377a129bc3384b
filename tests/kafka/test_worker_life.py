"""A real worker's end and its health: it drains and commits, goes on where it ended, and says when Kafka is away."""

import re
from pathlib import Path

from deploy.kafka.broker import Broker
from tests.kafka.mixed_events import TEMPLATES, mixed, write_tenant
from tests.kafka.product import Product
from tests.kafka.test_worker_values import few_hours_ago

EVENTS = 4000


async def prepared(product: Product, folder: Path) -> Path:
    """An event file, with its catalogue given to the product."""
    end = few_hours_ago()
    write_tenant(folder / "tenant.yaml", end)
    product.catalogue = [TEMPLATES, folder / "tenant.yaml"]
    events = mixed(EVENTS, seed=3, end=end)
    events.write(folder / "events.jsonl")
    return folder / "events.jsonl"


async def test_a_worker_told_to_stop_at_work_ends_soon_and_its_successor_goes_on(
    product: Product, tmp_path: Path
) -> None:
    path = await prepared(product, tmp_path)
    sent = len(path.read_bytes().splitlines())
    replayed, _ = await product.replay(path)
    await product.emit(path)
    first = product.worker(KPI_CHUNK_RECORDS="50")
    await product.until_answer(first, "/metrics", lambda status, body: 'outcome="applied"' in body, 60)

    assert await product.stop(first, within_s=10) == 0
    second = product.worker()
    counted = await product.until_counted(sent, second)
    await product.values_until(replayed)
    _, metrics = await product.get(second, "/metrics")

    published = re.search(r"^kpi_value_latency_seconds_count (\S+)", metrics, re.MULTILINE)
    assert published is not None
    assert float(published[1]) > 0
    assert counted["applied"] > EVENTS * 0.9
    assert "Traceback" not in product.logs()
    assert "Starting..." not in product.logs()  # what mode's services say of themselves
    # It did not begin anew: some partition had an offset when the second worker restored it.
    assert any(
        "observe/" in line and "of the beginning" not in line
        for line in product.log_of(second).splitlines()
        if "restored" in line
    )


async def test_health_tells_when_the_broker_is_away_and_when_it_is_back(needs_java: None, tmp_path: Path) -> None:
    broker = Broker(tmp_path / "kafka")
    broker.start()
    product = Product(broker.address, "h", tmp_path)
    try:
        path = await prepared(product, tmp_path)
        worker = product.worker()
        await product.until_ready(worker)

        broker.kill()
        away = await product.until_answer(worker, "/readyz", lambda status, body: status == 503, 30)
        alive, _ = await product.get(worker, "/livez")
        broker.start()
        await product.until_ready(worker, 60)
        await product.emit(path)
        await product.until_counted(len(path.read_bytes().splitlines()), worker)

        assert f"Kafka at {broker.address} does not answer" in away
        assert alive == 200
        assert await product.stop(worker) == 0
    finally:
        product.kill_all()
        broker.stop()
