"""CPU seconds of a process with all its threads and children over monotonic time, by one ruler for every contender."""

import os
import threading
import time
from bisect import bisect_left
from pathlib import Path
from typing import Self

TICKS_S = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """CPU seconds, user and system, of a process and its living and reaped children; 0 when it has ended."""
    try:
        # The command may hold spaces and brackets: fields are counted from its last bracket.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS_S + sum(cpu_s(int(child)) for child in children)


def starved_s(pid: int) -> float:
    """Seconds in which the main thread of a process was ready to run and no core was free for it (Linux schedstat)."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


class Meter:
    """Samples the CPU of some processes, so that the CPU between any two moments of a run can be told afterwards."""

    def __init__(self, *pids: int, every_s: float = 0.05) -> None:
        self._pids = pids
        self._every_s = every_s
        self._samples: list[tuple[float, float]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._sample()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def between(self, start_s: float, end_s: float) -> float:
        """CPU seconds from one monotonic moment to another."""
        return self.at(end_s) - self.at(start_s)

    def at(self, moment_s: float) -> float:
        """CPU seconds until a monotonic moment, straight between two samples."""
        samples = list(self._samples)
        place = bisect_left(samples, (moment_s, 0.0))
        if place == 0:
            return samples[0][1]
        if place == len(samples):
            return samples[-1][1]
        (before_s, before), (after_s, after) = samples[place - 1], samples[place]
        return before + (after - before) * (moment_s - before_s) / (after_s - before_s)

    def _run(self) -> None:
        while not self._over.wait(self._every_s):
            self._sample()

    def _sample(self) -> None:
        total = sum(map(cpu_s, self._pids))
        # An ended process reads 0; what it had used stands.
        highest = max(total, self._samples[-1][1] if self._samples else 0.0)
        self._samples.append((time.monotonic(), highest))
