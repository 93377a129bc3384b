"""The events in the topic, let out portion by portion.

A fast worker would be through the backlog before the second fault comes, and a trickle of events would let it catch up
and judge by the wall clock, where no replay can follow. So all events are in the topic before the first worker starts,
in portions that are one open transaction each: nobody can read past the first that is open, and every partition lags.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

TRANSACTION_S = 900
"""As long as Kafka allows by default: a run that takes longer needs a cluster that allows more."""
BATCH_BYTES = 1 << 19


class _Subject(msgspec.Struct):
    subject: str


class Backlog:
    """Lines of an event file in a topic."""

    def __init__(self, broker: str, topic: str, lines: Sequence[bytes], timeout_s: int = TRANSACTION_S) -> None:
        self.events = len(lines)
        self.released = 0
        self._broker = broker
        self._topic = topic
        self._lines = lines
        self._timeout_s = timeout_s
        self._open: list[tuple[AIOKafkaProducer, int]] = []
        self._decoder = msgspec.json.Decoder(_Subject)

    @classmethod
    def of(cls, path: Path, broker: str, topic: str, timeout_s: int = TRANSACTION_S) -> "Backlog":
        """All lines of a file."""
        return cls(broker, topic, path.read_bytes().splitlines(), timeout_s)

    async def send(self, portions: int) -> None:
        """Writes everything, in so many transactions that stay open."""
        bounds = [self.events * number // portions for number in range(portions + 1)]
        for number, (start, end) in enumerate(pairwise(bounds)):
            producer = await self._send_portion(f"{self._topic}-portion-{number}", start, end)
            self._open.append((producer, end))

    async def release(self, events: int = 0) -> None:
        """Lets out portions until so many events can be read; one portion at least, while there are any."""
        while self._open:
            producer, end = self._open.pop(0)
            await producer.commit_transaction()
            await producer.stop()
            self.released = end
            if end >= events:
                return

    async def close(self) -> None:
        """Gives up what is not let out."""
        for producer, _ in self._open:
            with suppress(KafkaError, TimeoutError):
                await asyncio.wait_for(producer.stop(), 3)
        self._open.clear()

    async def _send_portion(self, transactional_id: str, start: int, end: int) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._broker,
            max_batch_size=BATCH_BYTES,
            linger_ms=5,
            transactional_id=transactional_id,
            transaction_timeout_ms=self._timeout_s * 1000,
        )
        await producer.start()
        await producer.begin_transaction()
        for line in self._lines[start:end]:
            await producer.send(self._topic, line, key=self._key(line))
        await producer.flush()
        return producer

    def _key(self, line: bytes) -> bytes | None:
        """The event's subject, as upstream systems do; nothing where there is none."""
        try:
            return self._decoder.decode(line).subject.encode()
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
