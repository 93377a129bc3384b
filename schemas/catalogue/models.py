"""What a tenant writes in YAML: who works here, when, what is measured and what is aimed at (DESIGN 4.2).

Only shapes and rules that one node can check by itself; rules between nodes are in `rules.py`, YAML and line numbers
in `load.py`.
"""

from collections.abc import Hashable
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StrictBool,
    StringConstraints,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from schemas.catalogue.forms import PRINTED, ClosedOrSpans, CountryCode, Date, Number, Spans, WeekdayKey, refuse
from schemas.catalogue.measures import Measure
from schemas.events.fields import VISIBLE
from schemas.values import Scope

Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=VISIBLE)]
"""As in events: what names a person there must be able to name them here."""


def _localized(value: Any) -> Any:
    if isinstance(value, str):
        return {"vi": value, "en": value}
    if isinstance(value, dict):
        return value
    raise refuse(
        f"`{value}` phải là chữ trong ngoặc kép, hoặc {{vi: ..., en: ...}}".replace("`None`", "chỗ trống"),
        f"`{value}` should be text in quotes, or {{vi: ..., en: ...}}".replace("`None`", "what is empty"),
    )


Localized = Annotated[
    dict[Literal["vi", "en"], Annotated[str, StringConstraints(pattern=PRINTED)]],
    BeforeValidator(_localized),
    Field(min_length=1),
]
"""A text by locale; a plain string serves for all. Read it with `text(title, locale)`."""


def text(value: Localized, locale: str) -> str:
    """The text in `locale`, else in whichever language is there."""
    return value.get(locale) or next(iter(value.values()))  # type: ignore[call-overload]


class _Node(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class _Dated(_Node):
    """What holds over local dates [from, to)."""

    from_: Date | None = Field(default=None, alias="from")
    to: Date | None = None


V = TypeVar("V", bound=_Dated)


def _end_where_the_next_begins(versions: tuple[V, ...], keys: tuple[Hashable, ...]) -> tuple[V, ...]:
    """Versions of one key follow one another: one without `to` ends at the next one's `from`."""
    starts: dict[Hashable, list[date]] = {}
    for version, key in zip(versions, keys, strict=True):
        starts.setdefault(key, []).append(version.from_ or date.min)

    def ended(version: V, key: Hashable) -> V:
        later = [start for start in starts[key] if start > (version.from_ or date.min)]
        return version.model_copy(update={"to": min(later)}) if version.to is None and later else version

    return tuple(ended(version, key) for version, key in zip(versions, keys, strict=True))


class Tenant(_Node):
    """The organisation. Its id is the subject of org-level KPIs."""

    id: Id
    timezone: str
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
    locale: Literal["vi", "en"] = "vi"
    title: Localized | None = None


class Holidays(_Node):
    """Years whose holiday dates somebody has confirmed."""

    confirmed: tuple[Annotated[int, Field(strict=True, ge=1900, le=2200)], ...] = ()


class Calendar(_Node):
    """Working time. On a team or person: laid over the tenant's, key by key."""

    country: CountryCode | None = None
    subdivision: str | None = None
    hours: dict[WeekdayKey, Spans] | None = None  # "mon-fri", "sat" or "mon,wed" -> spans
    holidays: Holidays | None = None
    overrides: dict[Date, ClosedOrSpans] = {}


class Person(_Dated):
    """One stretch of membership; several rows of one id are moves. `to` is exclusive and means left.

    A row without `to` ends where the same person's next row begins.
    """

    id: Id
    name: str | None = None
    team: Id
    manager: Id | None = None
    calendar: Calendar | None = None


class Team(_Node):
    """A team and the department it belongs to."""

    id: Id
    title: Localized | None = None
    department: Id
    calendar: Calendar | None = None


class Goal(_Node):
    """A strategic goal that KPIs serve, or a department's part of one: `parent` is the goal it is a part of.

    `target` in `unit` says how much; the targets of a goal's parts should add up to its own.
    """

    id: Id
    title: Localized
    parent: Id | None = None
    department: Id | None = None
    target: Number | None = None
    unit: str | None = None


class Leave(_Node):
    """Days off of one person, `to` exclusive."""

    person: Id
    from_: Date = Field(alias="from")
    to: Date


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


class Target(_Dated):
    """One version of a target: valid over local dates [from, to), for every `per` or for one `subject`.

    Without either it is per the KPI's scope; without `to` it ends where the next version begins. With `start` it is a
    key result of an OKR: attained is the share of the way from there, (actual - start) / (value - start).
    """

    value: Number
    start: Number | None = None
    per: Scope | None = None
    subject: Id | None = None
    strict: StrictBool = False


def _successive_targets(targets: tuple[Target, ...]) -> tuple[Target, ...]:
    return _end_where_the_next_begins(targets, tuple((target.per, target.subject) for target in targets))


class By(_Node):
    """One series for each value of a field of the events, for the `most` largest; the rest is folded into `other`.

    The field alone may stand for the whole.
    """

    field: str
    most: Annotated[int, Field(strict=True, ge=1, le=1000)] = 50

    @model_validator(mode="before")
    @classmethod
    def _field_alone(cls, given: Any) -> Any:
        return {"field": given} if isinstance(given, str) else given

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The block, or the text that may stand for it."""
        return {"anyOf": [{"type": "string"}, handler(core)]}


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
    weight: Annotated[float, Field(strict=True, gt=0, le=100)] | None = None
    period: Period
    by: By | None = None
    measure: Measure
    targets: Annotated[tuple[Target, ...], AfterValidator(_successive_targets)] = ()
    drives: tuple[str, ...] = ()
    guardrail: str | None = None
    anonymous: Annotated[int, Field(strict=True, ge=2)] | None = None
    roles: Roles = Roles()
    review_by: Date | None = None
    note: Localized | None = None

    @model_validator(mode="before")
    @classmethod
    def _targets_are_per_scope_unless_they_say_otherwise(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not isinstance(given.get("targets"), list):
            return given
        targets = [
            {**target, "per": given.get("scope")}
            if isinstance(target, dict) and "per" not in target and "subject" not in target
            else target
            for target in given["targets"]
        ]
        return {**given, "targets": targets}


def _successive_rows(people: tuple[Person, ...]) -> tuple[Person, ...]:
    return _end_where_the_next_begins(people, tuple(person.id for person in people))


class Catalogue(_Node):
    """Everything a tenant declares."""

    version: Literal[1]
    tenant: Tenant
    calendar: Calendar = Calendar()
    people: Annotated[tuple[Person, ...], AfterValidator(_successive_rows)] = ()
    teams: tuple[Team, ...] = ()
    goals: tuple[Goal, ...] = ()
    leave: tuple[Leave, ...] = ()
    event_types: tuple[EventType, ...] = ()
    kpis: tuple[Kpi, ...] = ()
