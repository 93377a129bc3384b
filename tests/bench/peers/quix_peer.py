"""Quix Streams: duplicates by state of the entity, sums by state of the subject behind a `group_by`, with changelogs.

Leaves out: exactly-once (its default, at least once, with a commit every 5 s, is cheaper), values published,
departments, and all that job.py leaves out. With --only-people teams and the organisation too: one record an event
through the repartition topic instead of three.
"""

# mypy: disable-error-code="import-not-found"
from typing import Any

from quixstreams import Application, State

from tests.bench.peers.job import SUMS, Adds, read, subjects
from tests.bench.peers.told import Task, task


class Job:
    """The steps of the dataframe, and how far they are."""

    def __init__(self, task: Task, app: Any) -> None:
        self._task = task
        self._app = app
        self._read = self._sent = self._counted = 0
        self.rows: dict[str, list[int]] = {}

    def decode(self, value: bytes) -> Any:
        """The event, or None."""
        if not self._read:
            self._task.mark("start")
        self._read += 1
        return read(value)

    def is_new(self, event: Any, state: State) -> bool:
        """Whether this identity is seen for the first time."""
        if event is None or state.exists(event.identity):
            self._stop_when_done()
            return False
        state.set(event.identity, 1)
        return True

    def by_subject(self, event: Any) -> list[dict[str, Any]]:
        """What each subject is told."""
        told = subjects(event.owner, self._task.teams)
        wanted = told[:1] if self._task.only_people else told
        self._sent += len(wanted)
        return [{"subject": subject, "date": event.date, "adds": event.adds} for subject in wanted]

    def count(self, part: dict[str, Any], state: State) -> None:
        """Adds to the rows of the day and the month."""
        adds: Adds = part["adds"]
        for period in (part["date"], part["date"][:7]):
            row = state.get(period) or [0] * SUMS
            for number, amount in adds:
                row[number] += amount
            state.set(period, row)
            self.rows[f"{part['subject']}|{period}"] = row
        self._counted += 1
        self._stop_when_done()

    def _stop_when_done(self) -> None:
        if self._read == self._task.events and self._counted == self._sent:
            self._app.stop()


def run(task: Task) -> None:
    """Runs the dataframe until all events are counted and the checkpoint is committed."""
    app = Application(
        broker_address=task.broker,
        consumer_group=task.run,
        auto_offset_reset="earliest",
        state_dir=task.folder / "state",
        loglevel="WARNING",
    )
    job = Job(task, app)
    stream = app.dataframe(app.topic(task.topic, value_deserializer="bytes", key_deserializer="str"))
    stream = stream.apply(job.decode).filter(job.is_new, stateful=True)
    stream = stream.apply(job.by_subject, expand=True)
    stream = stream.group_by("subject")
    stream.update(job.count, stateful=True)
    app.run()
    task.mark("end")
    task.hand_in(job.rows)


if __name__ == "__main__":
    run(task())
