"""A KPI value row: what `kpi.values` carries and `kpi replay --json` prints."""

import re
from enum import StrEnum
from typing import Literal, NamedTuple
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field


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
    """Newest state of one (kpi, subject, period), or of one series of it.

    A KPI with `by` has a row for each of its largest series, and one named `other` for the rest; the row without
    `series` is the whole.

    `value`, `target` and `expected` are in the KPI's unit (`%` means 0-100, money in minor units); `start` and `end`
    are RFC 3339 in the tenant's offset; `attainment` is value / target, target / value where less is better, and of a
    key result the share of the way from where it began, which may be below 0; `n` counts the events (or entities)
    behind the value; `version` is 0 while the period is open, 1 at close, +1 with each restatement.
    Beside a projected share (`conversion`, `repeat`) stand the `raw` one of all items and that of the `matured` ones
    alone, whose window is over, once there are any.
    `counted_from` (RFC 3339) says that the period, or the baseline of its growth, began before the events that were
    still kept when the catalogue was edited, and that the KPI is counted from then on: what is older is missing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["value"] = "value"
    kpi: str
    subject: str
    scope: Scope
    period: str
    series: str | None = Field(default=None, exclude_if=lambda series: series is None)
    start: str
    end: str
    counted_from: str | None = Field(default=None, exclude_if=lambda start: start is None)
    value: int | float | None
    raw: int | float | None = Field(default=None, exclude_if=lambda raw: raw is None)
    matured: int | float | None = Field(default=None, exclude_if=lambda matured: matured is None)
    target: int | float | None
    expected: int | float | None
    attainment: float | None
    n: int
    status: Status
    version: int


class RowName(NamedTuple):
    """What a value row is of; `series` is None for the whole."""

    kpi: str
    subject: str
    period: str
    series: str | None = None

    @classmethod
    def of(cls, value: Value) -> "RowName":
        """The name of a row."""
        return cls(value.kpi, value.subject, value.period, value.series)

    @property
    def order(self) -> tuple[str, str, str, bool, str]:
        """Sorts rows by kpi, subject, period and series, the whole first."""
        return self.kpi, self.subject, self.period, self.series is not None, self.series or ""

    @property
    def key(self) -> str:
        """Key on `kpi.values`: kpi|subject|period, of a series kpi|subject|period|series.

        In a series `%`, `|` and the first digit of what reads as a period are percent-encoded, so that no two rows
        share a key: a subject may hold a bar.

        >>> RowName("K3a", "demo", "2026-11", "Tết|10%").key
        'K3a|demo|2026-11|Tết%7C10%25'
        """
        whole = f"{self.kpi}|{self.subject}|{self.period}"
        return whole if self.series is None else f"{whole}|{_escaped(self.series)}"

    @classmethod
    def parse(cls, key: str) -> "RowName":
        """The name that a key stands for.

        >>> RowName.parse("K3a|demo|2026-11|%32026")
        RowName(kpi='K3a', subject='demo', period='2026-11', series='2026')
        """
        kpi, _, rest = key.partition("|")
        subject, _, last = rest.rpartition("|")
        if _PERIOD.fullmatch(last):
            return cls(kpi, subject, last)
        subject, _, period = subject.rpartition("|")
        return cls(kpi, subject, period, unquote(last))


_PERIOD = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?|-W[0-9]{2}|-Q[1-4])?")


def _escaped(series: str) -> str:
    text = series.replace("%", "%25").replace("|", "%7C")
    return f"%3{text}" if _PERIOD.fullmatch(text) else text
