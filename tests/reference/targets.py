"""Targets: whose are in force, how they add up, and what is due of them by working time."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from schemas.catalogue.measures import Count, Difference, Mean, Ratio, Sum, SumOf
from schemas.catalogue.models import Catalogue, Direction, Kpi, Target
from tests.reference.credit import SCOPES, stretches
from tests.reference.hours import elapsed_s, worked_s
from tests.reference.measures import leaves
from tests.reference.periods import bounds, midnight, period_of


def with_target(
    catalogue: Catalogue, kpi: Kpi, first: datetime, clock: datetime, zone: ZoneInfo
) -> Iterator[tuple[str, str]]:
    """(subject, period) of every period up to the clock's in which a target is in force."""
    if not kpi.targets:
        return
    begins = [target.from_ for target in kpi.targets]
    moment = first if None in begins else midnight(min(day for day in begins if day is not None), zone)
    everyone = [
        *{row.id for row in catalogue.people}, *{team.id for team in catalogue.teams},
        *{team.department for team in catalogue.teams}, catalogue.tenant.id,
    ]  # fmt: skip
    while True:
        period, _, _ = period_of(kpi.period, moment, zone)
        start, end = bounds(period, zone)
        if start > clock:
            return
        for subject in everyone:
            if target_of(catalogue, kpi, subject, start, end, zone) is not None:
                yield subject, period
        moment = end


def scope_of(catalogue: Catalogue, subject: str) -> str:
    if subject == catalogue.tenant.id:
        return "org"
    if subject in {team.id for team in catalogue.teams}:
        return "team"
    return "department" if subject in {team.department for team in catalogue.teams} else "person"


def measure_class(kpi: Kpi) -> str:
    """The class of MEASURES section 3."""
    node = kpi.measure
    if isinstance(node, Ratio | Mean):
        return "quotient"
    if isinstance(node, Difference) or (
        isinstance(node, SumOf) and any(isinstance(p, Difference) for p in node.sum_of)
    ):
        return "difference"
    for leaf in leaves(node):
        if isinstance(leaf, Count) and leaf.distinct and any(
            leaf.distinct != (type_.split(".")[0] + "_id",) for type_ in leaf.count
        ):  # fmt: skip
            return "distinct"
    # "cost total" is a sum of money that should stay small; a count that should is still a count.
    is_total = isinstance(next(iter(leaves(node))), Sum)
    return "cost" if kpi.direction is Direction.DOWN and is_total else "sum"


def target_of(
    catalogue: Catalogue, kpi: Kpi, subject: str, start: datetime, end: datetime, zone: ZoneInfo
) -> Fraction | None:
    scope = scope_of(catalogue, subject)
    if SCOPES.index(scope) < SCOPES.index(kpi.scope) or not concerned(catalogue, kpi, scope, subject, start, end, zone):
        return None
    kind = measure_class(kpi)
    if kind == "quotient":
        for wanted in [scope, *SCOPES[: SCOPES.index(scope)][::-1]]:
            version = in_force(kpi, wanted, subject, end - timedelta(microseconds=1), zone)
            if version is not None:
                return Fraction(str(version.value))
        return None
    own = by_working_time(catalogue, kpi, scope, subject, start, end, (start, end), zone)
    if own is not None or kind not in ("sum", "difference"):
        return own
    departments = sorted({team.department for team in catalogue.teams})
    if scope == "org":
        return total(target_of(catalogue, kpi, name, start, end, zone) for name in departments)
    if scope == "department":
        teams = [team.id for team in catalogue.teams if team.department == subject]
        return total(target_of(catalogue, kpi, name, start, end, zone) for name in teams)
    if scope == "person" or kpi.scope != "person":
        return None
    return total(
        by_working_time(catalogue, kpi, "person", person, max(start, since), min(end, until), (start, end), zone)
        for person in sorted({row.id for row in catalogue.people})
        for since, until, team in stretches(catalogue, person, zone)
        if team == subject and since < end and until > start
    )


def total(parts: Iterable[Fraction | None]) -> Fraction | None:
    known = [part for part in parts if part is not None]
    return sum(known, Fraction()) if known else None


def concerned(
    catalogue: Catalogue, kpi: Kpi, scope: str, subject: str, start: datetime, end: datetime, zone: ZoneInfo
) -> bool:
    """Whether a subject has the KPI: `for`, and for persons that they are here in the period at all."""
    departments = {team.id: team.department for team in catalogue.teams}

    def named(team: str) -> bool:
        return kpi.for_ is None or team in kpi.for_ or departments[team] in kpi.for_

    if scope == "person":
        return any(named(t) for since, until, t in stretches(catalogue, subject, zone) if since < end and until > start)
    if scope == "team":
        return named(subject)
    if scope == "department" and kpi.for_ is not None:
        return any(named(team) for team, held in departments.items() if held == subject)
    return True


def in_force(kpi: Kpi, scope: str, subject: str, moment: datetime, zone: ZoneInfo) -> Target | None:
    """The narrowest version at a moment: for the subject itself, else per its kind."""
    for own in (True, False):
        for target in kpi.targets:
            fits = target.subject == subject if own else target.subject is None and (target.per or kpi.scope) == scope
            begins, ends = midnight(target.from_ or date.min, zone), midnight(target.to or date.max, zone)
            if fits and begins <= moment < ends:
                return target
    return None


def by_working_time(
    catalogue: Catalogue, kpi: Kpi, scope: str, subject: str, since: datetime, until: datetime,
    period: tuple[datetime, datetime], zone: ZoneInfo,
) -> Fraction | None:  # fmt: skip
    """Sum of T_i x W_i / W over [since, until); by the clock where the period has no working time."""
    edges = {since, until}
    for target in kpi.targets:
        for day in (target.from_, target.to):
            if day is not None and since < midnight(day, zone) < until:
                edges.add(midnight(day, zone))
    parts = [
        (Fraction(str(version.value)), left, right)
        for left, right in pairwise(sorted(edges))
        if (version := in_force(kpi, scope, subject, left, zone)) is not None
    ]
    if not parts:
        return None
    worked = worked_s if worked_s(catalogue, *period, zone) else elapsed_s
    whole = worked(catalogue, *period, zone)
    return sum(
        (value * Fraction(worked(catalogue, left, right, zone), whole) for value, left, right in parts), Fraction()
    )
