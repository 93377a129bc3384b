"""KPI value rows computed straight from the contract's sentences: slow, plain, and without a line of streams.core.

`rows(catalogue, events, until)` goes through all events for every KPI, subject and period, in exact fractions. It is
what the road, the replay and the worker are compared with. It knows no clock but the last event (or `until`), takes
calendars of `hours` and `overrides` only, and says nothing of pace, status or versions.
"""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.catalogue.models import Catalogue, Direction, Kpi
from tests.reference.credit import subjects
from tests.reference.events import Event, Net, at, net_facts, unique
from tests.reference.measures import takes_part, value_of
from tests.reference.periods import bounds, period_of, text
from tests.reference.targets import target_of, with_target


class Row(NamedTuple):
    """What the contract fixes of a row, whatever the clock."""

    value: float | None
    n: int
    target: float | None
    attainment: float | None
    start: str
    end: str


def rows(catalogue: Catalogue, events: Sequence[Event], until: datetime | None = None) -> dict[tuple[str, ...], Row]:
    """Rows by (kpi, subject, period)."""
    zone = ZoneInfo(catalogue.tenant.timezone)
    events = sorted((event for event in events if until is None or at(event) <= until), key=at)
    clock = until or max(map(at, events), default=None)
    if clock is None:
        return {}
    first = min(map(at, events), default=clock)
    facts = net_facts(unique(events))
    found: dict[tuple[str, ...], Row] = {}
    for kpi in catalogue.kpis:
        cells: dict[tuple[str, str], list[Net]] = {}
        for fact in facts:
            if takes_part(kpi.measure, fact):
                for subject in subjects(catalogue, kpi, fact, zone):
                    cells.setdefault((subject, period_of(kpi.period, fact.at, zone)[0]), []).append(fact)
        for subject, period in with_target(catalogue, kpi, first, clock, zone):
            cells.setdefault((subject, period), [])
        for (subject, period), inside in cells.items():
            start, end = bounds(period, zone)
            value, n = value_of(kpi, inside)
            if kpi.anonymous is not None:
                value = None  # shown only once closed: not the reference's business
            target = target_of(catalogue, kpi, subject, start, end, zone)
            found[kpi.id, subject, period] = Row(
                plain(value), n, plain(target), attainment(kpi, value, target), text(start, zone), text(end, zone)
            )
    return found


def plain(exact: Fraction | None) -> float | None:
    return None if exact is None else float(exact)


def attainment(kpi: Kpi, value: Fraction | None, target: Fraction | None) -> float | None:
    if value is None or target is None or kpi.direction is Direction.BAND:
        return None
    over, under = (value, target) if kpi.direction is Direction.UP else (target, value)
    return float(over / under) if under else None
