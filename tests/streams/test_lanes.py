"""A lane against a ledger and a source in memory: what Kafka would have to be forced to do happens here at will."""

import asyncio
import json
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import TopicPartition

from schemas.topics import DEAD_LETTER, VALUES, Stage, Topic
from streams.clock import ManualClock
from streams.core.stage import Delivered, Delivery, Now, Record, StageSpec, Step, StoreFailedError
from streams.lane_parts import LaneRules, Phase, Sink
from streams.lanes import Lane
from streams.restoring import Progress
from streams.tables import CommitLostError, Ledger, Restored
from streams.transport import Chunk
from tests.kafka.toys import CountWords, Newest

TP = TopicPartition("kpi.events", 0)


class MemoryLedger:
    """Commits to a dict; `losing` commits fail."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes] = {}
        self.offset: int | None = None
        self.sends: list[Any] = []
        self.commits = 0
        self.losing = 0
        self.opened = 0
        self.committed_before_close: int | None = None
        self.name = "changelog kpi.observe-changelog partition 0"

    async def open(self) -> None:
        self.opened += 1

    async def read(self, progress: Progress) -> Restored:
        return Restored(dict(self.rows), self.offset, len(self.rows))

    async def commit(self, step: Step, offset: int) -> None:
        await asyncio.sleep(0)
        if self.losing:
            self.losing -= 1
            raise CommitLostError("fenced: another worker owns the partition now")
        self.commits += 1
        for key, value in step.rows.items():
            if value is not None:
                self.rows[key] = value
        self.sends += step.sends
        self.offset = offset

    async def close(self) -> None:
        self.committed_before_close = self.commits


class MemorySource:
    """A partition as a list of values; fetches are up to the test."""

    def __init__(self) -> None:
        self.log: list[bytes] = []
        self.epochs = 0
        self.position = 0
        self.paused = False
        self.ours = True
        self.hint: int | None = None
        self.meanwhile: Callable[[], object] = lambda: None
        """What happens while the group is asked for its hint."""

    def epoch(self, tp: TopicPartition) -> int:
        return self.epochs

    async def seek(self, tp: TopicPartition, offset: int | None) -> int:
        self.epochs += 1
        self.position = offset or 0
        self.paused = False
        return self.position

    def pause(self, tp: TopicPartition) -> None:
        self.paused = True

    def resume(self, tp: TopicPartition) -> None:
        self.paused = False

    def end(self, tp: TopicPartition) -> int:
        return len(self.log)

    async def is_ours(self, tp: TopicPartition, offset: int) -> bool:
        return self.ours

    async def remembered(self, tp: TopicPartition) -> int | None:
        self.meanwhile()
        return self.hint

    def fetch(self, most: int = 1000) -> Chunk:
        start = self.position
        self.position = min(len(self.log), start + most)
        records = [
            SimpleNamespace(offset=offset, key=b"w", value=self.log[offset], timestamp=0, headers=())
            for offset in range(start, self.position)
        ]
        return Chunk(TP, cast(Any, records), self.position, self.epochs)


LONG_AFTER_US = 3_600_000_000
"""The clock of a bench, whose records were appended at 0: a backlog."""


class Bench:
    """One lane with its ledger and source."""

    def __init__(
        self,
        chunk_records: int = 5,
        toy: type[CountWords] = CountWords,
        now_us: int = LONG_AFTER_US,
        sink: Sink | None = None,
        turn: asyncio.Lock | None = None,
    ) -> None:
        self.ledger = MemoryLedger()
        self.source = MemorySource()
        self.failures: list[str] = []
        self.rules = rules = LaneRules(
            chunk_records, 0.0, asyncio.Semaphore(1), asyncio.Semaphore(1), turn or asyncio.Lock(), self.failures.append
        )
        spec = StageSpec(Stage.OBSERVE, lambda partition: toy(partition, VALUES))
        self.lane = Lane(spec, TP, cast(Ledger, self.ledger), self.source, ManualClock(now_us), sink, rules)

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not true():
                if (
                    self.lane.phase is Phase.RUNNING
                    and not self.source.paused
                    and self.source.position < len(self.source.log)
                ):
                    self.lane.accept(self.source.fetch(3))
                await asyncio.sleep(0)

    @property
    def totals(self) -> list[int]:
        return [int(send.value) for send in self.ledger.sends if send.topic is VALUES]


@pytest.fixture
async def bench() -> Any:
    bench = Bench()
    yield bench
    await bench.lane.stop(1.0)


async def test_a_lane_counts_every_record_once_in_order(bench: Bench) -> None:
    bench.source.log = [b"x"] * 40
    bench.lane.start()
    await bench.until(lambda: bench.ledger.offset == 40)

    assert bench.totals == list(range(1, 41))
    assert bench.lane.lag_records == 0


async def test_a_lane_that_lags_commits_many_chunks_at_once_and_one_that_has_caught_up_each(bench: Bench) -> None:
    bench.source.log = [b"x"] * 120
    bench.lane.start()
    await bench.until(lambda: bench.ledger.offset == 120)
    backlog = bench.ledger.commits
    for end in (121, 122, 123):
        bench.source.log.append(b"x")
        await bench.until(lambda end=end: bench.ledger.offset == end)  # type: ignore[misc]

    assert bench.totals == list(range(1, 124))
    # ten chunks of five records in the largest, and what is left at the end is no whole chunk
    assert backlog <= 5
    assert bench.ledger.commits == backlog + 3


async def test_what_has_just_been_appended_is_committed_chunk_by_chunk_however_much_of_it_waits() -> None:
    bench = Bench(now_us=0)
    bench.source.log = [b"x"] * 120
    bench.lane.start()
    await bench.until(lambda: bench.ledger.offset == 120)
    await bench.lane.stop(1.0)

    assert bench.ledger.commits >= 120 / 5


async def test_a_commit_does_not_wait_for_another_chunk_with_each_of_its_steps() -> None:
    turn, rounds, meanwhile = asyncio.Lock(), 16, []
    one, *others = benches = [Bench(now_us=0, turn=turn) for _ in range(5)]

    async def commit(step: Step, offset: int) -> None:
        before = sum(other.ledger.commits for other in others)
        for _ in range(rounds):
            await asyncio.sleep(0)
        meanwhile.append(sum(other.ledger.commits for other in others) - before)
        one.ledger.offset = offset

    one.ledger.commit = commit  # type: ignore[method-assign]
    for bench in benches:
        bench.source.log = [b"x"] * 300
        bench.lane.start()
    await asyncio.gather(*(bench.until(lambda bench=bench: bench.ledger.offset == 300) for bench in benches))  # type: ignore[misc]
    for bench in benches:
        await bench.lane.stop(1.0)

    assert max(meanwhile) <= rounds // 4


@pytest.mark.parametrize("halts", [0, 3])
async def test_a_stage_that_holds_back_is_always_asked_for_the_rest(halts: int) -> None:
    bench = Bench(toy=Newest)
    bench.source.log = [b"x"] * 203
    for number in range(halts):
        bench.lane.start()
        await bench.until(lambda number=number: fed(bench) > 5 * number)  # type: ignore[misc]
        await bench.lane.hold(1.0)
        assert bench.lane.phase is Phase.HELD
        assert cast(Newest, bench.lane._committed.state).held == {}
    bench.lane.start()
    await bench.until(lambda: bench.ledger.offset == 203)
    await bench.lane.stop(1.0)

    assert bench.ledger.rows == {b"w": b"203"}
    assert bench.totals == sorted(bench.totals)
    assert bench.ledger.opened == 1


def fed(bench: Bench) -> int:
    return cast(Newest, bench.lane.state).fed if bench.lane.state else -1


@pytest.mark.parametrize("places", [[17], [0, 1, 2], [60, 61, 119], [49, 50], list(range(0, 120, 7))])
async def test_poison_in_the_middle_of_a_transaction_costs_nothing_but_itself(places: list[int]) -> None:
    bench = Bench(toy=Newest)
    bench.source.log = [b"poison" if place in places else b"x" for place in range(120)]
    bench.lane.start()
    await bench.until(lambda: bench.ledger.offset == 120)
    await bench.lane.stop(1.0)

    letters = [json.loads(send.value)["offset"] for send in bench.ledger.sends if send.topic is DEAD_LETTER]
    assert letters == places
    assert bench.ledger.rows == {b"w": str(120 - len(places)).encode()}
    assert bench.totals == sorted(bench.totals)


async def test_a_commit_of_many_chunks_that_is_lost_is_done_again_whole() -> None:
    bench = Bench(toy=Newest)
    bench.source.log = [b"x"] * 120
    bench.ledger.losing = 2
    bench.lane.start()
    await bench.until(lambda: bench.ledger.offset == 120)
    await bench.lane.stop(1.0)

    assert bench.ledger.rows == {b"w": b"120"}
    assert bench.ledger.opened == 3


async def test_what_a_lane_does_is_measured_for_its_stage(bench: Bench) -> None:
    bench.source.log = [b"x"] * 40
    bench.lane.start()
    await bench.until(lambda: bench.ledger.offset == 40 and bench.lane.lag_records == 0)
    await bench.lane.stop(1.0)

    done = bench.rules.timings[Stage.OBSERVE]
    assert done.chunk_records.sum == 40
    assert [dict(one.buckets())["+Inf"] for one in (done.latency_s, done.restore_s)] == [40, 1]
    assert dict(done.chunk_s.buckets())["+Inf"] >= 8
    assert 1 <= dict(done.transaction_s.buckets())["+Inf"] <= bench.ledger.commits


async def test_a_held_lane_keeps_its_state_and_goes_on_where_it_was(bench: Bench) -> None:
    bench.source.log = [b"x"] * 40
    bench.lane.start()
    await bench.until(lambda: (bench.ledger.offset or 0) >= 10)
    await bench.lane.hold(1.0)
    assert bench.lane.phase is Phase.HELD
    bench.lane.start()
    await bench.until(lambda: bench.ledger.offset == 40)

    assert bench.totals == list(range(1, 41))
    assert bench.ledger.opened == 1


class Letters(CountWords):
    """Tells of every record, and keeps in its row how many messages have arrived."""

    def __init__(self, partition: int, target: Topic) -> None:
        super().__init__(partition, target)
        self.told = 0

    def due(self, now: Now) -> Sequence[Delivery]:
        first, self.told = self.told, self.totals.total()
        return [Delivery(str(number), "an", {}) for number in range(first, self.told)]

    def settle(self, outcomes: Sequence[Delivered], now: Now) -> Step:
        return Step([], {b"arrived": b"".join(sorted(outcome.id.encode() for outcome in outcomes))})


class SlowReceiver:
    """Takes a message at once and answers when it may."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.may_answer = asyncio.Event()

    async def deliver(self, delivery: Delivery) -> Delivered:
        self.taken.append(delivery.id)
        await self.may_answer.wait()
        return Delivered(delivery.id, None)


async def test_a_delivery_under_way_is_settled_before_a_partition_is_given_up() -> None:
    receiver = SlowReceiver()
    bench = Bench(toy=Letters, sink=receiver)
    bench.source.log = [b"x"]
    bench.lane.start()
    await bench.until(lambda: receiver.taken == ["0"])

    held = asyncio.create_task(bench.lane.hold(5.0))
    for _ in range(50):
        await asyncio.sleep(0)
    assert not held.done()
    receiver.may_answer.set()
    await held

    assert bench.ledger.rows[b"arrived"] == b"0"
    bench.lane.start()
    bench.source.log.append(b"x")
    await bench.until(lambda: receiver.taken == ["0", "1"])  # kept: it hands out again
    await bench.lane.stop(1.0)
    assert bench.ledger.rows[b"arrived"] == b"1"


async def test_a_stop_during_a_hold_waits_for_the_chunk_that_the_hold_waits_for(bench: Bench) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()
    committed = bench.ledger.commit

    async def commit(step: Step, offset: int) -> None:
        begun.set()
        await may_end.wait()
        await committed(step, offset)

    bench.ledger.commit = commit  # type: ignore[method-assign]
    bench.source.log = [b"x"]
    bench.lane.start()
    await bench.until(begun.is_set)

    both = asyncio.gather(bench.lane.hold(5.0), bench.lane.stop(5.0))
    for _ in range(50):
        await asyncio.sleep(0)
    assert not both.done()
    may_end.set()
    await both

    assert bench.ledger.committed_before_close == 1
    assert bench.lane.phase is Phase.STOPPED


async def test_a_chunk_fetched_before_the_last_seek_is_dropped(bench: Bench) -> None:
    bench.source.log = [b"x"] * 10
    bench.lane.start()
    await bench.until(lambda: bench.lane.phase is Phase.RUNNING)
    stale = bench.source.fetch(10)
    await bench.source.seek(TP, 0)
    bench.lane.accept(stale)
    await bench.until(lambda: bench.ledger.offset == 10)

    assert bench.totals == list(range(1, 11))


async def test_a_lost_commit_is_done_again_from_the_changelog_while_the_partition_is_ours(bench: Bench) -> None:
    bench.source.log = [b"x"] * 20
    bench.ledger.losing = 2
    bench.lane.start()
    await bench.until(lambda: bench.ledger.offset == 20)

    assert bench.totals == list(range(1, 21))
    assert bench.ledger.opened == 3


async def test_a_lane_whose_partition_went_to_another_worker_does_not_fence_it(bench: Bench) -> None:
    bench.source.log = [b"x"] * 20
    bench.ledger.losing, bench.source.ours = 1, False
    bench.lane.start()
    await bench.until(lambda: bench.lane.phase is Phase.LOST)

    assert bench.ledger.opened == 1
    assert bench.lane.state is None


@pytest.mark.parametrize("place", [0, 4, 7, 19])
async def test_a_poisoned_record_is_skipped_wherever_it_lies_and_fetching_goes_on(bench: Bench, place: int) -> None:
    bench.source.log = [b"x"] * 20
    bench.source.log[place] = b"poison"
    bench.lane.start()
    await bench.until(lambda: bench.ledger.offset == 20)

    assert bench.totals == list(range(1, 20))
    assert [send.topic.name for send in bench.ledger.sends].count("kpi.dead-letter") == 1
    assert not bench.source.paused


async def test_commits_that_never_succeed_end_the_worker(bench: Bench) -> None:
    bench.source.log = [b"x"] * 20
    bench.ledger.losing = 1000
    bench.lane.start()
    await bench.until(lambda: bool(bench.failures))

    assert bench.failures[0].startswith("observe/0: 10 commits at offset 0 failed, last: fenced")


class OnFullDisk(CountWords):
    """Its disk has room for 12 records."""

    def feed(self, records: Sequence[Record], now: Now) -> Step:
        if self.totals[b"w"] + len(records) > 12:
            raise StoreFailedError("the state store in /data failed: No space left on device")
        return super().feed(records, now)


class OnBrokenDisk(CountWords):
    """It fails while nothing happens."""

    def tick(self, now: Now) -> Step:
        if self.totals[b"w"]:
            raise StoreFailedError("the state store in /data failed: Input/output error")
        return super().tick(now)


async def test_a_disk_that_fails_ends_the_worker_and_takes_no_record_for_a_bad_one() -> None:
    bench = Bench(toy=OnFullDisk)
    bench.source.log = [b"x"] * 5
    bench.lane.start()
    await bench.until(lambda: bench.ledger.offset == 5)
    bench.source.log = [b"x"] * 20
    await bench.until(lambda: bool(bench.failures))
    await bench.lane.stop(1.0)

    assert bench.failures == ["the state store in /data failed: No space left on device"]
    assert [send for send in bench.ledger.sends if send.topic is DEAD_LETTER] == []
    assert bench.ledger.offset == int(bench.ledger.rows[b"w"])


async def test_a_disk_that_fails_in_a_tick_ends_the_worker_at_once() -> None:
    bench = Bench(toy=OnBrokenDisk)
    bench.ledger.rows = {b"w": b"1"}
    bench.lane.start()
    await bench.until(lambda: bool(bench.failures))
    await bench.lane.stop(1.0)

    assert bench.failures == ["the state store in /data failed: Input/output error"]


@pytest.mark.parametrize("offset", [None, 39])
async def test_a_changelog_that_ends_before_what_the_group_remembers_is_refused(
    bench: Bench, offset: int | None
) -> None:
    bench.source.log = [b"x"] * 60
    bench.source.hint = 40
    bench.ledger.offset = offset
    bench.lane.start()
    await bench.until(lambda: bool(bench.failures))

    assert bench.failures[0].startswith(
        f"changelog kpi.observe-changelog partition 0 ends at offset {offset or 0} of kpi.events where the consumer "
        "group has been at 40: its end is missing; restore it, or delete it and the group's offsets"
    )
    assert bench.totals == []


async def test_what_is_fetched_before_a_lane_runs_is_fetched_again(bench: Bench) -> None:
    bench.source.log = [b"x"] * 10
    bench.source.meanwhile = lambda: bench.lane.accept(bench.source.fetch(4))
    bench.lane.start()
    await bench.until(lambda: bench.ledger.offset == 10)

    assert bench.totals == list(range(1, 11))


async def test_a_hint_behind_the_changelog_is_only_a_hint(bench: Bench) -> None:
    bench.source.log = [b"x"] * 60
    bench.source.hint = 20
    bench.ledger.offset, bench.ledger.rows = 40, {b"w": b"40"}
    bench.lane.start()
    await bench.until(lambda: bench.ledger.offset == 60)

    assert bench.totals == list(range(41, 61))
