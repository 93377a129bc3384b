"""`kpi dead-letter` against a real worker: what was rejected is seen, mended where it lay, and counts in the end."""

import asyncio
import json
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from tests.kafka.product import Product

CATALOGUE = """version: 1
tenant: {id: demo, timezone: Asia/Ho_Chi_Minh, currency: VND, locale: en}
teams: [{id: hn-1, department: sales}]
people: [{id: an, team: hn-1}]
kpis:
  - {id: calls, title: Calls, kind: metric, unit: calls, scope: person, period: month, measure: {count: call.completed}}
"""
VISITS = """
  - {id: visits, title: Visits, kind: metric, unit: visits, scope: person, period: month, measure: {count: visit.made}}
event_types:
  - {type: visit.made, fields: {owner: id}}
"""


def event(number: int, type_: str = "call.completed") -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(number),
        "source": "pbx",
        "type": type_,
        "time": "2026-11-02T09:00:00+07:00",
        "subject": f"call-{number}",
        "data": {"owner": "an", "duration_s": 60, "outcome": "answered"}
        if type_ == "call.completed"
        else {"owner": "an"},
    }


async def test_letters_are_listed_shown_and_replayed_and_then_count(
    product: Product, producer: AIOKafkaProducer, tmp_path: Path
) -> None:
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(CATALOGUE)
    product.catalogue = [catalogue]
    worker = product.worker()
    await product.until_ready(worker)
    calls = [event(number) for number in range(6)]
    visits = [event(number, "visit.made") for number in (10, 11)]
    good = [(one["subject"].encode(), json.dumps(one).encode()) for one in calls[:3]]
    astray = [(b"astray", json.dumps(one).encode()) for one in calls[3:]]
    unknown = [(one["subject"].encode(), json.dumps(one).encode()) for one in visits]
    await product.produce(producer, [*good, *astray, *unknown, (b"x", b"\xff{")])
    await product.until_counted(9, worker)

    listed = [json.loads(line) for line in product.kpi("dead-letter", "list", "--json").stdout.splitlines()]
    table = product.kpi("dead-letter", "list", "--reason", "key_mismatch", "--limit", "2")
    [broken] = [row["letter"] for row in listed if row["reason"] == "bad_json"]
    shown = product.kpi("dead-letter", "show", broken)
    nothing = product.kpi("dead-letter", "show", "0:999")

    assert sorted(row["reason"] for row in listed) == ["bad_json", *["key_mismatch"] * 3, *["unknown_type"] * 2]
    assert "3 letters, the newest 2 shown: key_mismatch 3" in table.stderr
    assert table.stdout.count("key: 'astray' is not the subject") == 2
    assert "value:     0xff7b" in shown.stdout
    assert (1, "error: there is no dead letter at 0:999 (they are kept for 30 days)\n") == (
        nothing.returncode,
        nothing.stderr,
    )

    # before the catalogue knows visits, only the wrong keys are worth a replay
    planned = product.kpi("dead-letter", "replay", "--all", "--dry-run", "-c", catalogue)
    assert (1, "3 would be replayed, 3 not replayed (unknown_type 2, bad_json 1)\n") == (
        planned.returncode,
        planned.stderr,
    )
    assert await product.outcomes(worker) == {"applied": 3, "dead_lettered": 6, "pending": 0}

    catalogue.write_text(CATALOGUE + VISITS)
    await product.stop(worker)
    worker = product.worker()
    await product.until_ready(worker)
    done = product.kpi("dead-letter", "replay", "--all", "-c", catalogue)
    twice = product.kpi(
        "dead-letter", "replay", "--reason", "key_mismatch", "--type", "call.completed", "-c", catalogue
    )

    assert (1, "5 replayed, 1 not replayed (bad_json 1)\n") == (done.returncode, done.stderr)
    assert (0, "3 replayed, 0 not replayed\n") == (twice.returncode, twice.stderr)
    counted = await product.until_counted(17, worker)
    assert counted == {"applied": 8, "duplicate": 3, "dead_lettered": 6, "pending": 0}
    whole = tmp_path / "whole.jsonl"
    whole.write_text("".join(json.dumps(one) + "\n" for one in calls + visits))
    replayed, _ = await product.replay(whole)
    rows = await product.values_until(replayed)
    assert {"calls": 6, "visits": 2} == {row["kpi"]: row["value"] for row in rows.values() if row["subject"] == "an"}


async def test_a_replay_that_fails_again_shows_as_one(
    product: Product, producer: AIOKafkaProducer, tmp_path: Path
) -> None:
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(CATALOGUE)
    product.catalogue = [catalogue]
    worker = product.worker()
    await product.until_ready(worker)
    await product.produce(producer, [(b"x", b"not json")])
    await product.until_counted(1, worker)
    [letter] = [json.loads(line) for line in product.kpi("dead-letter", "list", "--json").stdout.splitlines()]

    done = await asyncio.to_thread(product.kpi, "dead-letter", "replay", letter["letter"], "--anyway")

    assert (0, "1 replayed, 0 not replayed\n") == (done.returncode, done.stderr)
    await product.until_counted(2, worker)
    listed = [json.loads(line) for line in product.kpi("dead-letter", "list", "--json").stdout.splitlines()]
    assert [(None, 0), (letter["letter"], 1)] == sorted(
        ((row["replay_of"], row["replays"]) for row in listed), key=lambda row: row[1]
    )
