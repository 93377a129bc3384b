"""Stretches of time as pairs of integers [start, end)."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

Span = tuple[int, int]
"""Of a date: minutes after its 00:00, the end after 1440 where the span crosses midnight. Else microseconds."""

DAY_MINUTES = 1440


def united(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same stretches in order, those that overlap or touch made one, empty ones left out.

    >>> united([(4, 6), (1, 3), (3, 4), (8, 8)])
    ((1, 6),)
    """
    result: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return tuple(result)


def without(spans: Iterable[Span], away: Sequence[Span]) -> tuple[Span, ...]:
    """What is left of some stretches when others are taken out; both in order and without overlap.

    >>> without([(1, 6), (8, 9)], [(0, 2), (4, 5), (8, 10)])
    ((2, 4), (5, 6))
    """
    if not away:
        return tuple(spans)
    left = []
    for start, end in spans:
        at = max(bisect_right(away, (start, start)) - 1, 0)
        while at < len(away) and away[at][0] < end:
            taken_from, taken_to = away[at]
            if start < taken_from:
                left.append((start, taken_from))
            start = max(start, taken_to)
            at += 1
        if start < end:
            left.append((start, end))
    return tuple(left)
