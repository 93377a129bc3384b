"""The HTTP side of a worker as a mode service: the web application, and the board that reads values and alerts."""

# mypy: allow-subclassing-any
import asyncio
import logging
from contextlib import suppress

from aiohttp import web
from mode import Service
from prometheus_client import CollectorRegistry

from schemas.catalogue.models import Catalogue
from streams.app import Worker
from streams.cluster import StartError, connection
from streams.core.board import Board
from streams.core.judge_spec import JudgeSpec
from streams.core.pipeline import compiled
from streams.core.policy import DAY_US, SECOND_US, Policy
from streams.routing import partition_of
from streams.web import board_feed
from streams.web.app import build_web
from streams.web.explain import Explaining

log = logging.getLogger("streams")

STOP_S = 1.0
"""Open pages get this long to end; they come back by themselves."""


class Serving(Service):
    """Serves wallboard, API, health and metrics on KPI_HTTP_HOST and KPI_HTTP_PORT (0: a free port)."""

    def __init__(self, worker: Worker, catalogue: Catalogue, registry: CollectorRegistry) -> None:
        super().__init__()
        self._worker = worker
        self._board = Board(catalogue, worker.settings.locale)
        self._registry = registry
        self._runner: web.AppRunner | None = None
        self._feed: asyncio.Task[None] | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port once it is started."""
        assert self._runner is not None
        host, port = self._runner.addresses[0][:2]
        return str(host), int(port)

    async def on_start(self) -> None:
        """Listens.

        Raises:
            StartError: the address cannot be used.
        """
        settings = self._worker.settings
        worker = self._worker
        application = build_web(
            self._board,
            worker.health,
            self._registry,
            clock=worker.clock,
            resume=worker.lanes.resume,
            explaining=Explaining(self._compiled, worker.states, self._board, people=False),
        )
        self._runner = runner = web.AppRunner(application, access_log=None, shutdown_timeout=STOP_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, settings.http_host, settings.http_port).start()
        except OSError as error:
            raise StartError(
                f"cannot listen on {settings.http_host}:{settings.http_port} (KPI_HTTP_HOST, KPI_HTTP_PORT): {error}"
            ) from None
        log.info("wallboard, health and metrics at http://%s:%d", *self.address)
        self._feed = asyncio.create_task(
            board_feed.run(
                self._board, connection(settings), topic_prefix=settings.topic_prefix, clock=self._worker.clock
            )
        )

    def _compiled(self) -> JudgeSpec:
        """The catalogue as the stages have it."""
        settings = self._worker.settings
        policy = Policy(grace_us=settings.grace_s * SECOND_US, horizon_us=settings.horizon_days * DAY_US)
        return compiled(self._board.catalogue, policy, settings.partitions, partition_of(settings.partitions))

    async def on_stop(self) -> None:
        """Closes pages and stops reading."""
        if self._feed is not None:
            self._feed.cancel()
            with suppress(asyncio.CancelledError):
                await self._feed
        if self._runner is not None:
            await self._runner.cleanup()
