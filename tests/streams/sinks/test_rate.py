import asyncio

from streams.sinks.rate import Bucket, Rate


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.s = 0.0

    def read(self) -> float:
        return self.s

    async def sleep(self, wait_s: float) -> None:
        until = self.s + wait_s
        await asyncio.sleep(0)
        self.s = max(self.s, until)


def bucket(time: Time, per_s: float, burst: int) -> Bucket:
    return Bucket(Rate(per_s, burst), time.read, time.sleep)


async def test_a_burst_goes_at_once_and_the_rest_in_step() -> None:
    time = Time()
    limited = bucket(time, per_s=2, burst=3)
    turns = []
    for _ in range(6):
        await limited.turn(patience_s=10)
        turns.append(time.s)

    assert turns == [0, 0, 0, 0.5, 1.0, 1.5]


async def test_after_a_rest_the_burst_is_back() -> None:
    time = Time()
    limited = bucket(time, per_s=1, burst=2)
    await limited.turn(10)
    await limited.turn(10)
    time.s = 100
    turns = [(await limited.turn(10), time.s)[1] for _ in range(3)]

    assert turns == [100, 100, 101]


async def test_whoever_would_wait_too_long_is_told_so_and_takes_no_turn() -> None:
    time = Time()
    limited = bucket(time, per_s=0.1, burst=1)
    await limited.turn(5)

    assert await limited.turn(patience_s=5) == 10
    assert await limited.turn(patience_s=5) == 10


async def test_a_pause_holds_everybody() -> None:
    time = Time()
    limited = bucket(time, per_s=100, burst=100)
    limited.hold(7)
    await limited.turn(patience_s=10)

    assert time.s == 7


async def test_turns_at_the_same_time_are_spaced_too() -> None:
    time = Time()
    limited = bucket(time, per_s=1, burst=1)
    await asyncio.gather(*(limited.turn(10) for _ in range(4)))

    assert time.s == 3
