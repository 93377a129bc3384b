"""What a lane does about poison, lost commits, a partition that is gone, a disk that fails, a changelog cut short."""

import json
from collections.abc import Sequence

import pytest

from schemas.topics import DEAD_LETTER
from streams.core.stage import Now, Record, Step, StoreFailedError
from streams.lane_parts import Phase
from tests.kafka.toys import CountWords, Newest
from tests.streams.lane_bench import Bench


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


async def test_a_hint_behind_the_changelog_is_only_a_hint(bench: Bench) -> None:
    bench.source.log = [b"x"] * 60
    bench.source.hint = 20
    bench.ledger.offset, bench.ledger.rows = 40, {b"w": b"40"}
    bench.lane.start()
    await bench.until(lambda: bench.ledger.offset == 60)

    assert bench.totals == list(range(41, 61))
