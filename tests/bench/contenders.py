"""Who is measured, with what, and what each leaves out of the job."""

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.cluster import Cluster
from tests.bench.expected import Expected, SumRows, wrong_sums
from tests.bench.meter import Meter
from tests.bench.our_worker import ROOT, FailedRunError, OurWorkers, Outcome

PYTHON = ROOT / ".venv-bench" / "bin" / "python"
JAVA_CLASSES = ROOT / "tests" / "bench" / "kafka_streams" / "target"
PATIENCE_S = 1500.0


@dataclass(frozen=True, slots=True)
class Round:
    """One run that a contender is asked for."""

    cluster: Cluster
    prefix: str
    partitions: int
    expected: Expected
    folder: Path
    """Empty, for this run alone."""

    @property
    def topic(self) -> str:
        """The topic with the events."""
        return f"{self.prefix}kpi.events"


@dataclass(frozen=True, slots=True)
class Contender:
    """One row of the table. `at_most` bounds the events of those that would take hours for a million."""

    name: str
    what: str
    leaves_out: str
    run: Callable[[Round], Outcome]
    at_most: int | None = None
    goals: bool = False
    needs: Path | None = None
    """What `make bench` installs for it."""

    @property
    def by_default(self) -> bool:
        """Not with goals: that is another job, and tells how much judging adds."""
        return not self.goals


def _ours(asked: Round) -> Outcome:
    return OurWorkers(asked.cluster, asked.prefix, asked.partitions, asked.folder, asked.expected).run()


def _python(module: str, *options: str) -> Callable[[Round], Outcome]:
    command = [str(PYTHON), "-m", f"tests.bench.peers.{module}"]
    return lambda asked: _peer(asked, [*command, *_asked(asked), *options], _sums_of(module, options))


def _java(asked: Round) -> Outcome:
    values = f"{asked.folder.name}.values"
    asked.cluster.create(values, asked.partitions, {"cleanup.policy": "compact"})
    command = ["java", "-cp", f"{JAVA_CLASSES}/classes:{JAVA_CLASSES}/libs/*", "bench.Main"]
    return _peer(asked, [*command, *_asked(asked), "--values", values], _all_sums)


def _asked(asked: Round) -> list[str]:
    workload = asked.expected.workload
    options = {
        "broker": asked.cluster.address,
        "topic": asked.topic,
        "partitions": asked.partitions,
        "events": workload.events,
        "teams": workload.teams,
        "run": asked.folder.name,
        "folder": asked.folder,
    }
    return [part for name, value in options.items() for part in (f"--{name}", str(value))]


def _peer(asked: Round, command: Sequence[str], sums: Callable[[Expected], SumRows | None]) -> Outcome:
    """Runs a peer's process, which marks its start and end, and checks the sums that it hands in.

    Raises:
        FailedRunError: it failed, took too long, or its sums are wrong.
    """
    topics = set(asked.cluster.topics())
    log = asked.folder / "peer.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        with Meter(process.pid) as meter:
            status = process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        raise FailedRunError(f"not done within {PATIENCE_S:.0f} s\n{log.read_text()[-3000:]}") from None
    finally:
        process.kill()
        process.wait()
        asked.cluster.delete(set(asked.cluster.topics()) - topics)
    marks = dict(line.split() for line in log.read_text().splitlines() if line.startswith(("start ", "end ")))
    if status or marks.keys() != {"start", "end"}:
        raise FailedRunError(f"status {status}, marks {marks}\n{log.read_text()[-3000:]}")
    wanted = sums(asked.expected)
    if wanted is not None and (wrong := wrong_sums(wanted, json.loads((asked.folder / "sums.json").read_text()))):
        raise FailedRunError(f"WRONG RESULT: {len(wrong)} of {len(wanted)} rows\n" + "\n".join(wrong[:20]))
    start_s, end_s = float(marks["start"]), float(marks["end"])
    return Outcome(start_s, end_s, meter.between(start_s, end_s))


def _all_sums(expected: Expected) -> SumRows:
    return expected.peer_sums()


def _sums_of(module: str, options: Sequence[str]) -> Callable[[Expected], SumRows | None]:
    if module == "plain":
        return lambda expected: None
    if "--only-people" in options:
        return lambda expected: {place: sums for place, sums in expected.peer_sums().items() if place.startswith("p-")}
    return _all_sums


_CHECKS_LESS = "checks only the summed fields; no corrections, no late rule, no dead letters"

BASELINE = Contender(
    "plain", "plain aiokafka loop, orjson, count by owner", "everything but decoding", _python("plain"), needs=PYTHON
)
CONTENDERS = (
    BASELINE,
    Contender("ours", "kpi worker, 20 plain metrics", "nothing (and counts departments too)", _ours),
    Contender(
        "ours_goals",
        "kpi worker, 20 KPIs with targets and alerts",
        "nothing, and does more than the job",
        _ours,
        goals=True,
    ),
    Contender(
        "quix",
        "Quix Streams, group_by, RocksDB and changelogs",
        f"exactly-once (commit every 5 s), values published; {_CHECKS_LESS}",
        _python("quix_peer"),
        at_most=100_000,
        needs=PYTHON,
    ),
    Contender(
        "quix_people",
        "Quix Streams, people only",
        f"teams and organisation, exactly-once, values published; {_CHECKS_LESS}",
        _python("quix_peer", "--only-people"),
        at_most=200_000,
        needs=PYTHON,
    ),
    Contender(
        "bytewax",
        "Bytewax, snapshots every 10 s to SQLite",
        f"exactly-once, state beyond one disk, values before the end; {_CHECKS_LESS}",
        _python("bytewax_peer"),
        at_most=500_000,
        needs=PYTHON,
    ),
    Contender(
        "faust",
        "vanilla Faust, an event at a time, tables",
        f"exactly-once, merge over partitions, values published; {_CHECKS_LESS}",
        _python("faust_peer"),
        at_most=20_000,
        needs=PYTHON,
    ),
    Contender(
        "kafka_streams",
        "Kafka Streams (Java), exactly-once v2, RocksDB",
        _CHECKS_LESS,
        _java,
        needs=JAVA_CLASSES / "libs" / "complete",
    ),
)
