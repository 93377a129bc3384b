"""Fetched records as aiokafka's C code decodes them, batch by batch, without a Python object around each.

`AIOKafkaConsumer.getmany` makes a `ConsumerRecord` of every record, one by one through two generators: 2.9 us of CPU a
record, more than all the rest of the shell. The records underneath have what a stage reads (`core.stage.Record`), so
`fetch_bare` hands out those: 1.3 us.

**What it leans on.** Names of aiokafka 0.14 that are not public: `AIOKafkaConsumer._fetcher`, its ordered dict
`_records` of `FetchResult`, and `PartitionRecords`, whose walk over batches `_bare` repeats (aborted transactions,
control batches, offsets after compaction) - only the innermost loop differs. Everything else - fetching, positions,
seeks, pauses - is aiokafka's own. Where a name is gone, the consumer stays as it is and delivers `ConsumerRecord`:
as right, but slower. tests/kafka/test_batches.py compares both roads on a log with aborted transactions, gaps and a
seek into a batch.
"""

import weakref
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException

_NAMES = {
    FetchResult: ("check_assignment", "getall", "has_more", "_update_position"),
    PartitionRecords: ("_consume_aborted_up_to", "_contains_abort_marker"),
}


def fetch_bare(consumer: AIOKafkaConsumer) -> bool:
    """Makes `getmany` of a started consumer deliver bare records; whether this aiokafka lets us."""
    fetcher: Any = getattr(consumer, "_fetcher", None)
    known = all(hasattr(owner, name) for owner, names in _NAMES.items() for name in names)
    if not known or not isinstance(getattr(fetcher, "_records", None), dict):
        return False
    fetcher._records = _Results(fetcher._records)
    return True


class _Results(OrderedDict[TopicPartition, Any]):
    """What was fetched and not yet handed out. Sees every result before `getmany` does."""

    def __setitem__(self, tp: TopicPartition, result: Any) -> None:
        if type(result) is FetchResult:  # it may be a FetchError
            itself = weakref.ref(result)  # a cycle would keep what a seek drops until the next full garbage collection
            result.getall = lambda max_records=None: _take(itself())
        super().__setitem__(tp, result)


def _take(result: Any) -> list[Any]:
    """All records of one fetch (aiokafka: FetchResult.getall). `max_records` is never given here."""
    if not result.check_assignment(result._topic_partition) or not result.has_more():
        return []
    taken: list[Any] = []
    for batch in _bare(result._partition_records):
        taken += batch
    result._update_position()
    result._partition_records = None
    return taken


def _bare(fetched: Any) -> Iterator[list[Any]]:
    """Records of each batch (aiokafka: PartitionRecords._unpack_records)."""
    committed_only = fetched._isolation_level == READ_COMMITTED
    while fetched._records.has_next():
        batch = fetched._records.next_batch()
        if fetched._check_crcs and not batch.validate_crc():
            raise CorruptRecordException(f"Invalid CRC - {fetched._tp}")
        wanted = not batch.is_control_batch
        if committed_only and batch.producer_id is not None:
            fetched._consume_aborted_up_to(batch.base_offset)
            if batch.is_control_batch and fetched._contains_abort_marker(batch):
                fetched._aborted_producers.discard(batch.producer_id)
            if batch.is_transactional and batch.producer_id in fetched._aborted_producers:
                wanted = False
        if wanted:
            records = list(batch)
            if records and records[0].offset < fetched.next_fetch_offset:  # a seek into the middle of a batch
                records = [record for record in records if record.offset >= fetched.next_fetch_offset]
            yield records
        # Of the batch, not of its last record: compaction may have removed that, and the batch came again for ever.
        fetched.next_fetch_offset = batch.next_offset
