"""KPI value rows computed straight from the contract's sentences: slow, plain, and without a line of streams.core.

`rows(catalogue, events, until)` goes through all events for every KPI, subject and period, in exact fractions. It is
what the road, the replay and the worker are compared with. It knows no clock but the last event (or `until`), takes
calendars of `hours` and `overrides` only, and says nothing of pace, status or versions.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from schemas.catalogue.measures import Basis, Condition, Count, Difference, Mean, Measure, Quantity, Ratio, Sum, SumOf
from schemas.catalogue.models import Catalogue, Direction, Kpi, Period, Target

Event = Mapping[str, Any]
Identity = tuple[str, str]
SCOPES = ("person", "team", "department", "org")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SECONDS_IN = {"second": 1, "seconds": 1, "s": 1, "min": 60, "minute": 60, "minutes": 60, "h": 3600, "hour": 3600,
              "hours": 3600, "day": 86400, "days": 86400}  # fmt: skip
DURATIONS = {"duration_s", "hold_s", "after_work_s", "work_s", "wait_s"}


class Row(NamedTuple):
    """What the contract fixes of a row, whatever the clock."""

    value: float | None
    n: int
    target: float | None
    attainment: float | None
    start: str
    end: str


@dataclass
class Net:
    """An event that counts, after corrections and reversals."""

    type: str
    at: datetime
    data: Mapping[str, Any]
    identity: Identity
    whole: bool = False
    taken: int = 0


@dataclass
class Chain:
    """A root and what was done to it."""

    root: Event
    corrections: list[Event] = field(default_factory=list)
    reversals: list[Event] = field(default_factory=list)
    retracted: bool = False


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


# -- events


def at(event: Event) -> datetime:
    return datetime.fromisoformat(event["time"])


def identity(event: Event) -> Identity:
    return event["source"], event["id"]


def parent_of(event: Event) -> Identity | None:
    named = event["data"].get("supersedes")
    return (named["source"], named["id"]) if named else None


def unique(events: Iterable[Event]) -> list[Event]:
    seen: dict[Identity, Event] = {}
    for event in events:
        seen.setdefault(identity(event), event)
    return list(seen.values())


def net_facts(events: list[Event]) -> list[Net]:
    """DESIGN 4.1: the standing roots with their effective data, and the reversals that found a live sale."""
    known = {identity(event): event for event in events}
    chains = {
        identity(event): Chain(event)
        for event in events
        if parent_of(event) is None and event["type"] != "sale.reversed"
    }
    loose = {
        identity(event): event for event in events if parent_of(event) is None and event["type"] == "sale.reversed"
    }
    gone: set[Identity] = set()
    for event in events:
        path = path_to_root(event, known)
        if parent_of(event) is None or path is None or (roles := roles_along(path)) is None:
            continue
        chain = chains.get(identity(path[-1]))
        if roles[0] == "retraction":
            gone.add(identity(path[1]))
        elif chain is not None:
            (chain.corrections if roles[0] == "correction" else chain.reversals).append(event)
    live = [chain for key, chain in chains.items() if key not in gone]
    for key, event in loose.items():
        hit = [
            chain
            for chain in live
            if chain.root["type"] == "sale.closed"
            and chain.root["subject"] == event["subject"]
            and chain.root["data"]["sale_id"] == event["data"]["sale_id"]
        ]
        if key not in gone and len(hit) == 1:
            hit[0].reversals.append(event)
    return [fact for chain in live for fact in facts_of(chain, gone)]


def path_to_root(event: Event, known: Mapping[Identity, Event]) -> list[Event] | None:
    """The event, what it supersedes, and so on to the root; None where something is missing on the way."""
    path = [event]
    while (parent := parent_of(path[-1])) is not None:
        above = known.get(parent)
        if above is None or above["subject"] != event["subject"] or above in path:
            return None
        path.append(above)
    return path


def roles_along(path: list[Event]) -> list[str] | None:
    """The role of each event on a path; None where one may not stand where it does."""
    root = path[-1]
    roles = ["reversal" if root["type"] == "sale.reversed" else "root"]
    for event, above in zip(path[-2::-1], path[:0:-1], strict=True):
        kind = event["type"]
        if kind.endswith(".retracted"):
            if roles[0] == "retraction" or kind.removesuffix(".retracted") not in (above["type"], root["type"]):
                return None
            roles.insert(0, "retraction")
        elif roles[0] not in ("root", "correction"):
            return None
        elif kind == "sale.reversed" and root["type"] == "sale.closed":
            roles.insert(0, "reversal")
        elif kind == root["type"] or (kind == "sale.corrected" and root["type"] == "sale.closed"):
            roles.insert(0, "correction")
        else:
            return None
    return roles


def facts_of(chain: Chain, gone: set[Identity]) -> Iterator[Net]:
    corrections = [event for event in chain.corrections if identity(event) not in gone]
    reversals = [event for event in chain.reversals if identity(event) not in gone]
    effective = max(corrections, key=lambda event: (at(event), *identity(event)), default=chain.root)["data"]
    amounts = [event["data"].get("amount") for event in reversals]
    whole = None in amounts
    taken = 0 if whole else min(sum(amounts), max(effective.get("amount") or 0, 0))
    yield Net(chain.root["type"], at(chain.root), effective, identity(chain.root), whole, taken)
    for event in reversals:
        yield Net(event["type"], at(event), event["data"], identity(event))


# -- whom an event counts for


def subjects(catalogue: Catalogue, kpi: Kpi, fact: Net, zone: ZoneInfo) -> list[str]:
    data = fact.data
    owner = None
    if fact.type != "survey.esat.response":
        owner = data.get("owner") or data.get("person_id") or data.get("to_owner")
    departments = {team.id: team.department for team in catalogue.teams}
    team = team_of(catalogue, owner, fact.at, zone) if owner else None
    person = owner if team else None
    if team is None and data.get("team") in departments:
        team = data["team"]
    chain = (person, team, departments[team] if team else None, catalogue.tenant.id)
    return [subject for subject in chain[SCOPES.index(kpi.scope) :] if subject is not None]


def team_of(catalogue: Catalogue, person: str, moment: datetime, zone: ZoneInfo) -> str | None:
    for start, end, team in stretches(catalogue, person, zone):
        if start <= moment < end:
            return team
    return None


def stretches(catalogue: Catalogue, person: str, zone: ZoneInfo) -> list[tuple[datetime, datetime, str]]:
    held = sorted((row for row in catalogue.people if row.id == person), key=lambda row: row.from_ or date.min)
    result = []
    for row, following in zip(held, [*held[1:], None], strict=False):
        end = row.to or date.max
        if following is not None:
            end = min(end, following.from_ or date.min)
        if (row.from_ or date.min) < end:
            result.append((midnight(row.from_ or date.min, zone), midnight(end, zone), row.team))
    return result


# -- periods


@cache
def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a date: an hour later where the clock jumps over 00:00."""
    if day.year in (1, 9999):
        return datetime(day.year, 6, 1, tzinfo=UTC)
    instant = datetime.combine(day, time(), zone).astimezone(UTC) - timedelta(hours=3)
    while instant.astimezone(zone).date() < day:
        instant += timedelta(minutes=15)
    return instant


def period_of(grain: Period, moment: datetime, zone: ZoneInfo) -> tuple[str, date, date]:
    """Id, first date and first date after the period around a moment."""
    day = moment.astimezone(zone).date()
    if grain is Period.DAY:
        return day.isoformat(), day, day + timedelta(1)
    if grain is Period.WEEK:
        year, week, weekday = day.isocalendar()
        monday = day - timedelta(weekday - 1)
        return f"{year}-W{week:02d}", monday, monday + timedelta(7)
    if grain is Period.YEAR:
        return str(day.year), date(day.year, 1, 1), date(day.year + 1, 1, 1)
    months, name = (1, f"{day:%Y-%m}") if grain is Period.MONTH else (3, f"{day.year}-Q{(day.month + 2) // 3}")
    month = (day.month - 1) // months * months
    after = (month + months) // 12
    return name, date(day.year, month + 1, 1), date(day.year + after, (month + months) % 12 + 1, 1)


@cache
def bounds(period: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    grain, day = Period.YEAR, date(int(period[:4]), 1, 1)
    if "W" in period:
        grain, day = Period.WEEK, date.fromisocalendar(int(period[:4]), int(period[6:]), 1)
    elif "Q" in period:
        grain, day = Period.QUARTER, date(int(period[:4]), int(period[6:]) * 3, 1)
    elif len(period) > 4:
        grain = Period.MONTH if len(period) == 7 else Period.DAY
        day = date.fromisoformat(period if grain is Period.DAY else f"{period}-01")
    _, first, after = period_of(grain, datetime.combine(day, time(12), zone), zone)
    return midnight(first, zone), midnight(after, zone)


def text(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat()


# -- measures


def passes(condition: Condition, value: Any) -> bool:
    said = condition.model_dump(exclude_unset=True, by_alias=True)
    tests: dict[str, Callable[[Any], bool]] = {
        "eq": lambda wanted: value is not None and value == wanted,
        "ne": lambda wanted: value is None or value != wanted,
        "in": lambda wanted: value is not None and value in wanted,
        "ge": lambda wanted: value is not None and value >= wanted,
        "gt": lambda wanted: value is not None and value > wanted,
        "le": lambda wanted: value is not None and value <= wanted,
        "lt": lambda wanted: value is not None and value < wanted,
        "exists": lambda wanted: (value is not None) == wanted,
    }
    return all(tests[operator](wanted) for operator, wanted in said.items())


Leaf = Count | Sum | Mean


def leaves(node: Measure) -> list[Leaf]:
    if isinstance(node, SumOf):
        return [leaf for part in node.sum_of for leaf in leaves(part)]
    if isinstance(node, Difference):
        return leaves(node.difference.of) + leaves(node.difference.minus)
    if isinstance(node, Ratio):
        return leaves(node.ratio.of) + leaves(node.ratio.to)
    assert isinstance(node, Leaf), f"{type(node).__name__} has no reference yet"
    return [node]


def selected(leaf: Leaf, fact: Net) -> bool:
    """Whether a leaf reads an event: type, `where`, and the fields or the key that it needs."""
    types = leaf.count if isinstance(leaf, Count) else leaf.of
    if fact.type not in types or not all(passes(c, fact.data.get(name)) for name, c in leaf.where.items()):
        return False
    if isinstance(leaf, Count):
        return leaf.distinct is None or key(fact, leaf.distinct) is not None
    fields = (leaf.sum,) if isinstance(leaf, Sum) else leaf.mean
    return any(fact.data.get(name) is not None for name in fields)


def takes_part(measure: Measure, fact: Net) -> bool:
    return any(selected(leaf, fact) for leaf in leaves(measure))


def key(fact: Net, names: Sequence[str]) -> tuple[Any, ...] | None:
    parts = tuple(fact.data.get(name) for name in names)
    return None if None in parts else parts


def counts(leaf: Leaf, fact: Net) -> bool:
    """Whether an event that the leaf reads stands behind its value."""
    basis = Basis.NET if isinstance(leaf, Mean) else leaf.basis
    if basis is Basis.GROSS:
        return True
    if basis is Basis.NET:
        return not fact.whole
    return fact.whole or (isinstance(leaf, Sum) and leaf.sum == "amount" and fact.taken > 0)


def amount(fact: Net, name: str, basis: Basis) -> Fraction:
    gross = Fraction(str(fact.data.get(name) or 0))
    reversed_ = gross if fact.whole else Fraction(fact.taken if name == "amount" else 0)
    return {Basis.GROSS: gross, Basis.REVERSED: reversed_, Basis.NET: gross - reversed_}[basis]


def quantity(node: Quantity, facts: list[Net]) -> Fraction:
    if isinstance(node, SumOf):
        return sum((quantity(part, facts) for part in node.sum_of), Fraction())
    if isinstance(node, Difference):
        return quantity(node.difference.of, facts) - quantity(node.difference.minus, facts)
    assert isinstance(node, Leaf), f"{type(node).__name__} has no reference yet"
    read = [fact for fact in facts if selected(node, fact)]
    if isinstance(node, Sum):
        return sum((amount(fact, node.sum, node.basis) for fact in read), Fraction())
    standing = [fact for fact in read if counts(node, fact)]
    return Fraction(len(standing) if node.distinct is None else len({key(fact, node.distinct) for fact in standing}))


def value_of(kpi: Kpi, facts: list[Net]) -> tuple[Fraction | None, int]:
    """Value in the KPI's unit, and n."""
    measure = kpi.measure
    if isinstance(measure, Mean):
        read = [fact for fact in facts if selected(measure, fact) and counts(measure, fact)]
        total = sum((amount(fact, name, Basis.NET) for fact in read for name in measure.mean), Fraction())
        entities = {key(fact, measure.per or ()) or fact.identity for fact in read}
        n = len(entities)
        value = total / n if n else None
        return (value / in_unit(kpi, set(measure.mean)) if value is not None else None), n
    if isinstance(measure, Ratio):
        of, to = quantity(measure.ratio.of, facts), quantity(measure.ratio.to, facts)
        factor = 100 if kpi.unit == "%" else 1
        return (of / to * factor if to else None), behind(measure.ratio.to, facts)
    assert isinstance(measure, Count | Sum | SumOf | Difference), f"{type(measure).__name__} has no reference yet"
    sums = {leaf.sum for leaf in leaves(measure) if isinstance(leaf, Sum)}
    return quantity(measure, facts) / in_unit(kpi, sums), behind(measure, facts)


def in_unit(kpi: Kpi, fields: set[str]) -> int:
    return SECONDS_IN.get(kpi.unit, 1) if fields and fields <= DURATIONS else 1


def behind(node: Quantity, facts: list[Net]) -> int:
    """Events and entities behind a quantity."""
    plain_events, entities = set(), 0
    for leaf in leaves(node):
        standing = [fact for fact in facts if selected(leaf, fact) and counts(leaf, fact)]
        if isinstance(leaf, Count) and leaf.distinct is not None:
            entities += len({key(fact, leaf.distinct) for fact in standing})
        else:
            plain_events |= {(fact.type, fact.identity) for fact in standing}
    return len(plain_events) + entities


# -- targets


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


def elapsed_s(catalogue: Catalogue, start: datetime, end: datetime, zone: ZoneInfo) -> int:
    return int((end - start).total_seconds())


def worked_s(catalogue: Catalogue, start: datetime, end: datetime, zone: ZoneInfo) -> int:
    """Open seconds of the tenant's calendar, span by span."""
    total_s, day = 0, start.astimezone(zone).date() - timedelta(1)
    while midnight(day, zone) < end:
        for opens, closes in spans(catalogue, day):
            left, right = wall(day, opens, zone), wall(day, closes, zone)
            total_s += max(0, int((min(right, end) - max(left, start)).total_seconds()))
        day += timedelta(1)
    return total_s


@cache
def wall(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(
        day + timedelta(minutes // 1440), time(minutes % 1440 // 60, minutes % 60), zone
    ).astimezone(UTC)


def spans(catalogue: Catalogue, day: date) -> list[tuple[int, int]]:
    said = catalogue.calendar.overrides.get(day)
    if said is None:
        said = ()
        for days, given in (catalogue.calendar.hours or {}).items():
            first, _, last = days.partition("-")
            if WEEKDAYS.index(first) <= day.weekday() <= WEEKDAYS.index(last or first):
                said = given
    if said == "closed":
        return []
    return [(minute(span[:5]), minute(span[6:])) for span in said]


def minute(reading: str) -> int:
    return int(reading[:2]) * 60 + int(reading[3:])
