"""Reads every metric off a running worker at the moment of the scrape, so that none can be stale.

It runs in the worker's event loop, between two steps of its lanes, and so sees whole states only.
"""

import platform
from collections.abc import Iterable
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, cast

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from schemas.alerts import AlertClass
from schemas.catalogue.models import Catalogue, text
from schemas.topics import Stage
from schemas.values import Scope, Value
from streams.metrics import definitions as of
from streams.metrics.definitions import Metric
from streams.metrics.exposition import Exposition
from streams.metrics.subjects import Subjects
from streams.metrics.view import Judged, Worker

MOST_KEYS = 20
"""With many events, of a partition: a label for each key that a source may write is more than a scrape holds."""

ALERT_STATES = ("pending", "firing")
INVALID_RATIO = "invalid_ratio"
"""Why a partition may be paused (streams.core.intake); the one reason there is."""


def register(
    registry: CollectorRegistry, worker: Worker, catalogue: Catalogue, *, person_label: bool, locale: str | None = None
) -> None:
    """Makes `registry` show the worker, and the process it runs in.

    Series of single people only with `person_label`; titles in `locale`, else in the tenant's language.
    """
    registry.register(WorkerCollector(worker, catalogue, person_label=person_label, locale=locale))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)


class WorkerCollector(Collector):
    """All metrics of `definitions` for one worker."""

    def __init__(self, worker: Worker, catalogue: Catalogue, *, person_label: bool, locale: str | None = None) -> None:
        self._worker = worker
        self._catalogue = catalogue
        self._locale = locale or catalogue.tenant.locale
        self._kpis = {kpi.id: kpi for kpi in catalogue.kpis}
        self._subjects = Subjects(catalogue, self._locale, people=person_label)
        self._highest: dict[tuple[Metric, tuple[str, ...]], float] = {}

    def describe(self) -> Iterable[Family]:
        """Names and types, without reading the worker."""
        return Exposition().families()

    def collect(self) -> Iterable[Family]:
        """One scrape."""
        scrape = Exposition()
        self._put_worker(scrape)
        self._put_catalogue(scrape)
        self._put_timings(scrape)
        paused = 0
        for lane in self._worker.lanes:
            stage, partition = str(lane.spec.stage), str(lane.tp.partition)
            scrape.put(of.LAG, lane.lag_records, stage, partition)
            scrape.put(of.BUFFERED_RECORDS, lane.buffered[0], stage, partition)
            scrape.put(of.BUFFERED_BYTES, lane.buffered[1], stage, partition)
            scrape.put(of.STATE_ROWS, lane.state_rows, stage, partition)
            restored = lane.progress.share if lane.progress else 1.0 if str(lane.phase) == "running" else None
            scrape.put(of.RESTORE_PROGRESS, restored, stage, partition)
            scrape.add(of.PARTITIONS, 1, stage, str(lane.phase))
            shut = lane.gate.is_shut
            if lane.spec.guard is not None:
                scrape.put(of.PARTITION_PAUSED, shut, stage, partition, INVALID_RATIO)
            paused += shut
        for class_ in AlertClass:
            for alert_state in ALERT_STATES:
                scrape.put(of.KPI_ALERTS, 0, class_, alert_state)
        scrape.add(of.KPI_ALERTS, paused, AlertClass.PAUSED, "firing")
        for (stage, number), state in self._worker.states().items():
            _READERS[stage](self, scrape, str(number), state)
        return scrape.families()

    # -- the worker itself

    def _put_worker(self, scrape: Exposition) -> None:
        health = self._worker.health.snapshot()
        scrape.put(of.WORKER_LIVE, health.live)
        scrape.put(of.WORKER_READY, health.ready)
        scrape.put(of.REBALANCES_TOTAL, self._worker.lanes.rebalances)
        scrape.put(of.BUILD_INFO, 1, _version(), platform.python_version())

    def _put_timings(self, scrape: Exposition) -> None:
        timings = self._worker.lanes.timings
        for stage in Stage:
            done = timings[stage]
            scrape.put(of.CHUNK_SECONDS, done.chunk_s, stage)
            scrape.put(of.CHUNK_RECORDS, done.chunk_records, stage)
            scrape.put(of.TRANSACTION_SECONDS, done.transaction_s, stage)
            scrape.put(of.LATENCY_SECONDS, done.latency_s, stage)
            scrape.put(of.RESTORE_SECONDS, done.restore_s, stage)
            scrape.put(of.RESTORED_ROWS_TOTAL, done.restored_rows, stage)
            scrape.put(of.INTERNAL_ERRORS_TOTAL, done.internal_errors, stage)

        scrape.put(of.VALUE_LATENCY_SECONDS, timings[Stage.JUDGE].value_latency_s)

    def _put_catalogue(self, scrape: Exposition) -> None:
        for kpi in self._kpis.values():
            title = text(kpi.title, self._locale)
            scrape.put(of.KPI_INFO, 1, kpi.id, title, kpi.unit, kpi.kind, kpi.direction, kpi.period, kpi.goal or "")
        for subject in self._subjects.at(self._worker.clock.now_us()):
            scrape.put(of.KPI_SUBJECT_INFO, 1, *subject)

    # -- the stages

    def _observe(self, scrape: Exposition, partition: str, state: Any) -> None:
        for (outcome, detail), number in state.counts().items():
            if outcome == "pending":
                scrape.put(of.EVENTS_PENDING, number, partition)
            else:
                self._count(scrape, of.EVENTS_TOTAL, number, partition, outcome, detail)
        scrape.put(of.WATERMARK, _seconds(state.watermark_us), partition)
        scrape.put(of.UNKNOWN_OWNERS, len(state.unknown_owners), partition)

    def _link(self, scrape: Exposition, partition: str, state: Any) -> None:
        scrape.put(of.CLOCK, _seconds(state.clock_us), Stage.LINK, partition)
        scrape.put(of.HELD, state.held, Stage.LINK, partition)
        for one in state.crowded[:MOST_KEYS]:
            scrape.put(of.KEY_EVENTS, one.events, partition, one.kpi, one.field, one.key)

    def _judge(self, scrape: Exposition, partition: str, state: Any) -> None:
        judge = cast(Judged, state)
        scrape.put(of.CLOCK, _seconds(judge.clock_us), Stage.JUDGE, partition)
        scrape.put(of.HELD, judge.held, Stage.JUDGE, partition)
        for (what, *labels), number in judge.counts().items():
            if what == "transitions":
                self._count(scrape, of.TRANSITIONS_TOTAL, number, partition, *labels)
        ends: dict[str, str] = {}
        for row in judge.current(self._subjects):
            self._put_row(scrape, row)
            if row.kpi in self._kpis:
                ends[self._kpis[row.kpi].period] = row.end
        for grain, end in ends.items():
            scrape.put(of.KPI_PERIOD_END, datetime.fromisoformat(end).timestamp(), grain)
        for kpi, subject, class_, severity, alert_state in judge.firing():
            scrape.add(of.KPI_ALERTS, 1, class_, alert_state)
            labels_of_row = self._row(kpi, subject)
            if labels_of_row:
                scrape.put(of.KPI_ALERT_ACTIVE, 1, *labels_of_row, class_, severity, alert_state)

    def _notify(self, scrape: Exposition, partition: str, state: Any) -> None:
        for (outcome,), number in state.counts().items():
            if outcome == "pending":
                scrape.put(of.NOTICES_PENDING, number, partition)
            else:
                self._count(scrape, of.NOTICES_TOTAL, number, partition, outcome)

    def _put_row(self, scrape: Exposition, row: Value) -> None:
        labels = self._row(row.kpi, row.subject)
        if labels is None:
            return
        if row.series is not None:
            if self._subjects.may_show(row):
                scrape.put(of.KPI_SERIES_VALUE, row.value, *labels, row.series)
                scrape.put(of.KPI_SERIES_N, row.n, *labels, row.series)
            return
        scrape.put(of.KPI_VALUE, row.value, *labels)
        scrape.put(of.KPI_VALUE_RAW, row.raw, *labels)
        scrape.put(of.KPI_VALUE_MATURED, row.matured, *labels)
        scrape.put(of.KPI_TARGET, row.target, *labels)
        scrape.put(of.KPI_EXPECTED, row.expected, *labels)
        scrape.put(of.KPI_ATTAINMENT, row.attainment, *labels)
        scrape.put(of.KPI_N, row.n, *labels)
        scrape.put(of.KPI_STATUS, 1, *labels, row.status)

    def _row(self, kpi_id: str, subject: str) -> tuple[str, str, Scope, str] | None:
        """Labels of a row; None where the catalogue does not know it, or it is a person's and those are not shown."""
        kpi, scope = self._kpis.get(kpi_id), self._subjects.scope_of(subject)
        return (kpi_id, subject, scope, kpi.period) if kpi and scope else None

    def _count(self, scrape: Exposition, metric: Metric, number: int, *labels: str) -> None:
        """A counter never goes back, or Prometheus takes all of it for new.

        The state's count may: an applied correction waits again when a second root makes it ambiguous, and what a
        lost commit counted is counted again after the restore. Until it is past its highest it stands still.
        """
        highest = self._highest[metric, labels] = max(number, self._highest.get((metric, labels), 0))
        scrape.put(metric, highest, *labels)


_READERS = {
    Stage.OBSERVE: WorkerCollector._observe,
    Stage.LINK: WorkerCollector._link,
    Stage.JUDGE: WorkerCollector._judge,
    Stage.NOTIFY: WorkerCollector._notify,
}


def _seconds(time_us: int | None) -> float | None:
    return None if time_us is None else time_us / 1_000_000


def _version() -> str:
    try:
        return version("kpi-streams")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "unknown"
