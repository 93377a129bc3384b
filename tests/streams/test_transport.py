"""What the transport hides from the log, and what it does not."""

import asyncio
import gc
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import KafkaConnectionError
from aiokafka.structs import OffsetAndMetadata

from streams.transport import on_loop_exception


async def _given_up(doomed: Any, failure: asyncio.Future[None]) -> None:
    """Waits for `doomed` behind a shield, as aiokafka does for a commit, gives it up, and lets it fail afterwards."""
    asyncio.get_running_loop().set_exception_handler(on_loop_exception)
    waiting = asyncio.ensure_future(asyncio.shield(doomed))
    await asyncio.sleep(0)
    waiting.cancel()
    failure.set_exception(KafkaConnectionError("the broker is away"))
    await asyncio.gather(waiting, failure, return_exceptions=True)
    await asyncio.sleep(0)
    del doomed, waiting
    gc.collect()


async def test_a_commit_that_fails_after_it_was_given_up_leaves_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def send(request: object) -> None:
        await failure

    member = SimpleNamespace(group_id="g", generation=1, member_id="m", coordinator_id=0, _send_req=send)
    offsets = {TopicPartition("kpi.events", 0): OffsetAndMetadata(7, "")}

    await _given_up(GroupCoordinator._do_commit_offsets(cast("Any", member), None, offsets), failure)

    assert [record.levelname for record in caplog.records if record.levelname == "ERROR"] == []


async def test_any_other_failure_that_nobody_took_is_told(caplog: pytest.LogCaptureFixture) -> None:
    failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def work() -> None:
        await failure

    await _given_up(work(), failure)

    assert "the broker is away" in caplog.text
