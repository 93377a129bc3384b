"""The web application of a worker: wallboard, live changes, JSON API, health and metrics.

The caller owns host, port and life: `web.AppRunner(build_web(...))`.
"""

import asyncio
from collections.abc import Sequence
from typing import cast
from urllib.parse import urlencode

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family

from schemas.catalogue.models import text
from streams.clock import Clock, SystemClock
from streams.core.board import Board
from streams.web.api import Api, Health
from streams.web.drawing import Drawings
from streams.web.explain import Explaining
from streams.web.live import Live
from streams.web.resume import Resume, Resuming
from streams.web.static_files import StaticFiles
from streams.web.words import LOCALES, WORDS, department_title

BOARD = web.AppKey("BOARD", Board)
LIVE = web.AppKey("LIVE", Live)

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Server": "kpi-streams",
}


def build_web(
    board: Board,
    health: Health,
    registry: CollectorRegistry,
    *,
    clock: Clock | None = None,
    people_in_api: bool = False,
    interval_s: float = 0.25,
    resume: Resume | None = None,
    explaining: Explaining | None = None,
) -> web.Application:
    """The application; nothing listens yet.

    `clock` dates the page (the demo's runs faster). `people_in_api` adds rows and alerts about single people to
    `/api/*`, which asks nobody who they are. Open pages are told of changes at most every `interval_s`.
    `resume` reads a paused partition on, `explaining` tells how values came about; without them there are no such
    addresses.
    """
    statics = StaticFiles()
    drawings = Drawings(board, clock or SystemClock())
    live = Live(drawings, statics.digest, interval_s)
    api = Api(board, health, people=people_in_api)
    wall = Wall(drawings, live, statics)
    app = web.Application()
    app[BOARD] = board
    app[LIVE] = live
    app.add_routes(
        [
            web.get("/", wall.page),
            web.get("/events", wall.events, allow_head=False),
            web.get("/static/{name}", statics.serve),
            web.get("/api/values", api.values),
            web.get("/api/alerts", api.alerts),
            web.get("/livez", api.livez),
            web.get("/readyz", api.readyz),
            web.get("/metrics", Metrics(registry).serve),
        ]
    )
    if resume is not None:
        app.add_routes([web.post("/api/partitions/{partition:[0-9]{1,6}}/resume", Resuming(resume).serve)])
    if explaining is not None:
        app.add_routes([web.get("/api/explain/{kpi}/{subject}", explaining.serve)])
    app.cleanup_ctx.append(live.watching)
    app.on_shutdown.append(live.close)
    app.on_response_prepare.append(_secure)
    return app


class Wall:
    """The page and its stream of changes, by `?lang=` and `?department=`."""

    def __init__(self, drawings: Drawings, live: Live, statics: StaticFiles) -> None:
        self._drawings = drawings
        self._live = live
        self._statics = statics
        self._board = drawings.board

    async def page(self, request: web.Request) -> web.Response:
        """The whole wall as of now: complete without a line of JavaScript."""
        locale, department = self._asked(request)
        drawn = self._drawings.drawn(locale, department)
        tenant = self._board.catalogue.tenant
        company = text(tenant.title, locale) if tenant.title else tenant.id
        other = "en" if locale == "vi" else "vi"
        html = self._drawings.templates.get_template("board.html").render(
            locale=locale,
            words=WORDS[locale],
            heading=company if department is None else f"{company} · {department_title(department, locale)}",
            parts=drawn.parts,
            order=drawn.order,
            density=drawn.density,
            events_url=self._url("events", locale, department, since=self._live.position(drawn.seq)),
            build=self._statics.digest,
            static=self._statics.url,
            links=[
                {
                    "url": self._url("", locale, one),
                    "title": WORDS[locale]["all_departments"] if one is None else department_title(one, locale),
                    "current": one == department,
                }
                for one in (None, *self._board.floor.departments)
            ],
            other_locale=other,
            other_url=self._url("", other, department),
        )
        response = web.Response(text=html, content_type="text/html", headers={"Content-Language": locale})
        response.enable_compression()
        return response

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events for this wall."""
        return await self._live.stream(request, *self._asked(request))

    def _asked(self, request: web.Request) -> tuple[str, str | None]:
        locale = request.query.get("lang", self._board.locale)
        department = request.query.get("department")
        if department is not None and department not in self._board.floor.departments:
            known = ", ".join(self._board.floor.departments)
            raise web.HTTPNotFound(text=f"department {department!r} is not in the catalogue (there are: {known})")
        return (locale if locale in LOCALES else self._board.locale), department

    def _url(self, path: str, locale: str, department: str | None, **more: str) -> str:
        # Relative, so that the page also works behind a proxy's path prefix.
        query = {"lang": locale} | ({} if department is None else {"department": department}) | more
        return f"{path}?{urlencode(query)}"


class Metrics:
    """Prometheus exposition of one registry, OpenMetrics where it is asked for."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    async def serve(self, request: web.Request) -> web.Response:
        """The metrics, in the format the Accept header prefers."""
        encoder, content_type = choose_encoder(request.headers.get("Accept", ""))
        # Reading must happen between two steps of the lanes; the text of 20,000 series takes 0.3 s and must not.
        gathered = Gathered(list(self._registry.collect()))
        body = await asyncio.to_thread(encoder, cast(CollectorRegistry, gathered))
        response = web.Response(body=body, headers={"Content-Type": content_type})
        response.enable_compression()
        return response


class Gathered:
    """What one scrape has read; to an encoder it is a registry."""

    def __init__(self, families: Sequence[Family]) -> None:
        self._families = families

    def collect(self) -> Sequence[Family]:
        """The families as read."""
        return self._families


async def _secure(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in SECURITY_HEADERS.items():
        response.headers[name] = value
    response.headers.setdefault("Cache-Control", "no-store")
