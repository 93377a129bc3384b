"""A wire that can be cut: a TCP proxy on loopback in front of the broker. While it is cut, connections stay open and
nothing passes, new ones are taken and hear nothing; that is what a lost network looks like from both of its ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

PIECE = 1 << 18


class Wire:
    """Passes bytes between its own port and another while it is whole."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self._target_port = target_port
        self._whole = asyncio.Event()
        self._whole.set()
        self._talks: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """Nothing passes from now on."""
        self._whole.clear()

    def mend(self) -> None:
        """What waits passes on."""
        self._whole.set()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either end closes it."""
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        try:
            await self._whole.wait()
            there, back = await asyncio.open_connection("127.0.0.1", self._target_port)
            try:
                await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
            finally:
                back.close()
        except (OSError, asyncio.CancelledError):
            pass  # a broken connection is the point; the server ends with the row
        finally:
            self._talks.discard(task)
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(PIECE):
                await self._whole.wait()
                writer.write(piece)
                await writer.drain()
        writer.close()

    async def hang_up(self) -> None:
        """Ends all connections."""
        for task in self._talks:
            task.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)


@asynccontextmanager
async def wire_to(port: int, own_port: int) -> AsyncIterator[Wire]:
    """A whole wire from `own_port` to `port`."""
    wire = Wire(port)
    server = await asyncio.start_server(wire.talk, "127.0.0.1", own_port)
    wire.port = own_port
    try:
        yield wire
    finally:
        server.close()
        await wire.hang_up()
