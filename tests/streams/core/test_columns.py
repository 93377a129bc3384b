"""Counting a chunk by columns says what counting its events one by one says."""

from itertools import islice
from typing import Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from schemas.catalogue.models import Catalogue
from schemas.events.decode import Decoder
from schemas.events.envelope import Event
from schemas.events.registry import Registry
from streams.core import cells as module
from streams.core import columns
from streams.core.calendar import zone_of
from streams.core.cells import Cells
from streams.core.corrections import amends
from streams.core.frames import Slice
from streams.core.membership import Membership
from streams.core.policy import DAY_US
from streams.core.rows import Rows
from streams.core.spread import Spread
from streams.core.windows import Windows
from tests.streams.core import worlds
from tests.streams.core.journeys.town import company

seeds = st.integers(0, 2**32)


def spread_of(catalogue: Catalogue) -> tuple[Spread, Windows]:
    windows = Windows(zone_of(catalogue.tenant))
    membership = Membership(catalogue, windows)
    return Spread(catalogue, Registry.of(catalogue.event_types), membership, windows), windows


def roots(catalogue: Catalogue, seed: int, size: int) -> list[Event]:
    decoder = Decoder(Registry.of(catalogue.event_types), catalogue.tenant.currency)
    decoded = [decoder.decode(None, line) for _, line in worlds.lines(worlds.events(seed, size))]
    return [event for event in decoded if isinstance(event, Event) and not amends(event)]


def told(slices: list[Slice]) -> list[Any]:
    return [(slice_.stamp_us, sorted(map(_flat, slice_.cells)), sorted(map(tuple, slice_.keys))) for slice_ in slices]


def _flat(cell: Any) -> tuple[Any, ...]:
    return (*cell[:3], tuple(cell[3]))


def counted(
    catalogue: Catalogue, chunks: list[list[list[Event]]], fewest: int, oldest_us: int, piece: int = 10**9
) -> list[Any]:
    """What is told of transactions of slices of events, which are taken apart whenever a piece of so many has come."""
    spread, windows = spread_of(catalogue)
    cells = Cells(Rows(), spread, windows, DAY_US)
    slices = []
    with patch.object(module, "FEWEST", fewest):
        for chunk in chunks:
            for number, events in enumerate(chunk):
                for event in events:
                    cells.alone.append(event)
                    if len(cells.alone) >= piece:
                        cells.gather()
                cells.cut(number)
            slices += cells.take_slices(oldest_us)
    return told(slices)


@given(
    seeds,
    seeds,
    st.lists(st.lists(st.integers(0, 30), max_size=4), max_size=3),
    st.integers(0, worlds.DAYS),
    st.integers(1, 40),
    st.integers(1, 12),
)
@hypothesis(max_examples=60, deadline=None)
def test_columns_tell_slice_by_slice_what_the_events_say_one_by_one(
    company: int, week: int, sizes: list[list[int]], day: int, piece: int, fewest: int
) -> None:
    catalogue = worlds.catalogue(company, kpis=8)
    source = iter(roots(catalogue, week, 30 * sum(map(len, sizes))))
    chunks = [[list(islice(source, size)) for size in chunk] for chunk in sizes]
    oldest_us = int(worlds.START.timestamp()) * 1_000_000 + day * DAY_US

    assert counted(catalogue, chunks, fewest, oldest_us, piece) == counted(catalogue, chunks, 10**9, oldest_us)


def test_amounts_beyond_64_bits_are_counted_one_by_one() -> None:
    catalogue = worlds.catalogue(7, kpis=8)
    events = [
        event._replace(data={**event.data, "amount": 2**61 + number})
        for number, event in enumerate(roots(catalogue, 7, 60))
    ]

    expected = counted(catalogue, [[events]], 10**9, 0)

    assert expected == counted(catalogue, [[events]], 1, 0)
    assert expected == counted(catalogue, [[events]], 1, 0, piece=7)


TALKING = company({"mean": "duration_s", "of": ["call.completed", "meeting.held"]}, unit="minutes")


def talk(type_: str, seconds: int) -> Event:
    data = {"owner": "an", "duration_s": seconds}
    return Event("pbx", type_, type_, int(worlds.START.timestamp()) * 1_000_000, "s", data, None)


def test_a_long_call_among_short_ones_has_no_chunk_counted_one_by_one() -> None:
    chunk = [talk("call.completed", 3600), *[talk("call.completed", 180)] * 4999]
    taking = columns.Columns(*spread_of(TALKING))

    taken = [taking.take(chunk, first) for first in range(0, 100_000, len(chunk))]

    assert taken == [frozenset({"call.completed"})] * 20


def test_a_refused_chunk_leaves_room_for_those_after_the_next_count() -> None:
    call = talk("call.completed", 50_000_000)
    taking = columns.Columns(*spread_of(TALKING))
    assert taking.take([call, talk("meeting.held", 10 * 50_000_000)], 0) is None

    taking.count([], 0)

    assert taking.take([call], 0) is not None


def test_events_a_century_apart_are_counted_too() -> None:
    catalogue = worlds.catalogue(3, kpis=8)
    near = roots(catalogue, 3, 60)
    events = [*near, *(event._replace(id=f"old-{event.id}", time_us=event.time_us - 20_000 * DAY_US) for event in near)]

    expected = counted(catalogue, [[events]], 10**9, 0)

    assert expected == counted(catalogue, [[events]], 1, 0)
    assert expected == counted(catalogue, [[events]], 1, 0, piece=len(near))


def test_whom_an_owner_credits_may_be_forgotten_between_chunks() -> None:
    catalogue = worlds.catalogue(7, kpis=8)
    events = roots(catalogue, 7, 120)
    chunks = [[events[start : start + 40]] for start in range(0, len(events), 40)]

    expected = counted(catalogue, chunks, 10**9, 0)

    assert expected == counted(catalogue, chunks, 1, 0)
    with patch.object(columns, "MOST_REMEMBERED", 1):
        assert expected == counted(catalogue, chunks, 1, 0)
