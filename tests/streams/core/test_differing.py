"""Vectors are added and compared alike, compiled and not."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core import differences, differing

WIDTH = 6
KPIS = ["calls", "calls", "sales", "sales", "leads", "leads"]
components = st.sampled_from([0, 0, 0, 1, -1, 300]) | st.integers(-(2**70), 2**70)
vectors = st.lists(components, min_size=WIDTH, max_size=WIDTH)
numbers = st.sampled_from([1, 2, -1]) | st.integers(-(2**70), 2**70).filter(bool)
sparse = st.lists(st.dictionaries(st.integers(0, 3), numbers, max_size=3), max_size=2)
ways = pytest.mark.parametrize("way", [differing, differences])


@settings(max_examples=50)
@given(vectors, vectors, vectors | st.none())
def test_both_ways_find_the_same_differences(told: list[int], before: list[int], merged: list[int] | None) -> None:
    sums = [None if merged is None else [*merged] for _ in range(2)]
    plainly, compiled = (
        way.differ(told, before, KPIS, own) for way, own in zip((differing, differences), sums, strict=True)
    )

    assert (plainly, [*plainly[0]], sums[0]) == (compiled, [*compiled[0]], sums[1])


@settings(max_examples=50)
@given(vectors, vectors)
def test_both_ways_add_alike_and_change_neither(vector: list[int], change: list[int]) -> None:
    before = [*vector], [*change]

    assert differing.plus(vector, change) == differences.plus(vector, change)
    assert before == (vector, change)


@ways
def test_a_kpi_has_changed_by_any_of_its_slots_and_is_less_by_any_of_them(way: Any) -> None:
    merged = [10, 10, 10, 10, 10, 10]
    changed, less = way.differ([1, 2, 3, 4, 5, 6], [1, 1, 3, 4, 7, 5], KPIS, merged)

    assert (["calls", "leads"], {"leads"}) == ([*changed], less)
    assert [10, 11, 10, 10, 8, 11] == merged


@settings(max_examples=100)
@given(sparse, sparse)
def test_both_ways_find_the_same_of_sparse_vectors(told: list[dict[int, int]], before: list[dict[int, int]]) -> None:
    less = differing.lessened(told, before)

    assert less is differences.lessened(told, before)
    assert (less is None) is (told == before)


@ways
def test_a_number_of_a_sparse_vector_is_less_by_going_and_not_by_coming(way: Any) -> None:
    assert way.lessened([{1: 5}, {}], [{1: 5}, {2: 1}]) is True
    assert way.lessened([{1: 4}, {2: 1}], [{1: 5}, {}]) is True
    assert way.lessened([{1: 5, 3: 2}], [{1: 5}]) is False
    assert way.lessened([{1: 5}], [{1: 5, 3: -2}]) is False
    assert way.lessened([{1: 5}], [{1: 5}]) is None


@ways
def test_digits_of_a_sparse_vector_are_refused(way: Any) -> None:
    with pytest.raises(TypeError):
        way.lessened([{1: "18446744073709551616"}], [{}])


@ways
def test_digits_are_refused_before_any_sum_is_touched(way: Any) -> None:
    merged = [0] * WIDTH
    with pytest.raises(TypeError):
        way.differ([1, 0, 0, 0, 0, "18446744073709551616"], [0] * WIDTH, KPIS, merged)

    assert [0] * WIDTH == merged
