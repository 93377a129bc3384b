"""A KPI over KPIs, explained: who is scored, who has reached their KPIs, and what each score is made of.

Each person's own values are counted anew from the events, as an explanation of them would count them.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from streams.core.calendar import WorkingTime
from streams.core.calendar.absences import LEAVE
from streams.core.explain.evidence import Case, Evidence
from streams.core.explain.leaves import Group, LeafTold
from streams.core.explain.put_down import Put
from streams.core.explain.scene import Scene
from streams.core.explain.working_time import less_leave
from streams.core.measures.plan import Plan, Reading
from streams.core.membership import Membership
from streams.core.scoring import Board, Part, PartName, is_red, part_of
from streams.core.standing import is_aimed_at
from streams.core.windows import Window

MOST_PERSONS, MOST_JOINED = 1000, 100
"""How many people are counted anew; fewer where a KPI of theirs joins events, which takes all events for each of them.
Of more people the teams can be asked for one by one."""
MOST_NAMED = 50
"""Of those who have reached, and of those who have not, so many are told with their parts; of the others how many."""
Count = Callable[[Scene], Reading | None]
"""What a scene comes to; None where that is not told."""


class ScoresTold(NamedTuple):
    """Who has reached their KPIs, and who is scored."""

    reached: LeafTold
    scored: LeafTold


class _Score(NamedTuple):
    person: str
    parts: dict[PartName, Part]
    reached: bool


def tell_scores(scene: Scene, count: Count) -> ScoresTold | None:
    """Who reached and who was scored; None where a value is not told, or there are too many people."""
    board = Board(scene.plan, scene.spec.plans, scene.spec.windows)
    people = _people(scene)
    joins = any(plan.linked for plan in (*board.scored.values(), *board.guards.values()))
    if len(people) > (MOST_JOINED if joins else MOST_PERSONS):
        return None
    counting, scores = _Counting(board, scene, count), []
    for person in people:
        parts = counting.parts(person)
        if parts is None:
            return None
        if parts:
            scores.append(_Score(person, parts, board.reached(parts, scene.window)))
    groups = [
        Group(name, len(some), tuple(_said(board, scene.window, one) for one in some[:MOST_NAMED]))
        for name, some in (
            (Put.REACHED.value, [one for one in scores if one.reached]),
            (Put.NOT_REACHED.value, [one for one in scores if not one.reached]),
        )
        if some
    ]
    reached = sum(one.reached for one in scores)
    return ScoresTold(
        LeafTold("reached", "persons", 1, reached, reached, (), (), tuple(groups)),
        LeafTold("scored", "persons", 1, len(scores), len(scores), (), ()),
    )


def _people(scene: Scene) -> list[str]:
    """Who belongs to the subject at the period's end."""
    spec, last_us = scene.spec, scene.window.end_us - 1
    membership, found = Membership(spec.catalogue, spec.windows), []
    for person in membership.everyone():
        team = membership.team_at(person, last_us)
        if team is not None and scene.subject in (team, membership.department_of(team), spec.observe.org):
            found.append(person)
    return found


class _Counting:
    """Counts the KPIs of persons anew. Events are dealt out to those whom they credit once, not for each of them."""

    def __init__(self, board: Board, scene: Scene, count: Count) -> None:
        self._board = board
        self._scene = scene
        self._count = count
        self._own: dict[str, list[Case]] = defaultdict(list)
        self._away: dict[str, list[Case]] = defaultdict(list)
        for case in scene.evidence.cases:
            for person in {scene.credit(fact)[0] for fact in case.facts} - {None}:
                self._own[str(person)].append(case)
            for person in {str(fact.data["person_id"]) for fact in case.facts if fact.type == LEAVE}:
                self._away[person].append(case)

    def parts(self, person: str) -> dict[PartName, Part] | None:
        """What a person's KPIs add; None where one of them is not told."""
        scene, parts = self._scene, dict[PartName, Part]()
        working = less_leave(replace(scene, subject=person, evidence=Evidence(tuple(self._away[person]), ())))
        for plan in self._board.scored.values():
            for ended in self._board.ended(plan, scene.window):
                target = scene.spec.targets.of(plan.kpi.id, person, ended)
                if target is None or not self._is_told_of(plan, ended):
                    continue
                if not is_aimed_at(plan, working, ended):
                    continue
                reading, red = self._count(self._of(plan, person, ended)), self._is_red(plan, person, working, ended)
                if reading is None or red is None:
                    return None
                part = part_of(plan, reading, target, scene.spec.targets.base(plan.kpi.id, person, ended), red=red)
                if part is not None:
                    parts[plan.kpi.id, ended.id] = part
        return parts

    def _is_told_of(self, plan: Plan, ended: Window) -> bool:
        """Whether a period is over, and has a row: from the first target on, or from the first event of all."""
        target_us = self._scene.spec.targets.first_us(plan.kpi)
        first_us = self._scene.first_us if target_us is None else target_us
        return ended.end_us <= self._scene.clock_us and first_us is not None and first_us < ended.end_us

    def _is_red(self, plan: Plan, person: str, working: WorkingTime, ended: Window) -> bool | None:
        gate = self._board.gate(plan, ended)
        if gate is None or gate.end_us > self._scene.clock_us:
            return False
        guard = self._board.guards[plan.kpi.guardrail or ""]
        reading = self._count(self._of(guard, person, gate))
        return None if reading is None else is_red(guard, reading, self._scene.spec.targets, person, working, gate)

    def _of(self, plan: Plan, person: str, window: Window) -> Scene:
        """The scene of a person's own KPI. What is not joined is of those that it credits alone."""
        own = replace(self._scene, plan=plan, subject=person, window=window)
        return own if plan.linked else replace(own, evidence=Evidence(tuple(self._own[person]), ()))


def _said(board: Board, inside: Window, one: _Score) -> str:
    """A person with the parts of their score: `an 1.04: calls 2026-11 1.2 × 60 %, sold 2026-11 0.8 × 40 %`."""
    told = [
        f"{kpi} {period} {_number(part.attained)} × {_number(board.weight(kpi, inside))} %"
        for (kpi, period), part in one.parts.items()
    ]
    return f"{one.person} {_number(board.score(one.parts, inside))}: {', '.join(told)}"


def _number(exact: Fraction) -> str:
    return f"{float(exact):.4g}"
