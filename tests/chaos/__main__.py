"""`python -m tests.chaos`: the fault matrix on a real Apache Kafka, one line a row; exit 1 if anything differs."""

import argparse
import asyncio
import logging
import os
import shutil
import signal
import sys
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path

from deploy.kafka.broker import missing
from tests.chaos.faults import ROWS, Row
from tests.chaos.matrix import Companies, Plan, Result, run_row
from tests.conftest import MARK, processes_left

HEAD = ("row", "events", "faults", "values", "differ", "transitions", "notices", "again", "seconds", "verdict")
WIDTHS = (19, 8, 6, 7, 6, 11, 7, 5, 7, 7)
LEGEND = """
in flight    events in the topic without an outcome, at each fault
values       rows of kpi.values, and how many of them differ from those of kpi replay
transitions  on kpi.alerts; every fingerprint's are a legal life, and the watched team's are those of the replay
notices      messages for the receiver, each of which arrived, in the order of its alert
again        of these arrived once more after a crash, with the same Idempotency-Key: the receiver had accepted, and the
             worker died before it could commit that. Receiver and Kafka share no transaction, so this cannot be
             avoided; a receiver that remembers the keys takes each message once. Without a crash none may."""


def main() -> int:
    """Runs the chosen rows."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    names = [row.name for row in ROWS]
    parser.add_argument(
        "--events", type=int, default=300_000, help="in flight at each fault, at least (default: %(default)s)"
    )
    parser.add_argument("--faults", default=",".join(names), help="rows, with commas between (default: all)")
    parser.add_argument("--seed", type=int, default=1, help="of events and moments (default: %(default)s)")
    parser.add_argument("--times", type=int, help="faults of a row (default: each row's own)")
    parser.add_argument("--chunk-records", type=int, help="KPI_CHUNK_RECORDS of the workers (default: theirs)")
    parser.add_argument("--session", type=int, default=10, help="their session timeout in s (default: %(default)s)")
    parser.add_argument("--quiet", action="store_true", help="alerts of one team only; a run is over sooner")
    parser.add_argument("--keep", type=Path, help="where logs and data of rows that differ are kept")
    chosen = parser.parse_args()
    unknown = set(chosen.faults.split(",")) - set(names)
    if unknown:
        parser.error(f"no row {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    if problem := missing():
        parser.error(problem)
    # What aiokafka says of a broker that is away is the point of some rows.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    os.environ[MARK] = uuid.uuid4().hex
    rows = [row for row in ROWS if row.name in chosen.faults.split(",")]
    plan = Plan(chosen.events, chosen.seed, chosen.chunk_records, chosen.session, chosen.quiet)
    try:
        results = asyncio.run(_stoppable(rows, plan, chosen.times, chosen.keep))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("stopped", file=sys.stderr)
        return 130
    finally:
        _sweep()
    print(LEGEND)
    wrong = [result.row for result in results if not result.exact]
    print(
        f"\n{len(results) - len(wrong)} of {len(results)} rows exact" + (f"; not: {', '.join(wrong)}" if wrong else "")
    )
    return 1 if wrong else 0


async def _stoppable(rows: Sequence[Row], plan: Plan, times: int | None, keep: Path | None) -> list[Result]:
    """SIGTERM ends it as Ctrl-C does: everything that was started is stopped first."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await _run_all(rows, plan, times, keep)


async def _run_all(rows: Sequence[Row], plan: Plan, times: int | None, keep: Path | None) -> list[Result]:
    quiet = ", alerts of one team only" if plan.quiet else ""
    print(f"seed {plan.seed}, at least {plan.events:,} events in flight at each fault{quiet}\n")
    print(_line(HEAD), flush=True)
    results = []
    shared = Path(tempfile.mkdtemp(prefix="kpi-chaos-"))
    companies = Companies(shared, plan)
    try:
        for row in rows:
            folder = Path(tempfile.mkdtemp(prefix="kpi-chaos-"))
            try:
                result = await run_row(row, plan, companies.of(row), row.times if times is None else times, folder)
                if keep is not None and not result.exact:
                    shutil.copytree(folder, keep / row.name, dirs_exist_ok=True, ignore_dangling_symlinks=True)
                    shutil.copytree(companies.of(row).path.parent, keep / row.name / "company", dirs_exist_ok=True)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            results.append(result)
            _show(result, plan)
    finally:
        shutil.rmtree(shared, ignore_errors=True)
    return results


def _show(result: Result, plan: Plan) -> None:
    verdict = result.verdict
    counted = (f"{result.events:,}", len(result.in_flight), f"{verdict.rows:,}", verdict.different_rows)
    told = (f"{verdict.transitions:,}", f"{verdict.notices:,}", verdict.repeated)
    print(_line((result.row, *counted, *told, f"{result.seconds:.0f}", "exact" if result.exact else "DIFFERS")))
    if result.in_flight:
        print(f"    in flight: {' '.join(f'{events:,}' for events in result.in_flight)}")
    if outcomes := ", ".join(f"{number:,} {name}" for name, number in sorted(verdict.outcomes.items()) if number):
        print(f"    outcomes: {outcomes}")
    for note in result.notes:
        print(f"    {note}")
    for problem in verdict.problems:
        print(f"    DIFFERS: {problem}")
    if not result.exact:
        options = f"--faults {result.row} --events {plan.events} --seed {plan.seed}{' --quiet' if plan.quiet else ''}"
        print(f"    again: make chaos ARGS='{options}'")
    sys.stdout.flush()


def _line(cells: Sequence[object]) -> str:
    return "  ".join(str(cell).ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def _sweep() -> None:
    """Ends what a row left running, and says so: nothing should be."""
    for pid, command in processes_left(f"{MARK}={os.environ[MARK]}".encode()).items():
        print(f"ERROR: this process was left behind: {command}", file=sys.stderr)
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
