"""The worker: Faust's app around our transport and lanes, its start, its watch over the broker, and its end."""

# mypy: allow-subclassing-any
import asyncio
import logging
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import faust
from aiokafka.errors import KafkaError
from faust.app.base import BootStrategy
from faust.tables.manager import TableManager
from mode import Service

from schemas.topics import Stage
from streams.agents import Lanes, add_agents
from streams.clock import Clock
from streams.cluster import APACHE_KAFKA, Cluster, StartError, connection, ensure_topics
from streams.core.stage import PartitionState, StageSpec
from streams.health import HealthModel
from streams.lane_parts import Phase, Sink
from streams.settings import Settings
from streams.transport import ChunkTransport

log = logging.getLogger("streams")

STOP_S = 2.0
"""A chunk at work and deliveries under way get this long when the worker is told to stop."""
WATCH_S = 2.0
LOST_LIMIT_S = 60.0


class _Boot(BootStrategy):
    """Only the services we use: no Faust producer, tables, leader, replies or web server."""

    def server(self) -> Iterable[Any]:
        app = self.app
        return [app.consumer, app.agents, app.topics]


class _NoTables(TableManager):
    """Faust's conductor waits for tables (0.15.3); lanes keep the state, so there is nothing to wait for."""

    @property
    def changelog_topics(self) -> set[str]:
        return set()

    async def wait_until_tables_registered(self) -> None:
        return None

    async def wait_until_recovery_completed(self) -> bool:
        return False


class _App(faust.App):
    """Faust's app with our transport. Overrides are hooks of faust-streaming 0.15.3, app/base.py."""

    BootStrategy = _Boot
    lanes: Lanes

    def _new_transport(self) -> ChunkTransport:
        return ChunkTransport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """No data folder: state lives in Kafka."""

    async def _stop_consumer(self) -> None:
        """Before the services stop: finish and commit what is at work."""
        await self.lanes.stop(STOP_S)
        await self.consumer.commit_hints()


class Worker:
    """One worker process. Build it inside the event loop it runs in."""

    def __init__(
        self,
        settings: Settings,
        stages: Sequence[StageSpec],
        clock: Clock,
        sink: Sink | None = None,
        cluster: Cluster = APACHE_KAFKA,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self._cluster = cluster
        self._failure: str | None = None
        self._joined = False
        self._stop = asyncio.Event()
        self._services: list[Service] = []
        self.lanes = Lanes(settings, stages, clock, sink, cluster, self.fail)
        self.health = HealthModel(self.lanes, asyncio.get_running_loop(), ", ".join(settings.broker_url))
        self.app = self._faust_app()

    def states(self) -> Mapping[tuple[Stage, int], PartitionState]:
        """Live states by stage and partition, for metrics."""
        return self.lanes.states()

    def add_service(self, service: Service) -> None:
        """Runs a mode service (web server, board consumer) along; call before `run`."""
        self._services.append(service)

    def stop(self) -> None:
        """Asks `run` to end in order."""
        self._stop.set()

    def fail(self, reason: str) -> None:
        """Asks `run` to end with status 1 and this line."""
        self._failure = self._failure or reason
        self._stop.set()

    async def run(self) -> int:
        """Runs until told to stop (also by SIGTERM and SIGINT); the exit status: 0, or 1 after a failure."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        started = asyncio.create_task(self._start())
        stopped = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({started, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if started.done():
                await started
                await self._watch(stopped)
        except StartError as error:
            self._failure = str(error)
        finally:
            await self._end(started, stopped)
        if self._failure:
            print(f"error: {self._failure}", file=sys.stderr)
            return 1
        return 0

    def _faust_app(self) -> _App:
        settings = self.settings
        app = _App(
            settings.app_id,
            broker=[f"kafka://{address}" for address in settings.broker_url],
            TableManager=_NoTables,
            store="memory://",
            autodiscover=False,
            web_enabled=False,
            topic_allow_declare=False,
            topic_disable_leader=True,
        )
        app.lanes = self.lanes
        add_agents(app, self.lanes)
        return app

    async def _start(self) -> None:
        settings = self.settings
        if self._cluster.creates_topics:
            await ensure_topics(settings)
        consumer = self.app.consumer
        consumer.owner = self.lanes
        consumer.options = {
            **connection(settings),
            "group_id": settings.app_id,
            "session_timeout_ms": settings.session_timeout_s * 1000,
            "heartbeat_interval_ms": min(3000, settings.session_timeout_s * 1000 // 3),
        }
        self.lanes.source = consumer
        # Queues of a Faust app stay shut until its first rebalance is over (0.15.3); ours are open from the start.
        self.app.flow_control.resume()
        self._joined = True
        try:
            await self.app.start()
            for service in self._services:
                await self.app.add_runtime_dependency(service)
        except (KafkaError, OSError) as error:
            raise StartError(f"the worker could not start: {error}") from error
        log.info("worker %s started, broker %s", settings.app_id, ", ".join(settings.broker_url))

    async def _watch(self, stopped: asyncio.Task[bool]) -> None:
        """Notices a lost broker, a crashed service and lanes that nobody gives back, until the worker is to stop."""
        lost_s = 0.0
        while not stopped.done():
            self.health.beat()
            if self.app.crashed:
                log.error("a service crashed", exc_info=self.app.crash_reason)
                self.fail(f"a service of the worker crashed: {self.app.crash_reason!r}")
                return
            await self._probe_broker()
            lost = [lane.name for lane in self.lanes if lane.phase is Phase.LOST]
            lost_s = lost_s + WATCH_S if lost and self.health.broker_reachable else 0.0
            if lost_s > LOST_LIMIT_S:
                self.fail(
                    f"{', '.join(lost)}: owned by another worker for {LOST_LIMIT_S:.0f} s without a new assignment"
                )
            await asyncio.wait({stopped}, timeout=WATCH_S)

    async def _probe_broker(self) -> None:
        try:
            await asyncio.wait_for(self.app.consumer.kafka.topics(), 2 * WATCH_S)
            reachable = True
        except (KafkaError, OSError, TimeoutError):
            reachable = False
        if reachable is not self.health.broker_reachable:
            address = ", ".join(self.settings.broker_url)
            if reachable:
                log.info("broker %s answers again", address)
            else:
                log.error("broker %s is lost; trying again until it answers", address)
            self.health.broker_reachable = reachable

    async def _end(self, started: asyncio.Task[None], stopped: asyncio.Task[bool]) -> None:
        self.health.stopping = True
        for task in (started, stopped):
            if not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        if self._joined:
            await self.app.stop()


def build_app(
    settings: Settings,
    stages: Sequence[StageSpec],
    clock: Clock,
    sink: Sink | None = None,
    cluster: Cluster = APACHE_KAFKA,
) -> Worker:
    """A worker over these stages; `cluster` EMBEDDED for the broker of `kpi demo`."""
    return Worker(settings, stages, clock, sink, cluster)


def quiet_logs(level: str) -> None:
    """One line per important thing on stderr; the libraries' own lines only at DEBUG."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=level, stream=sys.stderr, force=True)
    if level != "DEBUG":
        # aiokafka logs every retry against a lost broker; the watch says it once.
        for name in ("aiokafka", "faust", "mode"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        # mode's services log as their modules, as streams.serving; what is worth a line is said as "streams".
        for handler in logging.getLogger().handlers:
            handler.addFilter(lambda record: record.levelno >= logging.WARNING or "." not in record.name)
