"""A real HTTP receiver on loopback that does what chat services do on a bad day."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True)
class Answer:
    """What to say to one request. `hang` never answers; `then_drop` takes the message, but the answer gets lost."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    then_drop: bool = False


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: Any
    accepted: bool


class Receiver:
    """Answers from `script` while there is one, then 200."""

    def __init__(self) -> None:
        self.script: deque[Answer] = deque()
        self.requests: list[Request] = []
        self.port = 0
        self._closing = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def accepted(self) -> list[Any]:
        """Bodies of the messages that were taken, in order."""
        return [request.body for request in self.requests if request.accepted]

    def fail(self, times: int, status: int = 500, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.script.extend([Answer(status, named)] * times)

    async def handle(self, request: web.Request) -> web.Response:
        answer = self.script.popleft() if self.script else Answer()
        accepted = answer.then_drop or (not answer.hang and 200 <= answer.status < 300)
        body = await request.json()
        self.requests.append(Request(request.path, dict(request.headers), body, accepted))
        if answer.hang:
            await self._closing.wait()
        if answer.then_drop:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=answer.status, headers=answer.headers)

    def close(self) -> None:
        self._closing.set()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{path:.*}", receiver.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert runner.addresses
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        receiver.close()
        await runner.cleanup()
