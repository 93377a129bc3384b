"""From merged partials to value rows: what everyone may be shown of a (kpi, subject, period) at one instant."""

from collections.abc import Mapping

from schemas.catalogue.models import Catalogue
from schemas.values import Status, Value
from streams.core.calendar import Calendars, expected_share
from streams.core.measures.compile import MeasureClass, Plan, Reading
from streams.core.partials import Partials
from streams.core.standing import RED, attainment, status
from streams.core.targets import Number, Targets
from streams.core.windows import Window, Windows


class Readings:
    """Builds the rows of one partition of JUDGE."""

    def __init__(
        self,
        catalogue: Catalogue,
        plans: Mapping[str, Plan],
        partials: Partials,
        targets: Targets,
        calendars: Calendars,
        windows: Windows,
    ) -> None:
        self._plans = plans
        self._partials = partials
        self._targets = targets
        self._calendars = calendars
        self._windows = windows
        self._departments = {team.id: team.department for team in catalogue.teams}
        self._org = catalogue.tenant.id

    def shown(self, plan: Plan, subject: str, window: Window, *, closed: bool) -> Reading:
        """Value and n as they may be shown: of an anonymous KPI no value before the close, and none of too few."""
        reading = self._partials.reading(plan, subject, window.id)
        if plan.kpi.anonymous is None:
            return reading
        hidden = not closed or subject in self._hidden(plan, plan.kpi.anonymous, window)
        return Reading(None if hidden else reading.value, reading.n)

    def value(self, plan: Plan, subject: str, window: Window, now_us: int, version: int) -> Value:
        """The row of a subject and period as it stands at `now_us`."""
        kpi = plan.kpi
        reading = self.shown(plan, subject, window, closed=version > 0)
        target = self._targets.of(kpi.id, subject, window)
        share = 1.0 if version > 0 else self._share(subject, window, now_us)
        return Value(
            kpi=kpi.id,
            subject=subject,
            scope=self._targets.scopes[subject],
            period=window.id,
            start=self._windows.rfc3339(window.start_us),
            end=self._windows.rfc3339(window.end_us),
            value=reading.value,
            target=target,
            expected=_expected(plan, target, share),
            attainment=attainment(kpi.direction, reading.value, target),
            n=reading.n,
            status=self._status(plan, subject, window, now_us, reading, target, share, closed=version > 0),
            version=version,
        )

    def _status(
        self,
        plan: Plan,
        subject: str,
        window: Window,
        now_us: int,
        reading: Reading,
        target: Number | None,
        share: float,
        *,
        closed: bool,
    ) -> Status:
        strict = self._targets.strict(plan.kpi.id, subject, window)
        own = status(plan, reading.value, reading.n, target, share, strict=strict, closed=closed)
        if own is Status.MISSED and plan.measure_class.paced and not self._works_in(subject, window):
            return Status.NONE  # nobody misses a target on a Sunday
        guard = self._plans.get(plan.kpi.guardrail or "")
        if guard is None or own not in (Status.HIT, Status.ON_TRACK):
            return own
        return Status.HOLLOW if self._is_red(guard, subject, min(now_us, window.end_us - 1)) else own

    def _is_red(self, guard: Plan, subject: str, at_us: int) -> bool:
        """Whether a guardrail says no for the period that holds an instant."""
        window = self._windows.period(guard.kpi.period, at_us)
        target = self._targets.of(guard.kpi.id, subject, window)
        reading = self.shown(guard, subject, window, closed=False)
        strict = self._targets.strict(guard.kpi.id, subject, window)
        share = self._share(subject, window, at_us)
        return status(guard, reading.value, reading.n, target, share, strict=strict, closed=False) in RED

    def _works_in(self, subject: str, window: Window) -> bool:
        working_time = self._calendars.of(self._targets.scopes[subject], subject)
        return working_time.between(window.start_us, window.end_us) > 0

    def _share(self, subject: str, window: Window, now_us: int) -> float:
        return expected_share(self._calendars.of(self._targets.scopes[subject], subject), window, now_us)

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


def _expected(plan: Plan, target: Number | None, share: float) -> Number | None:
    """Target times the share of working time that has passed; None for classes without pace."""
    if target is None or not plan.measure_class.paced:
        return None
    if plan.measure_class is MeasureClass.DIFFERENCE and target <= 0:
        return None
    return target if share == 1.0 else target * share
