from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from schemas import topics
from streams.core import frames
from streams.core.frames import MOST_ENTRIES, Frame, Slice, decode, frame_sends


def slice_of(stamp: int, cells: int, keys: int) -> Slice:
    return Slice(
        stamp,
        [(0, f"p{number}", "2026-11", [1, 2]) for number in range(cells)],
        [("kpi", 0, "p", "2026-11", f"k{number}", 1) for number in range(keys)],
    )


def sent(slices: list[Slice]) -> list[Frame]:
    sends = frame_sends(topics.PARTIALS, frames.FROM_OBSERVE, 10**15, 5, [slices])
    assert {send.partition for send in sends} == {0}
    return [decode(send.value or b"") for send in sends]


sizes = st.one_of(st.integers(0, 5), st.integers(0, 3 * MOST_ENTRIES))


@given(st.lists(st.tuples(sizes, sizes), max_size=8))
def test_every_entry_travels_once_in_order_in_frames_of_bounded_size(counts: list[tuple[int, int]]) -> None:
    slices = [slice_of(60 * number, cells, keys) for number, (cells, keys) in enumerate(counts)]

    got = sent(slices)

    for field in ("cells", "keys"):
        entries = [(s.stamp_us, entry) for s in slices for entry in getattr(s, field)]
        arrived = [
            (s.stamp_us, entry)
            for s in chain.from_iterable(frame.slices for frame in got)
            for entry in getattr(s, field)
        ]
        assert [(at, tuple(entry)) for at, entry in arrived] == entries
    assert all(sum(len(s.cells) + len(s.keys) for s in frame.slices) <= MOST_ENTRIES for frame in got)


def test_only_the_last_frame_tells_of_time_beyond_its_own_slices() -> None:
    got = sent([slice_of(60, MOST_ENTRIES, 0), slice_of(120, MOST_ENTRIES, 0), slice_of(180, 1, 0)])

    assert [frame.clock_us for frame in got] == [60, 120, 10**15]


def test_time_reaches_a_partition_without_slices() -> None:
    assert [frame.clock_us for frame in sent([])] == [10**15]
