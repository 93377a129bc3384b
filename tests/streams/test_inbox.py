from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.inbox import FULL_BYTES, Inbox


def records(*offsets: int) -> list[Any]:
    return [SimpleNamespace(offset=offset, value=b"x" * 10) for offset in offsets]


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_lone_record_waits_for_company_and_a_full_chunk_does_not() -> None:
    time = Time()
    inbox = Inbox(3, 0.025, time)
    assert inbox.due_in_s() is None

    inbox.put(records(0), 1)
    assert inbox.due_in_s() == 0.025
    time.now += 0.03
    assert inbox.due_in_s() == 0.0

    inbox.take()
    inbox.put(records(1, 2, 3), 4)
    assert inbox.has_chunk
    assert inbox.due_in_s() == 0.0


def test_less_than_a_chunk_rests_and_a_full_one_does_not() -> None:
    time = Time()
    inbox = Inbox(3, 0.025, time)
    inbox.put(records(0), 1)
    inbox.rest(0.1)
    time.now = 0.06
    assert inbox.due_in_s() == 0.1 - 0.06

    inbox.put(records(1, 2), 3)
    assert inbox.due_in_s() == 0.0
    inbox.take()
    inbox.put(records(3), 4)
    time.now = 0.1
    assert inbox.due_in_s() == 0.0


def test_two_chunks_are_enough_and_less_than_one_makes_room() -> None:
    inbox = Inbox(3, 0.025, Time())
    told = []
    for offset in range(6):
        inbox.put(records(offset), offset + 1)
        told.append((inbox.is_full, inbox.has_room))

    assert told == [(False, True)] * 2 + [(False, False)] * 3 + [(True, False)]


def test_few_large_records_fill_an_inbox_too() -> None:
    inbox = Inbox(100, 1.0, Time())
    large: list[Any] = [SimpleNamespace(offset=offset, value=bytes(FULL_BYTES // 4)) for offset in range(4)]

    inbox.put(large[:3], 3)
    assert (inbox.is_full, inbox.has_room, inbox.due_in_s()) == (False, False, 1.0)
    inbox.put(large[3:], 4)
    assert (inbox.is_full, inbox.due_in_s(), inbox.bytes) == (True, 0.0, FULL_BYTES)
    inbox.take()
    assert (inbox.has_room, inbox.bytes) == (True, 0)


def test_after_the_last_record_the_offset_steps_over_commit_markers() -> None:
    inbox = Inbox(2, 0, Time())
    inbox.put(records(5, 6, 9), 12)

    first = inbox.take()
    assert inbox.offset_after(first[-1].offset) == 9
    last = inbox.take()
    assert inbox.offset_after(last[-1].offset) == 12


def test_a_restart_forgets_what_was_fetched() -> None:
    inbox = Inbox(2, 0, Time())
    inbox.put(records(5, 6), 7)
    inbox.restart(3)

    assert (len(inbox), inbox.read_to) == (0, 3)


def test_slow_chunks_become_smaller_and_quick_ones_larger_again() -> None:
    inbox = Inbox(100, 0, Time())
    inbox.put(records(*range(600)), 600)
    sizes = []

    for took_s in (0.01, 0.01, 0.01, 0.01, 0.01, 2.0, 0.2, 0.01, 0.01):
        sizes.append(len(inbox.take()))
        inbox.pace(sizes[-1], took_s)

    assert sizes == [10, 20, 40, 80, 100, 100, 50, 50, 100]


def test_a_quick_chunk_that_was_not_full_says_nothing_about_larger_ones() -> None:
    inbox = Inbox(100, 0, Time())
    inbox.put(records(0, 1), 2)

    inbox.pace(len(inbox.take()), 0.001)
    inbox.put(records(*range(2, 102)), 102)

    assert len(inbox.take()) == 10


@given(st.lists(st.integers(1, 7), max_size=20), st.integers(1, 9), st.data())
def test_every_record_comes_out_once_and_in_order(sizes: list[int], most: int, data: st.DataObject) -> None:
    inbox = Inbox(most, 0, Time())
    fetched, offset = [], 0
    for size in sizes:
        batch = records(*range(offset, offset + size))
        offset += size
        fetched += batch
        inbox.put(batch, offset)

    out: list[Any] = []
    while inbox:
        taken = inbox.take()
        back = data.draw(st.integers(0, len(taken) - 1))
        inbox.put_back(taken[len(taken) - back :])
        out += taken[: len(taken) - back]

    assert out == fetched
