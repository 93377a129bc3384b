"""`kpi state` beside a real worker: what it reads is what kpi.values says, and it takes nothing from the worker."""

import asyncio
import json
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition

from schemas.topics import Stage
from streams.cluster import connection
from streams.settings import load_settings
from streams.tables import Ledger
from tests.kafka.product import Product

CATALOGUE = """version: 1
tenant: {id: demo, timezone: Asia/Ho_Chi_Minh, currency: VND, locale: en}
teams: [{id: hn-1, department: sales}]
people: [{id: an, team: hn-1}, {id: binh, team: hn-1}]
kpis:
  - {id: revenue, title: Revenue, kind: metric, unit: VND, scope: person, period: month,
     measure: {sum: amount, of: sale.closed}}
  - {id: buyers, title: Buyers, kind: metric, unit: customers, scope: person, period: month,
     measure: {count: sale.closed, distinct: customer_id}}
"""
SALES = 12


def sale(number: int) -> dict[str, Any]:
    money = {"amount": 1_000_000 + number, "currency": "VND", "customer_id": f"c{number % 5}"}
    return {
        "specversion": "1.0",
        "id": str(number),
        "source": "crm",
        "type": "sale.closed",
        "time": f"2026-{10 + number % 2}-{number % 20 + 1:02d}T09:00:00+07:00",
        "subject": f"sale-{number}",
        "data": {"sale_id": f"sale-{number}", "owner": "an", **money},
    }


async def test_the_state_says_what_was_published_and_the_worker_goes_on(
    product: Product, producer: AIOKafkaProducer, tmp_path: Path
) -> None:
    catalogue, events = tmp_path / "catalogue.yaml", tmp_path / "sales.jsonl"
    catalogue.write_text(CATALOGUE)
    events.write_text("".join(json.dumps(sale(number)) + "\n" for number in range(SALES)))
    product.catalogue = [catalogue]
    worker = product.worker()
    await product.emit(events)
    await product.until_ready(worker)
    await product.until_counted(SALES, worker)
    published = await product.values_until((await product.replay(events))[0])

    async def state(*arguments: str) -> tuple[int, str, str]:
        done = await asyncio.to_thread(product.kpi, "state", *arguments, "-c", catalogue)
        return done.returncode, done.stdout, done.stderr

    for kpi in ("revenue", "buyers"):
        status, told, _ = await state(kpi, "an", "--json")
        found = json.loads(told)
        wanted = {row["period"]: (row["value"], row["n"]) for row in published.values()
                  if (row["kpi"], row["subject"]) == (kpi, "an")}  # fmt: skip
        assert status == 0
        assert wanted == {one["period"]: (one["value"], one["n"]) for one in found["judge"]["periods"]}
        assert len(wanted) == 2
        assert (SALES, 0) == (
            sum(one["offset"] or 0 for one in found["observe"]),
            sum(one["lag"] for one in found["observe"]),
        )
        assert {None} == {one["fault"] for one in (*found["observe"], *found["link"], found["judge"])}

    amount = sum(one["data"]["amount"] for one in map(sale, range(SALES)) if one["time"].startswith("2026-10"))
    status, table, _ = await state("revenue", "an", "--period", "2026-10")
    nobody = await state("revenue", "binh")
    assert (0, True) == (status, f"{amount:,} VND" in table)
    assert (0, True) == (nobody[0], "The state holds nothing of revenue for binh." in nobody[1])

    # it fenced nobody: the same worker commits the next event
    one_more = sale(30)
    await product.produce(producer, [(one_more["subject"].encode(), json.dumps(one_more).encode())])
    await product.until_counted(SALES + 1, worker)
    assert worker.poll() is None
    assert "fenced" not in product.log_of(worker)

    await product.stop(worker)
    await damage(product)
    status, told, _ = await state("revenue", "an", "--json")
    faults = [one["fault"] for one in json.loads(told)["observe"]]
    assert (0, 1) == (status, sum(fault is not None and "it was cut or altered" in fault for fault in faults))


async def damage(product: Product) -> None:
    """A row that no commit knows of, on one partition of OBSERVE's changelog."""
    settings = load_settings(broker_url=product.broker, topic_prefix=f"{product.name}.", app_id="damage")
    changelog = TopicPartition(product.topic(f"kpi.{Stage.OBSERVE}-changelog"), 0)
    async with AIOKafkaProducer(bootstrap_servers=product.broker) as other:
        await other.send_and_wait(changelog.topic, b"\x00", key=b"r\x00", partition=0)
    _, fault = await Ledger(connection(settings), changelog, None, 0, settings.topic_prefix, 4).look()
    assert fault is not None
