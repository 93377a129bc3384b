"""A tenant's history as every measure reads it: events after corrections, merged leads as one, and whom each credits.

Corrections, reversals, credit and periods are those of tests/reference. A catalogue is a plain dict as in YAML.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property
from types import SimpleNamespace
from typing import Any, NamedTuple, cast
from zoneinfo import ZoneInfo

from schemas.catalogue.models import Catalogue, Kpi, Period
from tests import reference
from tests.reference.events import Event, Net
from tests.reference_measures import merges

Node = Mapping[str, Any]
Order = tuple[datetime, str, str]
DAY = timedelta(hours=24)


class Cell(NamedTuple):
    """One row's name. `series` is the value of the KPI's `by` field, None for the whole."""

    subject: str
    period: str
    series: str | None = None


class Said(NamedTuple):
    """What the contract fixes of a row. `within` is the relative error that it allows."""

    value: Fraction | None
    n: int
    within: float = 0.0


Rows = dict[Cell, Said]


def order(fact: Net) -> Order:
    return fact.at, *fact.identity


@dataclass(frozen=True)
class World:
    """Everything known at `clock`."""

    catalogue: Node
    company: Catalogue  # without its KPIs: for the reference's rules of people and periods
    facts: Sequence[Net]  # in order of (time, source, id)
    subject_of: Mapping[reference.events.Identity, str]
    joined: frozenset[str]  # leads that a merge made one of several
    clock: datetime
    first: datetime

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.company.tenant.timezone)

    def subjects(self, scope: str, fact: Net) -> list[str]:
        return reference.credit.subjects(self.company, cast(Kpi, SimpleNamespace(scope=scope)), fact, self.zone)

    def period(self, kpi: Node, moment: datetime) -> str:
        return reference.periods.period_of(Period(kpi["period"]), moment, self.zone)[0]

    def bounds(self, period: str) -> tuple[datetime, datetime]:
        return reference.periods.bounds(period, self.zone)

    def periods_since(self, kpi: Node, moment: datetime) -> Iterator[str]:
        """Ids of the periods from the one around a moment up to the clock's."""
        while moment <= self.clock:
            period = self.period(kpi, moment)
            yield period
            moment = self.bounds(period)[1]

    def select(self, select: Any, key: Any = None) -> list[Net]:
        """Facts of a SELECT, in order; with a key only those that have all of it."""
        types, where = (select["of"], select.get("where", {})) if isinstance(select, Mapping) else (select, {})
        return [
            fact
            for fact in self.facts
            if fact.type in listed(types)
            and passes(where, fact.data)
            and (key is None or key_of(fact, key) is not None)
        ]

    def credited(self, kpi: Node, fact: Net, moment: datetime, series: Net | None = None) -> Iterator[Cell]:
        """The cells of the period around a moment for everybody a fact credits, whole and series."""
        named = self.series(kpi, series or fact)
        for subject in self.subjects(kpi["scope"], fact):
            yield Cell(subject, self.period(kpi, moment))
            if named is not None:
                yield Cell(subject, self.period(kpi, moment), named)

    def series(self, kpi: Node, fact: Net) -> str | None:
        """The series that a fact names, None where the KPI has none or the fact lacks its field."""
        value = fact.data.get(kpi["by"]) if "by" in kpi else None
        return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def world(catalogue: Node, events: Sequence[Event], until: datetime | None = None) -> World | None:
    """None where there is no event and no clock."""
    known = sorted(
        (event for event in events if until is None or reference.events.at(event) <= until), key=reference.events.at
    )
    clock = until or max(map(reference.events.at, known), default=None)
    if clock is None:
        return None
    facts = sorted(reference.events.net_facts(reference.events.unique(known)), key=order)
    lead, joined = merges.followed([fact for fact in facts if fact.type == "lead.merged"])
    facts = [one_lead(fact, lead) for fact in worked(facts)]
    company = Catalogue.model_validate({**catalogue, "kpis": []})
    subject_of = {reference.events.identity(event): event["subject"] for event in reversed(known)}
    first = min(map(reference.events.at, known), default=clock)
    return World(catalogue, company, facts, subject_of, joined, clock, first)


def one_lead(fact: Net, lead: Callable[[str], str]) -> Net:
    if "lead_id" not in fact.data or fact.type == "lead.merged":
        return fact
    return replace(fact, data={**fact.data, "lead_id": lead(fact.data["lead_id"])})


def worked(facts: list[Net]) -> list[Net]:
    """C5k: absent `work_s` = wall time since that owner's matching start (the latest since their end before)."""
    started: dict[tuple[Any, Any], datetime] = {}
    result = []
    for fact in facts:
        who = fact.data.get("owner"), fact.data.get("ticket_id")
        if fact.type == "ticket.work_started":
            started[who] = fact.at
        elif fact.type == "ticket.work_ended":
            since = started.pop(who, None)
            if fact.data.get("work_s") is None and since is not None:
                fact = replace(fact, data={**fact.data, "work_s": seconds(fact.at - since)})
        result.append(fact)
    return result


def listed(names: Any) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def key_of(fact: Net, names: Any) -> tuple[Any, ...] | None:
    return reference.measures.key(fact, listed(names))


def passes(where: Mapping[str, Node], data: Mapping[str, Any]) -> bool:
    tests: dict[str, Callable[[Any, Any], bool]] = {
        "eq": lambda value, wanted: value is not None and value == wanted,
        "ne": lambda value, wanted: value is None or value != wanted,
        "in": lambda value, wanted: value is not None and value in wanted,
        "ge": lambda value, wanted: value is not None and value >= wanted,
        "gt": lambda value, wanted: value is not None and value > wanted,
        "le": lambda value, wanted: value is not None and value <= wanted,
        "lt": lambda value, wanted: value is not None and value < wanted,
        "exists": lambda value, wanted: (value is not None) == wanted,
    }
    return all(
        tests[operator](data.get(field), wanted)
        for field, condition in where.items()
        for operator, wanted in condition.items()
    )


def seconds(span: timedelta) -> Fraction:
    return Fraction(span // timedelta(microseconds=1), 1_000_000)


def duration(text: str) -> timedelta:
    """`30min`, `4h`, `60d`, `2w`: a day is 24 hours."""
    number, unit = re.fullmatch(r"(\d+) ?([a-z]+)", text).groups()  # type: ignore[union-attr]
    return int(number) * {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": DAY, "w": 7 * DAY}[unit[0]]


def grouped(pairs: Iterable[tuple[Cell, Any]]) -> dict[Cell, list[Any]]:
    cells: dict[Cell, list[Any]] = {}
    for cell, item in pairs:
        cells.setdefault(cell, []).append(item)
    return cells


def order_statistic(numbers: Iterable[Fraction], q: float) -> Fraction:
    """The number at rank ceil(q n)."""
    ranked = sorted(numbers)
    rank = -(-Fraction(str(q)) * len(ranked) // 1)
    return ranked[max(int(rank), 1) - 1]
