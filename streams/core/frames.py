"""What one stage tells the next: absolute partial aggregates in slices of event time, and how far its time has come.

A frame goes to one partition of the next stage. Absolute values, never deltas: a frame that is read again changes
nothing. Slices of one source are in the order of their stamps.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from schemas.topics import Topic
from streams.core.rows import packed
from streams.core.stage import Send

FROM_OBSERVE, FROM_LINK, FROM_JUDGE = "o", "l", "j"
MOST_ENTRIES = 400
"""Cells, keys and totals in one frame. Kafka takes no record beyond 1 MB, and what a frame sets off in the next stage
must not keep a worker from its heartbeats."""
HOUR = "h"
"""Ids of hours start with it, ids of periods with a digit."""

Cell = tuple[int, str, str, list[int | str]]
"""(group, subject, window id, vector): of a period the vector of all KPIs of the group, of an hour that of those whose
hours are kept (layout.py). A component beyond 64 bits travels as its digits."""
Total = tuple[str, str, str, Sequence[Mapping[int, int | str]]]
"""(kpi, subject, window id, sparse vector of each linked leaf), from LINK. Numbers beyond 64 bits travel as digits."""
KeyCount = tuple[str, int, str, str, str, int]
"""(kpi, key leaf, subject, window id, key, references)."""
Payload = tuple[int, int, tuple[str | None, ...], int]
"""(event time, roles, chain, value) of an event as part of an item; the chain is person, team and department credited,
and its series, where it has one. A value beyond 64 bits travels as its digits."""
Part = tuple[str, int, str, str, str, Payload | None, str]
"""(tag of the KPI's measure, linked leaf, key, source and id of the event, payload, origin); no payload once the event
does not stand. `origin` is the event's own key where it came under another: that of a lead which it was merged into."""
Merged = tuple[str, str, tuple[int, str, str] | None]
"""(source, id, (event time, lead, the lead that it became)) of a merge, None once it does not stand."""

Absent = tuple[str, str, str, str | None, str | None]
"""(source, id, person, start, end) of a leave as it stands, days or instants; None once it does not stand."""


class Slice(msgspec.Struct, array_like=True):
    """Changes since the slice before; `stamp_us` is the minute that they may be judged at. `layout` is the fingerprint
    of the layout that `cells` follow. `parts` go to LINK, which keeps them; they are no totals. `merges` go to every
    partition of LINK, `absences` to every one of JUDGE."""

    stamp_us: int
    cells: list[Cell] = []
    keys: list[KeyCount] = []
    totals: list[Total] = []
    layout: str = ""
    parts: list[Part] = []
    merges: list[Merged] = []
    absences: list[Absent] = []

    def __len__(self) -> int:
        return (
            len(self.cells)
            + len(self.keys)
            + len(self.totals)
            + len(self.parts)
            + len(self.merges)
            + len(self.absences)
        )


class Frame(msgspec.Struct, array_like=True):
    """`clock_us`: every event before it that this source will ever send in time is in this frame or an earlier one.
    `first_us` is the earliest event time the source has seen. Between partitions of JUDGE the clock says that no period
    which ended before it is scored any more (peers.py)."""

    source: str
    clock_us: int | None
    first_us: int | None
    slices: list[Slice] = []


_decoder = msgspec.msgpack.Decoder(Frame, strict=False)
"""Not strict, for digits are read where an integer is due."""


def decode(value: bytes) -> Frame:
    """A frame from the bytes of `frame_sends`. Raises msgspec.DecodeError for anything else."""
    return _decoder.decode(value)


def integers(vector: list[int | str]) -> list[int]:
    """A vector whose large components came as digits."""
    return [int(part) for part in vector]


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
        if len(piece) > room:
            parts.append([])
            room = MOST_ENTRIES
        parts[-1].append(piece)
        room -= len(piece)
    return parts


def _pieces(slice_: Slice) -> Iterator[Slice]:
    if len(slice_) <= MOST_ENTRIES:
        yield slice_
        return
    for field in ("cells", "keys", "totals", "merges", "parts", "absences"):
        entries = getattr(slice_, field)
        for start in range(0, len(entries), MOST_ENTRIES):
            part = Slice(slice_.stamp_us, layout=slice_.layout)
            setattr(part, field, entries[start : start + MOST_ENTRIES])
            yield part
