"""`POST /api/partitions/{partition}/resume`: a person's word to read a paused partition on."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

MAX_ACCEPT = 10**12

Resume = Callable[[int, int], Awaitable[str]]
"""(partition, records to let pass unjudged) -> `resumed`, `not_paused`, `not_here` or `not_yet`."""

STATUS = {"resumed": 200, "not_paused": 409, "not_here": 404, "not_yet": 503}


class Resuming:
    """The handler. There is no login here; that the body must be JSON keeps other sites' forms from sending it."""

    def __init__(self, resume: Resume) -> None:
        self._resume = resume

    async def serve(self, request: web.Request) -> web.Response:
        """Body: `{}` or `{"accept": N}`."""
        if request.content_type != "application/json":
            return web.json_response({"error": "expected a body of type application/json, such as {}"}, status=415)
        try:
            accept = _accept(await request.json())
            partition = int(request.match_info["partition"])
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        outcome = await self._resume(partition, accept)
        return web.json_response({"partition": partition, "outcome": outcome}, status=STATUS[outcome])


def _accept(body: Any) -> int:
    accept = body.get("accept", 0) if isinstance(body, dict) else None
    if not isinstance(accept, int) or isinstance(accept, bool) or not 0 <= accept <= MAX_ACCEPT:
        raise ValueError(f"accept={accept!r}: expected how many records to let pass, a whole number from 0")
    return accept
