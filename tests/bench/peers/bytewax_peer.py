"""Bytewax: duplicates by state of the entity, sums by state of each row, with snapshots in its recovery store (SQLite).

Leaves out: exactly-once (a snapshot every 10 s, its default; what came since is done again), state beyond this disk,
values published while it runs, departments, and all that job.py leaves out.
"""

# mypy: disable-error-code="import-not-found", allow-subclassing-any
from collections.abc import Iterable
from typing import Any

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import TestingSink, run_main

from tests.bench.peers.job import SUMS, Adds, Event, places, read
from tests.bench.peers.told import Task, task

BATCH = 1000


class Sums(StatefulBatchLogic):
    """The base sums of one row; told once, at the end."""

    def __init__(self, resumed: list[int] | None) -> None:
        self._sums = resumed or [0] * SUMS

    def on_batch(self, values: list[Adds]) -> tuple[Iterable[list[int]], bool]:
        """Adds."""
        sums = self._sums
        for adds in values:
            for number, amount in adds:
                sums[number] += amount
        return (), StatefulBatchLogic.RETAIN

    def on_eof(self) -> tuple[Iterable[list[int]], bool]:
        """The row at the end."""
        return (self._sums,), StatefulBatchLogic.RETAIN

    def snapshot(self) -> list[int]:
        """A copy for the recovery store."""
        return list(self._sums)


def first_only(seen: list[str] | None, event: Event) -> tuple[list[str], Iterable[Event]]:
    """Identities of an entity so far, and the event if it is a new one."""
    seen = seen or []
    if event.identity in seen:
        return seen, ()
    seen.append(event.identity)
    return seen, (event,)


def flow(task: Task, rows: list[Any]) -> Dataflow:
    """The dataflow; it ends at the end of the topic."""
    started = False

    def decode(batch: list[Any]) -> list[tuple[str, Event]]:
        nonlocal started
        if not started and batch:
            started = True
            task.mark("start")
        found = []
        for message in batch:
            event = read(message.value)
            if event is not None:
                found.append((message.key.decode(), event))
        return found

    def adds(item: tuple[str, Event]) -> list[tuple[str, Adds]]:
        event = item[1]
        return [(place, event.adds) for place in places(event, task.teams)]

    dataflow = Dataflow("bench")
    source = KafkaSource([task.broker], [task.topic], tail=False, batch_size=BATCH)
    messages = op.input("events", dataflow, source)
    events = op.flat_map_batch("decode", messages, decode)
    fresh = op.stateful_flat_map("first_only", events, first_only)
    parts = op.flat_map("places", fresh, adds)
    sums = op.stateful_batch("sums", parts, Sums)
    op.output("rows", sums, TestingSink(rows))
    return dataflow


def run(task: Task) -> None:
    """Runs the dataflow to the end of the topic and its last snapshot."""
    folder = task.folder / "recovery"
    folder.mkdir()
    init_db_dir(folder, 1)
    rows: list[Any] = []
    run_main(flow(task, rows), recovery_config=RecoveryConfig(folder))
    task.mark("end")
    task.hand_in(dict(rows))


if __name__ == "__main__":
    run(task())
