"""Deliveries of one lane: started outside of transactions, a bounded number at a time, settled in the lane's order."""

import asyncio
import logging
from collections.abc import Sequence
from typing import cast

from streams.core.stage import Delivered, DeliveringState, Delivery, Now, PartitionState
from streams.lane_parts import Sink

log = logging.getLogger("streams")


class Deliveries:
    """Hands out what a state says is due and collects what became of it. Does nothing for states without messages."""

    def __init__(self, sink: Sink | None, slots: asyncio.Semaphore, wake: asyncio.Event) -> None:
        self.outcomes: list[Delivered] = []
        self._sink = sink
        self._slots = slots
        self._wake = wake
        self._running: set[asyncio.Task[None]] = set()
        self._state: PartitionState | None = None
        self._leaving = False

    def hand_out(self, state: PartitionState | None, now: Now) -> None:
        """Starts what is due. Call it after a commit only: a message must not be of something that did not happen."""
        if self._leaving or self._sink is None or not hasattr(state, "due"):
            return
        self._state = state
        for delivery in cast(DeliveringState, state).due(now):
            task = asyncio.create_task(self._deliver(self._sink, delivery, state))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    def take(self) -> Sequence[Delivered]:
        """Outcomes since the last call."""
        outcomes, self.outcomes = self.outcomes, []
        return outcomes

    def forget(self) -> None:
        """The state is dropped: a restored one hands out again by itself what was not settled."""
        self._state = None
        self.outcomes.clear()

    async def drain(self, within_s: float) -> None:
        """Starts nothing more, and waits for what is under way, so that it can be settled."""
        self._leaving = True
        if self._running and within_s:
            await asyncio.wait(self._running, timeout=within_s)

    def go_on(self) -> None:
        """Starts messages again after a `drain`."""
        self._leaving = False

    async def cancel(self) -> None:
        """Ends what is under way."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _deliver(self, sink: Sink, delivery: Delivery, state: PartitionState | None) -> None:
        async with self._slots:
            try:
                outcome = await sink.deliver(delivery)
            except Exception as error:
                log.exception("delivery %s: a fault in the sink", delivery.id)
                outcome = Delivered(delivery.id, f"fault in the sink: {type(error).__name__}")
        if state is self._state:
            self.outcomes.append(outcome)
            self._wake.set()
