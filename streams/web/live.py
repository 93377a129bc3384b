"""`/events`: the wall's changes as server-sent events.

A client is a position (`seq`), not a queue: whoever reads slowly gets fewer, larger patches, and whoever does not read
at all is dropped after SEND_TIMEOUT_S.
"""

import asyncio
import json
import logging
import secrets
from collections.abc import AsyncIterator

from aiohttp import ClientConnectionResetError, web

from streams.web.drawing import Drawings

log = logging.getLogger(__name__)

MAX_CLIENTS = 200
BEAT_S = 15.0  # board.js gives a connection up after three silent beats
SEND_TIMEOUT_S = 5.0
RETRY_MS = 2000


class Live:
    """Tells open pages what changed, at most once every `interval_s`."""

    def __init__(self, drawings: Drawings, build: str, interval_s: float) -> None:
        self._drawings = drawings
        self._build = build
        self._interval_s = interval_s
        # Positions of another run of the server mean nothing here: its `seq` began at zero too.
        self._run = secrets.token_hex(4)
        self._changed = asyncio.Event()
        self._closing = False
        self.clients = 0

    def position(self, seq: int) -> str:
        """What a page hands back to be told only what came after."""
        return f"{self._run}-{seq}"

    async def watching(self, app: web.Application) -> AsyncIterator[None]:
        """aiohttp cleanup context: follows the board while the application runs."""
        watch = asyncio.create_task(self._watch(), name="wallboard watch")
        yield
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)

    async def close(self, app: web.Application) -> None:
        """Ends all streams, so that a shutdown need not wait for open pages."""
        self._closing = True
        self._changed.set()

    async def stream(self, request: web.Request, locale: str, department: str | None) -> web.StreamResponse:
        """Serves one client until it leaves, is too slow, or the server stops."""
        if self.clients >= MAX_CLIENTS:
            return web.Response(status=503, text=f"{MAX_CLIENTS} pages are open already", headers={"Retry-After": "30"})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        seen = self._seen(request)
        self.clients += 1
        try:
            await response.prepare(request)
            await self._send(response, f"retry: {RETRY_MS}\nevent: hello\ndata: {self._build}\n\n")
            while not self._closing:
                changed = self._changed
                drawn = self._drawings.drawn(locale, department)
                patch = drawn.since(seen)
                seen = drawn.seq
                if patch is not None:
                    body = json.dumps(patch, ensure_ascii=False)
                    await self._send(response, f"id: {self.position(seen)}\nevent: patch\ndata: {body}\n\n")
                try:
                    await asyncio.wait_for(changed.wait(), BEAT_S)
                except TimeoutError:
                    await self._send(response, "event: beat\ndata:\n\n")
        except TimeoutError:
            log.info("dropped a wallboard page that did not read for %.0f s: %s", SEND_TIMEOUT_S, request.remote)
            if request.transport is not None:
                request.transport.abort()
        except (ConnectionResetError, ClientConnectionResetError):
            pass  # the page was closed
        finally:
            self.clients -= 1
        return response

    def _seen(self, request: web.Request) -> int:
        given = request.headers.get("Last-Event-ID") or request.query.get("since", "")
        run, _, seq = given.partition("-")
        return int(seq) if run == self._run and seq.isascii() and seq.isdigit() else -1

    async def _send(self, response: web.StreamResponse, event: str) -> None:
        await asyncio.wait_for(response.write(event.encode()), SEND_TIMEOUT_S)

    async def _watch(self) -> None:
        seen = -1
        while True:
            await asyncio.sleep(self._interval_s)
            # What nobody looks at need not be read (streams.web.board_feed).
            if self.clients and self._drawings.board.seq != seen:
                seen = self._drawings.board.seq
                changed, self._changed = self._changed, asyncio.Event()
                changed.set()
