"""Asks the detectors about one (kpi, subject) at one minute and carries the answers through the alert's life."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from schemas.alerts import AlertClass, Severity
from schemas.catalogue.models import Direction, Kind
from schemas.values import Scope
from streams.core.alerting.lifecycle import POLICIES, AlertState, Finding, HoldEnds, advance, expire, recheck_us
from streams.core.alerting.lifecycle import Step as AlertStep
from streams.core.calendar import Calendars
from streams.core.detectors import anomaly
from streams.core.detectors.contract import Standing, WorkingTime
from streams.core.detectors.pace import PacePolicy, pace
from streams.core.detectors.stall import NO_HISTORY, History, stall
from streams.core.hours import Hours
from streams.core.layout import watches_hours
from streams.core.measures.classes import MeasureClass
from streams.core.measures.plan import Plan
from streams.core.membership import ALWAYS_US, FOREVER_US
from streams.core.partials import Partials
from streams.core.policy import DAY_US, HOUR_US, PANE_HORIZON_US
from streams.core.presence import Presence
from streams.core.rows import Rows
from streams.core.standing import course, expected, meets
from streams.core.targets import Targets
from streams.core.timers import by_working_time, minute_from
from streams.core.windows import Window, Windows

ALERT, BASELINE = "alert", "baseline"
MOST_TEAMS = 1000
"""Teams and periods whose presence is remembered."""
PACE = PacePolicy(min_expected=100)
"""A status may show after 5 expected events, an alert may not: of 5 expected, 3 are no news. With 100, a fifth less is
two standard deviations; smaller targets wait for a fifth of the working time."""

Announce = Callable[[Plan, str, str, AlertClass, AlertStep, int], None]
"""(plan, subject, period, class, step, now): publishes one transition."""


class Asked(NamedTuple):
    """Which detectors have a say: pace (behind), silence (stalled) and the hourly baseline (anomaly)."""

    pace: bool
    silence: bool
    hours: bool


class Watch:
    """Alerts and hourly baselines of one partition of JUDGE, as its rows."""

    def __init__(
        self,
        rows: Rows,
        partials: Partials,
        hours: Hours,
        targets: Targets,
        calendars: Calendars,
        windows: Windows,
        say: Announce,
    ) -> None:
        self._rows = rows
        self._partials = partials
        self._hours = hours
        self._targets = targets
        self._calendars = calendars
        self._windows = windows
        self._say = say
        self._present: dict[tuple[str, str], Presence] = {}
        self._manned: dict[str, bool] = {}
        self._asks: dict[tuple[str, str], Asked] = {}
        self._alerts: dict[tuple[str, str], dict[AlertClass, tuple[str, AlertState]]] = defaultdict(dict)

    def ready(self) -> None:
        """Rebuild the open alerts from the rows."""
        for key, (period, row) in self._rows.items(ALERT):
            self._alerts[(str(key[1]), str(key[2]))][AlertClass(str(key[3]))] = (period, AlertState.load(row))

    def forget_presence(self) -> None:
        """Somebody's leave has changed: the time of teams is summed up anew."""
        self._present.clear()

    def alerts(self) -> Iterator[tuple[str, str, AlertClass, AlertState]]:
        """(kpi, subject, class, state) of every open alert."""
        for (kpi, subject), held in self._alerts.items():
            for cls, (_, state) in held.items():
                yield kpi, subject, cls, state

    def has_alert(self, kpi: str, subject: str) -> bool:
        """Whether an alert is open, pending or firing."""
        return bool(self._alerts.get((kpi, subject)))

    def asks(self, plan: Plan, subject: str) -> "Asked":
        """Which detectors have a say about a KPI and subject, whatever the period and the events."""
        name = (plan.kpi.id, subject)
        known = self._asks.get(name)
        if known is None:
            known = self._asks[name] = self._ask(plan, subject)
        return known

    def evaluate(self, plan: Plan, subject: str, now_us: int, first_us: int) -> int:
        """Judge one subject at a whole minute; the next minute at which time alone may change the verdict."""
        kpi = plan.kpi
        window = self._windows.period(kpi.period, now_us)
        self._expire_others(plan, subject, window, now_us)
        working_time = self._working_time(subject, window)
        hold_ends = by_working_time(working_time, window)
        checks = [minute_from(window.end_us)]
        for cls, (finding, check_us) in (
            (AlertClass.BEHIND, self._behind(plan, subject, window, now_us, first_us, working_time)),
            (AlertClass.STALLED, self._stalled(plan, subject, window, now_us, working_time)),
            (AlertClass.ANOMALY, (self._anomaly(plan, subject), None)),
        ):
            after = self._advance(plan, subject, window, cls, finding, now_us, hold_ends)
            again_us = recheck_us(after, POLICIES[cls], hold_ends)
            checks += [at for at in (check_us, again_us) if at is not None and at > now_us]
        return min(checks)

    def close_hour(self, plan: Plan, subject: str) -> int | None:
        """Judge the next closed hour of a team or the organisation; the end of the hour after it, None if none."""
        key = (BASELINE, plan.kpi.id, subject)
        row: dict[str, Any] | None = self._rows.get(key)
        if row is None:
            return None
        working_time = self._calendars.of(self._targets.scopes[subject], subject)
        pane = self._windows.pane(row["next_us"])
        count = self._hours.events(plan.kpi.id, subject, pane.start_us)
        state, verdict = anomaly.update(
            anomaly.AnomalyState.load(row["state"]),
            max(count, 0),
            working_time.between(pane.start_us, pane.end_us) / HOUR_US,
            (pane.start_us + self._windows.clock.offset_us(pane.start_us)) // HOUR_US % 24,
            plan.kpi.direction,
        )
        found = verdict.standing is Standing.FOUND and verdict.severity is not Severity.INFO
        evidence = {**verdict.evidence, "start_us": pane.start_us, "end_us": pane.end_us}
        open_us = working_time.next_open(pane.end_us)
        if open_us is None or (count <= 0 and self._is_long_silent(plan, subject, pane)):
            self._rows.drop(key)
            return None
        following = self._windows.pane(open_us)
        finding = [verdict.severity.value, evidence] if found else None
        self._rows.put(key, {"next_us": following.start_us, "state": state.dump(), "finding": finding})
        return following.end_us

    def begin_hours(self, plan: Plan, subject: str, pane_id: str) -> int | None:
        """Begin the hourly baseline of a subject with its first active hour; that hour's end, None where there is none
        to keep."""
        if not self.asks(plan, subject).hours:
            return None
        key = (BASELINE, plan.kpi.id, subject)
        pane = self._windows.pane(int(pane_id[1:]) * 60_000_000)
        if self._rows.get(key) is None:
            window = self._windows.period(plan.kpi.period, pane.start_us)
            target = self._targets.of(plan.kpi.id, subject, window)
            working_time = self._calendars.of(self._targets.scopes[subject], subject)
            hours = working_time.between(window.start_us, window.end_us) / HOUR_US
            rate = target / hours if target is not None and hours > 0 else None
            state = anomaly.fresh(rate)
            self._rows.put(key, {"next_us": pane.start_us, "state": state.dump(), "finding": None})
        return self._windows.pane(self._rows.get(key)["next_us"]).end_us

    def _is_long_silent(self, plan: Plan, subject: str, pane: Window) -> bool:
        """Whether the last event before an hour is so long ago that its hour is kept no more: a baseline begins anew
        with the next event. Without this end, a year that nobody counts in costs two thousand empty hours a subject."""
        last_us = self._hours.last_event_us(plan.kpi.id, subject)
        return last_us is None or last_us < pane.start_us - PANE_HORIZON_US + DAY_US

    # -- detectors

    def _ask(self, plan: Plan, subject: str) -> "Asked":
        kpi, scope = plan.kpi, self._targets.scopes[subject]
        if kpi.kind is Kind.METRIC:
            return Asked(pace=False, silence=False, hours=False)
        repeats = self._targets.only_repeats(kpi, subject)
        pace = bool(kpi.targets) and plan.is_paced and kpi.direction is not Direction.BAND and not repeats
        # Further up the same silence would only be told again.
        is_finest = scope is kpi.scope or (kpi.scope is Scope.PERSON and scope is Scope.TEAM)
        is_activity = kpi.kind is Kind.LEADING and kpi.direction is Direction.UP and watches_hours(plan)
        # Only teams and the organisation are tested by the hour, persons would drown in chance findings.
        hours = scope is Scope.TEAM or (scope is Scope.ORG and not repeats)
        return Asked(
            pace=pace,
            silence=is_activity and is_finest and not repeats,
            hours=watches_hours(plan) and hours,
        )

    def _working_time(self, subject: str, window: Window) -> WorkingTime:
        """Of a team the time of those of its members who are there; of others that of their calendar. A team of which
        the catalogue names nobody keeps the team's calendar."""
        scope = self._targets.scopes[subject]
        if scope is not Scope.TEAM:
            return self._calendars.of(scope, subject)
        if subject not in self._manned:
            self._manned[subject] = bool(self._targets.members(subject, ALWAYS_US, FOREVER_US))
        if not self._manned[subject]:
            return self._calendars.of(scope, subject)
        if (subject, window.id) not in self._present:
            # Rates are learned from the hours kept, which reach back before the period.
            found = self._targets.members(subject, window.start_us - PANE_HORIZON_US, window.end_us)
            present = [(start_us, end_us, self._calendars.person(person)) for start_us, end_us, person in found]
            if len(self._present) >= MOST_TEAMS:
                self._present.clear()
            self._present[(subject, window.id)] = Presence(present, len({person for _, _, person in found}))
        return self._present[(subject, window.id)]

    def _behind(
        self, plan: Plan, subject: str, window: Window, now_us: int, first_us: int, working_time: WorkingTime
    ) -> tuple[Finding | None, int | None]:
        if not self.asks(plan, subject).pace:
            return None, None
        target = self._targets.of(plan.kpi.id, subject, window)
        if target is None:
            return None, None
        value = self._partials.reading(plan, subject, window.id).value
        volume = self._partials.volume(plan, subject, window, target)
        held = course(plan, value, target, volume)
        if held is None:
            return None, None
        whole_us = working_time.between(window.start_us, window.end_us)
        # Events before the first one known were never seen: a period that began long before says nothing about pace.
        if first_us > window.start_us and working_time.between(window.start_us, first_us) > PACE.min_share * whole_us:
            return None, None
        verdict = pace(
            held.so_far,
            held.whole,
            window.start_us,
            window.end_us,
            now_us,
            working_time,
            was_behind=AlertClass.BEHIND in self._alerts.get((plan.kpi.id, subject), ()),
            counts_events=plan.measure_class is MeasureClass.COUNT,
            budget=held.is_budget,
            strict=held.is_budget and self._targets.strict(plan.kpi.id, subject, window),
            policy=PACE,
        )
        if verdict.standing is not Standing.FOUND:
            return None, verdict.recheck_us
        evidence = {**verdict.evidence}
        if plan.growing is not None or plan.measure_class is MeasureClass.RETENTION:
            # Paced by volume or losses, told as the row tells it.
            share = working_time.between(window.start_us, now_us) / whole_us
            evidence |= {"value": value, "target": target, "expected": expected(plan, target, share, volume)}
            del evidence["left_us"]
        return Finding(Severity.WARNING, evidence), verdict.recheck_us

    def _stalled(
        self, plan: Plan, subject: str, window: Window, now_us: int, working_time: WorkingTime
    ) -> tuple[Finding | None, int | None]:
        kpi = plan.kpi
        if not self.asks(plan, subject).silence:
            return None, None
        target = self._targets.of(kpi.id, subject, window)
        value = self._partials.reading(plan, subject, window.id).value
        if target is not None and value is not None and meets(kpi.direction, value, target, strict=False):
            return None, None  # who has reached the target may rest
        last_us = self._hours.last_event_us(kpi.id, subject)
        history = self._history(plan, subject, last_us, now_us, working_time)
        verdict = stall(last_us, target, window.start_us, window.end_us, now_us, working_time, history=history)
        found = verdict.standing is Standing.FOUND
        return (Finding(Severity.WARNING, verdict.evidence) if found else None), verdict.recheck_us

    def _history(
        self, plan: Plan, subject: str, last_us: int | None, now_us: int, working_time: WorkingTime
    ) -> History:
        """Of the hours that are kept for sure: what has been swept already differs from chunk to chunk."""
        oldest_us = now_us // DAY_US * DAY_US - PANE_HORIZON_US + DAY_US
        recent = self._hours.recent(plan.kpi.id, subject, oldest_us)
        if last_us is None or recent is None:
            return NO_HISTORY
        return History(recent.events, max(0, working_time.between(recent.first_us, last_us)))

    def _anomaly(self, plan: Plan, subject: str) -> Finding | None:
        row = self._rows.get((BASELINE, plan.kpi.id, subject))
        if row is None or row["finding"] is None:
            return None
        severity, evidence = row["finding"]
        return Finding(Severity(severity), evidence)

    # -- lives

    def _advance(
        self,
        plan: Plan,
        subject: str,
        window: Window,
        cls: AlertClass,
        finding: Finding | None,
        now_us: int,
        hold_ends: HoldEnds,
    ) -> AlertState | None:
        held = self._alerts[(plan.kpi.id, subject)]
        before = held[cls][1] if cls in held else None
        after, steps = advance(before, finding, now_us, POLICIES[cls], hold_ends=hold_ends)
        if after is not before:
            self._keep(plan, subject, window.id, cls, after)
        for step in steps:
            self._say(plan, subject, window.id, cls, step, now_us)
        return after

    def _expire_others(self, plan: Plan, subject: str, window: Window, now_us: int) -> None:
        """An alert of an earlier period ends with its period; the new one starts from nothing."""
        for cls, (period, state) in list(self._alerts[(plan.kpi.id, subject)].items()):
            if period != window.id:
                for step in expire(state):
                    self._say(plan, subject, period, cls, step, now_us)
                self._keep(plan, subject, period, cls, None)

    def _keep(self, plan: Plan, subject: str, period: str, cls: AlertClass, state: AlertState | None) -> None:
        key = (ALERT, plan.kpi.id, subject, cls.value)
        if state is None:
            self._alerts[(plan.kpi.id, subject)].pop(cls, None)
            self._rows.drop(key)
        else:
            self._alerts[(plan.kpi.id, subject)][cls] = (period, state)
            self._rows.put(key, [period, state.dump()])
