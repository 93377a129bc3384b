"""A KPI value row: what `kpi.values` carries and `kpi replay --json` prints."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Scope(StrEnum):
    """Level of a subject; a KPI of a finer scope is also published for the coarser ones."""

    PERSON = "person"
    TEAM = "team"
    DEPARTMENT = "department"
    ORG = "org"


class Status(StrEnum):
    """Where a value stands against its target."""

    NONE = "none"  # no target, or too early to say
    ON_TRACK = "on_track"
    BEHIND = "behind"
    HIT = "hit"
    MISSED = "missed"
    HOLLOW = "hollow"  # the quantity is there, its quality guardrail is not


class Value(BaseModel):
    """Newest state of one (kpi, subject, period).

    `value`, `target` and `expected` are in the KPI's unit (`%` means 0-100, money in minor units); `start` and `end`
    are RFC 3339 in the tenant's offset; `attainment` is value / target, target / value where less is better, and of a
    key result the share of the way from where it began, which may be below 0; `n` counts the events (or entities)
    behind the value; `version` is 0 while the period is open, 1 at close, +1 with each restatement.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["value"] = "value"
    kpi: str
    subject: str
    scope: Scope
    period: str
    start: str
    end: str
    value: int | float | None
    target: int | float | None
    expected: int | float | None
    attainment: float | None
    n: int
    status: Status
    version: int
