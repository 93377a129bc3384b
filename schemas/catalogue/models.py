"""What a tenant writes in YAML: who works here, when, what is measured and what is aimed at (DESIGN 4.2).

Only shapes and rules that one node can check by itself; rules between nodes are in `rules.py`, YAML and line numbers
in `load.py`.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from schemas.catalogue.measures import Measure
from schemas.values import Scope

Id = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,128}$")]


def _localized(value: Any) -> Any:
    return {"vi": value, "en": value} if isinstance(value, str) else value


Localized = Annotated[dict[Literal["vi", "en"], str], BeforeValidator(_localized), Field(min_length=1)]
"""A text by locale; a plain string serves for all. Read it with `text(title, locale)`."""


def text(value: Localized, locale: str) -> str:
    """The text in `locale`, else in whichever language is there."""
    return value.get(locale) or next(iter(value.values()))  # type: ignore[call-overload, no-any-return]


class _Node(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Tenant(_Node):
    """The organisation. Its id is the subject of org-level KPIs."""

    id: Id
    timezone: str
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
    locale: Literal["vi", "en"] = "vi"
    title: Localized | None = None


class Holidays(_Node):
    """Years whose holiday dates somebody has confirmed."""

    confirmed: tuple[int, ...] = ()


Spans = tuple[str, ...]
"""Opening spans of a day, `HH:MM-HH:MM`; one that ends at or before its start crosses midnight."""


class Calendar(_Node):
    """Working time. On a team or person: laid over the tenant's, key by key."""

    country: str | None = None
    subdivision: str | None = None
    hours: dict[str, Spans] | None = None  # "mon-fri", "sat" or "mon,wed" -> spans
    holidays: Holidays | None = None
    overrides: dict[date, Spans | Literal["closed"]] = {}


class Person(_Node):
    """One stretch of membership; several rows of one id are moves. `to` is exclusive and means left."""

    id: Id
    name: str | None = None
    team: Id
    manager: Id | None = None
    from_: date | None = Field(default=None, alias="from")
    to: date | None = None
    calendar: Calendar | None = None


class Team(_Node):
    """A team and the department it belongs to."""

    id: Id
    title: Localized | None = None
    department: Id
    calendar: Calendar | None = None


class Goal(_Node):
    """A strategic goal that KPIs serve."""

    id: Id
    title: Localized


class Leave(_Node):
    """Days off of one person, `to` exclusive."""

    person: Id
    from_: date = Field(alias="from")
    to: date


class EventType(_Node):
    """A further event type: field -> `id`, `text`, `number`, `integer` or `boolean`, with `!` when required."""

    type: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$")]
    fields: dict[str, Annotated[str, StringConstraints(pattern=r"^(id|text|number|integer|boolean)!?$")]] = {}


class Kind(StrEnum):
    """Input activity, outcome, or a plain metric that never alerts anyone."""

    LEADING = "leading"
    LAGGING = "lagging"
    METRIC = "metric"


class Direction(StrEnum):
    """Which way is better."""

    UP = "up"
    DOWN = "down"
    BAND = "band"


class Period(StrEnum):
    """The stretch a value is computed over, in the tenant's time zone; weeks are ISO weeks."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Target(_Node):
    """One version of a target: valid over local dates [from, to), for every `per` or for one `subject`."""

    value: int | float
    per: Scope | None = None
    subject: Id | None = None
    from_: date | None = Field(default=None, alias="from")
    to: date | None = None
    strict: bool = False


class Roles(_Node):
    """Who answers for a KPI, who helps, who judges. `subject` stands for the subject of the value."""

    accountable: Id = "subject"
    supporters: tuple[Id, ...] = ()
    evaluator: Id | None = None


class Kpi(_Node):
    """A metric with a goal, roles and a review date. The target is never part of its identity."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]
    title: Localized
    kind: Kind
    goal: Id | None = None
    unit: str
    direction: Direction = Direction.UP
    scope: Scope
    for_: tuple[Id, ...] | None = Field(default=None, alias="for")
    weight: Annotated[float, Field(gt=0, le=100)] | None = None
    period: Period
    measure: Measure
    targets: tuple[Target, ...] = ()
    drives: tuple[str, ...] = ()
    guardrail: str | None = None
    anonymous: Annotated[int, Field(ge=2)] | None = None
    roles: Roles = Roles()
    review_by: date | None = None
    note: Localized | None = None


class Catalogue(_Node):
    """Everything a tenant declares."""

    version: Literal[1]
    tenant: Tenant
    calendar: Calendar = Calendar()
    people: tuple[Person, ...] = ()
    teams: tuple[Team, ...] = ()
    goals: tuple[Goal, ...] = ()
    leave: tuple[Leave, ...] = ()
    event_types: tuple[EventType, ...] = ()
    kpis: tuple[Kpi, ...] = ()
