"""What a vector is with a change, and how it differs from the one before: asked of every cell of OBSERVE and JUDGE.
Where there is a compiler the same functions come from `differences.pyx`, at a fifth of the time, for few slots of a
vector change; tests/streams/core/test_differing.py holds the two together.
"""

from collections.abc import Mapping, Set
from itertools import compress
from operator import add, sub


def plus(vector: list[int], change: list[int]) -> list[int]:
    """Their sum, slot by slot; both stay as they are."""
    return list(map(add, vector, change))


def differ(
    told: list[int], before: list[int], kpis: list[str], merged: list[int] | None
) -> tuple[Mapping[str, None], Set[str]]:
    """KPIs whose slots have changed, in their order, and those of them of which a slot has become less; `kpis` says
    whose each slot is. `merged`, where it is known, is brought up to date.

    Raises:
        TypeError: digits among the integers; nothing is changed then.
    """
    differences = list(map(sub, told, before))
    changed = dict.fromkeys(compress(kpis, differences))
    if merged is not None:
        merged[:] = map(add, merged, differences)
    return changed, set(compress(kpis, [difference < 0 for difference in differences]))


def lessened(told: list[dict[int, int]], before: list[dict[int, int]]) -> bool | None:
    """Of sparse vectors: None where they are the same, else whether a number has become less.

    Raises:
        TypeError: digits among the integers that are told.
    """
    if any(type(number) is not int for vector in told for number in vector.values()):
        raise TypeError("digits, of a number beyond 64 bits")
    if told == before:
        return None
    pairs = zip(told, before, strict=False)
    return any(new.get(slot, 0) < number for new, old in pairs for slot, number in old.items())
