"""Events in the order of their time, however long the table and however its rows are sorted.

A worker counts nothing that is older than its newest event by more than the horizon (100 days, as shipped). The export
of a year, sorted by name, would lose most of itself; in time order it loses nothing.
"""

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import IO

RUN_LENGTH = 200_000
"""Events sorted in memory at once (about 100 MB); longer tables go through temporary files."""

_FIRST = datetime.min.replace(tzinfo=UTC)
_KEY_DIGITS = 18

TimedLine = tuple[int, bytes]
"""Microseconds since the year 1, and the event as a line without its end."""


def since_year_one_us(time: str) -> int:
    """The instant of an RFC 3339 time, as a number that sorts and is never negative."""
    return (datetime.fromisoformat(time) - _FIRST) // timedelta(microseconds=1)


def in_time_order(lines: Iterable[TimedLine], run_length: int = RUN_LENGTH) -> Iterator[bytes]:
    """The lines by time; those of the same time as they came."""
    with ExitStack() as files:
        runs: list[IO[bytes]] = []
        run: list[TimedLine] = []
        for line in lines:
            run.append(line)
            if len(run) == run_length:
                runs.append(files.enter_context(tempfile.TemporaryFile()))
                _store(run, runs[-1])
                run = []
        run.sort(key=itemgetter(0))
        for _, line_bytes in heapq.merge(*map(_stored, runs), run, key=itemgetter(0)):
            yield line_bytes


def _store(run: list[TimedLine], file: IO[bytes]) -> None:
    run.sort(key=itemgetter(0))
    file.writelines(b"%0*d%s\n" % (_KEY_DIGITS, key, line) for key, line in run)
    file.seek(0)


def _stored(file: IO[bytes]) -> Iterator[TimedLine]:
    for line in file:
        yield int(line[:_KEY_DIGITS]), line[_KEY_DIGITS:-1]
