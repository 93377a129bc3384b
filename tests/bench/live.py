"""What a second of live events costs inside OBSERVE and JUDGE by how often they are asked, without broker and shell.

It is the limit behind `latency`: nobody's value can be newer than the last publication, each publication sends the rows
that have changed, and with few events in each nearly every event changes rows of its own. CPU, not wall time, so that
it can be measured on a busy machine.
"""

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from schemas.catalogue.load import load
from schemas.topics import PARTIALS, VALUES, Stage
from streams.clock import SystemClock
from streams.core.pipeline import stages
from streams.core.policy import Policy
from streams.core.stage import Now, PartitionState, PlainRecord
from streams.garbage import collect_seldom
from streams.routing import partition_of
from tests.bench import catalogue
from tests.bench.compare import PARTITIONS, today
from tests.bench.table import markdown
from tests.bench.workload import Workload, live_event

PEOPLE = 1000
FIRST_MS = 500
"""The first interval, of as long as all others: rows begin in it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `live`."""
    parser.add_argument("--rate", type=int, default=10_000, help="events a second (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=4, help="of every interval (default: %(default)s)")
    parser.add_argument("--every-ms", type=int, nargs="+", default=[25, 50, 100, 200, 400, 1000], help="intervals")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Measures and prints the table."""
    collect_seldom()
    company = Company()
    company.live(FIRST_MS, asked.seconds, asked.rate)
    rows = []
    for every_ms in asked.every_ms:
        spent = company.live(every_ms, asked.seconds, asked.rate)
        cores = [f"{part:.2f}" for part in (spent["observe"], spent["judge"], spent["observe"] + spent["judge"])]
        counts = [f"{spent[what]:,.0f}" for what in ("state rows", "values")]
        rows.append([f"{every_ms}", *cores, *counts, f"{spent['bytes'] / 1e6:.1f}"])
    print(f"{asked.rate:,} events a second, {PEOPLE:,} people, 20 KPIs, {PARTITIONS} partitions\n")
    head = ["every ms", "OBSERVE cores", "JUDGE cores", "together", "state rows/s", "values/s", "MB/s of values"]
    print(markdown(head, rows, text_columns=()))
    return 0


class Company:
    """Both stages over one catalogue, and its events, each of which happens now."""

    def __init__(self) -> None:
        self._workload = Workload(0, today(), people=PEOPLE)
        with tempfile.TemporaryDirectory() as folder:
            loaded = load([catalogue.write(self._workload, Path(folder) / "catalogue.yaml")])
        self._place = partition_of(PARTITIONS)
        specs = {spec.stage: spec for spec in stages(loaded, Policy(), PARTITIONS, self._place)}
        self._observe = [_open(specs[Stage.OBSERVE].open(number)) for number in range(PARTITIONS)]
        self._judge = [_open(specs[Stage.JUDGE].open(number)) for number in range(PARTITIONS)]
        self._dice = Random(self._workload.seed)
        self._now_us = SystemClock().now_us()
        self._sent = 0

    def live(self, every_ms: int, seconds: float, rate: int) -> Mapping[str, float]:
        """CPU seconds and counts of each second."""
        spent: dict[str, float] = defaultdict(float)
        steps = max(1, round(seconds * 1000 / every_ms))
        for _ in range(steps):
            self._now_us += every_ms * 1000
            frames: list[list[PlainRecord]] = [[] for _ in range(PARTITIONS)]
            for observe, records in zip(self._observe, self._events(rate * every_ms // 1000), strict=True):
                for send in self._fed(observe, records, "observe", spent):
                    frames[send[0]].append(send[1])
            for judge, records in zip(self._judge, frames, strict=True):
                self._fed(judge, records, "judge", spent)
        return {what: count * 1000 / every_ms / steps for what, count in spent.items()}

    def _fed(
        self, state: PartitionState, records: list[PlainRecord], stage: str, spent: dict[str, float]
    ) -> list[tuple[int, PlainRecord]]:
        """Feeds a chunk; the frames for JUDGE, with their partitions."""
        began = time.process_time()
        step = state.feed(records, Now(self._now_us, caught_up=True))
        spent[stage] += time.process_time() - began
        told = [len(send.value or b"") for send in step.sends if send.topic is VALUES]
        for what, count in (("state rows", len(step.rows)), ("values", len(told)), ("bytes", sum(told))):
            spent[what] += count
        return [
            (send.partition or 0, PlainRecord(0, self._now_us // 1000, send.key, send.value))
            for send in step.sends
            if send.topic is PARTIALS
        ]

    def _events(self, count: int) -> list[list[PlainRecord]]:
        """So many events that happen now, by partition."""
        parts: list[list[PlainRecord]] = [[] for _ in range(PARTITIONS)]
        now = datetime.fromtimestamp(self._now_us / 1e6, UTC)
        for _ in range(count):
            self._sent += 1
            owner = self._workload.person(self._dice.randrange(PEOPLE))
            key, value = live_event(self._sent, owner, now, self._dice, any_kind=True)
            parts[self._place(key.decode())].append(PlainRecord(self._sent, self._now_us // 1000, key, value))
        return parts


def _open(state: PartitionState) -> PartitionState:
    state.ready()
    return state
