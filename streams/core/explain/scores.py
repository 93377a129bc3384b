"""A KPI over KPIs, explained: who is scored, who has reached their KPIs, and what each score is made of.

Each person's own values are counted anew from the events, as an explanation of them would count them.
"""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from streams.core.explain.evidence import Evidence
from streams.core.explain.journeys import Put
from streams.core.explain.leaves import Group, LeafTold
from streams.core.explain.scene import Scene
from streams.core.explain.working_time import less_leave
from streams.core.measures.compile import Plan, Reading
from streams.core.membership import Membership
from streams.core.scoring import Board, Part, PartName, is_red, part_of
from streams.core.windows import Window

MOST_PERSONS = 50
"""Each of them is counted anew from all events. Of more people the teams can be asked for one by one."""
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
    if len(people) > MOST_PERSONS:
        return None
    scores = []
    for person in people:
        parts = _parts(board, scene, person, count)
        if parts is None:
            return None
        if parts:
            scores.append(_Score(person, parts, board.reached(parts, scene.window)))
    groups = [
        Group(name, len(some), tuple(_said(board, scene.window, one) for one in some))
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


def _parts(board: Board, scene: Scene, person: str, count: Count) -> dict[PartName, Part] | None:
    """What a person's KPIs add; None where one of them is not told."""
    parts: dict[PartName, Part] = {}
    working = less_leave(replace(scene, subject=person))
    for plan in board.scored.values():
        for ended in board.ended(plan, scene.window):
            target = scene.spec.targets.of(plan.kpi.id, person, ended)
            if target is None or not _is_told_of(scene, plan, ended):
                continue
            if plan.is_paced and working.between(ended.start_us, ended.end_us) <= 0:
                continue  # nothing was asked of them
            reading, red = count(_of(scene, plan, person, ended)), _is_red(board, scene, plan, person, ended, count)
            if reading is None or red is None:
                return None
            part = part_of(plan, reading, target, scene.spec.targets.base(plan.kpi.id, person, ended), red=red)
            if part is not None:
                parts[plan.kpi.id, ended.id] = part
    return parts


def _is_told_of(scene: Scene, plan: Plan, ended: Window) -> bool:
    """Whether a period is over, and has a row: from the first target on, or from the first event of all."""
    target_us = scene.spec.targets.first_us(plan.kpi)
    first_us = scene.first_us if target_us is None else target_us
    return ended.end_us <= scene.clock_us and first_us is not None and first_us < ended.end_us


def _is_red(board: Board, scene: Scene, plan: Plan, person: str, ended: Window, count: Count) -> bool | None:
    gate = board.gate(plan, ended)
    if gate is None or gate.end_us > scene.clock_us:
        return False
    guard = board.guards[plan.kpi.guardrail or ""]
    reading = count(_of(scene, guard, person, gate))
    return None if reading is None else is_red(guard, reading, scene.spec.targets, person, gate)


def _of(scene: Scene, plan: Plan, person: str, window: Window) -> Scene:
    """The scene of a person's own KPI. What is not joined is of those that it credits alone."""
    own = replace(scene, plan=plan, subject=person, window=window)
    if plan.linked:
        return own
    cases = tuple(case for case in scene.evidence.cases if any(map(own.credited, case.facts)))
    return replace(own, evidence=Evidence(cases, ()))


def _said(board: Board, inside: Window, one: _Score) -> str:
    """A person with the parts of their score: `an 1.04: calls 2026-11 1.2 × 60 %, sold 2026-11 0.8 × 40 %`."""
    told = [
        f"{kpi} {period} {_number(part.attained)} × {_number(board.weight(kpi, inside))} %"
        for (kpi, period), part in one.parts.items()
    ]
    return f"{one.person} {_number(board.score(one.parts, inside))}: {', '.join(told)}"


def _number(exact: Fraction) -> str:
    return f"{float(exact):.4g}"
