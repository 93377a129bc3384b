"""People: hiring and leaving, teams, leave, head counts, training, surveys and shifts."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from schemas.events.fields import DayOrTime, EventData, FieldKind, Flag, Id, Quantity, Text

ANONYMOUS_TYPES = frozenset({"survey.esat.response"})
"""Types whose person is never read: no answer may be traced to who gave it."""
PEOPLE = frozenset({"owner", "person_id", "to_owner"})
"""Fields that name a person."""


class Employee(EventData):
    """Somebody was hired or left; `voluntary` when leaving was their own choice."""

    entity_field = "person_id"

    person_id: Id
    voluntary: Flag | None = None


class EmployeeMoved(EventData):
    """Somebody changed teams."""

    entity_field = "person_id"

    person_id: Id
    from_team: Id | None = None
    to_team: Id


class EmployeeLeave(EventData):
    """Days off, [start, end): whole local days or instants."""

    entity_field = "person_id"

    person_id: Id
    start: DayOrTime
    end: DayOrTime
    kind: Text | None = None


class HeadcountSnapshot(EventData):
    """How many people a team has."""

    entity_field = "team"

    team: Id
    headcount: Quantity


class Requisition(EventData):
    """A position was opened or cancelled, or its offer accepted."""

    entity_field = "requisition_id"

    requisition_id: Id


class Training(EventData):
    """Somebody was invited to a training or attended it."""

    entity_field = "person_id"

    person_id: Id
    training_id: Id
    passed: Flag | None = None


class SurveyEsatResponse(EventData):
    """An anonymous answer to the employee survey, 0 to 10: it names a team and nobody."""

    score: Annotated[float, Field(ge=0, le=10), FieldKind.NUMBER]


class Shift(EventData):
    """Somebody started or ended a shift."""

    entity_field = "person_id"

    person_id: Id


TYPES: Mapping[str, type[EventData]] = {
    "employee.hired": Employee,
    "employee.left": Employee,
    "employee.moved": EmployeeMoved,
    "employee.leave": EmployeeLeave,
    "headcount.snapshot": HeadcountSnapshot,
    "requisition.opened": Requisition,
    "requisition.cancelled": Requisition,
    "offer.accepted": Requisition,
    "training.invited": Training,
    "training.attended": Training,
    "survey.esat.response": SurveyEsatResponse,
    "shift.started": Shift,
    "shift.ended": Shift,
}
