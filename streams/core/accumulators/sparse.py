"""Sparse vectors of integers: slot -> number, nothing kept for zero. Addition is exact, associative and commutative."""

from collections.abc import Iterable, Mapping

Sparse = dict[int, int]


def add(total: Sparse, change: Mapping[int, int], sign: int = 1) -> None:
    """Add `change` to `total` in place, or take it back (`sign` -1)."""
    for slot, number in change.items():
        left = total.get(slot, 0) + sign * number
        if left:
            total[slot] = left
        else:
            total.pop(slot, None)


def merge(vectors: Iterable[Mapping[int, int]]) -> Sparse:
    """The sum of vectors."""
    total: Sparse = {}
    for vector in vectors:
        add(total, vector)
    return total


def integers(vector: Mapping[int, int | str]) -> Sparse:
    """A vector whose large numbers came as digits, which is how msgpack carries what is beyond 64 bits."""
    return {slot: int(number) for slot, number in vector.items()}
