"""An alert transition (`kpi.alerts`) and the notice that carries it to a person (`kpi.notices`)."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class AlertClass(StrEnum):
    """What was found. The value is the stable name in topics, metrics and messages."""

    STALLED = "stalled"  # no valid event for longer than the expected rate explains
    BEHIND = "behind"  # below the pace that the target asks for by now
    ANOMALY = "anomaly"  # an hour that history does not explain
    PAUSED = "paused"  # most of a partition's last records were rejected: it is not read on until a person says so


class Transition(StrEnum):
    """Steps in the life of one alert."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"
    EXPIRED = "expired"  # the period ended; never called resolved


class Severity(StrEnum):
    """How much it asks of the reader."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Alert(BaseModel):
    """One transition of one alert; `at` and the period's `end` are RFC 3339 in the tenant's offset.

    `reason` is a plain sentence in the tenant's language; `evidence` holds the numbers it was made from.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    kind: Literal["alert"] = "alert"
    at: str
    fingerprint: str
    # "class" is a Python keyword and a contract name.
    cls: AlertClass = Field(alias="class")
    kpi: str
    subject: str
    period: str
    transition: Transition
    severity: Severity
    reason: str
    evidence: dict[str, int | float | str | None] = {}
