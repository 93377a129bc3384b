"""One row of the matrix from its broker to its verdict."""

import contextlib
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from deploy.kafka.broker import free_port
from tests.chaos.backlog import TRANSACTION_S, Backlog
from tests.chaos.changelogs import cleaned_partitions
from tests.chaos.cluster import LONG_TRANSACTION_S, ChaosBroker, create_topics
from tests.chaos.company import Company
from tests.chaos.faults import MakeCompany, Row
from tests.chaos.proxy import Wire, wire_to
from tests.chaos.run import LANES, UNDER_FAULT, BrokenError, Run
from tests.chaos.threads import in_thread
from tests.chaos.verdict import Verdict, judge
from tests.kafka.product import Product
from tests.streams.sinks.receiver import receiving

EVENTS_PER_S = 100
"""No wait is longer than a worker needs that is so slow, and a few minutes."""
PORTIONS = 60
PORTION_EVENTS = 250
"""At least, in small runs."""


@dataclass(frozen=True)
class Plan:
    """How rows are run. `broker` empty: each has one of its own."""

    events: int
    """In flight at every fault, at least."""
    seed: int
    chunk_records: int | None = None
    session_s: int = 10
    """KPI_SESSION_TIMEOUT_S of the workers; on a busy machine a worker with a large state needs a longer one."""
    quiet: bool = False
    """Whether only the watched team has alerts."""
    broker: str = ""


class Companies:
    """The companies of a plan: each is made once, and shared by all rows that it happens to."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder = folder
        self._plan = plan
        self._made: dict[tuple[MakeCompany, int], Company] = {}

    def of(self, row: Row) -> Company:
        """The row's company, with more events than are to be in flight, and as many as the row needs."""
        plan, events = self._plan, max(round(self._plan.events / (1 - UNDER_FAULT)), row.least_events)
        name = (row.company, events)
        if name not in self._made:
            folder = self._folder / f"company-{len(self._made)}"
            self._made[name] = row.company(folder, events, plan.seed, plan.quiet)
        return self._made[name]


@dataclass
class Result:
    """A row's verdict and what was done for it."""

    row: str
    verdict: Verdict
    events: int = 0
    in_flight: list[int] = field(default_factory=list)
    notes: Sequence[str] = ()
    seconds: float = 0.0

    @property
    def exact(self) -> bool:
        """Nothing differed."""
        return not self.verdict.problems


async def run_row(row: Row, plan: Plan, company: Company, times: int, folder: Path) -> Result:
    """Runs one row, its fault so many times, in a folder that is empty. Nothing is left running, however it ends."""
    started = time.monotonic()
    async with contextlib.AsyncExitStack() as stack:
        broker, wire = await _cluster(row, plan, folder, stack)
        name = f"c{uuid.uuid4().hex[:8]}"
        logs = folder / "logs"
        logs.mkdir()
        product = Product(broker.client_address if broker else plan.broker, name, logs)
        product.catalogue = company.catalogue
        hook = await stack.enter_async_context(receiving())
        stack.callback(product.kill_all)
        timeout_s = LONG_TRANSACTION_S if broker else TRANSACTION_S
        feed_address = broker.feed_address if broker else plan.broker
        backlog = Backlog.of(company.path, feed_address, product.topic("kpi.events"), timeout_s)
        stack.push_async_callback(backlog.close)
        dice = Random(f"{plan.seed} {row.name}")
        patience_s = 150 + company.events / EVENTS_PER_S
        run = Run(product, company, backlog, hook, dice, patience_s, folder, stack, broker, wire)
        run.settings["KPI_SESSION_TIMEOUT_S"] = str(plan.session_s)
        if plan.chunk_records:
            run.settings["KPI_CHUNK_RECORDS"] = str(plan.chunk_records)
        try:
            await create_topics(product.broker, name)
            await backlog.send(min(PORTIONS, company.events // PORTION_EVENTS))
            await row.bring(run, times)
            verdict = await judge(run, row.crashes)
            verdict.problems += _weak(run, plan.events)
        except BrokenError as error:
            verdict = Verdict(problems=[*run.problems, str(error)])
    return Result(row.name, verdict, run.sent, run.in_flight, run.notes, time.monotonic() - started)


def _weak(run: Run, in_flight: int) -> list[str]:
    """Why the row proved less than it should."""
    weak = []
    if run.in_flight and min(run.in_flight) < in_flight:
        weak.append(f"a fault with only {min(run.in_flight)} events in flight")
    if run.has_broker:
        cleaned = cleaned_partitions(run)
        run.notes.append(f"{cleaned} of {LANES} changelog partitions compacted meanwhile")
        if not cleaned:
            weak.append("no changelog was compacted meanwhile")
    return weak


async def _cluster(
    row: Row, plan: Plan, folder: Path, stack: contextlib.AsyncExitStack
) -> tuple[ChaosBroker | None, Wire | None]:
    if plan.broker and not (row.own_broker or row.wired):
        return None, None
    wire_port = free_port() if row.wired else 0
    broker = ChaosBroker(folder / "kafka", wire_port)
    stack.callback(broker.stop)
    wire = await stack.enter_async_context(wire_to(broker.port, wire_port)) if row.wired else None
    await in_thread(broker.start)
    return broker, wire
