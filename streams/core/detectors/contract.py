"""What every detector takes and gives, so that no detector needs to know another.

A detector is a pure function called at whole minutes UTC. It also says at which later minute its verdict could change
if no event comes, so that the caller sets one timer instead of asking every minute.
"""

from enum import StrEnum
from typing import Protocol

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US

Evidence = dict[str, int | float | str | None]
"""The numbers a verdict was made from; names end in their unit, values are JSON scalars."""


class Standing(StrEnum):
    """What a detector says now."""

    UNKNOWN = "unknown"  # nothing can be said: too early, no working time, no history
    CLEAR = "clear"
    FOUND = "found"


class WorkingTime(Protocol):
    """Working time of one subject: its calendar without holidays and leave. All times are µs since the epoch."""

    def between(self, t1_us: int, t2_us: int, /) -> int:
        """Open µs in [t1, t2)."""
        ...

    def due(self, t_us: int, worked_us: int, /) -> int | None:
        """The earliest instant at which `worked_us` of working time have passed since `t_us`; None if there is none."""
        ...


def minute_when_worked(time: WorkingTime, start_us: int, worked_us: int, end_us: int) -> int | None:
    """The first whole minute by which `worked_us` have passed since `start_us`; None if that is not before `end_us`."""
    # A calendar may know no working time after the period, so `due` is asked only where the answer lies inside.
    if time.between(start_us, end_us) < worked_us:
        return None
    due_us = time.due(start_us, worked_us)
    if due_us is None:
        return None
    minute_us = -(-due_us // MINUTE_US) * MINUTE_US
    return minute_us if minute_us < end_us else None
