"""`attainment`: the share of persons who reach their KPIs, from the rows that tests/reference computes of them.

Only KPIs that tests/reference knows are scored. Nobody is flagged here. A period counts once it has ended.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from schemas.catalogue.models import Catalogue
from tests import reference
from tests.reference import Row
from tests.reference.events import Event
from tests.reference_measures import pace
from tests.reference_measures.world import Cell, Node, Rows, Said, World, grouped

Scored = tuple[Fraction, Fraction]  # weight, attainment after the gate


def rows(world: World, kpi: Node, events: Sequence[Event]) -> Rows:
    spec = kpi["measure"]["attainment"]
    scored = [other for other in world.catalogue["kpis"] if counts(other, kpi, spec)]
    simple = [other for other in world.catalogue["kpis"] if not known_only_here(other["measure"])]
    known = reference.rows(
        Catalogue.model_validate({**world.catalogue, "kpis": simple}), list(events), until=world.clock
    )
    hits: list[tuple[Cell, bool]] = []
    for period in world.periods_since(kpi, world.first):
        start, end = world.bounds(period)
        for person in sorted({row.id for row in world.company.people}):
            team = reference.credit.team_of(world.company, person, end - timedelta(microseconds=1), world.zone)
            parts = [part for other in scored for part in scores(world, other, known, person, (start, end), spec)]
            if team is not None and parts:
                hit = reached(parts, spec)
                hits += [(Cell(subject, period), hit) for subject in above(world, kpi, person, team)]
    return {cell: Said(Fraction(100 * sum(hit), len(hit)), len(hit)) for cell, hit in grouped(hits).items()}


def known_only_here(measure: Node) -> bool:
    return not measure.keys() & {"count", "sum", "mean", "sum_of", "difference", "ratio"}


def counts(other: Node, own: Node, spec: Node) -> bool:
    """Whether a KPI stands in a person's score."""
    named = spec.get("kpis", "all")
    return (
        other["id"] != own["id"]
        and other["kind"] != "metric"
        and other["scope"] == "person"
        and (named == "all" or other["id"] in named)
    )


def scores(
    world: World, other: Node, known: Mapping[tuple[str, ...], Row], person: str,
    inside: tuple[datetime, datetime], spec: Node,
) -> list[Scored]:  # fmt: skip
    """One part for each of a KPI's periods that end inside, its weight split evenly over them."""
    ended = [
        period
        for period in world.periods_since(other, inside[0] - timedelta(microseconds=1))
        if inside[0] < world.bounds(period)[1] <= min(inside[1], world.clock)
    ]
    weight = Fraction(str(other.get("weight", 1)))
    parts = []
    for period in ended:
        row = known.get((other["id"], person, period))
        if row is not None and row.attainment is not None and is_asked(world, other, person, period):
            gate = 0 if is_red(guardrail(world, other, known, person, world.bounds(period)[1])) else 1
            parts.append((weight / len(ended), exact(row.attainment) * gate))
    return parts


def is_asked(world: World, other: Node, person: str, period: str) -> bool:
    """A total asks nothing of somebody for a period without working time of theirs; a ratio or mean is what it is."""
    return bool(other["measure"].keys() & {"mean", "ratio"}) or pace.worked(world, person, *world.bounds(period)) > 0


def guardrail(
    world: World, other: Node, known: Mapping[tuple[str, ...], Row], person: str, end: datetime
) -> Row | None:
    """The row of the guardrail's period that holds the last instant, once that is over and asks for something."""
    found = [kpi for kpi in world.catalogue["kpis"] if kpi["id"] == other.get("guardrail")]
    periods = [world.period(kpi, end - timedelta(microseconds=1)) for kpi in found]
    over = [period for period in periods if world.bounds(period)[1] <= world.clock]
    if not over or not is_asked(world, found[0], person, over[0]):
        return None
    return known.get((found[0]["id"], person, over[0]))


def exact(attainment: float) -> Fraction:
    """The quotient of small numbers that a float stood for."""
    return Fraction(attainment).limit_denominator(10**6)


def is_red(guardrail: Row | None) -> bool:
    """Missed: of an ended period there is nothing else to be."""
    return guardrail is not None and guardrail.attainment is not None and exact(guardrail.attainment) < 1


def reached(parts: list[Scored], spec: Node) -> bool:
    goal = Fraction(str(spec.get("at", 1.0)))
    if spec.get("by", "score") == "every":
        return all(attained >= goal for _, attained in parts)
    cap = Fraction(str(spec.get("cap", 1.2)))
    return sum(weight * min(attained, cap) for weight, attained in parts) / sum(weight for weight, _ in parts) >= goal


def above(world: World, kpi: Node, person: str, team: str) -> list[str]:
    """A person's own row, where the KPI has such, and those of the team held at the period's end and above it."""
    department = next(known.department for known in world.company.teams if known.id == team)
    chain: list[Any] = [person, team, department, world.company.tenant.id]
    return chain[reference.credit.SCOPES.index(kpi["scope"]) :]
