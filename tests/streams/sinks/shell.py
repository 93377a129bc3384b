"""The shell's part in a test: keeps the changelog, hands deliveries to sinks, moves the clock by hand."""

import asyncio
from collections.abc import Sequence

from schemas.notices import Notice
from streams.core.notify import NotifyPartition, NotifyPolicy
from streams.core.policy import SECOND_US
from streams.core.stage import Delivered, Delivery, Now, PlainRecord, Send, Step
from streams.sinks.registry import Sinks
from tests.streams.sinks.examples import START_US


class Shell:
    """One partition of NOTIFY with its changelog; `sinks` are real."""

    def __init__(self, sinks: Sinks, policy: NotifyPolicy | None = None) -> None:
        self.sinks = sinks
        self.policy = policy or NotifyPolicy(sinks=sinks.names)
        self.us = START_US
        self.offset = 0
        self.changelog: dict[bytes, bytes] = {}
        self.sends: list[Send] = []
        self.state = NotifyPartition(0, self.policy)
        self.state.ready()

    @property
    def now(self) -> Now:
        return Now(self.us, True)

    @property
    def pending(self) -> int:
        return self.state.counts()[("pending",)]

    def commit(self, step: Step) -> None:
        self.sends.extend(step.sends)
        for key, value in step.rows.items():
            if value is None:
                self.changelog.pop(key, None)
            else:
                self.changelog[key] = value

    def feed(self, *notices: Notice) -> None:
        records = [
            PlainRecord(
                self.offset + n,
                self.us // 1000,
                notice.recipient.encode(),
                notice.model_dump_json(by_alias=True).encode(),
            )
            for n, notice in enumerate(notices)
        ]
        self.offset += len(records)
        self.commit(self.state.feed(records, self.now))

    async def attempt(self) -> Sequence[Delivered]:
        """Make all deliveries that are due, at once; nothing is settled yet."""
        due: Sequence[Delivery] = self.state.due(self.now)
        return await asyncio.gather(*(self.sinks.deliver(delivery) for delivery in due))

    async def round(self) -> Sequence[Delivered]:
        outcomes = await self.attempt()
        self.commit(self.state.settle(outcomes, self.now))
        return outcomes

    async def run(self, for_s: int) -> None:
        """A virtual while: a round a second."""
        for _ in range(for_s):
            while await self.round():
                pass
            self.us += SECOND_US
            self.commit(self.state.tick(self.now))

    def restart(self) -> None:
        """A new worker takes over from the changelog."""
        self.state = NotifyPartition(0, self.policy)
        for key, value in self.changelog.items():
            self.state.load(key, value)
        self.state.ready()
