"""Every metric of a worker, declared once: type, labels, unit and meaning. Scrape, dashboards, rules and docs use it.

**How many series.** Rows of KPIs and subjects that the catalogue does not know are not exported, and a period's id is
never a label, so each gauge of a KPI has at most one series a (KPI, subject). Subjects are the organisation, its
departments and teams, and people only with `KPI_PERSON_LABEL=true`: 20 KPIs over 5 departments, 30 teams and 1,000
people are 720 series a gauge without people and 20,720 with. A KPI with `by` has two gauges more, with a label
`series`: of its subjects that are no people, at most its `most` largest series and `other`, so 51 a subject unless the
catalogue says otherwise. Everything else is bounded by partitions and stages.

**Counters and workers.** What is counted per partition is read from the partition's committed state: it survives
restarts, and with the partition it moves to another worker. So these counters carry `partition`; summing over workers
is right because a partition has one owner, and `sum(rate(...))` is not disturbed by a rebalance. Histograms and the
counters without `partition` belong to the process and start at zero with it.
"""

from dataclasses import dataclass
from enum import StrEnum


class Type(StrEnum):
    """Metric types of the Prometheus text format that are in use here."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"
    """A gauge that is always 1 and whose labels are what it tells."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as Prometheus knows it; a histogram also has `_bucket`, `_sum` and `_count`."""

    name: str
    type: Type
    labels: tuple[str, ...]
    unit: str
    help: str

    @property
    def series(self) -> tuple[str, ...]:
        """Names a query may use."""
        if self.type is Type.HISTOGRAM:
            return tuple(self.name + ending for ending in ("_bucket", "_sum", "_count"))
        return (self.name,)


ROW = ("kpi", "subject", "scope", "grain")

# -- where every KPI stands

KPI_VALUE = Metric(
    "kpi_value",
    Type.GAUGE,
    ROW,
    "the KPI's unit",
    "Value of the current period so far; % means 0-100, money minor units.",
)
KPI_VALUE_RAW = Metric(
    "kpi_value_raw",
    Type.GAUGE,
    ROW,
    "the KPI's unit",
    "Beside a projected share: what has converted so far of all items of the period, however young.",
)
KPI_VALUE_MATURED = Metric(
    "kpi_value_matured",
    Type.GAUGE,
    ROW,
    "the KPI's unit",
    "Beside a projected share: that of the items whose window is over; absent while there are none.",
)
KPI_TARGET = Metric("kpi_target", Type.GAUGE, ROW, "the KPI's unit", "Target of the current period.")
KPI_EXPECTED = Metric(
    "kpi_expected", Type.GAUGE, ROW, "the KPI's unit", "What the target asks for by now, by working time."
)
KPI_ATTAINMENT = Metric(
    "kpi_attainment_ratio",
    Type.GAUGE,
    ROW,
    "ratio",
    "Value to target, target to value where less is better, the way from its start of a key result; not capped.",
)
KPI_STATUS = Metric(
    "kpi_status", Type.GAUGE, (*ROW, "status"), "1", "1 for the status that the row has now; the others have no series."
)
KPI_N = Metric("kpi_n", Type.GAUGE, ROW, "events", "Events, pairs or entities behind the value.")
KPI_SERIES_VALUE = Metric(
    "kpi_series_value",
    Type.GAUGE,
    (*ROW, "series"),
    "the KPI's unit",
    "Value of the current period by series of a KPI with `by`: the largest, and other; of no single people.",
)
KPI_SERIES_N = Metric(
    "kpi_series_n", Type.GAUGE, (*ROW, "series"), "events", "Events, pairs or entities behind the value of a series."
)
KPI_PERIOD_END = Metric(
    "kpi_period_end_timestamp_seconds", Type.GAUGE, ("grain",), "seconds", "When the current period of this grain ends."
)
KPI_ALERT_ACTIVE = Metric(
    "kpi_alert_active",
    Type.GAUGE,
    (*ROW, "class", "severity", "state"),
    "1",
    "1 while an alert is pending or firing, for each subject that is exported.",
)
KPI_ALERTS = Metric(
    "kpi_alerts",
    Type.GAUGE,
    ("class", "state"),
    "alerts",
    "Alerts that are pending or firing now, those about people included.",
)
KPI_INFO = Metric(
    "kpi_info",
    Type.INFO,
    ("kpi", "title", "unit", "kind", "direction", "grain", "goal"),
    "1",
    "What a KPI is, from the catalogue; join it on kpi.",
)
KPI_SUBJECT_INFO = Metric(
    "kpi_subject_info",
    Type.INFO,
    ("subject", "title", "scope", "team", "department"),
    "1",
    "Who a subject is and where it belongs today, from the catalogue; join it on subject.",
)

# -- what became of every event, alert and message

EVENTS_TOTAL = Metric(
    "kpi_events_total",
    Type.COUNTER,
    ("partition", "outcome", "detail"),
    "events",
    "Events by outcome (applied, duplicate, orphan, beyond_horizon, dead_lettered); detail: late, conflict or reason.",
)
EVENTS_PENDING = Metric(
    "kpi_events_pending", Type.GAUGE, ("partition",), "events", "Corrections and retractions that wait for their root."
)
TRANSITIONS_TOTAL = Metric(
    "kpi_alert_transitions_total",
    Type.COUNTER,
    ("partition", "class", "transition"),
    "transitions",
    "Steps in the life of alerts: pending, firing, resolved, expired.",
)
NOTICES_TOTAL = Metric(
    "kpi_notices_total",
    Type.COUNTER,
    ("partition", "outcome"),
    "deliveries",
    "Deliveries by outcome; failed counts attempts, rejected and no_sink count notices.",
)
NOTICES_PENDING = Metric(
    "kpi_notices_pending", Type.GAUGE, ("partition",), "deliveries", "Deliveries that wait in the outbox."
)
UNKNOWN_OWNERS = Metric(
    "kpi_unknown_owners",
    Type.GAUGE,
    ("partition",),
    "people",
    "Owners that events name and the catalogue does not know.",
)
KEY_EVENTS = Metric(
    "kpi_key_events",
    Type.GAUGE,
    ("partition", "kpi", "field", "key"),
    "events",
    "Events that a KPI joins under one key, of the 20 largest keys of 1,000 events and more: a placeholder for no id.",
)

# -- how far the road is

LAG = Metric(
    "kpi_consumer_lag_records",
    Type.GAUGE,
    ("stage", "partition"),
    "records",
    "Records of the source topic not processed yet.",
)
BUFFERED_RECORDS = Metric(
    "kpi_buffered_records",
    Type.GAUGE,
    ("stage", "partition"),
    "records",
    "Records fetched and not processed yet; a slow stage does not make them more than two chunks and a fetch.",
)
BUFFERED_BYTES = Metric(
    "kpi_buffered_bytes",
    Type.GAUGE,
    ("stage", "partition"),
    "bytes",
    "Values of the records fetched and not processed yet.",
)
STATE_ROWS = Metric(
    "kpi_state_rows",
    Type.GAUGE,
    ("stage", "partition"),
    "rows",
    "Rows of the state in its changelog; flat while what goes beyond the horizon makes room for what comes.",
)
RESTORE_PROGRESS = Metric(
    "kpi_restore_progress_ratio",
    Type.GAUGE,
    ("stage", "partition"),
    "ratio",
    "How much of a partition's restore is done: of the changelog while it is read, then of its rows while they are "
    "loaded; 1 once it works.",
)
PARTITION_PAUSED = Metric(
    "kpi_partition_paused",
    Type.GAUGE,
    ("stage", "partition", "reason"),
    "1",
    "1 while a partition is not read on because most of its last records were rejected; kpi resume ends it.",
)
WATERMARK = Metric(
    "kpi_watermark_timestamp_seconds",
    Type.GAUGE,
    ("partition",),
    "seconds",
    "Greatest event time that the partition has seen.",
)
CLOCK = Metric(
    "kpi_clock_timestamp_seconds",
    Type.GAUGE,
    ("stage", "partition"),
    "seconds",
    "Time that the stage has reached: the wall's once all its sources are read to their ends, event time before.",
)
HELD = Metric(
    "kpi_held_slices", Type.GAUGE, ("stage", "partition"), "slices", "Minutes of changes that wait for a slower source."
)

# -- what it costs

CHUNK_SECONDS = Metric("kpi_chunk_seconds", Type.HISTOGRAM, ("stage",), "seconds", "Work of a stage on one chunk.")
CHUNK_RECORDS = Metric("kpi_chunk_records", Type.HISTOGRAM, ("stage",), "records", "Records in one chunk.")
TRANSACTION_SECONDS = Metric(
    "kpi_transaction_seconds",
    Type.HISTOGRAM,
    ("stage",),
    "seconds",
    "From the first row of a transaction to its commit.",
)
LATENCY_SECONDS = Metric(
    "kpi_record_latency_seconds",
    Type.HISTOGRAM,
    ("stage",),
    "seconds",
    "From a record's append to the stage's source topic to the commit of what it did.",
)
VALUE_LATENCY_SECONDS = Metric(
    "kpi_value_latency_seconds",
    Type.HISTOGRAM,
    (),
    "seconds",
    "From the append of an event to the commit of the values that know of it; of the oldest event in each publication.",
)
RESTORE_SECONDS = Metric(
    "kpi_restore_seconds",
    Type.HISTOGRAM,
    ("stage",),
    "seconds",
    "Rebuilding the state of one partition from its changelog.",
)
RESTORED_ROWS_TOTAL = Metric(
    "kpi_restored_rows_total", Type.COUNTER, ("stage",), "rows", "State rows read from changelogs."
)
INTERNAL_ERRORS_TOTAL = Metric(
    "kpi_internal_errors_total",
    Type.COUNTER,
    ("stage",),
    "records",
    "Records on which this program failed; each is a dead letter with reason internal_error.",
)

# -- the worker

PARTITIONS = Metric(
    "kpi_partitions",
    Type.GAUGE,
    ("stage", "phase"),
    "partitions",
    "Partitions of this worker by phase, such as running.",
)
REBALANCES_TOTAL = Metric("kpi_rebalances_total", Type.COUNTER, (), "rebalances", "Assignments that this worker got.")
WORKER_LIVE = Metric("kpi_worker_live", Type.GAUGE, (), "1", "1 while the event loop runs, as /livez says.")
WORKER_READY = Metric(
    "kpi_worker_ready", Type.GAUGE, (), "1", "1 while the worker is assigned, restored and at work, as /readyz says."
)
BUILD_INFO = Metric("kpi_build_info", Type.INFO, ("version", "python"), "1", "Version of this program and of Python.")

METRICS: tuple[Metric, ...] = tuple(one for one in list(globals().values()) if isinstance(one, Metric))
"""All of them, in the order above."""
