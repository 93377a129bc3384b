"""Who belongs where, when: teams, departments and superiors by the catalogue's dates in the tenant's zone.

Several rows of one person are moves: a row ends at its `to`, or where the person's next row begins.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from schemas.catalogue.models import Calendar, Catalogue, Person
from streams.core.windows import Windows

ALWAYS_US = -(1 << 62)
"""Start of a membership without `from`."""
FOREVER_US = 1 << 62
"""End of a membership without `to`."""


class Row(NamedTuple):
    """One row of a person over the dates [start, end); open ends are date.min and date.max."""

    start: date
    end: date
    team: str
    manager: str | None
    calendar: Calendar | None


def rows_of(people: Sequence[Person]) -> dict[str, list[Row]]:
    """Rows of each person in order, without overlap; of two that begin on one date the later listed holds."""
    listed: dict[str, list[Person]] = defaultdict(list)
    for person in people:
        listed[person.id].append(person)
    return {person_id: _in_order(rows) for person_id, rows in listed.items()}


class Membership:
    """Answers of one catalogue. Dates are local: `from` inclusive, `to` exclusive."""

    def __init__(self, catalogue: Catalogue, windows: Windows) -> None:
        self._departments = {team.id: team.department for team in catalogue.teams}
        self._rows: dict[str, tuple[list[int], list[int], list[Row]]] = {}
        for person_id, rows in rows_of(catalogue.people).items():
            starts = [_instant(row.start, windows) for row in rows]
            self._rows[person_id] = starts, [_instant(row.end, windows) for row in rows], rows
        self._persons_of: dict[str, list[str]] = defaultdict(list)
        for person_id in sorted(self._rows):
            for team in {row.team for row in self._rows[person_id][2]}:
                self._persons_of[team].append(person_id)

    def team_at(self, person_id: str, time_us: int) -> str | None:
        """The team of a person at an instant; None for an unknown person and outside of their dates."""
        row = self._row_at(person_id, time_us)
        return row.team if row else None

    def stretch_at(self, person_id: str, time_us: int) -> tuple[int, int]:
        """The stretch [start_us, end_us) around an instant in which a person's row, or its absence, does not change."""
        starts, ends, _ = self._rows.get(person_id, ([], [], []))
        at = bisect_right(starts, time_us)
        following_us = starts[at] if at < len(starts) else FOREVER_US
        if at == 0:
            return ALWAYS_US, following_us
        if time_us < ends[at - 1]:
            return starts[at - 1], ends[at - 1]
        return ends[at - 1], following_us

    def manager_at(self, person_id: str, time_us: int) -> str | None:
        """The superior of a person at an instant; None where none is named."""
        row = self._row_at(person_id, time_us)
        return row.manager if row else None

    def department_of(self, team_id: str) -> str | None:
        """The department of a team; None for an unknown one."""
        return self._departments.get(team_id)

    def knows(self, person_id: str) -> bool:
        """Whether the catalogue has a person of this id, at whatever time."""
        return person_id in self._rows

    def everyone(self) -> list[str]:
        """Persons of the catalogue, at whatever time, by id."""
        return sorted(self._rows)

    def stretches(self, person_id: str) -> list[tuple[int, int, str]]:
        """(start_us, end_us, team) of a person in order, open ends as ALWAYS_US and FOREVER_US.

        Rows of one team that follow without a break are one stretch. Empty for an unknown person.
        """
        result: list[tuple[int, int, str]] = []
        for start_us, end_us, row in zip(*self._rows.get(person_id, ((), (), ())), strict=True):
            if result and result[-1][1:] == (start_us, row.team):
                start_us = result.pop()[0]
            result.append((start_us, end_us, row.team))
        return result

    def persons(self, team_id: str, from_us: int, to_us: int) -> list[str]:
        """Persons who belong to a team at some instant of [from_us, to_us), by id."""
        return [
            person_id
            for person_id in self._persons_of.get(team_id, ())
            if any(
                row.team == team_id and max(start_us, from_us) < min(end_us, to_us)
                for start_us, end_us, row in zip(*self._rows[person_id], strict=True)
            )
        ]

    def _row_at(self, person_id: str, time_us: int) -> Row | None:
        known = self._rows.get(person_id)
        if known is None:
            return None
        starts, ends, rows = known
        at = bisect_right(starts, time_us) - 1
        return rows[at] if at >= 0 and time_us < ends[at] else None


def _in_order(people: list[Person]) -> list[Row]:
    rows = [Row(p.from_ or date.min, p.to or date.max, p.team, p.manager, p.calendar) for p in people]
    rows.sort(key=lambda row: row.start)
    cut = [row._replace(end=min(row.end, after.start)) for row, after in pairwise(rows)]
    return [row for row in [*cut, *rows[-1:]] if row.start < row.end]


def _instant(day: date, windows: Windows) -> int:
    if day.year in (date.min.year, date.max.year):
        return ALWAYS_US if day.year == date.min.year else FOREVER_US
    return windows.clock.start_of(day)
