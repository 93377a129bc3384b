"""Whether a worker's memory becomes flat: every event of an entity of its own, and a horizon that passes several times.

Workers with a clock that runs faster than the wall (fast_worker.py) follow live events, one worker for each store, at
the same time and over the same events: calls, meetings, leads and sales, a hundredth of them repeats, a hundredth
corrections of a sale. KPIs are those of the comparison and one that counts distinct customers by day, so that LINK has
a state too. What is kept is bounded by event time, so both memory and state rows must stop growing after one horizon.
"""

import argparse
import os
import re
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import fmean, linear_regression

from confluent_kafka import Producer

from schemas.topics import EVENTS
from streams.clock import SystemClock
from tests.bench.cluster import SILENT, Cluster, started
from tests.bench.compare import PARTITIONS
from tests.bench.expected import Expected
from tests.bench.fast_worker import FastClock
from tests.bench.meter import cpu_s
from tests.bench.our_worker import FailedRunError, OurWorkers
from tests.bench.table import markdown
from tests.bench.workload import Workload, corrected, live_event

STORES = ("memory", "rocksdb")
CHUNK_MS = "250"
"""Nobody waits for these values: fewer transactions leave the cores to others for 20 minutes."""
TICK_S = 0.05
SAMPLE_S = 10.0
FLAT = 0.03
"""Growth over the last half of the soak, as a part of its mean, that is still called flat: days end in between, and
what a day has gathered goes at once."""
_STATE_ROWS = re.compile(r'^kpi_state_rows\{.*stage="(\w+)".*\} (\S+)$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a worker. `rss` in bytes; `rows` of all state, `lag` in records."""

    at_s: float
    rss: int
    rows: int
    lag: int
    events: int


@dataclass
class Soaked:
    """A worker in the soak."""

    store: str
    ours: OurWorkers
    samples: list[Sample] = field(default_factory=list)

    @property
    def topic(self) -> str:
        """Where its events go."""
        return self.ours.prefix + EVENTS.name

    def look(self, at_s: float) -> None:
        """Takes a sample; none while the worker does not answer."""
        page = self.ours.page(0, "/metrics")
        if not page:
            return
        rows = sum(int(float(count)) for _, count in _STATE_ROWS.findall(page))
        at = self.ours.progress()
        self.samples.append(Sample(at_s, rss_bytes(self.ours.pids()[0]), rows, at.lag, at.outcomes.total()))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `soak`."""
    parser.add_argument("--minutes", type=float, default=20, help="(default: %(default)s)")
    parser.add_argument("--rate", type=int, default=900, help="events a second, each of a new entity (default: 900)")
    parser.add_argument("--days", type=float, default=40, help="of event time in all (default: %(default)s)")
    parser.add_argument("--horizon", type=int, default=5, help="KPI_HORIZON_DAYS (default: %(default)s)")
    parser.add_argument("--people", type=int, default=1000, help="(default: %(default)s)")
    parser.add_argument("--stores", nargs="+", choices=STORES, default=list(STORES), help="(default: both)")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Feeds, samples and prints; 1 where memory or rows still grow, or a worker failed."""
    seconds = asked.minutes * 60
    wall_us = SystemClock().now_us()
    start = datetime.fromtimestamp(wall_us / 1e6, UTC) - timedelta(asked.days)
    speed = asked.days * 86_400 / seconds
    clock = FastClock(int(start.timestamp() * 1e6), wall_us, speed)
    workload = Workload(0, start, people=asked.people, distinct=True)
    with tempfile.TemporaryDirectory(prefix="kpi-bench-") as name:
        cluster = started(Path(name) / "kafka")
        soaked = [_soaked(cluster, Path(name), store, workload, asked.horizon) for store in asked.stores]
        options = [f"--start-us={int(start.timestamp() * 1e6)}", f"--wall-us={wall_us}", f"--speed={speed}"]
        try:
            for one in soaked:
                one.ours.command = (sys.executable, "-m", "tests.bench.fast_worker", *options)
                one.ours.start()
                one.ours.wait_until_ready()
            sent = _soak(cluster, soaked, workload, clock, asked.rate, seconds)
            return report(soaked, sent, asked)
        finally:
            for one in soaked:
                one.ours.stop()
            cluster.broker.stop()


def _soaked(cluster: Cluster, folder: Path, store: str, workload: Workload, horizon: int) -> Soaked:
    settings = {
        "KPI_STORE": store,
        "KPI_STATE_DIR": str(folder / f"state-{store}"),
        "KPI_HORIZON_DAYS": str(horizon),
        "KPI_CHUNK_MS": CHUNK_MS,
    }
    ours = OurWorkers(cluster, f"soak-{store}.", PARTITIONS, folder / store, Expected(workload), settings)
    cluster.create(ours.prefix + EVENTS.name, PARTITIONS, dict(EVENTS.config))
    return Soaked(store, ours)


def _soak(
    cluster: Cluster, soaked: Sequence[Soaked], workload: Workload, clock: FastClock, rate: int, seconds: float
) -> int:
    """Feeds all workers the same events for some seconds; how many each got."""
    producer = Producer(
        {"bootstrap.servers": cluster.address, "partitioner": "murmur2_random", "linger.ms": 20, **SILENT}
    )
    stream, began_s, sent, next_look_s = Stream(workload, clock), time.monotonic(), 0, 0.0
    while (gone_s := time.monotonic() - began_s) < seconds:
        for _ in range(int(gone_s * rate) - sent):
            key, value = stream.next()
            for one in soaked:
                producer.produce(one.topic, value, key)
            sent += 1
        producer.poll(0)
        if gone_s >= next_look_s:
            for one in soaked:
                one.look(gone_s)
                print(f"{one.store}: {one.samples[-1] if one.samples else 'no answer'}", file=sys.stderr, flush=True)
            next_look_s += SAMPLE_S
        time.sleep(TICK_S)
    if producer.flush(30):
        raise FailedRunError("events were not delivered within 30 s")
    return sent


class Stream:
    """Live events by a clock, each of a new entity but for repeats and corrections."""

    def __init__(self, workload: Workload, clock: FastClock) -> None:
        self._workload = workload
        self._clock = clock
        self._dice = Random(workload.seed)
        self._number = 0
        self._recent: deque[tuple[bytes, bytes]] = deque(maxlen=1000)
        self._sales: deque[bytes] = deque(maxlen=1000)

    def next(self) -> tuple[bytes, bytes]:
        """Key and value."""
        chance = self._dice.randrange(100)
        if chance == 0 and self._recent:
            return self._recent[self._dice.randrange(len(self._recent))]
        self._number += 1
        now = datetime.fromtimestamp(self._clock.now_us() / 1e6, UTC)
        if chance == 1 and self._sales:
            return corrected(self._number, self._sales[self._dice.randrange(len(self._sales))], now, self._dice)
        owner = self._workload.person(self._dice.randrange(self._workload.people))
        key, value = live_event(self._number, owner, now, self._dice, any_kind=True)
        self._recent.append((key, value))
        if key.startswith(b"sale-"):
            self._sales.append(value)
        return key, value


# -- what is told


def report(soaked: Sequence[Soaked], sent: int, asked: argparse.Namespace) -> int:
    """Prints minute by minute and the verdict; 0 where all is flat."""
    print(
        f"{sent:,} events, each of an entity of its own, {asked.rate:,} a second; {asked.days:g} days of event time, "
        f"horizon {asked.horizon} days: passed {asked.days / asked.horizon:.0f} times\n"
    )
    rows = []
    for one in soaked:
        rows += [
            [one.store, f"{sample.at_s / 60:.1f}", _mb(sample.rss), f"{sample.rows:,}", f"{sample.lag:,}"]
            for sample in [*one.samples[:: max(1, len(one.samples) // 20)], one.samples[-1]]
        ]
    print(markdown(["store", "minute", "RSS MB", "state rows", "lag"], rows))
    told, flat = [], True
    for one in soaked:
        half = one.samples[len(one.samples) // 2 :]
        memory = _growth(half, [sample.rss for sample in half])
        state = _growth(half, [sample.rows for sample in half])
        flat = flat and max(memory, state) < FLAT
        used = cpu_s(one.ours.pids()[0]) / max(1, one.samples[-1].events) * 1e6
        told.append(
            [
                one.store,
                _mb(one.samples[0].rss),
                _mb(fmean(sample.rss for sample in half)),
                _mb(max(sample.rss for sample in one.samples)),
                f"{memory:+.1%}",
                f"{state:+.1%}",
                "flat" if max(memory, state) < FLAT else "GROWS",
                f"{used:.0f}",
            ]
        )
    head = ["store", "RSS at start MB", "mean of last half", "greatest", "growth of RSS over last half"]
    print("\n" + markdown([*head, "of state rows", "verdict", "CPU us an event"], told))
    return 0 if flat else 1


def _growth(samples: Sequence[Sample], values: Sequence[int]) -> float:
    """How much a straight line through the values rises from the first to the last, as a part of their mean."""
    times = [sample.at_s for sample in samples]
    return linear_regression(times, values).slope * (times[-1] - times[0]) / fmean(values)


def _mb(size: float) -> str:
    return f"{size / 1e6:,.0f}"


def rss_bytes(pid: int) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
