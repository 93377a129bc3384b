"""How long an event takes to a value, at a steady rate: on kpi.values, and on /metrics.

A probe is the first event of a person, the only one of a team of their own, so the row that first shows the person (or
the team: /metrics names no people) is the value that contains it. kpi.values is read as a subscriber reads it,
committed records only. /metrics is scraped once a second in a run of its own, because a scrape takes the worker's
time; the wait for the next scrape is no latency of the worker's and is left out (visibility.py).
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import inf
from pathlib import Path
from statistics import median
from typing import NamedTuple

from confluent_kafka import Consumer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from schemas.topics import EVENTS, VALUES
from tests.bench.catalogue import kpi_id
from tests.bench.cluster import SILENT, Cluster, started
from tests.bench.compare import PARTITIONS, today
from tests.bench.expected import Expected
from tests.bench.measures import GRAINS, MEASURES
from tests.bench.meter import cpu_s, starved_s
from tests.bench.our_worker import ROOT, OurWorkers
from tests.bench.table import markdown
from tests.bench.visibility import age_when_visible
from tests.bench.workload import Workload

PEOPLE = 1000
PREFIX = "latency."
STRAGGLERS_S = 15.0
SCRAPE_PAUSE_S = 1.0
YOUNG_S = 10.0
WARM_UP_S = 5.0
_KPI = kpi_id(MEASURES[0], GRAINS[0])
_HOPS = ("kpi_record_latency_seconds", "kpi_transaction_seconds", "kpi_chunk_seconds")
STAGES = ("observe", "judge")
_WHOLE = "kpi_value_latency_seconds"

Seen = dict[int, float]
"""Moment (monotonic seconds) by number of the probe."""


@dataclass(frozen=True, slots=True)
class Scrape:
    """One look at /metrics: when it was asked for and answered, and the probes on it."""

    began: float
    moment: float
    visible: frozenset[int]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `latency`."""
    parser.add_argument(
        "--rates", type=int, nargs="+", default=[1000, 10_000], help="events a second, one after another"
    )
    parser.add_argument("--seconds", type=float, default=30, help="of each of a rate's two runs (default: %(default)s)")
    parser.add_argument(
        "--probes", type=int, default=300, help="events to recognise on kpi.values (default: %(default)s)"
    )
    parser.add_argument("--scraped", type=int, default=60, help="and on /metrics (default: %(default)s)")
    parser.add_argument("--goals", action="store_true", help="KPIs with targets and alerts instead of plain metrics")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Measures and prints; 1 when a probe was never seen."""
    runs = len(asked.rates)
    workload = Workload(
        0,
        today(),
        people=PEOPLE,
        goals=asked.goals,
        probes=runs * (asked.probes + asked.scraped),
        lone_probes=runs * asked.scraped,
    )
    with tempfile.TemporaryDirectory(prefix="kpi-bench-") as name:
        cluster = started(Path(name) / "kafka")
        cluster.create(PREFIX + EVENTS.name, PARTITIONS, dict(EVENTS.config))
        ours = OurWorkers(cluster, PREFIX, PARTITIONS, Path(name) / "worker", Expected(workload))
        try:
            ours.start()
            ours.wait_until_ready()
            found = [
                _measure(
                    cluster,
                    ours,
                    asked,
                    rate,
                    range(number * asked.probes, (number + 1) * asked.probes),
                    range(
                        runs * asked.probes + number * asked.scraped, runs * asked.probes + (number + 1) * asked.scraped
                    ),
                )
                for number, rate in enumerate(asked.rates)
            ]
        finally:
            ours.stop()
            cluster.broker.stop()
    head = ["events/s", "seen on", "probes", "never seen", "p50 ms", "p90 ms", "p99 ms", "greatest ms"]
    rows = [row for one in found for row in one.rows]
    print("\n" + markdown([*head, "cores used", "cores lacked"], rows, text_columns=(1,)))
    print(
        "\nCores lacked: of the time, the part in which the worker was ready to run and no core was free. Scrapes took "
        + ", ".join(f"{one.scrape_s * 1000:.0f} ms at {rate:,}" for one, rate in zip(found, asked.rates, strict=True))
        + " (median), which are part of the latency on /metrics.\n"
        "Of a hop: from a record's append to the commit of what it did, the transaction in it, the work on a chunk.\n"
    )
    head = ["events/s", "stage", "latency p50 ms", "p99", "transaction p50 ms", "p99", "chunk p50 ms", "p99"]
    print(markdown([*head, "chunks/s"], [row for one in found for row in one.hops], text_columns=(1,)))
    return 0 if all(row[3] == "0" for row in rows) else 1


class _Found(NamedTuple):
    """What was measured at one rate."""

    rows: list[list[str]]
    hops: list[list[str]]
    scrape_s: float


def _measure(
    cluster: Cluster, ours: OurWorkers, asked: argparse.Namespace, rate: int, probes: range, scraped: range
) -> _Found:
    feed = partial(_feed_and_watch, cluster, rate)
    feed(3 * rate, WARM_UP_S, range(0), lambda seen: None)
    before, spent, began_s = ours.page(0, "/metrics"), _spent(ours), time.monotonic()
    with _values(cluster, probes) as watch:
        sent, seen = feed(3 * rate + 1, asked.seconds, probes, watch)
    took_s = time.monotonic() - began_s
    after, used = (
        ours.page(0, "/metrics"),
        [f"{(now - then) / took_s:.2f}" for then, now in zip(spent, _spent(ours), strict=True)],
    )
    on_values = _row("kpi.values", [seen.get(number, inf) - moment for number, moment in sent.items()])
    scrapes: list[Scrape] = []
    sent, seen = feed(3 * rate + 2, asked.seconds, scraped, lambda seen: _scrape(ours, seen, scrapes))
    return _Found(
        [[f"{rate:,}", *on_values, *used], [f"{rate:,}", *_row_of_scrapes(sent, scrapes), "", ""]],
        [[f"{rate:,}", *row] for row in _hops(before, after, took_s)],
        median(one.moment - one.began for one in scrapes),
    )


def _spent(ours: OurWorkers) -> tuple[float, float]:
    pid = ours.pids()[0]
    return cpu_s(pid), starved_s(pid)


def _feed_and_watch(
    cluster: Cluster,
    rate: int,
    seed: int,
    seconds: float,
    probes: range,
    watch: Callable[[Seen], None],
) -> tuple[Seen, Seen]:
    """When every probe was sent, and when it was seen."""
    options = {
        "broker": cluster.address,
        "topic": PREFIX + EVENTS.name,
        "rate": rate,
        "people": PEOPLE,
        "first": probes.start,
        "probes": len(probes),
        "seed": seed,
        "seconds": seconds,
    }
    command = [sys.executable, "-m", "tests.bench.feed", *(f"--{name}={value}" for name, value in options.items())]
    seen: Seen = {}
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as feeding:
        deadline = time.monotonic() + seconds + STRAGGLERS_S
        while time.monotonic() < deadline and not (feeding.poll() is not None and seen.keys() >= set(probes)):
            watch(seen)
            if not probes:
                time.sleep(0.1)
        assert feeding.stdout is not None
        told = [line.split() for line in feeding.stdout]
    sent = {int(line[1]): float(line[2]) for line in told if line[0] == "probe"}
    print(" ".join(told[-1]), "seconds", file=sys.stderr)
    lost = sorted(sent.keys() - seen.keys())
    if lost:
        print(f"probes never seen: {', '.join(map(str, lost))}", file=sys.stderr)
    return sent, seen


@contextmanager
def _values(cluster: Cluster, probes: range) -> Iterator[Callable[[Seen], None]]:
    """A watch over kpi.values from now on."""
    consumer = Consumer(
        {
            "bootstrap.servers": cluster.address,
            "group.id": "bench-latency",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 20,
            **SILENT,
        }
    )
    topic = PREFIX + VALUES.name
    ends = cluster.ends(topic, PARTITIONS)
    consumer.assign([TopicPartition(topic, number, end) for number, end in enumerate(ends)])
    workload = Workload(0, today())
    # Whatever day it is in the tenant's zone, also when midnight passes.
    wanted = {f"{_KPI}|{workload.prober(number)}".encode(): number for number in probes}

    def watch(seen: Seen) -> None:
        for record in consumer.consume(5000, 0.02):
            number = wanted.get(record.key().rpartition(b"|")[0]) if record.error() is None else None
            if number is not None and number not in seen:
                seen[number] = time.monotonic()

    try:
        yield watch
    finally:
        consumer.close()


_PROBED = re.compile(rf'^kpi_value\{{[^}}]*kpi="{re.escape(_KPI)}"[^}}]*subject="probe-(\d+)"', re.MULTILINE)


def _scrape(ours: OurWorkers, seen: Seen, scrapes: list[Scrape]) -> None:
    began = time.monotonic()
    page = ours.page(0, "/metrics")
    moment = time.monotonic()
    visible = frozenset(map(int, _PROBED.findall(page)))
    scrapes.append(Scrape(began, moment, visible))
    for number in visible:
        seen.setdefault(number, moment)
    time.sleep(SCRAPE_PAUSE_S)


# -- what is told


def _row(what: str, latencies: list[float]) -> list[str]:
    ordered = sorted(latencies)
    cuts = [ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.9, 0.99, 1)]
    return [what, str(len(ordered)), str(ordered.count(inf)), *(f"{cut * 1000:,.0f}" for cut in cuts)]


def _row_of_scrapes(sent: Seen, scrapes: list[Scrape]) -> list[str]:
    points = [
        (scrape.moment - moment, number in scrape.visible)
        for scrape in scrapes
        for number, moment in sent.items()
        if 0 < scrape.moment - moment < YOUNG_S
    ]
    lost = sent.keys() - scrapes[-1].visible
    cuts = [age_when_visible(points, part) for part in (0.5, 0.9, 0.99, 1)]
    return ["/metrics", str(len(sent)), str(len(lost)), *(f"{cut * 1000:,.0f}" for cut in cuts)]


def _hops(before: str, after: str, took_s: float) -> list[list[str]]:
    """Quantiles of the worker's own histograms between two pages, by stage."""
    first, last = _buckets(before), _buckets(after)
    counts = {
        key: {bound: count - first.get(key, {}).get(bound, 0.0) for bound, count in bounds.items()}
        for key, bounds in last.items()
    }

    def quantiles(metric: str, stage: str) -> list[str]:
        found = counts.get((metric, stage), {})
        return [_quantile(found, 0.5), _quantile(found, 0.99)]

    rows = [
        [
            stage,
            *(cell for metric in _HOPS for cell in quantiles(metric, stage)),
            f"{counts.get((_HOPS[-1], stage), {}).get(inf, 0.0) / took_s:.0f}",
        ]
        for stage in STAGES
    ]
    return [*rows, ["append to value", *quantiles(_WHOLE, ""), *[""] * 5]]


def _buckets(page: str) -> dict[tuple[str, str], dict[float, float]]:
    found: dict[tuple[str, str], dict[float, float]] = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples if family.name in (*_HOPS, _WHOLE) else ():
            if sample.name.endswith("_bucket"):
                bounds = found.setdefault((family.name, sample.labels.get("stage", "")), {})
                bounds[float(sample.labels["le"])] = sample.value
    return found


def _quantile(cumulative: dict[float, float], part: float) -> str:
    """A quantile in ms from cumulative counts by upper bound, straight between two bounds as Prometheus does it."""
    total = cumulative.get(inf, 0.0)
    if not total:
        return "–"
    lower, below = 0.0, 0.0
    for bound, count in sorted(cumulative.items()):
        if count >= part * total:
            if bound == inf:
                return f"> {lower * 1000:,.0f}"
            return f"{(lower + (bound - lower) * (part * total - below) / (count - below)) * 1000:,.1f}"
        lower, below = bound, count
    raise AssertionError("cumulative counts end with all of them")
