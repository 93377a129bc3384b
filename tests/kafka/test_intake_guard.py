"""A broken producer on one partition: a real worker pauses it, says so everywhere, and reads on when it is told to."""

import asyncio
import json
import re
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from schemas.topics import ALERTS
from streams.routing import partition_of
from tests.kafka.harness import PARTITIONS
from tests.kafka.product import Product, Row

CATALOGUE = """version: 1
tenant: {id: demo, timezone: Asia/Ho_Chi_Minh, currency: VND, locale: en}
teams: [{id: hn-1, department: sales}]
people: [{id: an, team: hn-1}]
kpis:
  - {id: calls, title: Calls, kind: metric, unit: calls, scope: person, period: month, measure: {count: call.completed}}
"""
GUARD = {
    "KPI_INVALID_WINDOW": "100",
    "KPI_INVALID_LEAST": "50",
    "KPI_CHUNK_RECORDS": "50",
    "KPI_CHAT_URLS": "console://",
}
BAD_KEY = b"broken"
BAD = partition_of(PARTITIONS)(BAD_KEY.decode())
BAD_RECORDS = 600


def call(number: int) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(number),
        "source": "pbx",
        "type": "call.completed",
        "time": "2026-11-02T09:00:00+07:00",
        "subject": f"call-{number}",
        "data": {"owner": "an", "duration_s": 60, "outcome": "answered"},
    }


def record(event: dict[str, Any]) -> tuple[bytes, bytes]:
    return event["subject"].encode(), json.dumps(event).encode()


def value_of(rows: Mapping[bytes, Row]) -> object:
    """Calls of the one person of the catalogue."""
    return rows[b"calls|an|2026-11"]["value"] if b"calls|an|2026-11" in rows else None


def address(product: Product, worker: "subprocess.Popen[bytes]") -> str:
    found = re.search(r"metrics at (http://\S+)", product.log_of(worker))
    assert found is not None
    return found[1]


async def until_paused(product: Product, worker: "subprocess.Popen[bytes]") -> str:
    return await product.until_answer(
        worker, "/readyz", lambda status, body: status == 200 and f"observe/{BAD} is paused at offset" in body, 60
    )


async def test_a_broken_producer_pauses_its_partition_until_a_person_reads_on_and_nothing_is_lost_or_doubled(
    product: Product, producer: AIOKafkaProducer, tmp_path: Path
) -> None:
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(CATALOGUE)
    product.catalogue = [catalogue]
    before, behind = [call(number) for number in range(200)], [call(number) for number in range(200, 400)]
    waiting = [one for one in behind if partition_of(PARTITIONS)(one["subject"]) == BAD]
    assert 20 < len(waiting) < 180

    worker = product.worker(**GUARD)
    await product.until_ready(worker)
    await product.produce(producer, [record(one) for one in before])
    await product.until_counted(200, worker)
    await product.produce(producer, [(BAD_KEY, b"{}")] * BAD_RECORDS)
    reasons = await until_paused(product, worker)
    await product.produce(producer, [record(one) for one in behind])

    # what it says: health, metrics, chat
    offset = int(re.search(r"offset (\d+)", reasons)[1])  # type: ignore[index]
    assert "most as bad_envelope; kpi resume" in reasons
    metrics = (await product.get(worker, "/metrics"))[1]
    paused = re.findall(r'kpi_partition_paused\{.*partition="(\d)".*\} (\d)', metrics)
    assert {number: "01"[number == str(BAD)] for number in "0123"} == dict(paused)
    await product.until_logged(worker, f"Partition {BAD} of kpi.events is paused")

    # the other partitions go on; this one stays where it is, also over a kill
    async def others_are_counted(worker: "subprocess.Popen[bytes]") -> int:
        wanted = 400 - len(waiting)
        for _ in range(200):
            found = await product.outcomes(worker)
            if found["applied"] == wanted:
                return found["dead_lettered"]
            await asyncio.sleep(0.1)
        raise AssertionError(f"{found}, {wanted} applied are expected\n{product.logs()}")

    rejected = await others_are_counted(worker)
    assert 50 <= rejected <= 200 < BAD_RECORDS
    await product.values_until({}, 30, lambda _, rows: [] if value_of(rows) == 400 - len(waiting) else [str(rows)])
    worker.send_signal(signal.SIGKILL)
    await product.ended(worker, 10)
    worker = product.worker(**GUARD)
    assert f"at offset {offset}:" in await until_paused(product, worker)
    assert rejected == await others_are_counted(worker)

    # a person reads on
    other = product.kpi("resume", str((BAD + 1) % PARTITIONS), "--worker", address(product, worker))
    nobody = product.kpi("resume", "77", "--worker", address(product, worker))
    resumed = product.kpi("resume", str(BAD), "--accept", str(BAD_RECORDS), "--worker", address(product, worker))
    assert (1, True) == (other.returncode, f"partition {(BAD + 1) % PARTITIONS} is not paused" in other.stderr)
    assert (1, True) == (nobody.returncode, "has partition 77" in nobody.stderr)
    assert (0, f"partition {BAD} is read on ({address(product, worker)})\n") == (resumed.returncode, resumed.stdout)

    counted = await product.until_counted(400 + BAD_RECORDS, worker)
    assert counted == {"applied": 400, "dead_lettered": BAD_RECORDS, "pending": 0}
    events = tmp_path / "events.jsonl"
    events.write_text("".join(json.dumps(one) + "\n" for one in before + behind))
    replayed, _ = await product.replay(events)
    rows = await product.values_until(replayed)
    assert value_of(rows) == 400
    told = [json.loads(one.value) for one in await product.read_until(ALERTS.name, lambda read: len(read) >= 2, 20)]
    assert ["firing", "resolved"] == [one["transition"] for one in told if one["class"] == "paused"]


async def test_a_worker_whose_guard_is_switched_off_reads_a_paused_partition_on(
    product: Product, producer: AIOKafkaProducer, tmp_path: Path
) -> None:
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(CATALOGUE)
    product.catalogue = [catalogue]
    worker = product.worker(**GUARD)
    await product.until_ready(worker)
    await product.produce(producer, [(BAD_KEY, b"{}")] * BAD_RECORDS)
    await until_paused(product, worker)
    await product.stop(worker)

    worker = product.worker(**GUARD | {"KPI_INVALID_RATIO": "0"})

    counted = await product.until_counted(BAD_RECORDS, worker)
    assert counted == {"dead_lettered": BAD_RECORDS, "pending": 0}
