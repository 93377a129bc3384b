"""Working time of a team as its members make it: who is on leave, has left or keeps other hours is not there.

A stretch counts by the share of the members who work in it, so that half a team does half of the work that the whole
team's rate expects, and a team with nobody present is as quiet as it should be. The members' time is summed up once, as
a line of straight pieces over time, so that a question costs two lookups however large the team is.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence

from streams.core.calendar import WorkingTime
from streams.core.policy import DAY_US

LONGEST_US = 400 * DAY_US
"""`due` looks this far ahead: more than any period is long."""
_MARGIN_US = 32 * DAY_US

Member = tuple[int, int, WorkingTime]
"""From when to when a person belongs to the team, and their own working time."""


class Presence:
    """The mean working time of `members`; without members nobody ever works."""

    def __init__(self, members: Sequence[Member], headcount: int) -> None:
        # Most members keep the same calendar for the same time.
        self._members = Counter(members)
        self._headcount = max(headcount, 1)
        self._first_us = self._last_us = 0
        self._edges: list[int] = [0]
        self._worked: list[int] = [0]  # by all members together, from the first edge to each edge
        self._there: list[int] = [0]  # members at work from each edge to the next

    def between(self, t1_us: int, t2_us: int) -> int:
        """Open µs in [t1, t2), mean over the team; 0 where t2 is not after t1."""
        return self._together(t1_us, t2_us) // self._headcount if t1_us < t2_us else 0

    def due(self, t_us: int, worked_us: int) -> int | None:
        """The earliest instant at which `worked_us` have passed since `t_us`; None if not within LONGEST_US."""
        wanted_us = worked_us * self._headcount
        if wanted_us <= 0:
            return t_us
        reach_us = max(worked_us, DAY_US)
        while self._together(t_us, t_us + reach_us) < wanted_us:
            if reach_us > LONGEST_US:
                return None
            reach_us *= 2
        goal_us = self._sum(t_us) + wanted_us
        at = bisect_left(self._worked, goal_us) - 1
        return self._edges[at] - (self._worked[at] - goal_us) // self._there[at]

    def _together(self, t1_us: int, t2_us: int) -> int:
        if t1_us < self._first_us or t2_us > self._last_us or self._first_us == self._last_us:
            self._draw(min(t1_us, self._first_us or t1_us), max(t2_us, self._last_us))
        return self._sum(t2_us) - self._sum(t1_us)

    def _sum(self, time_us: int) -> int:
        at = bisect_right(self._edges, time_us) - 1
        return self._worked[at] + self._there[at] * (time_us - self._edges[at])

    def _draw(self, from_us: int, to_us: int) -> None:
        """Sum up a stretch of time, with room around it for the next questions."""
        self._first_us, self._last_us = from_us - _MARGIN_US, to_us + _MARGIN_US
        steps: Counter[int] = Counter()
        for (start_us, end_us, time), number in self._members.items():
            for opens_us, closes_us in time.open_within(max(start_us, self._first_us), min(end_us, self._last_us)):
                steps[opens_us] += number
                steps[closes_us] -= number
        self._edges, self._worked, self._there = [self._first_us], [0], [0]
        for edge_us, step in sorted(steps.items()):
            self._worked.append(self._sum(edge_us))
            self._edges.append(edge_us)
            self._there.append(self._there[-1] + step)
