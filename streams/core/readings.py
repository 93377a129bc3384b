"""From merged partials to what everyone may be shown of a (kpi, subject, period) at one instant.

A backlog changes tens of thousands of rows a second, so what is constant of a row - its target, its working time, the
beginning of its record - is found once (`Line`), and a share of working time once for all subjects of one calendar.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from msgspec.json import encode

from schemas.catalogue.models import Catalogue
from schemas.values import RowName, Scope, Status, Value
from streams.core.beginnings import Beginnings
from streams.core.calendar import Calendars, WorkingTime, expected_share
from streams.core.measures.growing import Volume
from streams.core.measures.plan import Plan, Reading, Slots
from streams.core.partials import Partials
from streams.core.series import parted
from streams.core.standing import RED, attainment, expected, is_aimed_at, status
from streams.core.targets import Number, Targets
from streams.core.tuples import new_tuple
from streams.core.windows import Window, Windows


class Figures(NamedTuple):
    """What changes of a value row, besides its version."""

    value: Number | None
    target: Number | None
    expected: Number | None
    attainment: float | None
    n: int
    status: Status
    raw: Number | None = None
    matured: Number | None = None


@dataclass(slots=True, eq=False)
class Line:
    """The constant part of a value row, of the whole or of one `series`; `opening` is the beginning of its JSON, up to
    its value. `name` is the subject's, or the series' own (streams.core.series).

    `version` 0 while the period is open. `shown` is what was published last, None before that. `slots` say how an open
    row is told that has a value and no more than that (streams.core.told).
    """

    plan: Plan
    name: str
    subject: str
    series: str | None
    window: Window
    scope: Scope
    target: Number | None
    base: Number | None
    strict: bool
    working_time: WorkingTime
    key: bytes
    start: str
    end: str
    counted_from: str | None
    opening: str
    slots: Slots | None = None
    shown: Figures | None = None
    current: Value | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        plan: Plan,
        name: str,
        window: Window,
        scope: Scope,
        *,
        target: Number | None,
        base: Number | None,
        strict: bool,
        working_time: WorkingTime,
        ends: tuple[str, str],
        counted_from: str | None,
        slots: Slots | None = None,
    ) -> "Line":
        """The line of a row; `ends` are start and end of its period as RFC 3339."""
        kpi, (subject, series) = plan.kpi.id, parted(name)
        names = f'"kpi":{_text(kpi)},"subject":{_text(subject)},"scope":"{scope}","period":"{window.id}"'
        if series is not None:
            names += f',"series":{_text(series)}'
        times = f'"start":"{ends[0]}","end":"{ends[1]}"'
        if counted_from is not None:
            times += f',"counted_from":"{counted_from}"'
        return cls(
            plan,
            name,
            subject,
            series,
            window,
            scope,
            target,
            base,
            strict,
            working_time,
            value_key(kpi, name, window.id),
            *ends,
            counted_from,
            f'{{"kind":"value",{names},{times},"value":',
            slots,
        )

    def record(self, figures: Figures, version: int) -> bytes:
        """The row as JSON: what `Value` dumps and reads."""
        value, target, expected, attained, n, standing, raw, matured = figures
        # A formatted string takes a fifth of the time that a pydantic model takes to build and dump, and most rows have
        # nothing but a value.
        if target is expected is attained is raw is matured is None:
            return (
                f'{self.opening}{_json(value)},"target":null,"expected":null,"attainment":null,'
                f'"n":{n},"status":"{standing}","version":{version}}}'
            ).encode()
        beside = "" if raw is None else f',"raw":{raw!r}'
        if matured is not None:
            beside += f',"matured":{matured!r}'
        return (
            f'{self.opening}{_json(value)}{beside},"target":{_json(target)},"expected":{_json(expected)},'
            f'"attainment":{_json(attained)},"n":{n},"status":"{standing}","version":{version}}}'
        ).encode()

    def model(self, figures: Figures, version: int) -> Value:
        """The row as the model of the contract."""
        return Value(
            kpi=self.plan.kpi.id,
            subject=self.subject,
            scope=self.scope,
            period=self.window.id,
            series=self.series,
            start=self.start,
            end=self.end,
            counted_from=self.counted_from,
            version=version,
            **figures._asdict(),
        )


class Readings:
    """Lines and figures of one partition of JUDGE."""

    def __init__(
        self,
        catalogue: Catalogue,
        plans: Mapping[str, Plan],
        partials: Partials,
        targets: Targets,
        calendars: Calendars,
        windows: Windows,
        beginnings: Beginnings,
    ) -> None:
        self._plans = plans
        self._partials = partials
        self._targets = targets
        self._calendars = calendars
        self._windows = windows
        self._beginnings = beginnings
        self._departments = {team.id: team.department for team in catalogue.teams}
        self._org = catalogue.tenant.id
        self._ends: dict[str, tuple[str, str]] = {}
        self._shares: dict[tuple[WorkingTime, str], float] = {}
        self._shares_us = -1

    def line(self, plan: Plan, name: str, window: Window) -> Line:
        """What is constant of a row."""
        kpi, targets, (subject, series) = plan.kpi.id, self._targets, parted(name)
        scope = targets.scopes[subject]
        ends = self._ends.get(window.id)
        if ends is None:
            if len(self._ends) > 1000:
                self._ends.clear()
            ends = self._windows.rfc3339(window.start_us), self._windows.rfc3339(window.end_us)
            self._ends[window.id] = ends
        aimed = series is None or plan.measure_class.holds_for_parts
        target = targets.of(kpi, subject, window) if aimed else None
        from_us = self._beginnings.of(plan, window)
        return Line.of(
            plan,
            name,
            window,
            scope,
            target=target,
            base=None if target is None else targets.base(kpi, subject, window),
            strict=target is not None and targets.strict(kpi, subject, window),
            working_time=self._calendars.of(scope, subject),
            ends=ends,
            counted_from=None if from_us is None else self._windows.rfc3339(from_us),
            slots=self._partials.slots(plan) if target is None else None,
        )

    def whole(self, line: Line) -> list[int]:
        """The vector that the `slots` of a line are of."""
        return self._partials.whole(line.plan, line.name, line.window.id)

    def shown(self, plan: Plan, subject: str, window: Window, *, closed: bool) -> Reading:
        """Value and n as they may be shown: of an anonymous KPI no value before the close, and none of too few."""
        reading = self._partials.reading(plan, subject, window.id)
        if plan.kpi.anonymous is None:
            return reading
        hidden = not closed or subject in self._hidden(plan, plan.kpi.anonymous, window)
        return Reading(None if hidden else reading.value, reading.n)

    def open(self, lines: Sequence[Line]) -> list[Reading]:
        """Value and n of open rows of one group, subject and period, as they may be shown."""
        if not lines:
            return []
        first = lines[0]
        readings = self._partials.readings([line.plan for line in lines], first.name, first.window.id)
        if first.plan.kpi.anonymous is None:  # and so are all KPIs of its group
            return readings
        return [Reading(None, reading.n) for reading in readings]

    def figures(
        self, line: Line, reading: Reading, now_us: int, *, closed: bool, hollow: bool | None = None
    ) -> Figures:
        """A row's figures at `now_us`, from its reading; `hollow` where it is settled what its guardrail says."""
        plan, target, value = line.plan, line.target, reading.value
        if target is None:
            return new_tuple(Figures, (value, None, None, None, reading.n, Status.NONE, reading.raw, reading.matured))
        share = 1.0 if closed else self._share(line.working_time, line.window, now_us)
        is_open_growth = plan.growing is not None and not closed and value is not None
        volume = self._partials.volume(plan, line.name, line.window, target) if is_open_growth else None
        return Figures(
            value,
            target,
            expected(plan, target, share, volume),
            attainment(plan.kpi.direction, value, target, line.base),
            reading.n,
            self._status(line, reading, now_us, share, volume, closed=closed, hollow=hollow),
            reading.raw,
            reading.matured,
        )

    def _status(
        self,
        line: Line,
        reading: Reading,
        now_us: int,
        share: float,
        volume: Volume | None,
        *,
        closed: bool,
        hollow: bool | None,
    ) -> Status:
        plan, window, strict = line.plan, line.window, line.strict
        own = status(plan, reading.value, reading.n, line.target, share, strict=strict, closed=closed, volume=volume)
        if own is Status.MISSED and not is_aimed_at(plan, line.working_time, window):
            return Status.NONE
        if plan.kpi.guardrail is None or own not in (Status.HIT, Status.ON_TRACK):
            return own
        if hollow is None:
            guard = self._plans.get(plan.kpi.guardrail)
            hollow = guard is not None and self._is_red(guard, line.subject, window, now_us, closed=closed)
        return Status.HOLLOW if hollow else own

    def working_time(self, subject: str) -> WorkingTime:
        """That of a person, team, department or the organisation."""
        return self._calendars.of(self._targets.scopes[subject], subject)

    def guardrail_is_over(self, plan: Plan, window: Window) -> bool:
        """Whether a guardrail's own period ends with the period that it guards, or before."""
        guard = self._plans.get(plan.kpi.guardrail or "")
        return guard is not None and self._guarding(guard, window).end_us <= window.end_us

    def _guarding(self, guard: Plan, guarded: Window) -> Window:
        """The period of a guardrail that says how the guarded one ends."""
        return self._windows.period(guard.kpi.period, guarded.end_us - 1)

    def _is_red(self, guard: Plan, subject: str, guarded: Window, now_us: int, *, closed: bool) -> bool:
        """Whether a guardrail says no in its own period, which may go on where the guarded one is closed."""
        at_us = min(now_us, guarded.end_us - 1)
        window = self._windows.period(guard.kpi.period, at_us)
        closed = closed and window.end_us <= guarded.end_us
        target = self._targets.of(guard.kpi.id, subject, window)
        reading = self.shown(guard, subject, window, closed=closed)
        strict = self._targets.strict(guard.kpi.id, subject, window)
        working_time = self.working_time(subject)
        share = self._share(working_time, window, at_us)
        volume = None if target is None or closed else self._partials.volume(guard, subject, window, target)
        said = status(guard, reading.value, reading.n, target, share, strict=strict, closed=closed, volume=volume)
        return said in RED and (said is not Status.MISSED or is_aimed_at(guard, working_time, window))

    def _share(self, working_time: WorkingTime, window: Window, now_us: int) -> float:
        """The share of a window's working time that is over, the same for all subjects of one calendar."""
        if now_us != self._shares_us:
            self._shares, self._shares_us = {}, now_us
        key = (working_time, window.id)
        share = self._shares.get(key)
        if share is None:
            share = self._shares[key] = expected_share(working_time, window, now_us)
        return share

    def _hidden(self, plan: Plan, least: int, window: Window) -> set[str]:
        """Subjects with fewer than `least` answers; where that is one of several siblings, the next smallest too,
        because the one could be computed from the others and the whole."""
        hidden: set[str] = set()
        for siblings in self._families():
            n = {subject: self._partials.reading(plan, subject, window.id).n for subject in siblings}
            few = {subject for subject in siblings if 0 < n[subject] < least}
            enough = sorted((subject for subject in siblings if n[subject] >= least), key=lambda s: (n[s], s))
            hidden |= few | set(enough[:1] if len(few) == 1 else ())
        return hidden

    def _families(self) -> list[list[str]]:
        departments = sorted(set(self._departments.values()))
        teams = [[team for team, held in self._departments.items() if held == name] for name in departments]
        return [*teams, departments, [self._org]]


def value_key(kpi: str, name: str, period: str) -> bytes:
    """Key of a row on kpi.values."""
    subject, series = parted(name)
    return RowName(kpi, subject, period, series).key.encode()


def _json(number: Number | None) -> str:
    return "null" if number is None else repr(number)


@lru_cache(maxsize=10_000)
def _text(text: str) -> str:
    return encode(text).decode()
