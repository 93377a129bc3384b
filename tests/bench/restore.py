"""How fast a partition's state comes back from its changelog, what a row takes in memory, how long the loop is blocked.

`python -m tests.bench.restore [--rows N] [--broker HOST:PORT]` writes N rows as a stage does (msgpack, 20,000 to a
transaction, a tenth of them written twice), then restores them in a process of its own with the worker's code.
"""

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from aiokafka import TopicPartition

from deploy.kafka.broker import Broker
from schemas.topics import CHANGELOGS, Stage
from streams.app import quiet_logs
from streams.cluster import connection, ensure_topics
from streams.core.rows import Rows
from streams.core.stage import Step
from streams.garbage import collector
from streams.restoring import Progress, load
from streams.settings import Settings, load_settings
from streams.tables import Ledger

TRANSACTION_ROWS = 20_000
US = 1_000_000


def ledger_of(settings: Settings) -> Ledger:
    """One partition of a stage's changelog."""
    topic = settings.topic(CHANGELOGS[Stage.OBSERVE].name)
    return Ledger(connection(settings), TopicPartition(topic, 0), f"{settings.app_id}-0", 60, settings.topic_prefix, 4)


def row(rows: Rows, number: int) -> None:
    """A row as long as an event that is kept: 26 bytes of key, 79 of value."""
    data = {"owner": f"p{number % 1000}", "outcome": "answered", "duration_s": number % 600}
    rows.put(("event", "crm/hanoi", f"e{number:07d}"), ["call.completed", 1_764_000_000 * US, f"call-{number}", data])


async def write(settings: Settings, count: int) -> None:
    """Fills the changelog."""
    await ensure_topics(settings)
    ledger, rows = ledger_of(settings), Rows()
    await ledger.open()
    for start in range(0, count, TRANSACTION_ROWS):
        for number in range(start, min(count, start + TRANSACTION_ROWS)):
            row(rows, number)
        for number in range(0, start, 10 * max(1, start // TRANSACTION_ROWS)):
            row(rows, number)
        await ledger.commit(Step([], rows.flush()), start)
    await ledger.close()


async def longest_block(worst_s: list[float]) -> None:
    """Keeps the longest time for which the event loop was not free."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        worst_s[0] = max(worst_s[0], time.perf_counter() - before)


async def restore(settings: Settings) -> None:
    """What Committed.restore does, with a stage that only keeps its rows; prints the figures."""
    ledger, rows, worst_s = ledger_of(settings), Rows(), [0.0]
    watch = asyncio.create_task(longest_block(worst_s))
    await asyncio.sleep(0.05)
    before_kib, cpu, wall = resident_kib(), time.process_time(), time.perf_counter()
    progress = Progress("bench", time.perf_counter)
    with collector.kept_out():
        restored = await ledger.read(progress)
        read_s = time.perf_counter() - wall
        await load(restored.rows, rows.load, progress)
    cpu_s, wall_s = time.process_time() - cpu, time.perf_counter() - wall
    count, records = len(rows), restored.records
    watch.cancel()
    print(
        f"{count:,} rows of {records:,} records in {wall_s:.2f} s ({read_s:.2f} s of it reading and checking): "
        f"{count / wall_s:,.0f} rows/s, {count / cpu_s:,.0f} per CPU-second; "
        f"{(resident_kib() - before_kib) * 1024 / count:.0f} bytes of memory a row (at most "
        f"{(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib) * 1024 / count:.0f} meanwhile); "
        f"event loop blocked for {worst_s[0] * 1000:.0f} ms at most"
    )


def resident_kib() -> int:
    """Resident memory of this process, in KiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


def main() -> int:
    """Exit 0: measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.restore", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="live rows (default: %(default)s)")
    parser.add_argument("--broker", help="host:port of a running Kafka (default: one of its own)")
    parser.add_argument("--read", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    quiet_logs("INFO")
    if asked.read:
        asyncio.run(restore(load_settings(broker_url=asked.broker, topic_prefix=f"{asked.read}.", app_id=asked.read)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        if asked.broker:
            return measure(asked.broker, asked.rows)
        with Broker(Path(folder)) as broker:
            return measure(broker.address, asked.rows)


def measure(address: str, count: int) -> int:
    """Writes here, restores in a process whose memory nothing else has touched."""
    name = f"restore{uuid.uuid4().hex[:8]}"
    asyncio.run(write(load_settings(broker_url=address, topic_prefix=f"{name}.", app_id=name), count))
    command = [sys.executable, "-m", "tests.bench.restore", "--broker", address, "--read", name]
    return subprocess.run(command, env=os.environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
