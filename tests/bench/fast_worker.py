"""A worker whose clock runs faster than the wall, for the soak: weeks of event time pass in minutes.

Everything else is `kpi worker`: it takes the same settings from the environment.
"""

import argparse
import asyncio

from schemas.catalogue.load import load
from streams.app import quiet_logs
from streams.clock import SystemClock
from streams.commands.worker import assemble
from streams.garbage import collect_seldom
from streams.settings import load_settings
from streams.sinks.registry import Sinks, sinks_of


class FastClock:
    """Reads `start_us` when the wall reads `wall_us`, and runs `speed` times as fast. Two processes that are given the
    same numbers agree."""

    is_wall = False

    def __init__(self, start_us: int, wall_us: int, speed: float) -> None:
        self._start_us = start_us
        self._wall_us = wall_us
        self._speed = speed
        self._wall = SystemClock()

    def now_us(self) -> int:
        """This clock's time."""
        return self.of_wall_us(self._wall.now_us())

    def of_wall_us(self, wall_us: int) -> int:
        """Its time at a wall time."""
        return self._start_us + int((wall_us - self._wall_us) * self._speed)

    def age_s(self, time_us: int) -> float:
        """Seconds on the wall since it read a time."""
        return (self.now_us() - time_us) / self._speed / 1_000_000


async def _run(clock: FastClock) -> int:
    settings = load_settings()
    collect_seldom()
    quiet_logs(settings.log_level)
    return await assemble(settings, load(settings.catalogue), Sinks(sinks_of(())), clock).run()


def main() -> int:
    """Exit status of the worker."""
    parser = argparse.ArgumentParser()
    for name in ("start-us", "wall-us"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--speed", type=float, required=True)
    asked = parser.parse_args()
    return asyncio.run(_run(FastClock(asked.start_us, asked.wall_us, asked.speed)))


if __name__ == "__main__":
    raise SystemExit(main())
