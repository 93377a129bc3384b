"""Stretches of time as pairs of integers [start, end)."""

from collections.abc import Iterable

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
