"""Exactly-once effects of toy stages on Apache Kafka, with workers that come, go and die."""

import asyncio
import random
import signal
from collections import Counter

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from tests.kafka.harness import Road, check_every_total_came_once, totals


def words(count: int, seed: int = 1) -> list[tuple[bytes, bytes]]:
    chance = random.Random(seed)
    return [(f"w{chance.randrange(400)}".encode(), b"x") for _ in range(count)]


async def test_a_word_is_counted_once_and_a_restart_goes_on_where_it_ended(
    road: Road, producer: AIOKafkaProducer
) -> None:
    first = road.start("one_hop")
    await road.until_logged(first, "observe/3: restored")
    some, more = words(3000), words(2000, seed=2)
    await road.produce(producer, some)
    await road.read_until("kpi.values", lambda records: len(records) >= 3000, 30)

    assert await road.stop(first) == 0
    await road.produce(producer, more)
    second = road.start("one_hop")
    records = await road.read_until("kpi.values", lambda records: len(records) >= 5000, 30)

    check_every_total_came_once(records)
    assert totals(records) == Counter(key for key, _ in some + more)
    assert "never retrieved" not in road.logs()
    assert await road.stop(second) == 0


async def test_two_hops_count_the_same_words(road: Road, producer: AIOKafkaProducer) -> None:
    worker = road.start("two_hops")
    await road.until_logged(worker, "link/3: restored")
    sent = words(2000)
    await road.produce(producer, sent)

    records = await road.read_until("kpi.values", lambda records: len(records) >= 2000, 30)

    check_every_total_came_once(records)
    assert totals(records) == Counter(key for key, _ in sent)


async def test_totals_stay_exact_while_workers_come_and_go(road: Road, producer: AIOKafkaProducer) -> None:
    sent = words(50_000)
    first = road.start("one_hop")
    await road.until_logged(first, "observe/3: restored")

    flowing = asyncio.create_task(road.trickle(producer, sent))
    second, third = road.start("one_hop"), road.start("one_hop")
    await road.until_logged(third, "restored")
    await asyncio.sleep(1)
    assert await road.stop(second) == 0
    assert await road.stop(first) == 0
    await flowing
    records = await road.read_until("kpi.values", lambda records: len(records) >= len(sent), 60)

    check_every_total_came_once(records)
    assert totals(records) == Counter(key for key, _ in sent)
    assert "never retrieved" not in road.logs()


async def test_totals_stay_exact_after_a_kill(road: Road, producer: AIOKafkaProducer) -> None:
    sent = words(20_000)
    worker = road.start("one_hop")
    await road.until_logged(worker, "observe/3: restored")
    producing = asyncio.create_task(road.produce(producer, sent))
    await road.read_until("kpi.values", lambda records: len(records) >= 2000, 30)
    worker.kill()
    worker.wait()
    await producing

    road.start("one_hop")
    records = await road.read_until("kpi.values", lambda records: len(records) >= len(sent), 60)

    check_every_total_came_once(records)
    assert totals(records) == Counter(key for key, _ in sent)


async def test_a_backlog_in_large_transactions_stays_exact_through_a_kill(
    road: Road, producer: AIOKafkaProducer
) -> None:
    first = road.start("newest")
    await road.until_logged(first, "observe/3: restored")
    assert await road.stop(first) == 0
    sent = words(200_000)
    await road.produce(producer, sent)
    wanted = Counter(key for key, _ in sent)

    killed = road.start("newest")
    some = await road.read_until("kpi.values", lambda records: len(records) > 0, 30)
    killed.kill()
    killed.wait()
    road.start("newest")
    records = await road.read_until("kpi.values", lambda records: totals(records) == wanted, 60)

    assert len(some) < len(records)
    # A chunk of 5,000 touches all 400 words: one commit each would have sent 40 times as many totals.
    assert len(records) <= 20 * 400
    for key in wanted:
        seen = [int(record.value) for record in records if record.key == key]
        assert seen == sorted(set(seen))


async def test_a_poisoned_record_is_a_dead_letter_and_its_neighbours_count(
    road: Road, producer: AIOKafkaProducer
) -> None:
    worker = road.start("one_hop")
    await road.until_logged(worker, "observe/3: restored")
    sent = words(300)
    sent[100] = (b"w1", b"poison")
    await road.produce(producer, sent)

    records = await road.read_until("kpi.values", lambda records: len(records) >= 299, 30)
    letters = await road.read_until("kpi.dead-letter", lambda records: len(records) >= 1, 10)

    check_every_total_came_once(records)
    assert totals(records) == Counter(key for number, (key, _) in enumerate(sent) if number != 100)
    assert len(letters) == 1
    assert b"internal_error" in letters[0].value
    assert "ZeroDivisionError: poison" in road.log_of(worker)


async def test_idle_partitions_get_ticks_in_order_and_are_caught_up(road: Road) -> None:
    road.start("ticking")

    records = await road.read_until("kpi.alerts", lambda records: len(records) >= 32, 30)

    by_partition: dict[bytes, list[ConsumerRecord]] = {}
    for record in records:
        by_partition.setdefault(record.key, []).append(record)
    assert sorted(by_partition) == [b"0", b"1", b"2", b"3"]
    for ticks in by_partition.values():
        numbers, times, caught_up = zip(*(map(int, tick.value.split()) for tick in ticks), strict=True)
        assert list(numbers) == list(range(1, 9))
        assert list(times) == sorted(times)
        assert 150_000 < (times[-1] - times[0]) / 7 < 600_000
        assert caught_up[-1] == 1


async def test_a_topic_with_another_partition_count_stops_the_start(road: Road) -> None:
    worker = road.start("one_hop")
    await road.until_logged(worker, "observe/3: restored")
    assert await road.stop(worker) == 0

    other = road.start("one_hop", KPI_PARTITIONS="8")

    assert await road.ended(other, 20) == 1
    assert "kpi.events has 4 partitions, expected 8 (KPI_PARTITIONS)" in road.log_of(other)


async def test_a_worker_without_broker_says_so_and_ends(road: Road) -> None:
    worker = road.start("one_hop", KPI_BROKER_URL="kafka://127.0.0.1:9")

    assert await road.ended(worker, 60) == 1
    assert "error: Kafka at 127.0.0.1:9 (KPI_BROKER_URL) does not answer" in road.log_of(worker)
    assert "Traceback" not in road.log_of(worker)


async def test_a_retained_group_offset_tells_lag_tools_where_the_worker_is(
    road: Road, producer: AIOKafkaProducer
) -> None:
    worker = road.start("one_hop")
    await road.until_logged(worker, "observe/3: restored")
    await road.produce(producer, words(100))
    await road.read_until("kpi.values", lambda records: len(records) >= 100, 30)
    assert await road.stop(worker) == 0

    async with AIOKafkaConsumer(
        road.topic("kpi.events"), bootstrap_servers=road.broker, group_id=road.name, enable_auto_commit=False
    ) as consumer:
        while not consumer.assignment():
            await consumer.getmany(timeout_ms=100)
        committed = [await consumer.committed(tp) for tp in consumer.assignment()]

    assert sum(offset or 0 for offset in committed) == 100


async def test_a_worker_that_slept_through_its_session_loses_nothing_and_repeats_nothing(
    road: Road, producer: AIOKafkaProducer
) -> None:
    sent = words(12_000)
    sleeper = road.start("two_hops")
    await road.until_logged(sleeper, "link/3: restored")
    other = road.start("two_hops")
    await road.until_logged(other, "restored")
    await road.produce(producer, sent[:4000])
    await road.read_until("kpi.values", lambda records: len(records) >= 1000, 30)
    sleeper.send_signal(signal.SIGSTOP)
    await road.produce(producer, sent[4000:8000])
    await road.read_until("kpi.values", lambda records: len(records) >= 8000, 60)
    sleeper.send_signal(signal.SIGCONT)
    await road.produce(producer, sent[8000:])

    records = await road.read_until("kpi.values", lambda records: len(records) >= len(sent), 60)

    check_every_total_came_once(records)
    assert totals(records) == Counter(key for key, _ in sent)
    assert await road.stop(sleeper) == 0
    assert await road.stop(other) == 0
