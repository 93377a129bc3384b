"""The ledger's promises on Apache Kafka: all or nothing, one owner, nothing missing."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from schemas.topics import ALL, VALUES
from streams.cluster import connection, ensure_topics
from streams.core.stage import Send, Step
from streams.settings import Settings, load_settings
from streams.tables import OFFSET_KEY, ROW, ChangelogBrokenError, CommitLostError, Ledger


@pytest.fixture
async def settings(broker_address: str) -> Settings:
    name = f"l{uuid.uuid4().hex[:8]}"
    settings = load_settings(broker_url=broker_address, topic_prefix=f"{name}.", app_id=name)
    await ensure_topics(settings)
    return settings


def new_ledger(settings: Settings) -> Ledger:
    changelog = TopicPartition(settings.topic("kpi.observe-changelog"), 1)
    transactional_id = f"{settings.app_id}-observe-1"
    return Ledger(connection(settings), changelog, transactional_id, 10, settings.topic_prefix, 4)


@pytest.fixture
async def ledger(settings: Settings) -> AsyncIterator[Ledger]:
    ledger = new_ledger(settings)
    await ledger.open()
    yield ledger
    await ledger.close()


async def test_an_empty_changelog_starts_at_the_beginning(ledger: Ledger) -> None:
    restored = await ledger.read()

    assert (restored.rows, restored.offset) == ({}, None)


async def test_rows_and_offset_come_back_and_deleted_rows_do_not(ledger: Ledger) -> None:
    await ledger.read()
    await ledger.commit(Step([], {b"a": b"1", b"b": b"2"}), 10)
    await ledger.commit(Step([], {b"a": b"3", b"b": None, b"never": None}), 20)

    restored = await ledger.read()

    assert (restored.rows, restored.offset) == ({b"a": b"3"}, 20)


async def test_a_stage_row_may_have_the_key_of_the_offset_row(ledger: Ledger) -> None:
    await ledger.read()
    await ledger.commit(Step([], {OFFSET_KEY: b"mine", ROW: b"too"}), 7)

    restored = await ledger.read()

    assert (restored.rows, restored.offset) == ({OFFSET_KEY: b"mine", ROW: b"too"}, 7)


async def test_a_new_owner_fences_the_old_one(settings: Settings, ledger: Ledger) -> None:
    await ledger.read()
    await ledger.commit(Step([], {b"a": b"1"}), 1)
    successor = new_ledger(settings)
    await successor.open()

    with pytest.raises(CommitLostError, match="fenced"):
        await ledger.commit(Step([Send(VALUES, b"k", b"v")], {b"a": b"2"}), 2)

    restored = await successor.read()
    await successor.close()
    assert (restored.rows, restored.offset) == ({b"a": b"1"}, 1)


@pytest.mark.parametrize("tampering", [(ROW + b"a", None), (ROW + b"a", b"other"), (ROW + b"new", b"x")])
async def test_a_changelog_that_was_cut_or_altered_is_refused(
    settings: Settings, ledger: Ledger, producer: AIOKafkaProducer, tampering: tuple[bytes, bytes | None]
) -> None:
    await ledger.read()
    await ledger.commit(Step([], {b"a": b"1", b"b": b"2"}), 10)
    key, value = tampering
    await producer.send_and_wait(settings.topic("kpi.observe-changelog"), value, key=key, partition=1)

    with pytest.raises(ChangelogBrokenError, match=r"kpi\.observe-changelog partition 1 holds \d rows where its last"):
        await ledger.read()


async def test_what_kafka_refuses_takes_the_whole_commit_with_it(broker_address: str) -> None:
    name = f"l{uuid.uuid4().hex[:8]}"
    settings = load_settings(broker_url=broker_address, topic_prefix=f"{name}.", app_id=name)
    narrow = replace(VALUES, config={**VALUES.config, "max.message.bytes": "1000"})
    await ensure_topics(settings, [narrow if topic is VALUES else topic for topic in ALL])
    ledger = new_ledger(settings)
    await ledger.open()
    await ledger.read()
    await ledger.commit(Step([], {b"a": b"1"}), 10)

    with pytest.raises(CommitLostError, match="MessageSizeTooLarge"):
        await ledger.commit(Step([Send(VALUES, b"k", b"v" * 5000)], {b"a": b"2"}), 20)

    await ledger.open()
    restored = await ledger.read()
    await ledger.close()
    assert (restored.rows, restored.offset) == ({b"a": b"1"}, 10)


async def test_a_commit_larger_than_one_batch_is_whole(ledger: Ledger) -> None:
    rows: dict[bytes, Any] = {f"row {number}".encode(): b"x" * 1000 for number in range(3000)}
    await ledger.read()
    await ledger.commit(Step([], rows), 1)

    assert (await ledger.read()).rows == rows
