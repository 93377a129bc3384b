"""Who may appear in a label, from the catalogue: ids, titles and where they belong."""

from collections.abc import Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.catalogue.models import Catalogue, text
from schemas.values import Scope, Value
from streams.core.membership import Membership
from streams.core.windows import Windows


class Subject(NamedTuple):
    """Labels of `kpi_subject_info`; team and department are empty where there is none."""

    id: str
    title: str
    scope: Scope
    team: str
    department: str


class Subjects:
    """The subjects of a catalogue; people only where `people` is set."""

    def __init__(self, catalogue: Catalogue, locale: str, *, people: bool) -> None:
        tenant = catalogue.tenant
        title = text(tenant.title, locale) if tenant.title else tenant.id
        departments = dict.fromkeys(team.department for team in catalogue.teams)
        self._places = [
            Subject(tenant.id, title, Scope.ORG, "", ""),
            *(Subject(one, one, Scope.DEPARTMENT, "", one) for one in departments),
            *(
                Subject(
                    team.id, text(team.title, locale) if team.title else team.id, Scope.TEAM, team.id, team.department
                )
                for team in catalogue.teams
            ),
        ]
        self._membership = Membership(catalogue, Windows(ZoneInfo(tenant.timezone)))
        # Several rows of a person are moves; the last one knows the name best.
        self._names = {person.id: person.name or person.id for person in catalogue.people} if people else {}
        self._unnamed = {person.id for person in catalogue.people} - set(self._names)
        self._scopes = {**dict.fromkeys(self._names, Scope.PERSON), **{one.id: one.scope for one in self._places}}

    def __contains__(self, subject: object) -> bool:
        return subject in self._scopes

    def scope_of(self, subject: str) -> Scope | None:
        """Scope of a subject that may be shown; None for all others."""
        return self._scopes.get(subject)

    def may_show(self, row: Value) -> bool:
        """Whether a series may be: never one of a person's own row, and one that is named after somebody only where
        people are shown."""
        return row.scope is not Scope.PERSON and row.series not in self._unnamed

    def at(self, time_us: int) -> Iterator[Subject]:
        """All of them, people in the team they belong to at that time; who has left is left out."""
        yield from self._places
        for person, name in self._names.items():
            team = self._membership.team_at(person, time_us)
            if team is not None:
                yield Subject(person, name, Scope.PERSON, team, self._membership.department_of(team) or "")
