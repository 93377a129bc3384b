"""Blocking calls that must not be given up half-way."""

import asyncio
from collections.abc import Callable


async def in_thread(call: Callable[[], None]) -> None:
    """Runs it beside the event loop. A cancellation waits for its end: what just starts can then be stopped."""
    running = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await running
        raise
