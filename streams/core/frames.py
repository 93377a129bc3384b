"""What one stage tells the next: absolute partial aggregates in slices of event time, and how far its time has come.

A frame goes to one partition of the next stage. Absolute values, never deltas: a frame that is read again changes
nothing. Slices of one source are in the order of their stamps.
"""

from collections.abc import Sequence

import msgspec

from schemas.topics import Topic
from streams.core.rows import packed
from streams.core.stage import Send

FROM_OBSERVE, FROM_LINK = "o", "l"

Cell = tuple[str, str, str, list[int | str]]
"""(kpi, subject, window id, vector). From LINK the vector holds the distinct counts; of an hour it is the count of
events and the time of the last one. A component beyond 64 bits travels as its digits."""
KeyCount = tuple[str, int, str, str, str, int]
"""(kpi, key leaf, subject, window id, key, references)."""


class Slice(msgspec.Struct, array_like=True):
    """Changes of one minute of event time; `stamp_us` is that minute's start."""

    stamp_us: int
    cells: list[Cell] = []
    keys: list[KeyCount] = []


class Frame(msgspec.Struct, array_like=True):
    """`clock_us`: every event before it that this source will ever send in time is in this frame or an earlier one.
    `first_us` is the earliest event time the source has seen."""

    source: str
    clock_us: int | None
    first_us: int | None
    slices: list[Slice] = []


_decoder = msgspec.msgpack.Decoder(Frame)


def decode(value: bytes) -> Frame:
    """A frame from the bytes of `frame_sends`. Raises msgspec.DecodeError for anything else."""
    return _decoder.decode(value)


def vector_of(cell: Cell) -> list[int]:
    """The vector of a cell as integers."""
    return [int(part) for part in cell[3]]


def frame_sends(
    topic: Topic, source: str, clock_us: int | None, first_us: int | None, slices: Sequence[list[Slice]]
) -> list[Send]:
    """One frame for each partition of `topic`: `slices[p]` goes to partition p. Time must reach all of them."""
    return [
        Send(topic, source.encode(), packed(Frame(source, clock_us, first_us, part)), partition=partition)
        for partition, part in enumerate(slices)
    ]
