"""What a lane does while all goes well: it counts in order, commits much or little at once, and is held and stopped."""

import asyncio
from collections.abc import Sequence
from typing import cast

import pytest

from schemas.topics import Stage, Topic
from streams.core.stage import Delivered, Delivery, Now, Step
from streams.lane_parts import Phase
from tests.kafka.toys import CountWords, Newest
from tests.streams.lane_bench import TP, Bench


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


def fed(bench: Bench) -> int:
    return cast(Newest, bench.lane.state).fed if bench.lane.state else -1


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


async def test_what_is_fetched_before_a_lane_runs_is_fetched_again(bench: Bench) -> None:
    bench.source.log = [b"x"] * 10
    bench.source.meanwhile = lambda: bench.lane.accept(bench.source.fetch(4))
    bench.lane.start()
    await bench.until(lambda: bench.ledger.offset == 10)

    assert bench.totals == list(range(1, 11))
