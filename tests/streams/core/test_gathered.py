"""What is asked of every event of a chunk is answered alike, compiled and not."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events.envelope import Event
from streams.core import gather, gathered

values = st.none() | st.integers(-(2**63), 2**63 - 1) | st.booleans()
texts = st.sampled_from(["an", "binh", "chi"])
events = st.lists(
    st.builds(
        lambda type_, time_us, data: Event("crm", "1", type_, time_us, "s", data),
        st.sampled_from(["call.completed", "sale.closed", "lead.created"]),
        st.integers(0, 2**60),
        st.dictionaries(texts, values),
    )
)


class Memo(dict[Any, Any]):
    """Knows nothing before it is asked."""

    def __missing__(self, value: Any) -> bool:
        verdict = self[value] = value is not None and hash(value) % 2 == 0
        return verdict


def plain(found: Any) -> Any:
    """Arrays as lists, with the kind of their elements."""
    if isinstance(found, np.ndarray):
        return found.dtype, found.tolist()
    if isinstance(found, dict):
        return [(name, plain(item)) for name, item in found.items()]
    return [*map(plain, found)] if isinstance(found, tuple) else found


@settings(max_examples=50)
@given(events)
def test_events_are_taken_apart_by_type(some: list[Event]) -> None:
    assert plain(gathered.by_type(some)) == plain(gather.by_type(some))


@settings(max_examples=50)
@given(st.lists(st.dictionaries(texts, values)))
def test_a_field_of_every_event(data: list[dict[str, Any]]) -> None:
    assert gathered.column(data, "an") == gather.column(data, "an")


@settings(max_examples=50)
@given(st.lists(values))
def test_integers_and_which_are_there(some: list[Any]) -> None:
    assert plain(gathered.integers(some)) == plain(gather.integers(some))


@settings(max_examples=50)
@given(st.lists(texts | st.none()), st.dictionaries(texts, st.integers(0, 9)))
def test_numbers_of_what_is_known(some: list[Any], known: dict[Any, int]) -> None:
    assert plain(gathered.looked_up(some, known, -1)) == plain(gather.looked_up(some, known, -1))


@settings(max_examples=50)
@given(st.lists(texts | st.none() | st.tuples(texts, values)))
def test_verdicts_of_a_memo(some: list[Any]) -> None:
    assert plain(gathered.verdicts(some, Memo())) == plain(gather.verdicts(some, Memo()))


facts = st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.integers(-(2**40), 2**40)))


@settings(max_examples=50)
@given(facts, st.booleans())
def test_facts_and_amounts_are_added_to_their_rows(some: list[tuple[int, bool, int]], all_pass: bool) -> None:
    rows = np.array([row for row, _, _ in some], np.int64)
    mask = np.array([passes for _, passes, _ in some], np.bool_)
    amounts = np.array([amount for _, _, amount in some], np.int64)
    ways = []
    for way in (gathered, gather):
        sums = np.ones((5, 3), np.int64)
        way.tally(sums, 0, rows, None if all_pass else mask)
        way.total(sums[:, 1:], 1, rows, mask, amounts)
        ways.append(plain(sums))

    assert ways[0] == ways[1]


@pytest.mark.parametrize("way", [gathered, gather])
def test_what_does_not_fit_is_said(way: Any) -> None:
    with pytest.raises(OverflowError):
        way.integers([1, 2**63])
    with pytest.raises(TypeError):
        way.verdicts([["a list"]], Memo())
