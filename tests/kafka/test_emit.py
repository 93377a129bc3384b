"""`kpi emit` against Apache Kafka: it makes its topic as declared, and what it says was sent is there."""

import asyncio
import json
import uuid
from pathlib import Path

from aiokafka import AIOKafkaConsumer
from click.testing import CliRunner

from schemas.topics import EVENTS
from streams.cli import main
from streams.routing import partition_of

COUNT = 5000


async def _read(broker: str, topic: str) -> list[tuple[int, str]]:
    """Partition and key of every record."""
    async with AIOKafkaConsumer(topic, bootstrap_servers=broker, auto_offset_reset="earliest") as consumer:
        found: list[tuple[int, str]] = []
        async with asyncio.timeout(20):
            while len(found) < COUNT:
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    found += [(record.partition, record.key.decode()) for record in records]
        return found


def test_all_events_are_in_a_topic_made_as_declared_where_routing_expects_them(
    broker_address: str, tmp_path: Path
) -> None:
    prefix = f"t{uuid.uuid4().hex[:8]}."
    path = tmp_path / "events.jsonl"
    path.write_text(
        "".join(json.dumps({"subject": f"call-{number}"}) + "\n" for number in range(COUNT)), encoding="utf-8"
    )
    result = CliRunner(env={"KPI_PARTITIONS": "6"}).invoke(
        main, ["emit", str(path), "--broker", broker_address, "--topic-prefix", prefix]
    )

    assert result.stderr.startswith(f"5,000 events sent to {prefix}{EVENTS.name} in ")
    place = partition_of(6)
    found = asyncio.run(_read(broker_address, prefix + EVENTS.name))
    assert sorted(found) == sorted((place(f"call-{number}"), f"call-{number}") for number in range(COUNT))
