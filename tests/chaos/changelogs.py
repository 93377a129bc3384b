"""Changelogs from outside: how much of them compaction took, and ways in which one can lose a part."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas.topics import CHANGELOG, CHANGELOGS
from tests.chaos.batches import committed_until
from tests.chaos.cluster import HARD_COMPACTION
from tests.chaos.run import BrokenError, Run, Worker
from tests.chaos.threads import in_thread
from tests.kafka.harness import PARTITIONS

REFUSE_S = 90.0
OFFSET_KEY = b"o"


async def removed_share(run: Run) -> float:
    """How much of the changelogs is gone: offsets without a record, but for one commit marker in each gap."""
    removed = total = 0
    for topic in CHANGELOGS.values():
        last = [-1] * PARTITIONS
        for record in await run.whole_topic(topic.name):
            removed += max(0, record.offset - last[record.partition] - 2)
            last[record.partition] = record.offset
        total += sum(last) + PARTITIONS
    return removed / max(1, total)


def cleaned_partitions(run: Run) -> int:
    """How many changelog partitions the log cleaner has been through, as its checkpoint on the broker's disk says."""
    checkpoint = run.broker.data_dir / "data" / "cleaner-offset-checkpoint"
    names = {run.product.topic(topic.name) for topic in CHANGELOGS.values()}
    cleaned = [line.split() for line in checkpoint.read_text().splitlines()[2:]]
    return sum(topic in names and int(offset) > 0 for topic, _, offset in cleaned)


@dataclass(frozen=True)
class Victim:
    """The changelog partition that is cut, its committed records, and the broker's folder of it."""

    run: Run
    tp: TopicPartition
    records: list[ConsumerRecord]

    @property
    def log(self) -> Path:
        """The segment that is being written."""
        folder = self.run.broker.data_dir / "data" / f"{self.tp.topic}-{self.tp.partition}"
        return max(folder.glob("*.log"))


async def each_cut_is_refused(run: Run, times: int) -> None:
    """Brings each cut to a random changelog partition, and looks what the next worker does.

    The broker's data are put back after each, so that the cuts do not know of one another.
    """
    broker = run.broker
    data, kept = broker.data_dir / "data", broker.data_dir / "kept"
    await in_thread(broker.stop)
    shutil.copytree(data, kept)
    for name, (at_rest, cut) in list(CUTS.items())[:times]:
        await in_thread(broker.start)
        victim = await _victim(run)
        if at_rest:
            await in_thread(broker.stop)
            await cut(victim)
            await in_thread(broker.start)
        else:
            await cut(victim)
        await run.fault()
        await _must_be_refused(run, name, victim.tp)
        await in_thread(broker.stop)
        shutil.rmtree(data)
        shutil.copytree(kept, data)
    await in_thread(broker.start)


async def _victim(run: Run) -> Victim:
    """A changelog partition with something in it."""
    name = run.dice.choice(sorted(topic.name for topic in CHANGELOGS.values()))
    by_partition: dict[int, list[ConsumerRecord]] = {}
    for record in await run.whole_topic(name):
        by_partition.setdefault(record.partition, []).append(record)
    filled = {partition: records for partition, records in by_partition.items() if len(records) > 20}
    if not filled:
        return await _victim(run)
    partition = run.dice.choice(sorted(filled))
    return Victim(run, TopicPartition(run.product.topic(name), partition), filled[partition])


async def _must_be_refused(run: Run, name: str, tp: TopicPartition) -> None:
    worker = run.start_worker()
    run.fleet.remove(worker)  # it is to end by itself
    wanted = f"changelog {tp.topic} partition {tp.partition}"
    accepted = asyncio.create_task(_works(run, worker))
    ended = asyncio.create_task(run.product.ended(worker, REFUSE_S))
    try:
        done, _ = await asyncio.wait({accepted, ended}, return_when=asyncio.FIRST_COMPLETED)
        if accepted in done:
            run.problems.append(f"{name}: {wanted} was accepted by a worker that went to work")
        elif ended.exception() is not None:
            run.problems.append(f"{name}: {wanted}: the worker neither worked nor ended within {REFUSE_S:.0f} s")
        elif ended.result() == 0 or f"error: {wanted}" not in run.product.log_of(worker):
            run.problems.append(f"{name}: {wanted}: ended with {ended.result()}: {run.last_words(worker)}")
        else:
            run.notes.append(f"{name}: refused")
    finally:
        worker.kill()
        accepted.cancel()
        await asyncio.gather(accepted, ended, return_exceptions=True)


async def _works(run: Run, worker: Worker) -> None:
    """Returns once all lanes run; never, when the worker ends before that."""
    try:
        await run.all_run(worker)
    except BrokenError:
        await asyncio.Event().wait()


# -- ways to lose a part


async def _first_half_deleted(victim: Victim) -> None:
    await _delete_before(victim, victim.records[len(victim.records) // 2].offset)


async def _all_deleted(victim: Victim) -> None:
    await _delete_before(victim, -1)


async def _row_deleted(victim: Victim) -> None:
    await _write(victim, _some_row(victim), None)


async def _row_altered(victim: Victim) -> None:
    await _write(victim, _some_row(victim), b"other")


async def _offset_row_deleted(victim: Victim) -> None:
    await _write(victim, OFFSET_KEY, None)


async def _tail_lost(victim: Victim) -> None:
    """The segment ends after an earlier transaction, as after an election of a replica that lagged behind."""
    log = victim.log
    earlier = [0, *committed_until(log.read_bytes())[:-1]]  # never behind the last: that would lose nothing
    with log.open("r+b") as file:
        file.truncate(earlier[len(earlier) * 2 // 3])
    for index in (*log.parent.glob("*.index"), *log.parent.glob("*.timeindex"), *log.parent.glob("*.txnindex")):
        index.unlink()
    # A clean end would let the broker believe its checkpoints, which tell of records that are gone.
    (log.parent.parent / ".kafka_cleanshutdown").unlink(missing_ok=True)
    (log.parent.parent / "recovery-point-offset-checkpoint").unlink(missing_ok=True)


CUTS: Mapping[str, tuple[bool, Callable[[Victim], Awaitable[None]]]] = {
    "first half deleted": (False, _first_half_deleted),
    "a row deleted": (False, _row_deleted),
    "a row altered": (False, _row_altered),
    "offset row deleted": (False, _offset_row_deleted),
    "all deleted": (False, _all_deleted),
    "tail lost": (True, _tail_lost),
}
"""Name, whether the broker must be stopped for it, and how."""


def _some_row(victim: Victim) -> bytes:
    rows = {record.key: record.value for record in victim.records}
    live = sorted(key for key, value in rows.items() if value is not None and key != OFFSET_KEY)
    chosen: bytes = victim.run.dice.choice(live)
    return chosen


async def _write(victim: Victim, key: bytes, value: bytes | None) -> None:
    async with AIOKafkaProducer(bootstrap_servers=victim.run.product.broker) as producer:
        await producer.send_and_wait(victim.tp.topic, value, key=key, partition=victim.tp.partition)


async def _delete_before(victim: Victim, offset: int) -> None:
    """Kafka deletes records of topics that are not compacted only, so for a moment this one is not."""
    admin = AIOKafkaAdminClient(bootstrap_servers=victim.run.product.broker)
    await admin.start()
    try:
        await _set_policy(admin, victim.tp.topic, "delete")
        await admin.delete_records({victim.tp: RecordsToDelete(before_offset=offset)})
        await _set_policy(admin, victim.tp.topic, "compact")
    finally:
        await admin.close()


async def _set_policy(admin: AIOKafkaAdminClient, topic: str, policy: str) -> None:
    config = {**CHANGELOG, **HARD_COMPACTION, "cleanup.policy": policy}
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, config)])
    await asyncio.sleep(1)  # the broker's log hears of it a moment after the controller has answered
