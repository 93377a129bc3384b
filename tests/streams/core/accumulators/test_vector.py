"""Laws of the accumulator: what lets partials meet in any order."""

from hypothesis import given
from hypothesis import strategies as st

from streams.core.accumulators.vector import add, merge, retract, zero
from streams.core.rows import Rows

vectors = st.lists(st.integers(-(2**70), 2**70), min_size=3, max_size=3)


@given(st.lists(vectors), st.randoms())
def test_merge_is_the_same_in_any_order_and_grouping(parts: list[list[int]], random: object) -> None:
    turned = parts[::-1]
    half = len(parts) // 2

    assert merge(parts, 3) == merge(turned, 3)
    assert merge(parts, 3) == merge([merge(parts[:half], 3), merge(parts[half:], 3)], 3)


@given(vectors)
def test_zero_changes_nothing(vector: list[int]) -> None:
    assert vector == merge([zero(3), vector], 3)


@given(vectors, vectors)
def test_what_is_added_and_retracted_was_never_there(vector: list[int], change: list[int]) -> None:
    into = list(vector)
    add(into, change)
    retract(into, change)

    assert vector == into


@given(vectors)
def test_a_vector_of_any_size_comes_back_from_its_row(vector: list[int]) -> None:
    rows, back = Rows(), Rows()
    rows.put(("cell", "k"), vector)
    for key, value in rows.flush().items():
        assert value is not None
        back.load(key, value)

    assert vector == [int(part) for part in back.get(("cell", "k"))]
