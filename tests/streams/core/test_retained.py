"""Events inside the horizon as changelog rows: what is written is what is kept, whatever comes and goes."""

from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas.events.envelope import Event
from streams.core.corrections import Ledger, pack
from streams.core.policy import DAY_US
from streams.core.retained import MOST_BYTES, SMALL_BYTES, Retained
from streams.core.rows import Rows
from streams.core.store import MemoryStore


class Partition:
    """Events kept by one worker after another, and the changelog that hands them over."""

    def __init__(self) -> None:
        self.changelog: dict[bytes, bytes] = {}
        self.restart()

    def restart(self) -> None:
        self.rows, self.store = Rows(), MemoryStore()
        self.ledger = Ledger(self.store)
        self.retained = Retained(self.rows, self.ledger, self.store)
        for key, value in self.changelog.items():
            assert self.retained.load(key, value)

    def commit(self) -> None:
        self.retained.save()
        for key, value in self.rows.flush().items():
            if value is None:
                self.changelog.pop(key, None)
            else:
                self.changelog[key] = value

    @property
    def written(self) -> list[bytes]:
        """Every event in the changelog."""
        return sorted(
            packed for row in self.changelog.values() for packed in msgspec.msgpack.decode(row, type=list[bytes])
        )


def call(number: int, day: int, size: int = 10) -> Event:
    return Event("crm", str(number), "call.completed", day * DAY_US, f"call-{number}", {"owner": "x" * size})


@given(st.integers(0, 2**32))
def test_the_changelog_holds_each_event_that_is_kept_once(seed: int) -> None:
    random, partition, kept = Random(seed), Partition(), dict[int, Event]()
    for number in range(random.randint(1, 60)):
        what = random.random()
        if what < 0.6:
            kept[number] = call(number, random.randint(0, 3), random.choice([1, SMALL_BYTES // 3, SMALL_BYTES]))
            partition.retained.admit(kept[number])
        elif what < 0.7 and kept:
            partition.retained.forget(kept.pop(random.choice(list(kept))))
        elif what < 0.75:
            oldest = random.randint(0, 3)
            gone = {event.id: event for event in partition.retained.expire(oldest * DAY_US)}
            for event in gone.values():
                partition.ledger.remove(event)
            assert gone.keys() == {event.id for event in kept.values() if event.time_us < oldest * DAY_US}
            kept = {n: event for n, event in kept.items() if event.time_us >= oldest * DAY_US}
        else:
            partition.commit()
            if random.random() < 0.3:
                partition.restart()
    partition.commit()
    partition.restart()

    assert partition.written == sorted(pack(event) for event in kept.values())
    assert sorted(map(pack, partition.ledger)) == partition.written
    assert len(partition.rows) == 0


def test_events_that_come_one_by_one_share_rows() -> None:
    partition = Partition()
    for number in range(1000):
        partition.retained.admit(call(number, 7))
        partition.commit()
        if number % 100 == 99:
            partition.restart()

    assert len(partition.written) == 1000
    assert len(partition.changelog) < 1000 * len(partition.written[0]) / SMALL_BYTES + 2


def test_no_row_outgrows_what_kafka_takes() -> None:
    partition = Partition()
    for number in range(50):
        partition.retained.admit(call(number, 7, 20_000))
    partition.commit()

    assert len(partition.written) == 50
    assert max(map(len, partition.changelog.values())) <= MOST_BYTES + 20_100
