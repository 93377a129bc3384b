"""Scores of persons from their own rows, and what they add to KPIs over KPIs (`attainment`, H3).

A person's score is the sum of weight x min(attainment, cap) x gate over the KPIs whose periods end inside the period
scored, divided by the weights present (MEASURES section 4, PRODUCT 4.10). The rows are the person's, so the score is
made where these are judged. What goes on to the team, department and organisation is the number of persons scored and
of those who reached, absolute for each partition.

A KPI without a weight takes an equal share. KPIs of scope person alone are scored, and never `attainment` itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from schemas.catalogue.measures import Attainment, AttainmentParts, Scoring
from schemas.catalogue.models import Catalogue, Kind
from schemas.values import Scope
from streams.core.frames import Total
from streams.core.journeys.persons import REACHED, SCORED
from streams.core.measures.compile import Plan
from streams.core.membership import Membership
from streams.core.readings import Readings
from streams.core.rows import Key, Rows
from streams.core.standing import RED, attainment, status
from streams.core.targets import Targets
from streams.core.value_rows import ValueRows
from streams.core.windows import Window, Windows

SCORE, SUM = "score", "score_sum"
FINEST = (Scope.TEAM, Scope.DEPARTMENT, Scope.ORG)
PRECISION = 10**9
"""Attainments are quotients: 1/3 + 2/3 reaches 1, however a float stands for them."""


class Scores:
    """Scores of one partition of JUDGE, as its rows: of each person the parts, and what they added up to."""

    def __init__(
        self,
        rows: Rows,
        catalogue: Catalogue,
        plans: Mapping[str, Plan],
        readings: Readings,
        values: ValueRows,
        targets: Targets,
        windows: Windows,
    ) -> None:
        self._rows = rows
        self._plans = plans
        self._readings = readings
        self._values = values
        self._targets = targets
        self._windows = windows
        self._membership = Membership(catalogue, windows)
        self._org = catalogue.tenant.id
        self._boards = [plan for plan in plans.values() if isinstance(plan.kpi.measure, Attainment)]
        self._scored = {plan.kpi.id: plan for plan in plans.values() if self._boards and _is_scored(plan)}
        self.heard = frozenset(self._scored) | {
            plan.kpi.guardrail for plan in self._scored.values() if plan.kpi.guardrail is not None
        }
        """KPIs whose rows of persons are scored, or gate what is."""

    def look(self, kpi: str, persons: Iterable[str], window: Window, now_us: int) -> list[Total]:
        """Rows of a KPI for a period that is over have come, or changed, or gone; what that changes in the totals."""
        scored = [(self._scored[kpi], window)] if kpi in self._scored else []
        scored += [
            (plan, ended)
            for plan in self._scored.values()
            if plan.kpi.guardrail == kpi
            for ended in self._windows.between(plan.kpi.period, window.start_us, window.end_us)
            if window.start_us < ended.end_us <= window.end_us
        ]
        touched: dict[Key, None] = {}
        for person in persons:
            for plan, ended in scored:
                for board in self._boards if ended.end_us <= now_us else ():
                    touched |= dict.fromkeys(self._put(board, plan, person, ended, now_us))
        return [self._total(key) for key in touched]

    def forget_all(self) -> list[Total]:
        """Another catalogue: what was told is taken back, to be told anew."""
        sums = [key for key, _ in self._rows.items(SUM)]
        for key in [*sums, *(key for key, _ in self._rows.items(SCORE))]:
            self._rows.drop(key)
        return [self._total(key) for key in sums]

    def sweep(self, oldest_us: int) -> None:
        """Forget scores that nothing inside the horizon can change."""
        for key in [key for table in (SCORE, SUM) for key, _ in self._rows.items(table)]:
            if self._windows.parse(str(key[3]))[1].end_us < oldest_us:
                self._rows.drop(key)

    # -- one person

    def _put(self, board: Plan, plan: Plan, person: str, ended: Window, now_us: int) -> Iterator[Key]:
        """One part of a person's score as it is now; the sums that it changes."""
        inside = self._windows.period(board.kpi.period, ended.end_us - 1)
        key = (SCORE, board.kpi.id, person, inside.id)
        row: dict[str, Any] = self._rows.get(key) or {"parts": {}, "told": None}
        parts = dict(row["parts"])
        part = self._part(plan, person, ended)
        if part is None:
            parts.pop(f"{plan.kpi.id}|{ended.id}", None)
        else:
            parts[f"{plan.kpi.id}|{ended.id}"] = part
        told = self._told(board, person, inside, parts, now_us)
        if (parts, told) == (row["parts"], row["told"]):
            return
        if parts:
            self._rows.put(key, {"parts": parts, "told": told})
        else:
            self._rows.drop(key)
        before: list[Any] | None = row["told"]
        if told != before:
            for sign, what in ((-1, before), (1, told)):
                for subject in [] if what is None else what[0]:
                    yield self._add((SUM, board.kpi.id, subject, inside.id), sign, sign * bool(what and what[1]))

    def _part(self, plan: Plan, person: str, window: Window) -> list[Any] | None:
        """(attainment, red guardrail) of one row; None where there is none to score."""
        kpi = plan.kpi.id
        if self._values.version(kpi, person, window.id) is None:
            return None
        value = self._readings.shown(plan, person, window, closed=True).value
        attained = attainment(plan.kpi.direction, value, self._targets.of(kpi, person, window))
        return None if attained is None else [attained, self._is_red(plan, person, window)]

    def _is_red(self, plan: Plan, person: str, window: Window) -> bool:
        """Whether the guardrail says no at the end of a period: by its own period that is over then, or goes on."""
        guard = self._plans.get(plan.kpi.guardrail or "")
        if guard is None or guard.kpi.scope is not Scope.PERSON:
            return False
        its = self._windows.period(guard.kpi.period, window.end_us - 1)
        target = self._targets.of(guard.kpi.id, person, its)
        reading = self._readings.shown(guard, person, its, closed=True)
        strict = self._targets.strict(guard.kpi.id, person, its)
        is_over = its.end_us <= window.end_us
        return status(guard, reading.value, reading.n, target, 1.0, strict=strict, closed=is_over) in RED

    def _told(
        self, board: Plan, person: str, inside: Window, parts: Mapping[str, Sequence[Any]], now_us: int
    ) -> list[Any] | None:
        """(subjects, whether the person reached), None where the person is not scored."""
        team = self._membership.team_at(person, inside.end_us - 1)
        if team is None or not parts:
            return None
        chain = [team, self._membership.department_of(team), self._org]
        subjects = [one for one in chain[FINEST.index(board.kpi.scope) :] if one is not None]
        assert isinstance(board.kpi.measure, Attainment)
        return [subjects, self._reached(board.kpi.measure.attainment, inside, parts, now_us)]

    def _reached(self, spec: AttainmentParts, inside: Window, parts: Mapping[str, Sequence[Any]], now_us: int) -> bool:
        goal, cap = Fraction(str(spec.at)), Fraction(str(spec.cap))
        whole = score = Fraction()
        for name, (attained, red) in parts.items():
            plan = self._scored[name.split("|")[0]]
            gated = Fraction() if red else min(Fraction(attained).limit_denominator(PRECISION), cap)
            if spec.by is Scoring.EVERY and gated < goal:
                return False
            weight = self._weight(plan) / self._ended(plan, inside, now_us)
            whole += weight
            score += weight * gated
        return spec.by is Scoring.EVERY or score >= goal * whole

    def _weight(self, plan: Plan) -> Fraction:
        return Fraction(100, len(self._scored)) if plan.kpi.weight is None else Fraction(str(plan.kpi.weight))

    def _ended(self, plan: Plan, inside: Window, now_us: int) -> int:
        """How many periods of a KPI have ended inside the period scored."""
        until_us = min(inside.end_us, now_us)
        windows = self._windows.between(plan.kpi.period, inside.start_us, until_us)
        return max(1, sum(1 for one in windows if inside.start_us < one.end_us <= until_us))

    # -- sums

    def _add(self, key: Key, scored: int, reached: int) -> Key:
        before: list[int] = self._rows.get(key) or [0, 0]
        after = [before[SCORED] + scored, before[REACHED] + reached]
        if any(after):
            self._rows.put(key, after)
        else:
            self._rows.drop(key)
        return key

    def _total(self, key: Key) -> Total:
        numbers: list[int] = self._rows.get(key) or [0, 0]
        vector = {slot: number for slot, number in enumerate(numbers) if number}
        return str(key[1]), str(key[2]), str(key[3]), [vector]


def _is_scored(plan: Plan) -> bool:
    kpi = plan.kpi
    is_own = kpi.scope is Scope.PERSON and kpi.anonymous is None
    return is_own and kpi.kind is not Kind.METRIC and not isinstance(kpi.measure, Attainment)
