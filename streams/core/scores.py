"""Scores of persons from their own rows, and what they add to KPIs over KPIs (`attainment`, H3).

How parts make a score is `scoring`'s. The rows are the person's, so the score is made where these are judged. What goes
on to the team, department and organisation is the number of persons scored and of those who reached, absolute for each
partition. A person counts for the team held at the end of the period scored.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from schemas.catalogue.models import Catalogue
from schemas.values import Scope
from streams.core.frames import Total
from streams.core.journeys.persons import REACHED, SCORED
from streams.core.measures.plan import Plan
from streams.core.membership import Membership
from streams.core.readings import Readings
from streams.core.rows import Key, Rows
from streams.core.scoring import Board, Part, PartName, boards_of, is_red, part_of
from streams.core.standing import is_aimed_at
from streams.core.targets import Targets
from streams.core.value_rows import ValueRows
from streams.core.windows import Window, Windows

SCORE, SUM = "score", "score_sum"
FINEST = (Scope.TEAM, Scope.DEPARTMENT, Scope.ORG)


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
        self._readings = readings
        self._values = values
        self._targets = targets
        self._windows = windows
        self._membership = Membership(catalogue, windows)
        self._org = catalogue.tenant.id
        self._boards = boards_of(plans, windows)
        self.heard = frozenset(kpi for board in self._boards for kpi in (*board.scored, *board.guards))
        """KPIs whose rows of persons are scored, or gate what is."""

    def look(self, kpi: str, persons: Iterable[str], window: Window, now_us: int, oldest_us: int) -> list[Total]:
        """Rows of a KPI for a period that is over have come, or changed, or gone; what that changes in the totals.
        Periods that ended before `oldest_us` have no rows any more: their parts stay as they are."""
        touched: dict[Key, None] = {}
        for board in self._boards:
            scored = [(board.scored[kpi], window)] if kpi in board.scored else []
            for plan, ended in (*scored, *board.gated(kpi, window)):
                for person in persons if oldest_us <= ended.end_us <= now_us else ():
                    touched |= dict.fromkeys(self._put(board, plan, person, ended, now_us))
        return [self._total(key) for key in touched]

    def adopt(self, oldest_us: int) -> list[Total]:
        """Another catalogue: parts that it does not score go, and those of rows that are gone; of the others scores are
        made anew, also of those whose rows are forgotten because they ended before `oldest_us`. All sums."""
        sums = dict.fromkeys(key for key, _ in self._rows.items(SUM))
        for key in sums:
            self._rows.drop(key)
        boards = {board.plan.kpi.id: board for board in self._boards}
        for key, row in self._rows.items(SCORE):
            kpi, person, period = map(str, key[1:])
            self._rows.drop(key)
            board = boards.get(kpi)
            if board is None:
                continue
            names = [name for name in row["parts"] if self._is_scored(board, person, _name(name), period, oldest_us)]
            parts = {name: row["parts"][name] for name in names}
            inside = self._windows.parse(period)[1]
            told = self._told(board, person, inside, {_name(name): _part_of(part) for name, part in parts.items()})
            if parts:
                self._rows.put(key, {"parts": parts, "told": told})
            sums |= dict.fromkeys(self._change(board, inside, None, told))
        return [self._total(key) for key in sums]

    def _is_scored(self, board: Board, person: str, name: PartName, period: str, oldest_us: int) -> bool:
        """Whether a part is one of a score."""
        (kpi, of), plan = name, board.scored.get(name[0])
        grain, ended = self._windows.parse(of)
        if plan is None or grain is not plan.kpi.period or board.inside(ended).id != period:
            return False
        return ended.end_us < oldest_us or self._values.version(kpi, person, of) is not None

    def sweep(self, oldest_us: int) -> None:
        """Forget scores that nothing inside the horizon can change."""
        for key in [key for table in (SCORE, SUM) for key, _ in self._rows.items(table)]:
            if self._windows.parse(str(key[3]))[1].end_us < oldest_us:
                self._rows.drop(key)

    # -- one person

    def _put(self, board: Board, plan: Plan, person: str, ended: Window, now_us: int) -> Iterator[Key]:
        """One part of a person's score as it is now; the sums that it changes."""
        inside, name = board.inside(ended), f"{plan.kpi.id}|{ended.id}"
        key = (SCORE, board.plan.kpi.id, person, inside.id)
        row: dict[str, Any] = self._rows.get(key) or {"parts": {}, "told": None}
        part = self._part(board, plan, person, ended, now_us)
        before = row["parts"].get(name)
        if (None if before is None else _part_of(before)) == part:
            return
        parts = {other: written for other, written in row["parts"].items() if other != name}
        if part is not None:
            parts[name] = list(part)
        told = self._told(board, person, inside, {_name(name): _part_of(written) for name, written in parts.items()})
        if parts:
            self._rows.put(key, {"parts": parts, "told": told})
        else:
            self._rows.drop(key)
        yield from self._change(board, inside, row["told"], told)

    def _part(self, board: Board, plan: Plan, person: str, window: Window, now_us: int) -> Part | None:
        """What one row adds; None where there is none to score."""
        kpi = plan.kpi.id
        if self._values.version(kpi, person, window.id) is None:
            return None
        if not is_aimed_at(plan, self._readings.working_time(person), window):
            return None
        reading = self._readings.shown(plan, person, window, closed=True)
        red = self._is_red(board, plan, person, window, now_us)
        target, base = self._targets.of(kpi, person, window), self._targets.base(kpi, person, window)
        return part_of(plan, reading, target, base, red=red)

    def _is_red(self, board: Board, plan: Plan, person: str, window: Window, now_us: int) -> bool:
        gate = board.gate(plan, window)
        if gate is None or gate.end_us > now_us:
            return False
        guard = board.guards[plan.kpi.guardrail or ""]
        reading = self._readings.shown(guard, person, gate, closed=True)
        return is_red(guard, reading, self._targets, person, self._readings.working_time(person), gate)

    def _told(self, board: Board, person: str, inside: Window, parts: Mapping[PartName, Part]) -> list[Any] | None:
        """Subjects, and whether the person reached; None where the person is not scored."""
        team = self._membership.team_at(person, inside.end_us - 1)
        if team is None or not parts:
            return None
        chain = [team, self._membership.department_of(team), self._org]
        subjects = [one for one in chain[FINEST.index(board.plan.kpi.scope) :] if one is not None]
        return [subjects, board.reached(parts, inside)]

    # -- sums

    def _change(self, board: Board, inside: Window, was: list[Any] | None, told: list[Any] | None) -> Iterator[Key]:
        """From what was told of a person to what is told now; the sums that it changes."""
        if told != was:
            for sign, what in ((-1, was), (1, told)):
                for subject in [] if what is None else what[0]:
                    yield self._add((SUM, board.plan.kpi.id, subject, inside.id), sign, sign * bool(what and what[1]))

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


def _name(written: str) -> PartName:
    kpi, _, period = written.rpartition("|")
    return kpi, period


def _part_of(written: list[Any]) -> Part:
    """A part of a row; integers that msgpack could not carry are digits."""
    over, under = (int(number) if isinstance(number, str) else number for number in written[:2])
    return Part(over, under, written[2])
