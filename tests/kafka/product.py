"""The product as its users run it: `kpi` in processes of its own on Apache Kafka, watched over topics and HTTP."""

import asyncio
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from schemas.values import RowName
from streams.clock import SystemClock
from tests.kafka.harness import PARTITIONS, ROOT, Road

Row = dict[str, Any]
SAME = ("scope", "series", "start", "end", "value", "raw", "matured", "n", "target", "attainment")
"""What a live row and a replayed one must agree on; `expected` and an open row's status move with the clock."""
SETTLED_S = 150
"""Closed rows are restated at whole minutes, of which a score may need one more than the row it is made of."""
AGAIN_S = 60
"""Rows that differ for so long are compared with a replay of now: what is projected goes by the hour, and what matures
does so at its own instant."""
STREAMS = (sys.executable, "-m", "streams")


class Product(Road):
    """Topics, group, catalogue and workers of one test."""

    catalogue: Sequence[Path] = ()
    asked: tuple[str | Path, ...] | None = None
    """The newest replay."""

    def worker(self, **changes: str) -> "subprocess.Popen[bytes]":
        """Starts `kpi worker` with its web pages on a free port."""
        ours = {
            "KPI_CATALOGUE": ",".join(map(str, self.catalogue)),
            "KPI_HTTP_HOST": "127.0.0.1",
            "KPI_HTTP_PORT": "0",
        }
        return self.start_process([*STREAMS, "worker"], **(ours | changes))

    def kpi(self, *arguments: str | Path, **changes: str) -> "subprocess.CompletedProcess[str]":
        """Runs one command to its end."""
        return subprocess.run(
            [*STREAMS, *map(str, arguments)],
            cwd=ROOT,
            env=self.environment(**changes),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    async def emit(self, *paths: Path) -> None:
        """Sends event files, broken lines included."""
        done = await asyncio.to_thread(self.kpi, "emit", "--raw", *paths)
        assert done.returncode == 0, done.stderr

    async def replay(self, *paths: str | Path) -> tuple[dict[bytes, Row], list[Row]]:
        """Rows by the key they have on kpi.values, and alerts, by `kpi replay` with a clock that ends now."""
        catalogues = [part for path in self.catalogue for part in ("-c", str(path))]
        self.asked = paths
        until = now().isoformat()
        done = await asyncio.to_thread(self.kpi, "replay", *paths, *catalogues, "--json", "--until", until)
        assert done.returncode == 0, done.stderr
        return replayed(done.stdout)

    # -- over HTTP

    async def get(self, worker: "subprocess.Popen[bytes]", path: str) -> tuple[int, str]:
        """Status and body of one of a worker's pages; (0, reason) while nobody listens."""
        found = re.search(r"metrics at (http://\S+)", self.log_of(worker))
        if found is None:
            return 0, "not listening yet"
        try:
            async with aiohttp.ClientSession() as session, session.get(found[1] + path) as answer:
                return answer.status, await answer.text()
        except aiohttp.ClientError as error:
            return 0, str(error)

    async def until_answer(
        self, worker: "subprocess.Popen[bytes]", path: str, enough: Callable[[int, str], bool], within_s: float
    ) -> str:
        """The body of the first answer that is enough."""
        deadline = asyncio.get_running_loop().time() + within_s
        while not enough(*(answer := await self.get(worker, path))):
            assert asyncio.get_running_loop().time() < deadline, f"{path} still says {answer}\n{self.logs()}"
            await asyncio.sleep(0.1)
        return answer[1]

    async def until_ready(self, worker: "subprocess.Popen[bytes]", within_s: float = 60) -> None:
        await self.until_answer(worker, "/readyz", lambda status, body: status == 200, within_s)

    async def outcomes(self, *workers: "subprocess.Popen[bytes]") -> Counter[str]:
        """Events by outcome over all workers, `pending` among them, from /metrics."""
        found: Counter[str] = Counter()
        for worker in workers:
            status, text = await self.get(worker, "/metrics")
            if status != 200:
                continue
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    if sample.name == "kpi_events_total":
                        found[sample.labels["outcome"]] += int(sample.value)
                    elif sample.name == "kpi_events_pending":
                        found["pending"] += int(sample.value)
        return found

    async def until_counted(
        self, sent: int, *workers: "subprocess.Popen[bytes]", within_s: float = 120
    ) -> Counter[str]:
        """Outcomes once they add up to what was sent."""
        deadline = asyncio.get_running_loop().time() + within_s
        while (found := await self.outcomes(*workers)).total() != sent:
            assert asyncio.get_running_loop().time() < deadline, f"{found} of {sent} sent\n{self.logs()}"
            await asyncio.sleep(0.25)
        return found

    # -- topics

    async def values_until(
        self, wanted: Mapping[bytes, Row], within_s: float = SETTLED_S, differ: "Differ | None" = None
    ) -> dict[bytes, Row]:
        """Newest rows of kpi.values, once they are as wanted and stay so for a while; else what is wrong is said."""
        differ = differ or differences
        rows: dict[bytes, Row] = {}
        async with AIOKafkaConsumer(
            bootstrap_servers=self.broker, isolation_level="read_committed", auto_offset_reset="earliest"
        ) as consumer:
            await self._exists(consumer, "kpi.values")
            consumer.assign([TopicPartition(self.topic("kpi.values"), partition) for partition in range(PARTITIONS)])
            loop = asyncio.get_running_loop()
            deadline, since = loop.time() + within_s, None
            asked_at = loop.time()
            while since is None or loop.time() < since + STEADY_S:
                batches = await consumer.getmany(timeout_ms=300)
                for batch in batches.values():
                    apply(rows, batch)
                if batches and since is None:
                    continue  # more is on its way
                wrong = differ(wanted, rows)
                if wrong and self.asked is not None and loop.time() > asked_at + AGAIN_S:
                    wanted, _ = await self.replay(*self.asked)
                    asked_at = loop.time()
                    continue
                since = None if wrong else (since or loop.time())
                assert since is not None or loop.time() < deadline, (
                    f"{len(wrong)} of {len(wanted)} rows differ:\n" + "\n".join(wrong[:40]) + "\n" + self.logs()[-8000:]
                )
        return rows


def replayed(lines: str) -> tuple[dict[bytes, Row], list[Row]]:
    """What `kpi replay --json` printed: rows by the key they have on kpi.values, and alerts."""
    said = [json.loads(line) for line in lines.splitlines()]
    rows = {key_of(line): line for line in said if line["kind"] == "value"}
    return rows, [line for line in said if line["kind"] == "alert"]


def key_of(row: Row) -> bytes:
    """The key of a row on kpi.values."""
    return RowName(row["kpi"], row["subject"], row["period"], row.get("series")).key.encode()


def now() -> datetime:
    """Wall time, as the workers have it."""
    return datetime.fromtimestamp(SystemClock().now_us() / 1e6, UTC)


STEADY_S = 2.0
Differ = Callable[[Mapping[bytes, Row], Mapping[bytes, Row]], list[str]]


def apply(rows: dict[bytes, Row], records: Sequence[ConsumerRecord]) -> None:
    """A compacted topic as a table: the newest row of a key stands, a record without value deletes it."""
    for record in records:
        if record.value is None:
            rows.pop(record.key, None)
        else:
            rows[record.key] = json.loads(record.value)


def differences(wanted: Mapping[bytes, Row], rows: Mapping[bytes, Row]) -> list[str]:
    """One line a row in which the two sides differ; of closed periods the status too."""
    wrong = []
    for key in sorted({*wanted, *rows}):
        ours, theirs = rows.get(key), wanted.get(key)
        if ours is None or theirs is None:
            wrong.append(f"{key.decode()}: only {'replayed' if ours is None else 'live'}: {theirs or ours}")
            continue
        fields = SAME if theirs["version"] == 0 else (*SAME, "status")
        found = [
            f"{name} {ours.get(name)!r}, replayed {theirs.get(name)!r}"
            for name in fields
            if ours.get(name) != theirs.get(name)
        ]
        if (ours["version"] > 0) != (theirs["version"] > 0):
            found.append(f"version {ours['version']}, replayed {theirs['version']}")
        if found:
            wrong.append(f"{key.decode()}: {'; '.join(found)}")
    return wrong
