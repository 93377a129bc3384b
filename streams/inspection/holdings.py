"""What the rows of a partition hold of a KPI and subject or series, decoded by the classes that stages read them with.

Vectors of OBSERVE and counts of LINK are brought into the shape in which JUDGE keeps what it hears of them, so that one
reading serves all three. Of an anonymous KPI only events are told: what is hidden on kpi.values is hidden here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.alerts import AlertClass, Severity, Transition
from streams.core import cells
from streams.core.accumulators import sparse
from streams.core.alerting.lifecycle import AlertState
from streams.core.align import SOURCE, Alignment
from streams.core.baselines import Baselines
from streams.core.detectors.anomaly import AnomalyState
from streams.core.explain.leaves import unit_of, what
from streams.core.frames import integers
from streams.core.hours import PANE, Hours
from streams.core.journeys.contract import POOL
from streams.core.judge import SHAPE
from streams.core.measures.leaves import SumLeaf
from streams.core.measures.plan import FACTS_SLOT
from streams.core.observe import NEVER_US
from streams.core.partials import CELL, KEYS, Partials
from streams.core.progress import META
from streams.core.relayout import rearrange, shape_of
from streams.core.rows import Rows
from streams.core.totals import TOTAL
from streams.core.value_rows import ROW
from streams.core.watch import ALERT, BASELINE
from streams.inspection.asked import Asked

OTHER_CATALOGUE = "its vectors are those of another catalogue; a worker with this one takes them over at its start"
ALONE = "o"
"""The one source of a partition of OBSERVE or LINK in the shape of JUDGE's rows."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One slot of a vector by its name: `integer` counts in 1 / `scale` of the unit."""

    what: str
    integer: int
    scale: int
    unit: str


@dataclass(frozen=True, slots=True)
class Holding:
    """What is known of one period; `events` take part, `n` are behind the value. LINK knows of keys alone."""

    period: str
    events: int | None
    n: int | None
    value: int | float | None
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True, slots=True)
class Activity:
    """The hours that are kept: their events, the start of the first, and the last event that still counts."""

    events: int
    first_us: int
    last_us: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """Of one partition of OBSERVE or LINK. `clock_us` is its watermark, or how far all sources have reported."""

    clock_us: int | None = None
    note: str | None = None
    periods: tuple[Holding, ...] = ()
    hours: Activity | None = None


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A value row: version 0 is open and has no value of its own, a closed one what was published with its version."""

    period: str
    version: int
    value: int | float | None
    n: int


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert that is pending or firing."""

    cls: AlertClass
    period: str
    state: Transition
    since_us: int
    severity: Severity


@dataclass(frozen=True, slots=True)
class Baseline:
    """The hourly baseline: full working hours and events learned from, hours judged, and the hour that comes next."""

    hours: float
    events: float
    judged: int
    next_us: int


@dataclass(frozen=True, slots=True)
class Judged:
    """Of the subject's partition of JUDGE. `sources` is how far each partition before it has reported, `waiting` the
    slices that wait for the slowest of them."""

    clock_us: int | None
    sources: Mapping[str, int | None]
    waiting: int
    periods: tuple[Holding, ...] = ()
    hours: Activity | None = None
    rows: tuple[StoredRow, ...] = ()
    alerts: tuple[OpenAlert, ...] = ()
    baseline: Baseline | None = None


def observed(asked: Asked, stored: Mapping[bytes, bytes]) -> Held:
    """What a partition of OBSERVE has counted."""
    rows = _loaded(asked, stored)
    meta: dict[str, Any] | None = rows.get((META,))
    if meta is None:
        return Held()
    if meta["fingerprint"] != asked.spec.observe.fingerprint:
        return Held(meta["watermark_us"], OTHER_CATALOGUE)
    heard = Rows()
    for table in (CELL, PANE):
        for key, vector in rows.items(table):
            heard.put(key, {ALONE: integers(vector)})
    for key, references in rows.items(cells.REFERENCE):
        _, kpi, leaf, subject, window, _ = key
        if (kpi, subject) == (asked.kpi, asked.name) and references > 0:
            name = (KEYS, kpi, subject, window)
            counts = (heard.get(name) or {ALONE: [{} for _ in range(asked.plan.linked)]})[ALONE]
            sparse.add(counts[int(leaf)], {0: 1})
            heard.put(name, {ALONE: counts})
    return Held(meta["watermark_us"], None, *_heard(asked, heard, Partials(heard, asked.spec.layout)))


def linked(asked: Asked, stored: Mapping[bytes, bytes]) -> Held:
    """How many distinct keys a partition of LINK has counted."""
    rows = _loaded(asked, stored)
    alignment = _alignment(rows, [source for source in asked.spec.sources if source.startswith("o")])
    heard, leaves = Rows(), asked.plan.linked
    for key, vectors in rows.items(TOTAL):
        heard.put((KEYS, *key[1:]), {ALONE: [*vectors, *[{}] * leaves][:leaves]})
    partials = Partials(heard, asked.spec.layout)
    periods = tuple(
        Holding(period, None, None, None, () if asked.is_anonymous else _keys(asked, partials, period))
        for period in _periods(asked, heard)
    )
    return Held(alignment.clock_us, None, periods)


def judged(asked: Asked, stored: Mapping[bytes, bytes]) -> Judged:
    """What the subject's partition of JUDGE has merged, published and found. Rows of another catalogue are moved to the
    slots of this one, as the worker does at its start."""
    rows, spec = _loaded(asked, stored), asked.spec
    alignment = _alignment(rows, spec.sources)
    shape = rows.get(SHAPE)
    if shape is not None and shape != shape_of(spec.layout):
        rearrange(rows, shape, spec.layout, spec.fits)
    clock_us = alignment.clock_us or 0
    partials = Partials(rows, spec.layout, spec.windows, lambda: clock_us)
    partials.ready()
    partials.grown = Baselines(spec.bases, partials, spec.windows, spec.calendars.tenant, lambda: clock_us)
    periods, hours = _heard(asked, rows, partials)
    name = (asked.kpi, asked.name)
    alerts = [(key[3], *row) for key, row in rows.items(ALERT) if key[1:3] == name]
    found = ((AlertClass(str(cls)), period, AlertState.load(row)) for cls, period, row in alerts)
    return Judged(
        clock_us=alignment.clock_us,
        sources=dict(alignment.clocks),
        waiting=alignment.held,
        periods=periods,
        hours=hours,
        rows=tuple(_stored_rows(asked, rows)),
        alerts=tuple(
            OpenAlert(cls, period, state.transition, state.since_us, state.severity) for cls, period, state in found
        ),
        baseline=_baseline(rows.get((BASELINE, *name))),
    )


def _loaded(asked: Asked, stored: Mapping[bytes, bytes]) -> Rows:
    """The rows that may be about the subject, and those of the partition itself or of a KPI for everybody. A key holds
    its names as they are in UTF-8, so the million others are passed over without decoding."""
    names = (asked.subject.encode(), META.encode(), SOURCE.encode(), POOL.encode(), b"held")
    rows = Rows()
    for key, value in stored.items():
        if any(name in key for name in names):
            rows.load(key, value)
    return rows


def _alignment(rows: Rows, sources: list[str]) -> Alignment:
    alignment = Alignment(rows, sources)
    alignment.ready()
    return alignment


def _heard(asked: Asked, rows: Rows, partials: Partials) -> tuple[tuple[Holding, ...], Activity | None]:
    """Vectors and hours, from rows in the shape of JUDGE's."""
    spec, plan = asked.spec, asked.plan
    group, periods = spec.layout.of(asked.kpi), []
    for period in _periods(asked, rows):
        first = group.offsets[asked.kpi]
        vector = partials.vector(group, asked.name, period)[first : first + plan.width]
        reading = partials.reading(plan, asked.name, period)
        if any(vector) or any(partials.linked(plan, asked.name, period)):
            value, leaves = reading.value, (*_slots(asked, vector), *_keys(asked, partials, period))
            if asked.is_anonymous:
                value, leaves = None, ()
            periods.append(Holding(period, vector[FACTS_SLOT], reading.n, value, leaves))
    return tuple(periods), None if asked.is_anonymous else _activity(asked, rows)


def _activity(asked: Asked, rows: Rows) -> Activity | None:
    hours = Hours(rows, asked.spec.layout)
    hours.ready()
    recent = hours.recent(asked.kpi, asked.name, NEVER_US)
    return recent and Activity(recent.events, recent.first_us, hours.last_event_us(asked.kpi, asked.name))


def _periods(asked: Asked, rows: Rows) -> list[str]:
    """Periods that rows of vectors or keys know of, in the order of time."""
    number = asked.spec.layout.of(asked.kpi).number
    found = {str(key[3]) for key, _ in rows.items(CELL) if key[1:3] == (number, asked.name)}
    found |= {str(key[3]) for key, _ in rows.items(KEYS) if key[1:3] == (asked.kpi, asked.name)}
    return _chosen(asked, found, str)


def _chosen(asked: Asked, found: Iterable[Any], period_of: Callable[[Any], str]) -> list[Any]:
    chosen = (one for one in found if asked.period in (None, period_of(one)))
    return sorted(chosen, key=lambda one: asked.spec.windows.parse(period_of(one))[1].start_us)


def _stored_rows(asked: Asked, rows: Rows) -> list[StoredRow]:
    found = [
        # digits stand for a value that msgpack could not carry
        StoredRow(str(key[3]), version, int(value) if isinstance(value, str) else value, n)
        for key, (version, value, n, *_) in rows.items(ROW)
        if key[1:3] == (asked.kpi, asked.name)
    ]
    return _chosen(asked, found, lambda row: row.period)


def _baseline(row: Mapping[str, Any] | None) -> Baseline | None:
    if row is None:
        return None
    state = AnomalyState.load(row["state"])
    return Baseline(state.hours, state.events, state.buckets, row["next_us"])


# -- names


def _slots(asked: Asked, vector: list[int]) -> list[Leaf]:
    names = asked.spec.observe.registry, asked.spec.catalogue.tenant.currency
    return [
        Leaf(what(leaf), vector[leaf.slot], leaf.scale if isinstance(leaf, SumLeaf) else 1, unit_of(leaf, *names))
        for leaf in asked.plan.leaves
    ]


def _keys(asked: Asked, partials: Partials, period: str) -> tuple[Leaf, ...]:
    linked = partials.linked(asked.plan, asked.name, period)
    return tuple(Leaf(what(leaf), linked[leaf.index].get(0, 0), 1, "keys") for leaf in asked.plan.keys)
