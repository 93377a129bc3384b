"""A partition of NOTIFY without sinks: its outcomes are made up by the test, its clock is moved by hand."""

from schemas.notices import Notice
from streams.core.notify import NotifyPartition, NotifyPolicy
from streams.core.stage import Delivered, Delivery, Now, PlainRecord, Send, Step
from tests.streams.sinks.examples import START_US


def raw(one: Notice) -> bytes:
    return one.model_dump_json(by_alias=True).encode()


class Partition:
    """A partition with its changelog and a clock moved by hand; outcomes come from the test."""

    def __init__(self, policy: NotifyPolicy) -> None:
        self.policy = policy
        self.us = START_US
        self.rows: dict[bytes, bytes] = {}
        self.sends: list[Send] = []
        self.restart()

    def restart(self) -> None:
        self.state = NotifyPartition(3, self.policy)
        # A compacted changelog gives rows in no useful order.
        for key, value in reversed(self.rows.items()):
            self.state.load(key, value)
        self.state.ready()

    def commit(self, step: Step) -> Step:
        self.sends.extend(step.sends)
        for key, value in step.rows.items():
            if value is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = value
        return step

    def feed(self, *values: Notice | bytes) -> Step:
        records = [
            PlainRecord(n, self.us // 1000, b"an", value if isinstance(value, bytes) else raw(value))
            for n, value in enumerate(values)
        ]
        return self.commit(self.state.feed(records, Now(self.us, True)))

    def due(self) -> list[Delivery]:
        return list(self.state.due(Now(self.us, True)))

    def settle(self, *outcomes: Delivered) -> Step:
        return self.commit(self.state.settle(outcomes, Now(self.us, True)))

    def count(self, name: str) -> int:
        return self.state.counts()[(name,)]


def one_sink(**changes: object) -> Partition:
    return Partition(NotifyPolicy(sinks=("chat-1",), **changes))  # type: ignore[arg-type]
