"""The feed against librdkafka's embedded broker: the real protocol on loopback."""

import asyncio
import gc
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from aiohttp.test_utils import unused_port
from confluent_kafka import Producer

from streams.clock import SystemClock
from streams.core.board import Board
from streams.web import board_feed
from streams.web.board_feed import BoardFeed, run
from tests.web.sample_board import alert, value

CLOCK = SystemClock()


@pytest.fixture
def broker() -> Iterator[str]:
    owner = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    for topic in ("kpi.values", "kpi.alerts"):  # asking for a topic makes it, with 4 partitions
        found = owner.list_topics(topic, timeout=10)
    (node,) = found.brokers.values()
    yield f"{node.host}:{node.port}"
    del owner
    gc.collect()


@pytest.fixture
def send(broker: str) -> Callable[..., None]:
    producer = Producer({"bootstrap.servers": broker, "log_level": 0})

    def send(*rows: dict[str, Any], keyed: bool = True) -> None:
        for row in rows:
            if row["kind"] == "alert":
                producer.produce("kpi.alerts", key=row["fingerprint"], value=json.dumps(row))
            else:
                gone = row["value"] == "gone"
                key = f"{row['kpi']}|{row['subject']}|{row['period']}"
                producer.produce("kpi.values", key=key if keyed else None, value=None if gone else json.dumps(row))
        assert producer.flush(10) == 0

    return send


@asynccontextmanager
async def running(board: Board, broker: str, reports: list[str | None]) -> AsyncIterator[None]:
    feed = asyncio.create_task(run(board, {"bootstrap_servers": broker}, report=reports.append))
    yield
    feed.cancel()
    await asyncio.wait([feed], timeout=10)
    assert feed.cancelled()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - the board is pure and signals nothing
            await asyncio.sleep(0.02)


async def taken(feed: BoardFeed, records: int) -> None:
    """Has the feed take so many."""
    async with asyncio.timeout(20), aclosing(feed.chunks()) as chunks:
        while records > 0:
            records -= await anext(chunks)


async def test_the_board_gets_what_is_there_and_then_what_comes(
    board: Board, broker: str, send: Callable[..., None]
) -> None:
    send(value("revenue", "sales", "department", 1), alert("a", "revenue", "hn-1"))
    reports: list[str | None] = []

    async with running(board, broker, reports):
        await until(lambda: board.seq == 2)
        send(value("revenue", "sales", "department", 2), value("revenue", "hn-1", "team", 2))
        await until(lambda: board.seq == 4)
        send(value("revenue", "hn-1", "team", 2) | {"value": "gone"}, alert("a", "revenue", "hn-1", "resolved"))
        await until(lambda: board.seq == 6)

    assert [(row.subject, row.value) for row in board.values()] == [("sales", 2)]
    assert board.firing() == []
    assert set(reports) == {None}
    assert board.updated_us is not None
    assert abs(board.updated_us - CLOCK.now_us()) < 60_000_000


async def test_after_a_lost_connection_it_goes_on_where_it_was(
    board: Board, broker: str, send: Callable[..., None]
) -> None:
    send(value("revenue", "sales", "department", 1), alert("a", "revenue", "hn-1"))
    feed = BoardFeed(board, {"bootstrap_servers": broker}, "", CLOCK)

    for seq in (2, 3):
        chunks = feed.chunks()
        async with asyncio.timeout(20):
            while board.seq < seq:
                await anext(chunks)
        await chunks.aclose()
        send(value("revenue", "sales", "department", 2))

    assert board.seq == 3  # had it begun again, the first two would have counted twice


async def test_rows_wait_for_a_look_and_only_the_newest_of_each_is_read(
    board: Board, broker: str, send: Callable[..., None]
) -> None:
    dancing = value("revenue", "sales", "department", 1) | {"status": "dancing"}
    send(dancing, *(value("revenue", "sales", "department", number) for number in (2, 3)))
    feed = BoardFeed(board, {"bootstrap_servers": broker}, "", CLOCK)

    await taken(feed, 3)

    assert not feed.refused
    assert ([row.value for row in board.values()], board.seq) == ([3], 1)


async def test_a_row_that_is_deleted_takes_what_waits_of_it_along(
    board: Board, broker: str, send: Callable[..., None]
) -> None:
    row = value("revenue", "sales", "department", 1)
    send(row, row | {"value": "gone"})
    feed = BoardFeed(board, {"bootstrap_servers": broker}, "", CLOCK)

    await taken(feed, 2)

    assert (board.values(), board.seq) == ([], 2)


@pytest.mark.parametrize("refused", [1, 5])
async def test_rows_that_are_refused_take_nothing_from_the_one_before_them(
    board: Board, broker: str, send: Callable[..., None], refused: int
) -> None:
    rows = [value("revenue", "sales", "department", number) for number in range(5)]
    send(*rows, *[value("revenue", "sales", "department", 5) | {"status": "dancing"}] * refused)
    feed = BoardFeed(board, {"bootstrap_servers": broker}, "", CLOCK)

    await taken(feed, 5 + refused)

    assert ([row.value for row in board.values()], board.seq) == ([4], 1)
    assert feed.refused == {"not_a_value": refused}


async def test_rows_without_a_key_replace_no_other(board: Board, broker: str, send: Callable[..., None]) -> None:
    send(value("revenue", "sales", "department", 1), value("revenue", "hn-1", "team", 2), keyed=False)
    feed = BoardFeed(board, {"bootstrap_servers": broker}, "", CLOCK)

    await taken(feed, 2)

    assert [(row.subject, row.value) for row in board.values()] == [("hn-1", 2), ("sales", 1)]


async def test_between_large_fetches_there_is_no_pause(
    board: Board, broker: str, send: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_feed, "SMALL_FETCH", 0)
    monkeypatch.setattr(board_feed, "PAUSE_S", 3600)
    feed = BoardFeed(board, {"bootstrap_servers": broker}, "", CLOCK)

    async with asyncio.timeout(20), aclosing(feed.chunks()) as chunks:
        for number in range(2):
            send(value("revenue", "sales", "department", number))
            while [row.value for row in board.values()] != [number]:
                await anext(chunks)


async def test_of_more_rows_than_may_wait_some_are_read_though_nobody_looks(
    board: Board, broker: str, send: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_feed, "MOST_WAITING", 1)
    send(*(value("revenue", "sales", "department", 1) | {"period": f"bad {number}"} for number in range(5)))
    feed = BoardFeed(board, {"bootstrap_servers": broker}, "", CLOCK)

    await taken(feed, 5)

    assert feed.refused["other_period"] >= 4


async def test_only_the_newest_alerts_of_a_partition_are_read(
    board: Board, broker: str, send: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_feed, "FIRST_ALERTS", 3)
    send(*(alert("a", "revenue", "hn-1", at=f"2026-11-23T10:00:{second:02}+07:00") for second in range(10)))

    async with running(board, broker, []):
        await until(lambda: board.seq == 3)

    assert [one.at[17:19] for one in board.transitions()] == ["09", "08", "07"]


async def test_a_bad_record_is_named_once_and_stops_nothing(
    board: Board, broker: str, send: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    bad = [value("revenue", subject, "department", 1) | {"status": "dancing"} for subject in ("sales", "service")]
    send(*bad, value("revenue", "hn-1", "team", 5))

    with caplog.at_level(logging.WARNING, board_feed.__name__):
        async with running(board, broker, []):
            await until(lambda: board.seq == 1)

    [said] = [record.getMessage() for record in caplog.records if record.name == board_feed.__name__]
    assert "not_a_value" in said
    assert "kpi.values-" in said


async def test_a_broker_that_is_not_there_is_reported_and_tried_again(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_feed, "FIRST_BACKOFF_S", 0.01)
    reports: list[str | None] = []

    async with running(board, f"127.0.0.1:{unused_port()}", reports):
        await until(lambda: len(reports) >= 2)

    assert all(reason is not None and "cannot read from Kafka" in reason for reason in reports)
