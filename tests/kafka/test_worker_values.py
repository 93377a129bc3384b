"""`kpi worker` on 20,000 mixed events: kpi.values ends equal to `kpi replay`, with one to three workers, one of which
may come late or die, and every event ends in exactly one outcome."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from schemas.events.reasons import Reason
from tests.kafka.mixed_events import TEMPLATES, Mixed, mixed, write_tenant
from tests.kafka.product import Product, Row, now

MANY, FEW = 20_000, 8_000


@dataclass
class Company:
    """An event file, its catalogue, and what `kpi replay` makes of them."""

    events: Mixed
    path: Path
    catalogue: list[Path]
    replayed: dict[bytes, Row]
    asked: tuple[str | Path, ...] | None

    def given_to(self, product: Product) -> None:
        product.catalogue, product.asked = self.catalogue, self.asked


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return _company(tmp_path_factory.mktemp("many"), MANY)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return _company(tmp_path_factory.mktemp("few"), FEW)


def few_hours_ago() -> datetime:
    """A whole hour some way back: no event is in the future, and all are within the horizon."""
    return now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)


def _company(folder: Path, count: int) -> Company:
    end = few_hours_ago()
    write_tenant(folder / "tenant.yaml", end)
    events = mixed(count, seed=1, end=end)
    events.write(folder / "events.jsonl")
    catalogue = [TEMPLATES, folder / "tenant.yaml"]
    replaying = Product("none:1", "replay", folder)
    replaying.catalogue = catalogue
    replayed, _ = asyncio.run(replaying.replay(folder / "events.jsonl"))
    return Company(events, folder / "events.jsonl", catalogue, replayed, replaying.asked)


@pytest.mark.parametrize("workers", [1, 2, 3])
async def test_values_of_many_events_equal_the_replay(product: Product, many: Company, workers: int) -> None:
    many.given_to(product)
    await product.emit(many.path)
    group = [product.worker() for _ in range(workers)]

    counted = await product.until_counted(len(many.events.lines), *group)
    rows = await product.values_until(many.replayed)

    assert len(rows) > 500
    assert counted["dead_lettered"] == many.events.refused.total()
    assert counted["duplicate"] == many.events.kinds["repeated"]
    assert "Traceback" not in product.logs()
    assert [await product.stop(worker) for worker in group] == [0] * workers


async def test_dead_letters_are_the_bad_events_with_their_reasons(
    product: Product, producer: AIOKafkaProducer, few: Company
) -> None:
    few.given_to(product)
    await product.emit(few.path)
    ahead = (now() + timedelta(hours=1)).isoformat()
    good = {
        "specversion": "1.0",
        "id": "1",
        "source": "s",
        "type": "meeting.held",
        "subject": "m",
        "data": {"owner": "a"},
    }
    await product.produce(
        producer,
        [
            (b"other", json.dumps({**good, "time": "2026-01-01T00:00:00Z"}).encode()),
            (b"m", json.dumps({**good, "time": ahead}).encode()),
        ],
    )
    worker = product.worker()
    expected = few.events.refused + Counter({Reason.KEY_MISMATCH: 1, Reason.FUTURE_TIME: 1})

    counted = await product.until_counted(len(few.events.lines) + 2, worker)
    letters = await product.read_until("kpi.dead-letter", lambda records: len(records) >= expected.total(), 30)

    assert Counter(json.loads(letter.value)["reason"] for letter in letters) == expected
    assert counted["dead_lettered"] == expected.total()


async def test_values_equal_the_replay_after_a_second_worker_came_and_the_first_was_killed(
    product: Product, few: Company
) -> None:
    few.given_to(product)
    first = product.worker(KPI_CHUNK_RECORDS="200")
    await product.until_ready(first)
    emitting = asyncio.create_task(asyncio.to_thread(product.kpi, "emit", "--raw", "--rate", "1500", few.path))
    second = product.worker(KPI_CHUNK_RECORDS="200")
    await product.until_logged(second, "restored")
    first.kill()
    first.wait()
    third = product.worker(KPI_CHUNK_RECORDS="200")
    assert (await emitting).returncode == 0

    await product.until_counted(len(few.events.lines), second, third)
    await product.values_until(few.replayed)
