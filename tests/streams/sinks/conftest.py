from collections.abc import AsyncIterator

import pytest_asyncio

from tests.streams.sinks.receiver import Receiver, receiving


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


@pytest_asyncio.fixture
async def other() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one
