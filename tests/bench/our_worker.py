"""The product under test: real `kpi worker` processes on a filled topic, watched until their values are final.

A run starts with the first state that is restored (empty), just before the first fetch, and ends with the append of
the last record of kpi.values that changed a value. Messages are not counted: workers publish less often when they lag.
"""

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from schemas.topics import ALL, EVENTS, VALUES
from streams.clock import SystemClock
from tests.bench import catalogue
from tests.bench.cluster import Cluster
from tests.bench.expected import Expected, Values, wrong_values
from tests.bench.meter import Meter

ROOT = Path(__file__).parents[2]
QUIET_S = 1.5
"""kpi.values must stand still for so long before the worker is asked whether it is done."""
WRONG_S = 20.0
"""Wrong values that stand still for so long stay wrong."""
PATIENCE_S = 600.0
_PAGES = re.compile(r"metrics at (http://\S+)")
_RESTORED = re.compile(r"^(\S+ \S+) INFO observe/\d+: restored", re.MULTILINE)
_EVENTS = re.compile(r"^kpi_events(?:_total|_pending)\{(.*)\} (\S+)$", re.MULTILINE)
_OUTCOME = re.compile(r'outcome="(\w+)"')
_PARTITIONS = re.compile(r"^kpi_partitions\{(.*)\} (\S+)$", re.MULTILINE)
_LAG = re.compile(r"^kpi_consumer_lag_records\{.*\} (\S+)$", re.MULTILINE)


class FailedRunError(Exception):
    """A run that does not count: the worker ended, took too long, or came to wrong values."""


class _Row(msgspec.Struct):
    value: int | float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished run; moments are monotonic seconds."""

    start_s: float
    end_s: float
    cpu_s: float
    metrics: tuple[str, ...] = ()
    """The last /metrics page of each worker."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Events by outcome (`pending` among them), partitions that are not running, records not processed yet."""

    outcomes: Counter[str]
    idle: int
    lag: int


@dataclass
class OurWorkers:
    """Workers on the topic `{prefix}kpi.events`; their other topics are new in every run."""

    cluster: Cluster
    prefix: str
    partitions: int
    folder: Path
    expected: Expected
    settings: dict[str, str] = field(default_factory=dict)
    command: Sequence[str] = (sys.executable, "-m", "streams", "worker")
    _processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def run(self, count: int = 1) -> Outcome:
        """Starts `count` workers and waits until all is right.

        Raises:
            FailedRunError: with the reason and the end of the workers' logs.
        """
        self.forget_topics()
        try:
            self.start(count)
            with Meter(*(process.pid for process in self._processes)) as meter:
                start_s = self._started_s()
                end_s = self._final_s()
                pages = tuple(self.page(number, "/metrics") for number in range(count))
            return Outcome(start_s, end_s, meter.between(start_s, end_s), pages)
        finally:
            self.stop()

    def forget_topics(self) -> None:
        """Deletes all topics but the events, and so all state."""
        names = {self.prefix + topic.name for topic in ALL if topic is not EVENTS}
        self.cluster.delete(names & set(self.cluster.topics()))

    def start(self, count: int = 1) -> None:
        """Starts worker processes of one new app."""
        self.folder.mkdir(parents=True, exist_ok=True)
        plan = catalogue.write(self.expected.workload, self.folder / "catalogue.yaml")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KPI_")}
        ours = {
            "KPI_BROKER_URL": self.cluster.address,
            "KPI_TOPIC_PREFIX": self.prefix,
            "KPI_APP_ID": f"bench-{SystemClock().now_us()}",
            "KPI_PARTITIONS": str(self.partitions),
            "KPI_CATALOGUE": str(plan),
            "KPI_HTTP_HOST": "127.0.0.1",
            "KPI_HTTP_PORT": "0",
        }
        for number in range(count):
            with self._log(number).open("wb") as log:
                process = subprocess.Popen(
                    self.command,
                    cwd=ROOT,
                    env=kept | ours | self.settings,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            self._processes.append(process)

    def wait_until_ready(self) -> None:
        """Waits for the first worker.

        Raises:
            FailedRunError: it is not ready within a minute.
        """
        deadline = time.monotonic() + 60
        while not self.page(0, "/readyz"):
            self._check_alive()
            if time.monotonic() > deadline:
                raise FailedRunError(f"the worker was not ready within 60 s\n{self._logs()}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Ends the workers."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()

    def page(self, number: int, path: str) -> str:
        """One of a worker's pages; empty while it does not answer."""
        found = _PAGES.search(self._log(number).read_text())
        if found is None:
            return ""
        try:
            with urllib.request.urlopen(found[1] + path, timeout=30) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [process.pid for process in self._processes]

    def progress(self) -> "Progress":
        """How far the workers are by their own word."""
        pages = [self.page(number, "/metrics") for number in range(len(self._processes))]
        outcomes: Counter[str] = Counter()
        for labels, value in (found for page in pages for found in _EVENTS.findall(page)):
            outcome = _OUTCOME.search(labels)
            outcomes[outcome[1] if outcome else "pending"] += int(float(value))
        idle = sum(
            float(number)
            for page in pages
            for labels, number in _PARTITIONS.findall(page)
            if 'phase="running"' not in labels
        )
        lag = sum(float(one) for page in pages for one in _LAG.findall(page))
        return Progress(+outcomes, int(idle), int(lag))

    # -- start and end of a run

    def _started_s(self) -> float:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            self._check_alive()
            told = [found[1] for number in range(len(self._processes)) if (found := self._restored(number))]
            if told:
                return min(map(_monotonic_of, told))
            time.sleep(0.02)
        raise FailedRunError(f"no state was restored within 60 s\n{self._logs()}")

    def _final_s(self) -> float:
        topic, wanted = self.prefix + VALUES.name, self.expected.outcomes.total()
        before: tuple[int, ...] = ()
        since, asked = time.monotonic(), 0.0
        deadline, reason = since + PATIENCE_S, "values still change"
        while time.monotonic() < deadline:
            self._check_alive()
            time.sleep(0.5)  # the end is told by the records, not by when it is noticed
            ends = self.cluster.ends(topic, self.partitions)
            if ends != before:
                before, since, asked = ends, time.monotonic(), 0.0
                continue
            if time.monotonic() < max(since, asked) + QUIET_S:
                continue
            asked = time.monotonic()
            at = self.progress()
            if at.outcomes.total() < wanted or at.lag or at.idle:
                reason, since = f"{at}, expected {wanted} events", asked
                continue
            wrong, changed_s = self._checked(topic)
            if at.outcomes != self.expected.outcomes:
                wrong.insert(0, f"outcomes {dict(at.outcomes)}, expected {dict(self.expected.outcomes)}")
            if not wrong:
                return changed_s
            if asked > since + WRONG_S:
                listed = "\n".join(wrong[:20])
                raise FailedRunError(f"WRONG RESULT: {len(wrong)} values or counts\n{listed}\n{self._logs()}")
        raise FailedRunError(f"not final within {PATIENCE_S:.0f} s: {reason}\n{self._logs()}")

    def _checked(self, topic: str) -> tuple[list[str], float]:
        """What is wrong with the values now, and the moment of their last change."""
        values, changed_ms = _newest(self.cluster, topic, self.partitions)
        return wrong_values(self.expected.values(), values), _monotonic_of_us(changed_ms * 1000)

    def _restored(self, number: int) -> re.Match[str] | None:
        return _RESTORED.search(self._log(number).read_text())

    def _check_alive(self) -> None:
        for process in self._processes:
            if process.poll() is not None:
                raise FailedRunError(f"a worker ended with status {process.returncode}\n{self._logs()}")

    def _log(self, number: int) -> Path:
        return self.folder / f"worker-{number}.log"

    def _logs(self) -> str:
        return "\n".join(self._log(number).read_text()[-3000:] for number in range(len(self._processes)))


def _newest(cluster: Cluster, topic: str, partitions: int) -> tuple[Values, int]:
    """Newest value of each key, and when (ms) the last of them became what it is."""
    values: Values = {}
    changed_ms = 0
    decode = msgspec.json.Decoder(_Row).decode
    for records in cluster.read(topic, partitions):
        for record in records:
            key = record.key().decode()
            if record.value() is None:
                values.pop(key, None)
                continue
            value = decode(record.value()).value
            if key not in values or values[key] != value:
                values[key] = value
                changed_ms = max(changed_ms, record.timestamp()[1])
    return values, changed_ms


def _monotonic_of(written: str) -> float:
    """The monotonic moment of a log line's local time."""
    local = datetime.strptime(written, "%Y-%m-%d %H:%M:%S,%f").astimezone()
    return _monotonic_of_us(int(local.timestamp() * 1e6))


def _monotonic_of_us(wall_us: int) -> float:
    return time.monotonic() - SystemClock().age_s(wall_us)
