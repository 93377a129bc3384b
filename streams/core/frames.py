"""What one stage tells the next: absolute partial aggregates in slices of event time, and how far its time has come.

A frame goes to one partition of the next stage. Absolute values, never deltas: a frame that is read again changes
nothing. Slices of one source are in the order of their stamps.
"""

from collections.abc import Iterator, Sequence

import msgspec

from schemas.topics import Topic
from streams.core.rows import packed
from streams.core.stage import Send

FROM_OBSERVE, FROM_LINK = "o", "l"
MOST_ENTRIES = 400
"""Cells and keys in one frame. Kafka takes no record beyond 1 MB, and what a frame sets off in the next stage must not
keep a worker from its heartbeats: an entry is some 70 bytes and 50 us there."""

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
    """Frames for each partition of `topic`, at least one, because time must reach all of them: `slices[p]` goes to
    partition p. All but the last of them tell of time as far as their own slices go."""
    sends = []
    for partition, own in enumerate(slices):
        *earlier, last = _bounded(own)
        frames = [Frame(source, part[-1].stamp_us, first_us, part) for part in earlier]
        frames.append(Frame(source, clock_us, first_us, last))
        sends += [Send(topic, source.encode(), packed(frame), partition=partition) for frame in frames]
    return sends


def _bounded(slices: Sequence[Slice]) -> list[list[Slice]]:
    """The same slices in their order, as lists of at most MOST_ENTRIES entries; a large slice is cut."""
    parts: list[list[Slice]] = [[]]
    room = MOST_ENTRIES
    for piece in (piece for slice_ in slices for piece in _pieces(slice_)):
        entries = len(piece.cells) + len(piece.keys)
        if entries > room:
            parts.append([])
            room = MOST_ENTRIES
        parts[-1].append(piece)
        room -= entries
    return parts


def _pieces(slice_: Slice) -> Iterator[Slice]:
    if len(slice_.cells) + len(slice_.keys) <= MOST_ENTRIES:
        yield slice_
        return
    for start in range(0, len(slice_.cells), MOST_ENTRIES):
        yield Slice(slice_.stamp_us, cells=slice_.cells[start : start + MOST_ENTRIES])
    for start in range(0, len(slice_.keys), MOST_ENTRIES):
        yield Slice(slice_.stamp_us, keys=slice_.keys[start : start + MOST_ENTRIES])
