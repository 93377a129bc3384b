"""`kpi explain` beside a real worker: what it tells of the live state is what it tells of the same events in files."""

import asyncio
import json
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from tests.kafka.product import Product, now

STORY = Path(__file__).parents[1] / "streams" / "commands" / "explained"
QUESTIONS = (("revenue", "hn-1"), ("big_buyers", "hn-2"))
OF_ONE = "hn-2"
"""A team of one person when the period begins, of whom nothing is told over HTTP."""
LIVE_ONLY = ("partitions",)
"""What differs between one partition of files and several of Kafka."""


def told_lately(folder: Path) -> tuple[Path, Path, str]:
    """The story with its October to December as the last three whole months, so that nothing in it is ahead of the
    broker's clock; its catalogue, its events, and the month that was its November."""
    this = now().year * 12 + now().month - 1
    months = [f"{(this - back) // 12:04d}-{(this - back) % 12 + 1:02d}" for back in (3, 2, 1)]
    paths = []
    for name in ("catalogue.yaml", "events.jsonl"):
        text = (STORY / name).read_text(encoding="utf-8")
        for month, lately in zip(("2026-10", "2026-11", "2026-12"), ("A", "B", "C"), strict=True):
            text = text.replace(f"{month}-", f"{lately}@-")
        for month, lately in zip(months, ("A", "B", "C"), strict=True):
            text = text.replace(f"{lately}@-", f"{month}-")
        paths.append(folder / name)
        paths[-1].write_text(text, encoding="utf-8")
    return paths[0], paths[1], months[1]


def same(told: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in told.items() if name not in LIVE_ONLY}


def outcomes(told: dict[str, Any]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in told["partitions"]:
        for name, number in part["outcomes"].items():
            total[name] = total.get(name, 0) + number
    return total


async def test_live_state_files_and_http_explain_the_same(
    product: Product, producer: AIOKafkaProducer, tmp_path: Path
) -> None:
    catalogue, events, month = told_lately(tmp_path)
    product.catalogue = [catalogue]
    worker = product.worker()
    await product.emit(events)
    await product.until_ready(worker)
    await product.until_counted(len(events.read_text().splitlines()), worker)
    await product.values_until((await product.replay(events))[0])

    async def explain(*arguments: str | Path) -> dict[str, Any]:
        done = await asyncio.to_thread(product.kpi, "explain", *arguments, "--json", "-c", *product.catalogue)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    for kpi, subject in QUESTIONS:
        asked = (kpi, subject, "--period", month)
        live = await explain(*asked)
        files = await explain(*asked, "--events", events, "--until", live["clock"])

        assert same(files) == same(live)
        assert outcomes(files) == outcomes(live)

        status, body = await product.get(worker, f"/api/explain/{kpi}/{subject}?period={month}")
        if subject == OF_ONE:
            assert (403, True) == (status, "single person" in body)
            continue
        over_http = json.loads(body)
        assert (200, True) == (status, over_http["judge"]["here"])
        for part in ("published", "counted", "arithmetic", "notes", "working_time", "partitions_elsewhere"):
            assert live[part] == over_http[part]
        assert [leaf["days"] for leaf in live["leaves"]] == [leaf["days"] for leaf in over_http["leaves"]]
