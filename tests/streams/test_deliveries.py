import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

from streams.core.stage import Delivered, Delivery, Now, PartitionState
from streams.deliveries import Deliveries

NOW = Now(0, True)


class Outbox:
    """A state with messages, as far as deliveries see it."""

    def __init__(self, *ids: str) -> None:
        self.waiting = list(ids)

    def due(self, now: Now) -> Sequence[Delivery]:
        due, self.waiting = self.waiting, []
        return [Delivery(identity, "an", {}) for identity in due]


class Gate:
    """A sink that delivers when it is opened, and counts how many wait."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.inside = 0

    async def deliver(self, delivery: Delivery) -> Delivered:
        self.inside += 1
        await self.open.wait()
        if delivery.id == "broken":
            raise ZeroDivisionError
        return Delivered(delivery.id, None)


def state(*ids: str) -> PartitionState:
    return cast(PartitionState, Outbox(*ids))


def deliveries(sink: Any, slots: int = 2) -> tuple[Deliveries, asyncio.Event]:
    wake = asyncio.Event()
    return Deliveries(sink, asyncio.Semaphore(slots), wake), wake


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_what_is_due_is_delivered_and_its_outcome_wakes_the_lane() -> None:
    sink = Gate()
    sink.open.set()
    running, wake = deliveries(sink)
    running.hand_out(state("a", "b"), NOW)
    await wake.wait()
    await turns()

    assert {outcome.id for outcome in running.take()} == {"a", "b"}
    assert running.take() == []


async def test_no_more_run_at_a_time_than_there_are_slots() -> None:
    sink = Gate()
    running, _ = deliveries(sink, slots=2)
    running.hand_out(state("a", "b", "c"), NOW)
    await turns()

    assert sink.inside == 2
    await running.cancel()


async def test_a_sink_that_raises_is_a_failed_delivery() -> None:
    sink = Gate()
    sink.open.set()
    running, wake = deliveries(sink)
    running.hand_out(state("broken"), NOW)
    await wake.wait()

    assert running.take() == [Delivered("broken", "fault in the sink: ZeroDivisionError")]


async def test_outcomes_of_a_dropped_state_are_forgotten() -> None:
    sink = Gate()
    running, _ = deliveries(sink)
    running.hand_out(state("a"), NOW)
    await turns()
    running.forget()
    sink.open.set()
    await turns()

    assert running.take() == []


async def test_draining_waits_for_what_runs_and_starts_nothing_more() -> None:
    sink = Gate()
    running, _ = deliveries(sink)
    running.hand_out(state("a"), NOW)
    await turns()
    draining = asyncio.create_task(running.drain(5.0))
    await turns()
    running.hand_out(state("late"), NOW)
    sink.open.set()
    await draining
    await turns()

    assert [outcome.id for outcome in running.take()] == ["a"]
    assert sink.inside == 1


async def test_a_state_without_messages_is_left_alone() -> None:
    class Plain:
        def counts(self) -> Mapping[tuple[str, ...], int]:
            return {}

    running, _ = deliveries(Gate())
    running.hand_out(cast(PartitionState, Plain()), NOW)

    assert running.take() == []
