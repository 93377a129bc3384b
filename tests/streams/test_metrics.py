"""Metrics against a worker whose states are given, and their names against Prometheus' own linter."""

import subprocess
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from schemas.alerts import AlertClass
from schemas.catalogue.load import load
from schemas.catalogue.models import Catalogue
from schemas.topics import Stage
from schemas.values import Scope, Status, Value
from streams.clock import ManualClock
from streams.core.crowding import Crowded
from streams.health import Health
from streams.lane_parts import Phase
from streams.metrics.collector import register
from streams.metrics.definitions import METRICS, Type
from streams.metrics.timings import Distribution, Timings
from tests import needs

CATALOGUE = """
version: 1
tenant: {id: acme, timezone: Asia/Ho_Chi_Minh, currency: VND, locale: vi}
people:
  - {id: an, name: Nguyễn An, team: hn-1, from: 2026-01-01, to: 2026-11-01}
  - {id: an, name: Nguyễn An, team: hn-2, from: 2026-11-01}
teams:
  - {id: hn-1, department: sales}
  - {id: hn-2, department: sales, title: {vi: Hà Nội 2, en: Hanoi 2}}
kpis:
  - id: calls
    title: {vi: Cuộc gọi, en: Calls}
    kind: leading
    unit: calls
    scope: person
    period: month
    measure: {count: call.completed}
    targets: [{value: 80, per: person}]
"""
NOON_US = 1_795_500_000_000_000  # 2026-11-24T13:40:00+07:00


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    path = tmp_path / "catalogue.yaml"
    path.write_text(CATALOGUE)
    return load([path])


def row(subject: str, scope: Scope, value: float | None = 40, **changes: Any) -> Value:
    given = {"kpi": "calls", "period": "2026-11", "target": 80, "expected": 60.5, "attainment": 0.5, "n": 40}
    ends = {"start": "2026-11-01T00:00:00+07:00", "end": "2026-12-01T00:00:00+07:00"}
    stands = {"value": value, "status": Status.BEHIND, "version": 0}
    return Value.model_validate({"subject": subject, "scope": scope, **given, **ends, **stands, **changes})


class Observed:
    watermark_us = NOON_US
    unknown_owners = ("zoe",)

    def __init__(self, **counts: int) -> None:
        self.outcomes = {tuple(name.split("__")): number for name, number in counts.items()}

    def counts(self) -> Mapping[tuple[str, ...], int]:
        return {(key[0], key[1] if len(key) > 1 else ""): number for key, number in self.outcomes.items()}


class Linked:
    clock_us = None
    held = 3
    crowded = tuple(Crowded("speed", "ticket_id", f"t{n}", 9_000 - n, is_full=False) for n in range(30))


class Judged:
    clock_us = NOON_US
    held = 0

    def __init__(self, *rows: Value, alerts: tuple[Any, ...] = ()) -> None:
        self.rows, self.alerts = rows, alerts

    def counts(self) -> Mapping[tuple[str, ...], int]:
        return {("transitions", "behind", "firing"): 2}

    def current(self, subjects: Container[str]) -> Iterator[Value]:
        return (row for row in self.rows if row.subject in subjects)

    def firing(self) -> Iterator[Any]:
        return iter(self.alerts)


class Notified:
    def counts(self) -> Mapping[tuple[str, ...], int]:
        return {("delivered",): 5, ("failed",): 1, ("pending",): 2}


class Lanes:
    rebalances = 1
    paused: int | None = None

    def __init__(self) -> None:
        self.timings = Timings()

    def __iter__(self) -> Iterator[Any]:
        for phase, partition in ((Phase.RUNNING, 0), (Phase.RESTORING, 1)):
            yield SimpleNamespace(
                spec=SimpleNamespace(stage=Stage.OBSERVE, guard=object()),
                gate=SimpleNamespace(is_shut=partition == self.paused),
                tp=SimpleNamespace(partition=partition),
                phase=phase,
                lag_records=7 if phase is Phase.RUNNING else None,
                buffered=(7, 700) if phase is Phase.RUNNING else (0, 0),
                state_rows=12 if phase is Phase.RUNNING else 0,
                progress=None if phase is Phase.RUNNING else SimpleNamespace(share=0.25),
            )


class Worker:
    """A worker as the collector sees it; a test puts states in."""

    def __init__(self, **states: Any) -> None:
        self.lanes = Lanes()
        self.clock = ManualClock(NOON_US)
        self.health = SimpleNamespace(snapshot=lambda: Health(True, False, ("the group is rebalancing",)))
        self._states = {(Stage(stage), 0): state for stage, state in states.items()}

    def states(self) -> Any:
        return self._states


def registry_of(worker: Worker, catalogue: Catalogue, people: bool = True) -> CollectorRegistry:
    registry = CollectorRegistry()
    register(registry, worker, catalogue, person_label=people)
    return registry


def full(**changes: Any) -> Worker:
    rows = (
        row("an", Scope.PERSON),
        row("hn-2", Scope.TEAM),
        row("acme", Scope.ORG, None, target=None, attainment=None),
    )
    alerts = (("calls", "an", AlertClass.BEHIND, "warning", "firing"),)
    states = {
        "observe": Observed(applied=9, dead_lettered__bad_json=1, pending=4),
        "link": Linked(),
        "notify": Notified(),
    }
    return Worker(**(states | {"judge": Judged(*rows, alerts=alerts)} | changes))


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, labels)


ORG = {"kpi": "calls", "subject": "acme", "scope": "org", "grain": "month"}
TEAM = {"kpi": "calls", "subject": "hn-2", "scope": "team", "grain": "month"}
PERSON = {"kpi": "calls", "subject": "an", "scope": "person", "grain": "month"}


def test_a_row_is_a_gauge_each_for_value_target_expected_attainment_and_status(catalogue: Catalogue) -> None:
    registry = registry_of(full(), catalogue)

    assert value(registry, "kpi_value", **TEAM) == 40
    assert value(registry, "kpi_target", **TEAM) == 80
    assert value(registry, "kpi_expected", **TEAM) == 60.5
    assert value(registry, "kpi_attainment_ratio", **TEAM) == 0.5
    assert value(registry, "kpi_n", **TEAM) == 40
    assert value(registry, "kpi_status", **TEAM, status="behind") == 1
    assert value(registry, "kpi_period_end_timestamp_seconds", grain="month") == 1_796_058_000


def test_beside_a_projected_share_stand_the_raw_one_and_that_of_the_matured_items(catalogue: Catalogue) -> None:
    projected = row("hn-2", Scope.TEAM).model_copy(update={"value": 19.9, "raw": 9.4, "matured": 20.5})
    young = row("acme", Scope.ORG).model_copy(update={"value": 19.9, "raw": 9.4})
    registry = registry_of(full(judge=Judged(projected, young)), catalogue)

    assert (9.4, 20.5) == tuple(value(registry, f"kpi_value_{which}", **TEAM) for which in ("raw", "matured"))
    assert (9.4, None) == tuple(value(registry, f"kpi_value_{which}", **ORG) for which in ("raw", "matured"))


def test_what_is_unknown_has_no_sample_rather_than_a_zero(catalogue: Catalogue) -> None:
    registry = registry_of(full(), catalogue)

    assert value(registry, "kpi_value", **ORG) is None
    assert value(registry, "kpi_target", **ORG) is None
    assert value(registry, "kpi_n", **ORG) == 40


def test_of_keys_with_many_events_the_largest_are_shown(catalogue: Catalogue) -> None:
    registry = registry_of(full(), catalogue)

    sizes = {
        n: value(registry, "kpi_key_events", partition="0", kpi="speed", field="ticket_id", key=f"t{n}")
        for n in range(30)
    }
    assert {n: 9_000 - n if n < 20 else None for n in range(30)} == sizes


def test_no_person_is_named_unless_the_setting_says_so(catalogue: Catalogue) -> None:
    shown, hidden = (generate_latest(registry_of(full(), catalogue, people)).decode() for people in (True, False))

    assert 'subject="an"' in shown
    assert 'subject="an"' not in hidden
    assert "Nguyễn An" not in hidden
    assert 'subject="hn-2"' in hidden


def test_an_alert_about_a_person_counts_where_people_are_not_named(catalogue: Catalogue) -> None:
    registry = registry_of(full(), catalogue, people=False)

    assert value(registry, "kpi_alerts", **{"class": "behind"}, state="firing") == 1
    assert value(registry, "kpi_alerts", **{"class": "stalled"}, state="firing") == 0


def test_an_active_alert_carries_class_severity_and_state(catalogue: Catalogue) -> None:
    labels = {"class": "behind", "severity": "warning", "state": "firing"}

    assert value(registry_of(full(), catalogue), "kpi_alert_active", **PERSON, **labels) == 1


def test_rows_that_the_catalogue_does_not_know_are_no_series(catalogue: Catalogue) -> None:
    strangers = Judged(row("zoe", Scope.PERSON), row("hn-2", Scope.TEAM, kpi="old"))

    text = generate_latest(registry_of(full(judge=strangers), catalogue)).decode()

    assert "zoe" not in text
    assert 'kpi="old"' not in text


def test_series_have_gauges_of_their_own_and_none_is_of_a_person(catalogue: Catalogue) -> None:
    team, person = row("hn-2", Scope.TEAM, series="spring"), row("an", Scope.PERSON, series="spring")
    judge = Judged(team, person, row("hn-2", Scope.TEAM, series="an"))
    named, unnamed = (
        generate_latest(registry_of(full(judge=judge), catalogue, people)).decode() for people in (True, False)
    )

    for text in (named, unnamed):
        assert 'kpi_series_value{grain="month",kpi="calls",scope="team",series="spring",subject="hn-2"} 40.0' in text
        assert 'subject="an"' not in "".join(line for line in text.splitlines() if line.startswith("kpi_series"))
        assert "kpi_value{" not in text
    assert 'series="an"' in named
    assert 'series="an"' not in unnamed


def test_a_person_who_moved_is_in_the_team_of_today(catalogue: Catalogue) -> None:
    registry = registry_of(full(), catalogue)

    today = {"subject": "an", "title": "Nguyễn An", "scope": "person", "team": "hn-2", "department": "sales"}
    assert value(registry, "kpi_subject_info", **today) == 1
    assert value(registry, "kpi_subject_info", **{**today, "team": "hn-1"}) is None


def test_every_event_is_in_one_outcome_and_what_waits_is_a_gauge(catalogue: Catalogue) -> None:
    registry = registry_of(full(), catalogue)

    assert value(registry, "kpi_events_total", partition="0", outcome="applied", detail="") == 9
    assert value(registry, "kpi_events_total", partition="0", outcome="dead_lettered", detail="bad_json") == 1
    assert value(registry, "kpi_events_total", partition="0", outcome="pending", detail="") is None
    assert value(registry, "kpi_events_pending", partition="0") == 4
    assert value(registry, "kpi_notices_total", partition="0", outcome="delivered") == 5
    assert value(registry, "kpi_notices_pending", partition="0") == 2


def test_a_counter_stands_still_while_its_count_is_behind_its_highest(catalogue: Catalogue) -> None:
    observed = Observed(applied=10)
    registry = registry_of(full(observe=observed), catalogue)
    labels = {"partition": "0", "outcome": "applied", "detail": ""}

    seen = []
    for applied in (10, 9, 10, 12):
        observed.outcomes[("applied",)] = applied
        seen.append(value(registry, "kpi_events_total", **labels))

    assert seen == [10, 10, 10, 12]


def test_lag_and_phase_are_told_for_each_partition(catalogue: Catalogue) -> None:
    registry = registry_of(full(), catalogue)

    assert value(registry, "kpi_consumer_lag_records", stage="observe", partition="0") == 7
    assert value(registry, "kpi_consumer_lag_records", stage="observe", partition="1") is None
    assert value(registry, "kpi_buffered_records", stage="observe", partition="0") == 7
    assert value(registry, "kpi_buffered_bytes", stage="observe", partition="0") == 700
    assert value(registry, "kpi_state_rows", stage="observe", partition="0") == 12
    assert value(registry, "kpi_restore_progress_ratio", stage="observe", partition="0") == 1
    assert value(registry, "kpi_restore_progress_ratio", stage="observe", partition="1") == 0.25
    assert value(registry, "kpi_partitions", stage="observe", phase="running") == 1
    assert value(registry, "kpi_worker_ready") == 0
    assert value(registry, "kpi_worker_live") == 1


def test_a_paused_partition_is_told_and_counts_as_a_firing_alert(catalogue: Catalogue) -> None:
    worker = full()
    labels = {"stage": "observe", "reason": "invalid_ratio"}

    assert value(registry_of(worker, catalogue), "kpi_partition_paused", partition="0", **labels) == 0
    worker.lanes.paused = 0
    registry = registry_of(worker, catalogue)
    assert value(registry, "kpi_partition_paused", partition="0", **labels) == 1
    assert value(registry, "kpi_partition_paused", partition="1", **labels) == 0
    assert value(registry, "kpi_alerts", **{"class": "paused"}, state="firing") == 1


def test_the_scrape_needs_no_partition_yet(catalogue: Catalogue) -> None:
    text = generate_latest(registry_of(Worker(), catalogue)).decode()

    assert "kpi_worker_ready 0.0" in text
    assert "kpi_value{" not in text


def test_timings_are_histograms_by_stage(catalogue: Catalogue) -> None:
    worker = full()
    worker.lanes.timings[Stage.JUDGE].chunk_s.observe_counted([(0.004, 1), (0.02, 1), (100.0, 1)])

    registry = registry_of(worker, catalogue)

    assert value(registry, "kpi_chunk_seconds_bucket", stage="judge", le="0.005") == 1
    assert value(registry, "kpi_chunk_seconds_bucket", stage="judge", le="60") == 2
    assert value(registry, "kpi_chunk_seconds_count", stage="judge") == 3
    assert value(registry, "kpi_chunk_seconds_count", stage="observe") == 0


@given(st.lists(st.lists(st.tuples(st.floats(-1, 200), st.integers(1, 5)))))
def test_a_distribution_counts_what_lies_at_or_below_each_bound(chunks: list[list[tuple[float, int]]]) -> None:
    bounds = (0.5, 1.0, 100.0)
    distribution = Distribution(bounds)
    for chunk in chunks:
        distribution.observe_counted(chunk)

    values = [one for chunk in chunks for one, times in chunk for _ in range(times)]
    below = [sum(one <= bound for one in values) for bound in bounds]
    assert distribution.buckets() == [("0.5", below[0]), ("1", below[1]), ("100", below[2]), ("+Inf", len(values))]
    assert distribution.sum == pytest.approx(sum(values))


def test_every_metric_is_declared_once_and_says_what_it_is() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    assert all(metric.help.endswith(".") and metric.unit for metric in METRICS)
    assert all(metric.name.endswith("_total") == (metric.type is Type.COUNTER) for metric in METRICS)
    assert all(metric.name.endswith("_info") == (metric.type is Type.INFO) for metric in METRICS)


@pytest.mark.prometheus
def test_promtool_has_nothing_to_say(catalogue: Catalogue) -> None:
    needs.promtool()
    scrape = generate_latest(registry_of(full(), catalogue))

    checked = subprocess.run(["promtool", "check", "metrics"], input=scrape, capture_output=True, check=False)

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
