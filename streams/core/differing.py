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
