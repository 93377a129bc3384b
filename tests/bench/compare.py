"""The table: every contender in every round, beside the plain loop, so that a noisy machine is noisy for all."""

import itertools
import json
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from streams.clock import SystemClock
from tests.bench.cluster import Cluster, started
from tests.bench.contenders import BASELINE, Contender, Round
from tests.bench.expected import Expected
from tests.bench.our_worker import FailedRunError
from tests.bench.table import markdown
from tests.bench.workload import Workload, last_month_end, until

PARTITIONS = 4


@dataclass(frozen=True, slots=True)
class Figure:
    """One finished run beside the plain loop of its round."""

    contender: str
    round: int
    events: int
    wall_s: float
    cpu_s: float
    of_plain_wall: float
    """Events per second over the plain loop's."""
    of_plain_cpu: float

    @property
    def per_wall_s(self) -> float:
        """Events per second of wall time."""
        return self.events / self.wall_s

    @property
    def per_cpu_s(self) -> float:
        """Events per second of CPU time."""
        return self.events / self.cpu_s


def today() -> datetime:
    """The wall clock."""
    return datetime.fromtimestamp(SystemClock().now_us() / 1e6, UTC)


class Comparison:
    """Rounds on one broker. Topics with events are made once a size, and read by all."""

    def __init__(self, cluster: Cluster, folder: Path, events: int) -> None:
        self._cluster = cluster
        self._folder = folder
        self._events = events
        self._end = last_month_end(today())
        self._filled: dict[int, tuple[str, Expected]] = {}
        self._runs = itertools.count()
        self.figures: list[Figure] = []
        self.failures: list[str] = []

    def round(self, number: int, contenders: Sequence[Contender]) -> None:
        """One round: the plain loop, then every contender."""
        plain: tuple[float, float] | None = None
        for contender in (BASELINE, *(one for one in contenders if one is not BASELINE)):
            asked = self._asked(contender)
            events = asked.expected.workload.events
            try:
                outcome = contender.run(asked)
            except FailedRunError as error:
                self.failures.append(f"{contender.name}, round {number}: {error}")
                _say(f"!!! FAILED {self.failures[-1]}")
                continue
            finally:
                shutil.rmtree(asked.folder, ignore_errors=True)
            wall_s, cpu_s = outcome.end_s - outcome.start_s, outcome.cpu_s
            # Rates, not times: some read fewer events.
            rates = events / wall_s, events / cpu_s
            plain = plain or (rates if contender is BASELINE else None)
            ratios = (rates[0] / plain[0], rates[1] / plain[1]) if plain else (float("nan"), float("nan"))
            figure = Figure(contender.name, number, events, wall_s, cpu_s, *ratios)
            self.figures.append(figure)
            _say(
                f"round {number}: {contender.name}: {events:,} events, {figure.per_wall_s:,.0f} a second, "
                f"{figure.per_cpu_s:,.0f} a CPU second, {figure.of_plain_cpu:.3f} of plain"
            )

    def _asked(self, contender: Contender) -> Round:
        events = min(self._events, contender.at_most or self._events)
        prefix, expected = self._fill_goals(events) if contender.goals else self._fill(events)
        folder = self._folder / f"{contender.name}-{next(self._runs)}"
        folder.mkdir()
        return Round(self._cluster, prefix, PARTITIONS, expected, folder)

    def _fill_goals(self, events: int) -> tuple[str, Expected]:
        """Events until now: of weeks of silence behind them, each minute would be judged, and everybody alerted."""
        prefix = f"bench-goals-{next(self._runs)}."
        end, span_ms = until(today())
        _say(f"writing {events:,} events to {prefix}kpi.events, the last of them now")
        workload = Workload(events, end, goals=True, span_ms=span_ms)
        return prefix, self._cluster.fill(f"{prefix}kpi.events", PARTITIONS, workload)

    def _fill(self, events: int) -> tuple[str, Expected]:
        if events not in self._filled:
            prefix = f"bench-{events}."
            workload = Workload(events, self._end)
            _say(f"writing {events:,} events to {prefix}kpi.events")
            expected = self._cluster.fill(f"{prefix}kpi.events", PARTITIONS, workload)
            self._filled[events] = prefix, expected
        return self._filled[events]


def compare(contenders: Sequence[Contender], events: int, rounds: int, out: Path | None) -> int:
    """Runs all rounds and prints the table; 1 when a run failed."""
    missing = [one for one in (BASELINE, *contenders) if one.needs and not one.needs.exists()]
    if missing:
        print(f"error: {', '.join(one.name for one in missing)} not installed here: run `make bench`", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="kpi-bench-") as name:
        cluster = started(Path(name) / "kafka")
        try:
            comparison = Comparison(cluster, Path(name), events)
            for number in range(1, rounds + 1):
                comparison.round(number, contenders)
        except KeyboardInterrupt:  # hours may lie behind: what is measured is told
            comparison.failures.append("interrupted")
        finally:
            cluster.broker.stop()
    print(report(comparison.figures, contenders))
    for failure in comparison.failures:
        print(f"\nFAILED {failure}")
    if out:
        told = {"figures": [asdict(figure) for figure in comparison.figures], "failures": comparison.failures}
        out.write_text(json.dumps(told, indent=1))
    return 1 if comparison.failures else 0


def report(figures: Sequence[Figure], contenders: Sequence[Contender]) -> str:
    """The medians as a Markdown table."""
    by_name: dict[str, list[Figure]] = defaultdict(list)
    for figure in figures:
        by_name[figure.contender].append(figure)
    rows = []
    for contender in (BASELINE, *(one for one in contenders if one is not BASELINE)):
        found = by_name.get(contender.name)
        if not found:
            rows.append([contender.name, "failed", "", "", "", "", contender.what, contender.leaves_out])
            continue
        rows.append(
            [
                contender.name,
                f"{found[0].events:,}",
                f"{median(one.per_wall_s for one in found):,.0f}",
                f"{median(one.per_cpu_s for one in found):,.0f}",
                f"{median(one.of_plain_cpu for one in found):.3f} x",
                str(len(found)),
                contender.what,
                contender.leaves_out,
            ]
        )
    head = ["contender", "events", "events/s wall", "events/CPU-s", "CPU, of plain", "runs", "what", "leaves out"]
    return markdown(head, rows, text_columns=(0, 6, 7))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
