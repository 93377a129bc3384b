"""Pace of retention and growth (MEASURES section 3): what is held against what, and the status that follows.

Losses against (1 - T) x start x E; volume against base x (1 + T) for each step x E. E is the share of the working time
that has passed, of a person only while they belong to a team and are not on leave. A fifth off is still on track;
before a fifth of the time nothing is said.
"""

from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from typing import NamedTuple

from schemas.values import Status
from tests import reference
from tests.reference_measures import growth, retention
from tests.reference_measures.world import Cell, Node, World


class Held(NamedTuple):
    """How much there is, how much the whole period is to have, or may lose, and how much of that is due by now."""

    so_far: Fraction
    whole: Fraction
    due: Fraction
    is_budget: bool

    @property
    def status(self) -> Status:
        fifth = self.whole != 0 and self.due / self.whole >= Fraction(1, 5)
        if self.is_budget:
            if self.so_far > self.whole:
                return Status.BEHIND
            early = self.whole != 0 and not fifth
            return Status.NONE if early else on_track(self.so_far <= Fraction(6, 5) * self.due)
        if self.so_far >= self.whole:
            return Status.HIT
        return on_track(self.so_far >= Fraction(4, 5) * self.due) if fifth else Status.NONE

    @property
    def is_close(self) -> bool:
        """Whether a float may fall to either side of the line."""
        edges = (self.whole, Fraction(6, 5) * self.due, Fraction(4, 5) * self.due, 5 * self.due)
        return any(abs(self.so_far - edge) < Fraction(1, 10**6) for edge in edges) or self.whole == 5 * self.due


def on_track(holds: bool) -> Status:
    return Status.ON_TRACK if holds else Status.BEHIND


def held(world: World, kpi: Node, target: Fraction) -> dict[Cell, Held]:
    """By row of the clock's period. `target` is a share: 0.85, or 0.3 for 30 % more."""
    of = losses(world, kpi, target) if "retention" in kpi["measure"] else volumes(world, kpi, target)
    now, budget = world.period(kpi, world.clock), "retention" in kpi["measure"]
    start, end = world.bounds(now)
    return {
        cell: Held(so_far, whole, whole * worked(world, cell.subject, start, world.clock) / all_of_it, budget)
        for cell, (so_far, whole) in of.items()
        if cell.period == now and (all_of_it := worked(world, cell.subject, start, end))
    }


def worked(world: World, subject: str, start: datetime, end: datetime) -> Fraction:
    """Seconds of working time of a subject."""
    if reference.targets.scope_of(world.company, subject) != "person":
        return growth.worked(world, start, end)
    rows = reference.credit.stretches(world.company, subject, world.zone)
    there = [(max(since, start), min(until, end)) for since, until, _ in rows]
    away = [(max(since, left), min(until, back)) for left, back in leave(world, subject) for since, until in there]
    return sum(
        (
            sign * growth.worked(world, since, until)
            for sign, stretches in ((1, there), (-1, away))
            for since, until in stretches
            if since < until
        ),
        Fraction(),
    )


def leave(world: World, person: str) -> list[tuple[datetime, datetime]]:
    """Whole days off, of the catalogue and of events; those of one person never overlap here."""
    written = [(one["from"], one["to"]) for one in world.catalogue.get("leave", []) if one["person"] == person]
    told = [fact.data for fact in world.select("employee.leave") if fact.data["person_id"] == person]
    days = [*written, *((one["start"], one["end"]) for one in told)]
    return [
        (reference.periods.midnight(date.fromisoformat(str(first)), world.zone),
         reference.periods.midnight(date.fromisoformat(str(after)), world.zone))
        for first, after in days
    ]  # fmt: skip


def losses(world: World, kpi: Node, target: Fraction) -> dict[Cell, tuple[Fraction, Fraction]]:
    """Lost so far, and how many of those at the start may be lost."""
    found = {}
    for cell, said in retention.rows(world, kpi).items():
        assert said.value is not None
        found[cell] = said.n * (1 - said.value / 100), (1 - target) * said.n
    return found


def volumes(world: World, kpi: Node, target: Fraction) -> dict[Cell, tuple[Fraction, Fraction]]:
    """The period's own value, and what makes the target of the whole baseline."""
    steps = growth.steps(kpi["measure"]["growth"])
    found = {}
    for cell, said, reading in growth.own(world, kpi):
        over = replace(world, clock=max(world.clock, world.bounds(cell.period)[1]))
        base = growth.baseline(over, kpi, cell, reading)
        if base and said.value is not None:
            found[cell] = said.value, base * (1 + target) ** steps
    return found
