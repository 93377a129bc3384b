"""How the cost of an event grows with KPIs, people, partitions and workers, one at a time."""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.cluster import Cluster, started
from tests.bench.compare import PARTITIONS, today
from tests.bench.our_worker import FailedRunError, OurWorkers
from tests.bench.table import markdown
from tests.bench.workload import Workload, last_month_end


@dataclass(frozen=True, slots=True)
class Case:
    """One size of the job."""

    what: str
    kpis: int = 20
    people: int = 1000
    partitions: int = PARTITIONS
    workers: int = 1


CASES = (
    Case("as in the comparison"),
    Case("40 KPIs", kpis=40),
    Case("10,000 people", people=10_000),
    Case("16 partitions", partitions=16),
    Case("2 workers", workers=2),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `growth`."""
    parser.add_argument("--rounds", type=int, default=3, help="the median of so many (default: %(default)s)")
    parser.add_argument("--events", type=int, default=300_000, help="events of every run (default: %(default)s)")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Measures all cases in every round and prints the table; 1 when a run failed."""
    figures: dict[Case, list[tuple[float, float]]] = {case: [] for case in CASES}
    failed = 0
    with tempfile.TemporaryDirectory(prefix="kpi-bench-") as name:
        cluster = started(Path(name) / "kafka")
        try:
            for number in range(asked.rounds):
                for case in CASES:
                    try:
                        figures[case].append(_measure(cluster, Path(name), case, asked.events, number))
                    except FailedRunError as error:
                        failed += 1
                        print(f"!!! FAILED {case.what}: {error}", file=sys.stderr)
                        continue
                    print(f"{case.what}: {figures[case][-1]}", file=sys.stderr)
        finally:
            cluster.broker.stop()
    base = median(cpu for _, cpu in figures[CASES[0]]) if figures[CASES[0]] else float("nan")
    rows = []
    for case, found in figures.items():
        wall = median(one[0] for one in found) if found else float("nan")
        cpu = median(one[1] for one in found) if found else float("nan")
        rows.append([case.what, f"{asked.events:,}", f"{wall:,.0f}", f"{cpu:,.0f}", f"{base / cpu:.2f} x"])
    print(markdown(["case", "events", "events/s wall", "events/CPU-s", "CPU an event"], rows))
    return 1 if failed else 0


def _measure(cluster: Cluster, folder: Path, case: Case, events: int, number: int) -> tuple[float, float]:
    """Events per second of wall time, and of CPU over all workers."""
    prefix = f"growth-{number}-{CASES.index(case)}."
    workload = Workload(events, last_month_end(today()), people=case.people, kpis=case.kpis)
    expected = cluster.fill(f"{prefix}kpi.events", case.partitions, workload)
    ours = OurWorkers(cluster, prefix, case.partitions, folder / prefix, expected)
    try:
        outcome = ours.run(case.workers)
    finally:
        cluster.delete(name for name in cluster.topics() if name.startswith(prefix))
    return events / (outcome.end_s - outcome.start_s), events / outcome.cpu_s
