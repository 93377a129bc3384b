"""Slices of several sources in the order of event time."""

from streams.core.align import Alignment
from streams.core.frames import Frame, Slice
from streams.core.rows import Rows


def stamps(alignment: Alignment) -> list[tuple[str, int]]:
    return [(source, slice_.stamp_us) for source, slice_ in alignment.release()]


def frame(source: str, clock_us: int | None, *stamps_us: int) -> Frame:
    return Frame(source, clock_us, None, [Slice(stamp) for stamp in stamps_us])


def test_nothing_is_released_before_every_source_has_spoken() -> None:
    alignment = Alignment(Rows(), ["o0", "o1"])
    alignment.take(frame("o0", 50, 10, 20))

    assert (None, [], 2) == (alignment.clock_us, stamps(alignment), alignment.held)


def test_slices_come_in_the_order_of_their_stamps_up_to_the_slowest_source() -> None:
    alignment = Alignment(Rows(), ["o0", "o1"])
    alignment.take(frame("o0", 50, 10, 30, 45))
    alignment.take(frame("o1", 40, 5, 30))

    assert [("o1", 5), ("o0", 10), ("o0", 30), ("o1", 30)] == stamps(alignment)
    assert (40, 1) == (alignment.clock_us, alignment.held)


def test_a_source_never_goes_back_and_a_stranger_is_not_heard() -> None:
    alignment = Alignment(Rows(), ["o0"])
    for said in (frame("o0", 50), frame("o0", 40, 45), frame("o9", 1, 1)):
        alignment.take(said)

    assert (50, [("o0", 45)]) == (alignment.clock_us, stamps(alignment))


def test_what_waits_is_there_again_after_a_restart() -> None:
    rows = Rows()
    alignment = Alignment(rows, ["o0", "o1"])
    alignment.take(frame("o0", 50, 10, 20))
    alignment.save()
    loaded = Rows()
    for key, value in rows.flush().items():
        assert value is not None
        loaded.load(key, value)
    again = Alignment(loaded, ["o0", "o1"])
    again.ready()
    again.take(frame("o1", 15))

    assert ([("o0", 10)], 1) == (stamps(again), again.held)
