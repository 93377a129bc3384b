"""Working time of a team as its members make it: who is on leave, has left or keeps other hours is not there.

A stretch counts by the share of the members who work in it, so that half a team does half of the work that the whole
team's rate expects, and a team with nobody present is as quiet as it should be.
"""

from collections.abc import Sequence

from streams.core.calendar import WorkingTime
from streams.core.policy import DAY_US, HOUR_US

LONGEST_US = 400 * DAY_US
"""`due` looks this far ahead: more than any period is long."""

Member = tuple[int, int, WorkingTime]
"""From when to when a person belongs to the team, and their own working time."""


class Presence:
    """The mean working time of `members`; without members nobody ever works."""

    def __init__(self, members: Sequence[Member], headcount: int) -> None:
        self._members = members
        self._headcount = max(headcount, 1)

    def between(self, t1_us: int, t2_us: int) -> int:
        """Open µs in [t1, t2), mean over the team."""
        return self._together(t1_us, t2_us) // self._headcount

    def due(self, t_us: int, worked_us: int) -> int | None:
        """The earliest instant at which `worked_us` have passed since `t_us`; None if not within LONGEST_US."""
        wanted_us = worked_us * self._headcount
        if wanted_us <= 0:
            return t_us
        step_us = max(worked_us, HOUR_US)
        while self._together(t_us, t_us + step_us) < wanted_us:
            if step_us > LONGEST_US:
                return None
            step_us *= 2
        low_us, high_us = t_us, t_us + step_us
        while high_us - low_us > 1:
            middle_us = (low_us + high_us) // 2
            if self._together(t_us, middle_us) < wanted_us:
                low_us = middle_us
            else:
                high_us = middle_us
        return high_us

    def _together(self, t1_us: int, t2_us: int) -> int:
        return sum(
            time.between(max(t1_us, start_us), min(t2_us, end_us))
            for start_us, end_us, time in self._members
            if start_us < t2_us and end_us > t1_us
        )
