"""Toy stages for the shell's tests: a word count by key, a second hop, and one that fails on a word."""

from collections import Counter
from collections.abc import Mapping, Sequence

from schemas.topics import ALERTS, LINKS, VALUES, Stage, Topic
from streams.core.stage import Delivered, Delivery, Now, Record, Send, StageSpec, Step


class CountWords:
    """Counts records by key; one row a key, and sends the running total to `target`."""

    def __init__(self, partition: int, target: Topic) -> None:
        self.totals: Counter[bytes] = Counter()
        self.partition = partition
        self.target = target
        self.is_ready = False

    def load(self, key: bytes, value: bytes) -> None:
        assert not self.is_ready
        self.totals[key] = int(value)

    def ready(self) -> None:
        assert not self.is_ready
        self.is_ready = True

    def feed(self, records: Sequence[Record], now: Now) -> Step:
        assert self.is_ready
        sends = []
        for record in records:
            assert record.key is not None
            if record.value == b"poison":
                raise ZeroDivisionError("poison")
            self.totals[record.key] += 1
            sends.append(Send(self.target, record.key, str(self.totals[record.key]).encode()))
        return Step(sends, {record.key: str(self.totals[record.key]).encode() for record in records if record.key})

    def tick(self, now: Now) -> Step:
        return Step([], {})

    def counts(self) -> Mapping[tuple[str, ...], int]:
        return {("applied",): sum(self.totals.values())}


class Newest(CountWords):
    """Sends and writes only the newest total of a key in each transaction: what the contract allows with `Now.more`."""

    def __init__(self, partition: int, target: Topic) -> None:
        super().__init__(partition, target)
        self.held: dict[bytes, None] = {}
        self.fed = 0

    def feed(self, records: Sequence[Record], now: Now) -> Step:
        self.fed += 1
        step = super().feed(records, now)
        self.held |= dict.fromkeys(key for key, value in step.rows.items() if value)
        if now.more:
            return Step([], {})
        totals: dict[bytes, bytes | None] = {key: str(self.totals[key]).encode() for key in self.held}
        self.held = {}
        return Step([Send(self.target, key, total) for key, total in totals.items()], totals)

    def tick(self, now: Now) -> Step:
        assert not self.held
        return super().tick(now)


class Ticker(CountWords):
    """Sends one record for each of its first ticks, to see that they come in order and say when it is caught up."""

    def __init__(self, partition: int, target: Topic) -> None:
        super().__init__(partition, target)
        self.ticks = 0

    def tick(self, now: Now) -> Step:
        if self.ticks >= 8:
            return Step([], {})
        self.ticks += 1
        text = f"{self.ticks} {now.us} {int(now.caught_up)}".encode()
        return Step([Send(ALERTS, str(self.partition).encode(), text)], {b"ticks": str(self.ticks).encode()})

    def load(self, key: bytes, value: bytes) -> None:
        if key == b"ticks":
            self.ticks = int(value)
        else:
            super().load(key, value)


class Courier(CountWords):
    """Delivers one message for each record, and keeps what became of it."""

    def __init__(self, partition: int, target: Topic) -> None:
        super().__init__(partition, target)
        self.waiting: list[str] = []
        self.settled: dict[str, str | None] = {}

    def feed(self, records: Sequence[Record], now: Now) -> Step:
        self.waiting += [f"{self.partition}-{record.offset}" for record in records]
        return Step([], {})

    def due(self, now: Now) -> Sequence[Delivery]:
        due, self.waiting = self.waiting, []
        return [Delivery(identity, "an", {}) for identity in due]

    def settle(self, outcomes: Sequence[Delivered], now: Now) -> Step:
        self.settled.update((outcome.id, outcome.error) for outcome in outcomes)
        rows: dict[bytes, bytes | None] = {outcome.id.encode(): b"1" for outcome in outcomes}
        return Step([Send(self.target, outcome.id.encode(), b"1") for outcome in outcomes], rows)


def one_hop() -> list[StageSpec]:
    return [StageSpec(Stage.OBSERVE, lambda partition: CountWords(partition, VALUES))]


def two_hops() -> list[StageSpec]:
    return [
        StageSpec(Stage.OBSERVE, lambda partition: CountWords(partition, LINKS)),
        StageSpec(Stage.LINK, lambda partition: CountWords(partition, VALUES)),
    ]


def ticking() -> list[StageSpec]:
    return [StageSpec(Stage.OBSERVE, lambda partition: Ticker(partition, VALUES))]


def newest() -> list[StageSpec]:
    return [StageSpec(Stage.OBSERVE, lambda partition: Newest(partition, VALUES))]


STAGES = {"newest": newest, "one_hop": one_hop, "two_hops": two_hops, "ticking": ticking}
