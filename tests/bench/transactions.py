"""What the commit of one chunk costs on Apache Kafka: transactions a second, and the CPU of both sides."""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from statistics import quantiles

from aiokafka import TopicPartition

from streams.core.stage import Step
from streams.tables import Ledger
from tests.bench.cluster import Cluster, started
from tests.bench.meter import cpu_s
from tests.bench.table import markdown

TIMEOUT_S = 10
WARM_UP_S = 5.0
ROW_BYTES = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `transactions`."""
    parser.add_argument("--partitions", type=int, nargs="+", default=[4, 16], help="(default: %(default)s)")
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 200], help="rows of 200 bytes in each transaction")
    parser.add_argument("--seconds", type=float, default=10, help="of every measurement (default: %(default)s)")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Measures and prints the table."""
    with tempfile.TemporaryDirectory(prefix="kpi-bench-") as name:
        cluster = started(Path(name) / "kafka")
        try:
            # A cold broker compiles its code in what would be the first measurement.
            asyncio.run(_measure(cluster, asked.partitions[0], asked.rows[0], WARM_UP_S, "warm-up"))
            rows = [
                asyncio.run(_measure(cluster, partitions, count, asked.seconds))
                for partitions in asked.partitions
                for count in asked.rows
            ]
        finally:
            cluster.broker.stop()
    head = ["partitions", "rows", "transactions/s", "p50 ms", "p99 ms", "CPU ms each, ours", "CPU ms each, broker"]
    print(markdown(head, rows, text_columns=()))
    return 0


async def _measure(
    cluster: Cluster, partitions: int, rows: int, seconds: float, name: str = "transactions"
) -> list[str]:
    """All partitions commit, each one transaction after the other, as the lanes of one worker with a backlog would."""
    print(f"{partitions} partitions, {rows} rows", file=sys.stderr)
    topic = f"{name}-{partitions}-{rows}"
    cluster.create(topic, partitions)
    connection = {"bootstrap_servers": cluster.address}
    ledgers = [
        Ledger(connection, TopicPartition(topic, number), f"{topic}-{number}", TIMEOUT_S, "", partitions)
        for number in range(partitions)
    ]
    # One after the other: InitProducerId of all at once would be measured by the first.
    for ledger in ledgers:
        await ledger.open()
        await ledger.commit(_step(rows, 0), 0)
    took_s: list[float] = []
    started_s, ours, brokers = time.monotonic(), time.process_time(), cpu_s(cluster.pid)
    await asyncio.gather(*(_commit(ledger, rows, started_s + seconds, took_s) for ledger in ledgers))
    wall_s = time.monotonic() - started_s
    ours, brokers = time.process_time() - ours, cpu_s(cluster.pid) - brokers
    for ledger in ledgers:
        await ledger.close()
    done, cuts = len(took_s), quantiles(took_s, n=100)
    return [
        str(partitions),
        str(rows),
        f"{done / wall_s:,.0f}",
        f"{cuts[49] * 1000:.1f}",
        f"{cuts[98] * 1000:.1f}",
        f"{ours / done * 1000:.2f}",
        f"{brokers / done * 1000:.2f}",
    ]


async def _commit(ledger: Ledger, rows: int, until_s: float, took_s: list[float]) -> None:
    number = 0
    while (began_s := time.monotonic()) < until_s:
        number += 1
        await ledger.commit(_step(rows, number), number)
        took_s.append(time.monotonic() - began_s)


def _step(rows: int, number: int) -> Step:
    value = number.to_bytes(8) * (ROW_BYTES // 8)
    return Step([], {f"row-{place}".encode(): value for place in range(rows)})
