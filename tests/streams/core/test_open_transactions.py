"""OBSERVE in the middle of a transaction: the slices of a backlog are told while it goes on, its rows with its end."""

from datetime import datetime
from unittest.mock import patch

from schemas import topics
from schemas.topics import Stage
from streams.core import frames, observe
from streams.core.pipeline import stages
from streams.core.policy import Policy
from streams.core.stage import Now, PartitionState, PlainRecord, Step
from tests.streams.core import worlds

POLICY = Policy(future_us=None)
MOST, SIZE = 12, 5


def opened() -> PartitionState:
    specs = stages(worlds.callers(), POLICY, 1, lambda key: 0)
    state = next(spec for spec in specs if spec.stage is Stage.OBSERVE).open(0)
    state.ready()
    return state


def chunks() -> list[list[PlainRecord]]:
    """Calls that may alert: nearly each has a slice of its own."""
    events = sorted(worlds.calls_with_silences(12), key=lambda event: datetime.fromisoformat(event["time"]))
    lines = zip(events, worlds.lines(events), strict=True)
    records = [PlainRecord(number, 0, event["subject"].encode(), line) for event, (number, line) in lines]
    return [records[first : first + SIZE] for first in range(0, len(records), SIZE)]


def slices(step: Step) -> int:
    """How many of them JUDGE is told."""
    told = [frames.decode(send.value or b"") for send in step.sends if send.topic is topics.PARTIALS]
    return sum(len(frame.slices) for frame in told)


def test_slices_are_told_before_they_are_many_and_rows_are_written_at_the_end() -> None:
    backlog, state = Now(0, caught_up=False), opened()
    with patch.object(observe, "MOST_SLICES", MOST):
        steps = [state.feed(chunk, backlog._replace(more=True)) for chunk in chunks()]
        last = state.feed([], backlog)

    assert MOST < max(map(slices, steps)) <= MOST + SIZE
    assert slices(last) <= MOST
    assert [{}] * len(steps) == [step.rows for step in steps]
    assert last.rows
