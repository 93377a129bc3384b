"""What the faults happen to: event files in the order of their arrival, their catalogues, and what replay says of them.

Three files. `mixed` is that of tests/kafka (repeats, late arrivals, corrections, reversals, retractions), with journeys
over days woven into it. `poisoned` has a bad line in every chunk. `two_years` is a backfill of last year's events woven
into recent ones. In all of them a small team is watched whose events arrive in the order of their times: what is told
of its one KPI must be exactly what `kpi replay` tells, whatever happens to the worker meanwhile.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from schemas.events.reasons import Reason
from tests.chaos.journeys import journey_events, journey_kpis
from tests.kafka.mixed_events import TEMPLATES, Json, Mixed, bad_lines, mixed, write_tenant
from tests.kafka.product import Row, now

WATCHED = "WATCHED"
WATCHERS = [f"watch.{number}" for number in range(4)]
WEEKS = 6
JOURNEYS_EVERY = 8
"""One event in so many is a step of a journey."""
POISON_EVERY = 25
"""One line in so many is bad: a chunk of 500 records holds about twenty."""
YEAR = timedelta(days=365)
Replay = tuple[dict[bytes, Row], list[Row]]
"""Value rows by their key on kpi.values, and alerts."""


@dataclass(frozen=True)
class Company:
    """An event file, the catalogue it is about, and what must become of it."""

    path: Path
    catalogue: Sequence[Path]
    events: int
    refused: Counter[str] = field(default_factory=Counter)
    """Lines that must become dead letters, by reason."""
    repeated: int = 0
    horizon_days: int = 100
    ordered: bool = True
    """Whether the watched team's alerts are those of the replay: a backlog that is judged at its own time."""


def few_hours_ago() -> datetime:
    """A whole hour some way back: no event is in the future, and all are within the horizon."""
    return now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)


def mixed_company(folder: Path, count: int, seed: int, quiet: bool = False) -> Company:
    """Everything that an ordinary day brings."""
    end = few_hours_ago()
    return _written(folder, _ordinary(count, seed, end), end, quiet)


def poisoned_company(folder: Path, count: int, seed: int, quiet: bool = False) -> Company:
    """The same with a bad line in every chunk of every partition, of every kind in turn."""
    end = few_hours_ago()
    events, dice = _ordinary(count - count // POISON_EVERY, seed, end), Random(seed)
    kinds = _poisons(end)
    for number in range(count // POISON_EVERY):
        line, reason = next(kinds)(number)
        place = min(len(events.lines), number * (POISON_EVERY + 1) + dice.randrange(POISON_EVERY))
        events.lines.insert(place, line)
        events.arrived_s.insert(place, events.arrived_s[max(0, place - 1)])
        events.refused[reason] += 1
    return _written(folder, events, end, quiet)


def two_years_company(folder: Path, count: int, seed: int, quiet: bool = False) -> Company:
    """Last year's events and this year's, woven into each other; a horizon that holds both."""
    end = few_hours_ago()
    old, recent = _ordinary(count // 2, seed, end - YEAR, "old-"), _ordinary(count - count // 2, seed + 1, end)
    both = Mixed(refused=old.refused + recent.refused, kinds=old.kinds + recent.kinds)
    shift_s = YEAR.total_seconds()
    arrivals = [(at_s + shift_s, line) for at_s, line in zip(old.arrived_s, old.lines, strict=True)]
    arrivals += zip(recent.arrived_s, recent.lines, strict=True)
    arrivals.sort(key=lambda arrival: arrival[0])
    both.lines, both.arrived_s = [line for _, line in arrivals], [at_s for at_s, _ in arrivals]
    return _written(folder, both, end, quiet, horizon_days=500, ordered=False)


def _ordinary(count: int, seed: int, end: datetime, prefix: str = "") -> Mixed:
    """The mixed events, and journeys among them."""
    steps = count // JOURNEYS_EVERY
    events = mixed(count - steps, seed, end, prefix)
    arrivals = [*zip(events.arrived_s, events.lines, strict=True), *journey_events(steps, seed, end, prefix)]
    arrivals.sort()
    events.arrived_s, events.lines = [at_s for at_s, _ in arrivals], [line for _, line in arrivals]
    return events


def live_event(number: int) -> Json:
    """Something that happens now."""
    data = {"owner": f"hn-1.{number % 5}"}
    return _envelope(f"live-{number}", "meeting.held", f"live-meeting-{number}", now(), data)


def _written(
    folder: Path, events: Mixed, end: datetime, quiet: bool, horizon_days: int = 100, ordered: bool = True
) -> Company:
    """Files of a company, with the watched team's events among the others, each at its own time."""
    folder.mkdir(parents=True, exist_ok=True)
    write_tenant(folder / "tenant.yaml", end)
    first = _monday(end) - timedelta(weeks=WEEKS)
    kpis = {"version": 1, "kpis": [_watched_kpi(first), *journey_kpis()]}
    (folder / "kpis.yaml").write_text(json.dumps(kpis, indent=1))
    _add_watchers(folder / "tenant.yaml")
    arrivals = list(zip(events.arrived_s, range(len(events.lines)), events.lines, strict=True))
    arrivals += [(at.timestamp(), -1, json.dumps(event).encode()) for at, event in _watched_events(first)]
    arrivals.sort(key=lambda arrival: arrival[:2])
    path = folder / "events.jsonl"
    path.write_bytes(b"".join(line + b"\n" for _, _, line in arrivals))
    return Company(
        path,
        [_quiet_templates(folder) if quiet else TEMPLATES, folder / "tenant.yaml", folder / "kpis.yaml"],
        len(arrivals),
        events.refused,
        events.kinds["repeated"],
        horizon_days,
        ordered,
    )


def _quiet_templates(folder: Path) -> Path:
    """The shipped KPIs without goals to miss: only the watched team has alerts, and so a run is over sooner."""
    quiet = folder / "templates"
    quiet.mkdir()
    for template in TEMPLATES.glob("*.yaml"):
        text = re.sub(r"^ +targets: .*\n", "", template.read_text(), flags=re.MULTILINE)
        (quiet / template.name).write_text(re.sub(r"kind: (leading|lagging)", "kind: metric", text))
    return quiet


# -- the watched team


def _monday(end: datetime) -> datetime:
    """The last Monday, 00:00 in the tenant's zone (UTC+7), that is over by a day at least."""
    local = end + timedelta(hours=7) - timedelta(days=1)
    monday = local - timedelta(days=local.weekday())
    return monday.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(hours=7)


def _watched_kpi(first: datetime) -> Json:
    """A weekly KPI whose target ends with the last whole week: no alert of it is open when the backlog is read."""
    begins, ends = ((first + timedelta(hours=7, weeks=weeks)).date().isoformat() for weeks in (0, WEEKS))
    return {
        "id": WATCHED,
        "title": {"vi": "Số lần hỗ trợ", "en": "Interventions"},
        "kind": "leading",
        "unit": "interventions",
        "scope": "person",
        "for": ["watch-1"],
        "period": "week",
        "measure": {"count": "intervention.logged"},
        "targets": [{"value": 20, "per": "person", "from": begins, "to": ends}],
        "roles": {"accountable": "subject"},
    }


def _add_watchers(tenant: Path) -> None:
    written = json.loads(tenant.read_text())
    written["teams"].append({"id": "watch-1", "department": "sales"})
    written["people"] += [{"id": person, "team": "watch-1"} for person in WATCHERS]
    tenant.write_text(json.dumps(written, indent=1))


def _watched_events(first: datetime) -> Iterator[tuple[datetime, Json]]:
    """Four a day for each person, in order, but for days on which somebody is silent."""
    dice = Random(1)
    for day in range(7 * WEEKS):
        if day % 7 > 4:
            continue
        silent = {person for person in WATCHERS if dice.random() < 0.35}
        for number in range(4):
            for place, person in enumerate(WATCHERS):
                at = first + timedelta(days=day, hours=8.5, minutes=50 * number + 3 * place)
                if person not in silent:
                    data = {"owner": person, "kpi": "S1", "subject": person, "kind": "coach", "by": "binh"}
                    name = f"watch-{day}-{number}-{place}"
                    yield at, _envelope(name, "intervention.logged", name, at, data)


# -- poison


def _poisons(end: datetime) -> Iterator[Callable[[int], tuple[bytes, Reason]]]:
    """Makers of bad lines, for ever in turn; each line has a subject of its own, so that all partitions get some."""

    def of_kind(kind: int) -> Callable[[int], tuple[bytes, Reason]]:
        def made(number: int) -> tuple[bytes, Reason]:
            data = {"owner": "hn-1.1"}
            good = _envelope(f"bad-{number}", "meeting.held", f"bad-{number}", end, data)
            if kind == 8:
                later = (now() + timedelta(days=3)).isoformat()
                return json.dumps({**good, "time": later}).encode(), Reason.FUTURE_TIME
            return bad_lines(good)[kind]

        return made

    while True:
        yield from map(of_kind, range(9))


def _envelope(name: str, type_: str, subject: str, at: datetime, data: Json) -> Json:
    return {
        "specversion": "1.0",
        "id": name,
        "source": "chaos",
        "type": type_,
        "time": at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "subject": subject,
        "data": data,
    }
