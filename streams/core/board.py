"""What the wallboard knows: the newest row of every (kpi, subject) and of its series, the firing alerts and the last
transitions.

Fed with the records of `kpi.values` and `kpi.alerts` in partition order. What of it a whole floor may see is decided
in `board_view`; formatting, languages and HTML are in `streams.web`.
"""

import re
from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Literal

import msgspec

from schemas.alerts import Alert, AlertClass, Severity, Transition
from schemas.catalogue.models import Catalogue, Period
from schemas.values import RowName, Scope, Status, Value
from streams.core.board_view import BoardView, Floor, Praise, Rows

KEPT_PRAISE = 8
KEPT_TRANSITIONS = 50

Refusal = Literal[
    "not_a_value",
    "not_an_alert",
    "unknown_kpi",
    "unknown_subject",
    "no_series",
    "other_period",
    "older_period",
    "other_audience",
    "not_held",
]

_PERIOD = {
    Period.DAY: re.compile(r"\d{4}-\d\d-\d\d"),
    Period.WEEK: re.compile(r"\d{4}-W\d\d"),
    Period.MONTH: re.compile(r"\d{4}-\d\d"),
    Period.QUARTER: re.compile(r"\d{4}-Q[1-4]"),
    Period.YEAR: re.compile(r"\d{4}"),
}
_GRAVITY = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True, slots=True)
class Changes:
    """Rows and transitions newer than a `seq`. A deleted row is not among them: read everything to see that."""

    seq: int
    values: tuple[Value, ...]
    transitions: tuple[Alert, ...]


@dataclass(frozen=True, slots=True)
class _Held:
    at_us: int  # instant of the transition
    seq: int
    row: Alert


class _Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record of `kpi.values` as the board takes it: pydantic reads a row 10 times slower, and most rows are replaced
    by their successor before anyone looks. The fields and their types are those of `Value`, as a test shows."""

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
    kind: Literal["value"] = "value"
    series: str | None = None
    raw: int | float | None = None
    matured: int | float | None = None
    counted_from: str | None = None


class _Row:
    """The newest row of a (kpi, subject) or of one of its series; made a `Value` when it is looked at."""

    __slots__ = ("_raw", "_row", "at_us", "seq")

    def __init__(self, at_us: int, seq: int, raw: bytes) -> None:
        self.at_us = at_us
        self.seq = seq
        self._raw: bytes | None = raw
        self._row: Value | None = None

    @property
    def row(self) -> Value:
        if self._row is None:
            self._row = Value.model_validate_json(self._raw or b"")
            self._raw = None
        return self._row


class Board:
    """Bounded by the catalogue: a row of an unknown KPI or subject is refused, and of series only those of the newest
    period are held.

    `locale` is the tenant's default language unless given. `seq` rises by one with every record that changed
    something. With `recognise_people` off no person is named, not even to praise.
    """

    def __init__(self, catalogue: Catalogue, locale: str | None = None, *, recognise_people: bool = True) -> None:
        self.catalogue = catalogue
        self.locale = locale or catalogue.tenant.locale
        self.floor = Floor(catalogue, recognise_people=recognise_people)
        self.before_a_look: Callable[[], None] = lambda: None
        """Has whoever feeds the board put what it holds back until somebody looks."""
        self._seq = 0
        self._updated_us: int | None = None
        self._kpis = {kpi.id: kpi for kpi in catalogue.kpis}
        self._rows: dict[tuple[str, str], _Row] = {}
        self._series: dict[tuple[str, str], dict[str, _Row]] = {}
        self._firing: dict[str, _Held] = {}
        self._transitions: list[_Held] = []  # oldest first

    @property
    def seq(self) -> int:
        """How many records have changed something."""
        self.before_a_look()
        return self._seq

    @property
    def updated_us(self) -> int | None:
        """The time of the newest record taken, None before the first."""
        self.before_a_look()
        return self._updated_us

    def put_value(self, key: str, raw: bytes | None, at_us: int) -> Refusal | None:
        """Takes one record of `kpi.values`, written at `at_us`; None when it changed the board, else why not.

        `key` is that of the row (schemas.values.RowName) and only read when `raw` is None (the row was deleted).
        """
        if raw is None:
            return self._drop(RowName.parse(key), at_us)
        try:
            row = _read(raw)
            start_us = _us(row.start)
        except ValueError:  # msgspec's ValidationError is one
            return "not_a_value"
        kpi = self._kpis.get(row.kpi)
        if kpi is None:
            return "unknown_kpi"
        # A person's row that calls itself a team's would end on the wall.
        if self.floor.scopes.get(row.subject) is not row.scope:
            return "unknown_subject"
        # What is left in a compacted topic from before the KPI's period was changed.
        if not _is_of(kpi.period, row.period):
            return "other_period"
        name = row.kpi, row.subject
        if row.series is not None:
            return "no_series" if kpi.by is None else self._put_series(name, row.series, raw, (start_us, at_us))
        held = self._rows.get(name)
        if held is not None and start_us < held.at_us:
            return "older_period"
        self._changed(at_us)
        self._rows[name] = _Row(start_us, self._seq, raw)
        return None

    def _put_series(self, name: tuple[str, str], series: str, raw: bytes, at: tuple[int, int]) -> Refusal | None:
        """`at` is the start of its period and when it was written."""
        start_us, at_us = at
        held = self._series.get(name, {})
        if any(start_us < one.at_us for one in held.values()):
            return "older_period"
        self._changed(at_us)
        newest = {other: one for other, one in held.items() if one.at_us == start_us}
        self._series[name] = newest | {series: _Row(start_us, self._seq, raw)}
        return None

    def put_alert(self, key: str, raw: bytes | None, at_us: int) -> Refusal | None:
        """Takes one record of `kpi.alerts`, written at `at_us`; None when it changed the board, else why not.

        `key` is the fingerprint and only read when `raw` is None.
        """
        if raw is None:
            if self._firing.pop(key, None) is None:
                return "not_held"
            self._changed(at_us)
            return None
        try:
            alert = Alert.model_validate_json(raw)
            moment_us = _us(alert.at)
        except ValueError:
            return "not_an_alert"
        if alert.cls is AlertClass.PAUSED:
            return "other_audience"  # of a partition, for those who run the system
        if alert.kpi not in self._kpis:
            return "unknown_kpi"
        if alert.subject not in self.floor.scopes:
            return "unknown_subject"
        self._changed(at_us)
        held = _Held(moment_us, self._seq, alert)
        if alert.transition is Transition.FIRING:
            self._firing[alert.fingerprint] = held
        else:
            self._firing.pop(alert.fingerprint, None)
        insort(self._transitions, held, key=lambda one: (one.at_us, one.seq))
        del self._transitions[:-KEPT_TRANSITIONS]
        return None

    def values(self) -> list[Value]:
        """The newest row of every (kpi, subject) and its series, sorted by those, people included."""
        self.before_a_look()
        rows = [one.row for one in self._held()]
        return sorted(rows, key=lambda row: (row.kpi, row.subject, row.series is not None, row.series or ""))

    def firing(self) -> list[Alert]:
        """Alerts that fire now, gravest first, then newest first; those about people included."""
        held = sorted(self._firing.values(), key=lambda one: (_GRAVITY[one.row.severity], -one.at_us))
        return [one.row for one in held]

    def transitions(self) -> list[Alert]:
        """The last transitions, newest first; those about people included."""
        return [one.row for one in reversed(self._transitions)]

    def changes_since(self, seq: int) -> Changes:
        """What was put after the board stood at `seq` and still counts, in the order it came."""
        self.before_a_look()
        rows = sorted((one for one in self._held() if one.seq > seq), key=lambda one: one.seq)
        news = sorted((one for one in self._transitions if one.seq > seq), key=lambda one: one.seq)
        return Changes(self._seq, tuple(one.row for one in rows), tuple(one.row for one in news))

    def view(self, department: str | None = None) -> BoardView:
        """The wall of the organisation, or of one `department` only (an unknown one has an empty wall)."""
        self.before_a_look()
        rows = self._current()
        alerts = [one for one in self.firing() if department in (None, self.floor.wall_of(one))]
        return BoardView(
            seq=self._seq,
            updated_us=self._updated_us,
            sections=tuple(
                one for one in self.floor.sections(rows, self._series_of) if department in (None, one.department)
            ),
            alerts=self.floor.public(alerts),
            crews=self.floor.crews(alerts),
            praise=tuple(self._praise(rows, department)[:KEPT_PRAISE]),
        )

    def _praise(self, rows: Rows, department: str | None) -> list[Praise]:
        return [
            one
            for one in self.floor.praise(rows)
            if department in (None, self.floor.department(one.person, rows[one.kpi.id, one.person].start))
        ]

    def _current(self) -> Rows:
        """Rows of each KPI's newest period: who sold nothing this month is not shown with last month's number."""
        newest: dict[str, int] = {}
        for (kpi, _), held in self._rows.items():
            newest[kpi] = max(newest.get(kpi, held.at_us), held.at_us)
        return {key: held.row for key, held in self._rows.items() if held.at_us == newest[key[0]]}

    def _held(self) -> list[_Row]:
        return [*self._rows.values(), *(one for rows in self._series.values() for one in rows.values())]

    def _series_of(self, whole: Value) -> list[Value]:
        """The series of a row, of the same period."""
        held = self._series.get((whole.kpi, whole.subject), {})
        return [one.row for one in held.values() if one.row.period == whole.period]

    def _drop(self, name: RowName, at_us: int) -> Refusal | None:
        of = name.kpi, name.subject
        held = self._rows.get(of) if name.series is None else self._series.get(of, {}).get(name.series)
        if held is None or held.row.period != name.period:
            return "not_held"
        if name.series is None:
            del self._rows[of]
        else:
            del self._series[of][name.series]
        self._changed(at_us)
        return None

    def _changed(self, at_us: int) -> None:
        self._seq += 1
        self._updated_us = max(self._updated_us or at_us, at_us)


_read = msgspec.json.Decoder(_Told).decode


def is_value(raw: bytes) -> bool:
    """Whether a record of `kpi.values` can be read."""
    try:
        _us(_read(raw).start)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def _is_of(grain: Period, period: str) -> bool:
    return _PERIOD[grain].fullmatch(period) is not None


@lru_cache(maxsize=4096)
def _us(rfc3339: str) -> int:
    moment = datetime.fromisoformat(rfc3339)
    date.fromisoformat(rfc3339[:10])  # where the floor reads the local date; 2026-W48T00:00 has none
    if moment.tzinfo is None:
        raise ValueError(f"time {rfc3339!r} has no offset")
    return int(moment.timestamp() * 1_000_000)
