"""Who a catalogue speaks of on one date: who is here, who has left, and which KPIs each has."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from schemas.catalogue.models import Catalogue, Kind, Kpi, Person
from schemas.catalogue.problems import Loc
from schemas.values import Scope

MANY = 12
"""How many names a sentence about all KPIs tells."""


def kpis_of(catalogue: Catalogue) -> Iterator[tuple[Loc, Kpi]]:
    """The KPIs proper with their places; a plain metric may lack what a KPI needs."""
    for number, kpi in enumerate(catalogue.kpis):
        if kpi.kind is not Kind.METRIC:
            yield ("kpis", number), kpi


class Population:
    """The people and teams of a catalogue on one date."""

    def __init__(self, catalogue: Catalogue, today: date) -> None:
        self.here: list[Person] = [
            row for row in catalogue.people if (row.from_ or date.min) <= today < (row.to or date.max)
        ]
        self._departments = {team.id: team.department for team in catalogue.teams}
        self._today = today
        rows: dict[str, list[Person]] = defaultdict(list)
        for row in catalogue.people:
            rows[row.id].append(row)
        self._last = {id_: max(row.to or date.max for row in held) for id_, held in rows.items()}

    def left_on(self, id_: str | None) -> date | None:
        """The first date on which a person is here no more; None for who is here, still to come, or no person."""
        last = self._last.get(id_ or "", date.max)
        return last if last <= self._today else None

    def has(self, team: str, kpi: Kpi) -> bool:
        """Whether a team's members have a KPI."""
        return kpi.for_ is None or team in kpi.for_ or self._departments.get(team) in kpi.for_

    def teams_of(self, kpi: Kpi) -> list[str]:
        """Ids of the teams that have a KPI."""
        return [team for team in self._departments if self.has(team, kpi)]

    def members_of(self, kpi: Kpi) -> list[Person]:
        """Rows of the people here who have a KPI."""
        return [row for row in self.here if self.has(row.team, kpi)]

    def by_team(self) -> dict[str, list[Person]]:
        """Rows of the people here by team, in the order of the catalogue."""
        teams: dict[str, list[Person]] = {}
        for row in self.here:
            teams.setdefault(row.team, []).append(row)
        return teams

    def own_kpis(self, team: str, catalogue: Catalogue) -> list[tuple[Loc, Kpi]]:
        """The personal KPIs of a team's members."""
        return [(loc, kpi) for loc, kpi in kpis_of(catalogue) if kpi.scope is Scope.PERSON and self.has(team, kpi)]


def named(ids: list[str], most: int = 3) -> str:
    """The first of some names, and whether there are more.

    >>> named(["an", "bo", "chi", "dung"])
    'an, bo, chi, ...'
    """
    return ", ".join(ids[:most]) + (", ..." if len(ids) > most else "")
