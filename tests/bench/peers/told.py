"""How a peer's process talks to the benchmark: what it is asked on the command line, marks on stdout, sums in a file.

Marks carry the monotonic clock, which on Linux is one for all processes of the machine.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Task:
    """What a peer is asked: read `events` records of `topic` from its beginning; `run` is a name nobody used before."""

    broker: str
    topic: str
    partitions: int
    events: int
    teams: int
    run: str
    folder: Path
    """For state on disk and for the sums."""
    only_people: bool

    def mark(self, what: str) -> None:
        """Tells that something happens now: `start` at the first record, `end` when all is counted and durable."""
        print(what, time.monotonic(), flush=True)

    def hand_in(self, sums: dict[str, list[int]]) -> None:
        """Writes the sums by `subject|period` for the check."""
        (self.folder / "sums.json").write_text(json.dumps(sums))


def task() -> Task:
    """The task on the command line."""
    parser = argparse.ArgumentParser()
    for name in ("broker", "topic", "run"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("partitions", "events", "teams"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--only-people", action="store_true")
    return Task(**vars(parser.parse_args()))
