"""One run: a company's events on a cluster, workers that come and go, and a receiver for what they tell.

Faults are brought by tests/chaos/faults.py through this class; tests/chaos/verdict.py judges the end. Workers are
black boxes: processes, topics, /metrics and exit statuses.
"""

import asyncio
import contextlib
import re
import signal
from asyncio.subprocess import DEVNULL, PIPE
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from subprocess import Popen

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from tests.chaos.backlog import Backlog
from tests.chaos.cluster import ChaosBroker
from tests.chaos.company import Company, Replay
from tests.chaos.proxy import Wire
from tests.kafka.harness import PARTITIONS, ROOT
from tests.kafka.product import STREAMS, Product, replayed
from tests.streams.sinks.receiver import Receiver

Worker = Popen[bytes]
LANES = 4 * PARTITIONS
"""Stages times partitions: so many lanes run when a group is whole."""
IDLE_LAG = 200
"""Records under way over all lanes when nothing happens: each source tells each partition its clock every second."""
ANSWER_S = 5.0
POLL_S = 0.3
STOP_S = 30.0
UNDER_FAULT = 1 / 3
"""Of the events; the others are those in flight at each fault, at least."""

_SAMPLE = re.compile(r"^(kpi_\w+)\{([^}]*)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_READ = {
    "kpi_events_total",
    "kpi_events_pending",
    "kpi_consumer_lag_records",
    "kpi_partitions",
    "kpi_alert_transitions_total",
    "kpi_notices_pending",
}


class BrokenError(Exception):
    """The run cannot go on: a worker ended by itself, or what must happen did not happen in time."""


@dataclass
class Figures:
    """What a worker's /metrics say of its partitions."""

    events: Counter[str] = field(default_factory=Counter)
    """With an outcome, by partition."""
    outcomes: Counter[str] = field(default_factory=Counter)
    running: int = 0
    """Lanes at work."""
    lag: int = 0
    """Records that they have not taken yet."""
    transitions: int = 0
    notices_pending: int = 0

    @classmethod
    def of(cls, metrics: str) -> "Figures":
        """Reads the text of /metrics."""
        found = cls()
        for name, labels_text, value_text in _SAMPLE.findall(metrics):
            if name not in _READ:
                continue
            labels, value = dict(_LABEL.findall(labels_text)), int(float(value_text))
            if name == "kpi_consumer_lag_records":
                found.lag += value
            elif name.startswith("kpi_events"):
                found.events[labels["partition"]] += value
                found.outcomes[labels.get("outcome", "pending")] += value
            elif name == "kpi_partitions" and labels["phase"] == "running":
                found.running += value
            elif name == "kpi_alert_transitions_total":
                found.transitions += value
            elif name == "kpi_notices_pending":
                found.notices_pending += value
        return found


class Run:
    """A company on a cluster. `patience_s` bounds every wait."""

    def __init__(
        self,
        product: Product,
        company: Company,
        backlog: Backlog,
        hook: Receiver,
        dice: Random,
        patience_s: float,
        folder: Path,
        stack: contextlib.AsyncExitStack,
        broker: ChaosBroker | None = None,
        wire: Wire | None = None,
    ) -> None:
        self.product = product
        self.company = company
        self.backlog = backlog
        self.hook = hook
        self.dice = dice
        self.patience_s = patience_s
        self.folder = folder
        self.stack = stack
        """What is entered here is left when the run is over."""
        self.refused = company.refused.copy()
        self.in_flight: list[int] = []
        self.notes: list[str] = []
        self.problems: list[str] = []
        self.settings: dict[str, str] = {}
        self.more_events: list[Path] = []
        """Files of what was sent beside the company's own events, for the replay."""
        self.sent = company.events
        self.last_looks: list[Callable[[], Awaitable[None]]] = []
        """What a row looks at before its workers are stopped."""
        self.fleet: list[Worker] = []
        self.frozen: set[int] = set()
        self._broker = broker
        self._wire = wire
        self._seen: Counter[str] = Counter()
        self._producer: AIOKafkaProducer | None = None

    @property
    def has_broker(self) -> bool:
        """Whether the broker is this run's own."""
        return self._broker is not None

    @property
    def broker(self) -> ChaosBroker:
        """The broker, where it is this run's own."""
        assert self._broker is not None
        return self._broker

    @property
    def wire(self) -> Wire:
        """The wire to the broker, where there is one."""
        assert self._wire is not None
        return self._wire

    # -- workers

    def start_worker(self, **changes: str) -> Worker:
        """A worker that joins the group."""
        ours = {
            "KPI_CHAT_URLS": f"webhook+{self.hook.url}",
            "KPI_HORIZON_DAYS": str(self.company.horizon_days),
        }
        worker = self.product.worker(**(ours | self.settings | changes))
        self.fleet.append(worker)
        return worker

    def kill(self, worker: Worker) -> None:
        """kill -9."""
        self.fleet.remove(worker)
        worker.kill()
        worker.wait()

    async def stop(self, worker: Worker) -> None:
        """SIGTERM; anything but an end in order is a problem of the run."""
        self.fleet.remove(worker)
        worker.send_signal(signal.SIGTERM)
        try:
            status: int | str = await self.product.ended(worker, STOP_S)
        except TimeoutError:
            worker.kill()
            worker.wait()
            status = "none"
        if status != 0:
            self.problems.append(f"a worker told to stop ended with status {status}: {self.last_words(worker)}")

    def freeze(self, worker: Worker) -> None:
        """SIGSTOP."""
        worker.send_signal(signal.SIGSTOP)
        self.frozen.add(worker.pid)

    def thaw(self, worker: Worker) -> None:
        """SIGCONT."""
        worker.send_signal(signal.SIGCONT)
        self.frozen.discard(worker.pid)

    def last_words(self, worker: Worker, lines: int = 3) -> str:
        """The end of a worker's log."""
        return " / ".join(self.product.log_of(worker).strip().splitlines()[-lines:])

    # -- how far it is

    async def figures(self, *workers: Worker) -> list[Figures]:
        """Of those workers that answer; of the whole fleet if none is named."""
        answers = await asyncio.gather(*(self._metrics_of(worker) for worker in workers or self.fleet))
        return [Figures.of(text) for text in answers if text is not None]

    async def _metrics_of(self, worker: Worker) -> str | None:
        if worker.pid in self.frozen:
            return None
        try:
            status, text = await asyncio.wait_for(self.product.get(worker, "/metrics"), ANSWER_S)
        except (TimeoutError, OSError):
            return None
        return text if status == 200 else None

    async def progress(self) -> int:
        """Events with an outcome, as far as anyone ever told: a killed worker's partitions are silent for a while."""
        for figures in await self.figures():
            for partition, count in figures.events.items():
                self._seen[partition] = max(self._seen[partition], count)
        return self._seen.total()

    def moments(self, times: int, latest: float = 0.9) -> list[float]:
        """Random shares of the events, in order; early, so that those behind are in flight all along."""
        return sorted(self.dice.uniform(0.02, latest) * UNDER_FAULT for _ in range(times))

    async def reaches(self, share: float) -> None:
        """Waits until so much is done, and a random moment more in which there is work at hand."""
        wanted = int(share * self.backlog.events)
        if self.backlog.released < wanted:
            await self.backlog.release(wanted)

        async def is_reached() -> bool:
            return await self.progress() >= wanted

        await self.until(is_reached, f"progress to {wanted} events")
        await self.more_work()
        await asyncio.sleep(self.dice.uniform(0, 0.5))

    async def more_work(self) -> None:
        """Lets out another portion, as long as enough stay in flight."""
        if self.backlog.released < UNDER_FAULT * self.backlog.events:
            await self.backlog.release()

    async def all_take_part(self) -> None:
        """Waits until the group has given every worker its partitions: before that nothing can be taken from it."""

        async def do_all() -> bool:
            awake = [worker for worker in self.fleet if worker.pid not in self.frozen]
            return all(" assigned " in self.product.log_of(worker) for worker in awake)

        await self.until(do_all, "assignment of partitions to every worker", every_s=0.05)

    async def fault(self) -> None:
        """Counts a fault that is brought now, with the events that are still without outcome."""
        await self.all_take_part()
        self.in_flight.append(self.sent - await self.progress())

    async def all_run(self, *workers: Worker) -> None:
        """Waits until every lane of the group runs in one of these workers, and each of them has some."""

        async def do_all() -> bool:
            running = [figures.running for figures in await self.figures(*workers)]
            return sum(running) == LANES and len(running) == len(workers) and all(running)

        await self.until(do_all, f"all lanes at work in {len(workers)} workers")

    async def drained(self) -> Counter[str]:
        """Lets out all events and waits until every one has an outcome, and the stages behind OBSERVE have taken what
        came of it; the outcomes."""
        await self.backlog.release(self.backlog.events)
        last: Counter[str] = Counter()

        async def is_drained() -> bool:
            last.clear()
            for figures in await self.figures():
                last.update(figures.outcomes)
            return last.total() == self.sent

        async def is_quiet() -> bool:
            found = await self.figures()
            return sum(each.running for each in found) == LANES and sum(each.lag for each in found) <= IDLE_LAG

        try:
            await self.until(is_drained, "an outcome for every event")
        except BrokenError as error:
            raise BrokenError(
                f"{error}; {last.total()} of {self.sent} events have one; {await self._where()}"
            ) from None
        outcomes = last.copy()
        with contextlib.suppress(BrokenError):  # the values will tell what is missing
            await self.until(is_quiet, "rest in all lanes")
        return outcomes

    async def _where(self) -> str:
        """Where events are missing: those with an outcome and those that can be read, by partition."""
        readable = Counter(str(record.partition) for record in await self.whole_topic("kpi.events"))
        counted = sum((figures.events for figures in await self.figures()), Counter[str]())
        return "; ".join(f"partition {name}: {counted[name]} of {readable[name]}" for name in sorted(readable))

    async def until(self, true: Callable[[], Awaitable[bool]], what: str, every_s: float = POLL_S) -> None:
        """Asks every so often until something is true.

        Raises:
            BrokenError: it takes longer than `patience_s`, or a worker ends by itself.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.patience_s
        while not await true():
            for worker in self.fleet:
                if worker.poll() is not None:
                    raise BrokenError(f"a worker ended by itself ({worker.returncode}): {self.last_words(worker)}")
            if loop.time() > deadline:
                raise BrokenError(f"no {what} within {self.patience_s:.0f} s")
            await asyncio.sleep(every_s)

    # -- topics and commands

    async def whole_topic(self, name: str) -> list[ConsumerRecord]:
        """All committed records of a topic up to its end."""
        tps = [TopicPartition(self.product.topic(name), partition) for partition in range(PARTITIONS)]
        records: list[ConsumerRecord] = []
        async with AIOKafkaConsumer(
            bootstrap_servers=self.product.broker, isolation_level="read_committed", auto_offset_reset="earliest"
        ) as consumer:
            consumer.assign(tps)
            ends = await consumer.end_offsets(tps)
            for tp in tps:
                while await consumer.position(tp) < ends[tp]:
                    for batch in (await consumer.getmany(timeout_ms=200)).values():
                        records += batch
        return records

    async def send(self, key: bytes, value: bytes) -> None:
        """One event beside those of the file."""
        producer = self._producer
        if producer is None:
            producer = AIOKafkaProducer(bootstrap_servers=self.product.broker, enable_idempotence=True)
            self._producer = await self.stack.enter_async_context(producer)
        await producer.send_and_wait(self.product.topic("kpi.events"), value, key=key)
        self.sent += 1

    async def replayed(self, until: datetime) -> Replay:
        """Rows and alerts of `kpi replay` on all that was sent, with a clock that ends then."""
        catalogue = [part for path in self.company.catalogue for part in ("-c", path)]
        options = ["--json", "--until", until.isoformat(), "--horizon", self.company.horizon_days]
        return replayed(await self.command("replay", self.company.path, *self.more_events, *catalogue, *options))

    async def command(self, *arguments: object) -> str:
        """What `kpi ...` prints; it does not outlive a run that is given up."""
        process = await asyncio.create_subprocess_exec(
            *STREAMS,
            *map(str, arguments),
            cwd=ROOT,
            env=self.product.environment(),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
        )
        try:
            said, complained = await process.communicate()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode != 0:
            raise BrokenError(f"kpi {arguments[0]} ended with {process.returncode}: {complained.decode()[-500:]}")
        return said.decode()
