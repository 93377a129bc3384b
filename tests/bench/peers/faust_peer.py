"""Vanilla Faust: an agent that takes one event at a time and writes two tables with changelogs.

Leaves out: exactly-once (Faust commits behind the tables), the merge over partitions (a table row is the sum of one
partition and owner; here one process owns all), values published, departments, and all that job.py leaves out.
"""

# mypy: disable-error-code="import-not-found", allow-untyped-decorators
import os
import sys
from typing import Any

import faust

from tests.bench.peers.job import SUMS, places, read
from tests.bench.peers.told import Task, task


def build(task: Task) -> Any:
    """The app; it ends the process when it has seen all events."""
    app = faust.App(
        task.run,
        broker=f"kafka://{task.broker}",
        store="memory://",
        datadir=task.folder,
        topic_partitions=task.partitions,
        topic_disable_leader=True,
        web_enabled=False,
    )
    events = app.topic(task.topic, key_type=bytes, value_type=bytes, value_serializer="raw")
    seen = app.Table("seen", key_type=str, value_type=int, partitions=task.partitions)
    sums = app.Table("sums", key_type=str, value_type=list, partitions=task.partitions)

    @app.agent(events)
    async def count(stream: Any) -> None:
        done = 0
        async for value in stream:
            if not done:
                task.mark("start")
            event = read(value)
            if event is not None and event.identity not in seen:
                seen[event.identity] = 1
                for place in places(event, task.teams):
                    row = list(sums.get(place) or [0] * SUMS)
                    for number, amount in event.adds:
                        row[number] += amount
                    sums[place] = row
            done += 1
            if done == task.events:
                await app.producer.flush()
                task.mark("end")
                task.hand_in({place: list(row) for place, row in sums.items()})
                sys.stdout.flush()
                os._exit(0)  # an orderly stop of Faust takes seconds that are not the job's

    return app


if __name__ == "__main__":
    asked = task()
    faust.Worker(build(asked), loglevel="WARNING", redirect_stdouts=False).execute_from_commandline()
