"""The accumulator of every additive measure: a vector of integers under addition.

All components are integers (fractional fields are counted in billionths, see `measures/leaves.py`), so that adding is
exact: associative, commutative and undone by `retract` to the last bit, whatever the order or partitioning.
"""

from collections.abc import Iterable, Sequence

Vector = list[int]


def zero(width: int) -> Vector:
    """The vector that changes nothing."""
    return [0] * width


def add(into: Vector, change: Sequence[int], offset: int = 0) -> None:
    """Count one contribution, in place; its first component falls on slot `offset`."""
    for slot, amount in enumerate(change, offset):
        if amount:
            into[slot] += amount


def retract(into: Vector, change: Sequence[int], offset: int = 0) -> None:
    """Undo `add` of the same contribution, in place."""
    for slot, amount in enumerate(change, offset):
        if amount:
            into[slot] -= amount


def merge(parts: Iterable[Sequence[int]], width: int) -> Vector:
    """Sum of partial vectors; `zero(width)` of none."""
    total = zero(width)
    for part in parts:
        add(total, part)
    return total
