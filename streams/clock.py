"""Time as the shell sees it: the one module that reads the system clock (ruff TID251 bans it elsewhere)."""

import time
from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Where the shell gets the time from. All times are microseconds since the epoch, UTC."""

    @property
    def is_wall(self) -> bool:
        """Whether a wall time is the clock's own time, so that records need no other time stamp."""
        ...

    def now_us(self) -> int:
        """The time now."""
        ...

    def of_wall_us(self, wall_us: int) -> int:
        """The clock's time at a wall time, such as the append time of a broker."""
        ...

    def age_s(self, time_us: int) -> float:
        """Seconds on the wall between one of its times and now; negative for one to come."""
        ...


class SystemClock:
    """The wall clock of this machine."""

    is_wall = True

    def now_us(self) -> int:
        """Wall time."""
        return time.time_ns() // 1000

    def of_wall_us(self, wall_us: int) -> int:
        """The wall time itself."""
        return wall_us

    def age_s(self, time_us: int) -> float:
        """Seconds since a wall time."""
        return (self.now_us() - time_us) / 1_000_000


Pace = Callable[[int], tuple[float, int]]
"""At a time: how many times as fast as the wall the clock runs, and until when (later than that time)."""


class PacedClock:
    """A clock that stands at `start_us` until `run`, then runs as fast as `pace` says: the demo hurries through nights.

    It waits for its world: `now_us` goes no further than `allow` has said, because silence must not come from a
    simulator that is late. It never goes back; a wall time before `run` is `start_us`.
    """

    is_wall = False

    def __init__(self, start_us: int, pace: Pace) -> None:
        self._pace = pace
        self._end_us = start_us
        self._walls: list[float] = []  # when each leg begins, by the wall
        self._legs: list[tuple[int, float]] = []  # and by this clock, with its factor
        self._end_wall = float("inf")
        self._allowed_us = start_us

    def run(self) -> None:
        """Begins to run now; later calls change nothing."""
        if not self._walls:
            self._end_wall = time.time_ns() / 1000

    def allow(self, until_us: int) -> None:
        """Everything that happens until then has been told."""
        self._allowed_us = max(self._allowed_us, until_us)

    def now_us(self) -> int:
        """This clock's time."""
        return min(self.ahead_us(), self._allowed_us)

    def ahead_us(self) -> int:
        """What the clock would read if it waited for nobody."""
        return self.of_wall_us(time.time_ns() // 1000)

    def of_wall_us(self, wall_us: int) -> int:
        """The time of this clock that belongs to a wall time, whether allowed or not."""
        while wall_us >= self._end_wall:
            self._add_leg()
        leg = bisect_right(self._walls, wall_us) - 1
        if leg < 0:
            return self._legs[0][0] if self._legs else self._end_us
        start_us, factor = self._legs[leg]
        return start_us + int(factor * (wall_us - self._walls[leg]))

    def age_s(self, time_us: int) -> float:
        """Seconds on the wall since the clock read a time, 0 for what it has read from the start."""
        now_wall = time.time_ns() / 1000
        self.of_wall_us(int(now_wall))  # so that the legs reach until now
        leg = bisect_right(self._legs, (time_us, float("inf"))) - 1
        if leg < 0:
            return (now_wall - self._walls[0]) / 1_000_000 if self._walls else 0.0
        start_us, factor = self._legs[leg]
        return (now_wall - self._walls[leg] - (time_us - start_us) / factor) / 1_000_000

    def _add_leg(self) -> None:
        factor, until_us = self._pace(self._end_us)
        if factor <= 0 or until_us <= self._end_us:
            raise ValueError(f"pace {factor} until {until_us}: expected more than 0, and later than {self._end_us}")
        self._walls.append(self._end_wall)
        self._legs.append((self._end_us, factor))
        self._end_wall += (until_us - self._end_us) / factor
        self._end_us = until_us


class ManualClock:
    """A clock for tests: it stands still until it is told to move."""

    is_wall = True

    def __init__(self, now_us: int = 0) -> None:
        self._now_us = now_us

    def now_us(self) -> int:
        """The time last set."""
        return self._now_us

    def of_wall_us(self, wall_us: int) -> int:
        """The wall time itself."""
        return wall_us

    def age_s(self, time_us: int) -> float:
        """Seconds since a time."""
        return (self._now_us - time_us) / 1_000_000

    def advance_us(self, by_us: int) -> None:
        """Moves the clock on by `by_us` microseconds."""
        if by_us < 0:
            raise ValueError(f"{by_us} us: a clock does not go back")
        self._now_us += by_us


def today(zone: ZoneInfo) -> date:
    """Today's date by the wall clock in a time zone."""
    return datetime.now(UTC).astimezone(zone).date()
