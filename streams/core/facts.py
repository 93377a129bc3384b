"""A net fact: one event as it stands after corrections and reversals, and who is credited for it."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from schemas.events.people import ANONYMOUS_TYPES as ANONYMOUS_TYPES
from schemas.values import Scope
from streams.core.membership import ALWAYS_US, FOREVER_US, Membership


class Happening(Protocol):
    """What crediting and counting read of an event or of a fact."""

    @property
    def type(self) -> str:
        """Event type."""
        ...

    @property
    def time_us(self) -> int:
        """Event time."""
        ...

    @property
    def data(self) -> Mapping[str, Any]:
        """The fields."""
        ...


class Fact(NamedTuple):
    """An event that counts. `data` is the effective data; `taken` is the amount that partial reversals took away
    (minor units), `whole` says that a reversal took everything; `identity` is the root's (source, id), `subject` the
    entity that the event is about."""

    type: str
    time_us: int
    data: Mapping[str, Any]
    identity: tuple[str, str]
    whole: bool = False
    taken: int = 0
    subject: str = ""


class Credit(NamedTuple):
    """Subjects credited, from the finest; None where nobody is."""

    person: str | None
    team: str | None
    department: str | None
    org: str
    unknown_owner: str | None = None

    def subjects(self, scope: Scope) -> list[tuple[Scope, str]]:
        """Subjects that a KPI of this scope is published for."""
        chain = ((Scope.PERSON, self.person), (Scope.TEAM, self.team), (Scope.DEPARTMENT, self.department))
        start = _FINENESS[scope]
        found = [(level, subject) for level, subject in chain[start:] if subject is not None]
        return [*found, (Scope.ORG, self.org)]


_FINENESS = {Scope.PERSON: 0, Scope.TEAM: 1, Scope.DEPARTMENT: 2, Scope.ORG: 3}


class Crediting:
    """DESIGN 4.1: the catalogue's membership at event time wins over `data.team`, which serves where there is none."""

    def __init__(self, membership: Membership, org: str) -> None:
        self._membership = membership
        self._org = org

    def knows(self, person_id: str) -> bool:
        """Whether the catalogue has this person, at whatever time."""
        return self._membership.knows(person_id)

    def stretch(self, fact: Happening) -> tuple[int, int]:
        """The time [start_us, end_us) in which facts of this type that name the same people are credited the same."""
        owner = _owner(fact)
        return self._membership.stretch_at(owner, fact.time_us) if owner else (ALWAYS_US, FOREVER_US)

    def of(self, fact: Happening) -> Credit:
        """Who is credited for a fact, at the fact's own time."""
        data = fact.data
        owner = _owner(fact)
        team = self._membership.team_at(owner, fact.time_us) if owner else None
        person = owner if team is not None else None
        if team is None:
            stated = data.get("team")
            team = stated if stated is not None and self._membership.department_of(stated) is not None else None
        department = self._membership.department_of(team) if team is not None else None
        unknown = data.get("owner") if owner and not self._membership.knows(owner) else None
        return Credit(person, team, department, self._org, unknown)


def _owner(fact: Happening) -> str | None:
    if fact.type in ANONYMOUS_TYPES:
        return None
    data = fact.data
    owner: str | None = data.get("owner") or data.get("person_id") or data.get("to_owner")
    return owner
