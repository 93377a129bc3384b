"""The benchmark's events: seeded, of the size and kinds that are said, and counted as the core counts them."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from schemas.catalogue.load import load
from streams.cli import main
from tests.bench import catalogue
from tests.bench.expected import Expected, wrong_values
from tests.bench.workload import Happening, Workload, last_month_end

END = datetime(2026, 11, 1, tzinfo=UTC)
SMALL = Workload(3000, END, people=40, teams=4)


@pytest.fixture(scope="module")
def happenings() -> list[Happening]:
    return list(SMALL)


def test_the_same_workload_is_the_same_bytes_and_another_seed_is_not(happenings: list[Happening]) -> None:
    assert happenings == list(SMALL)
    assert happenings != list(replace(SMALL, seed=8))


def test_events_are_of_the_size_and_kinds_that_the_benchmark_says(happenings: list[Happening]) -> None:
    kinds = Counter(json.loads(one.value)["type"] for one in happenings)

    assert kinds.keys() == {"call.completed", "meeting.held", "lead.created", "sale.closed"}
    assert 200 < sum(len(one.value) for one in happenings) / len(happenings) < 250
    assert all(json.loads(one.value)["subject"].encode() == one.key for one in happenings)


def test_about_one_in_a_hundred_is_a_repeat_and_one_in_a_thousand_is_broken() -> None:
    outcomes = Counter(one.outcome for one in Workload(20_000, END))

    assert 150 < outcomes["duplicate"] < 250
    assert 8 < outcomes["dead_lettered"] < 40


def test_times_ascend_with_a_little_disorder_over_the_two_days_around_the_months_end() -> None:
    firsts = (one for one in Workload(20_000, END) if one.outcome != "duplicate")
    times = [datetime.fromisoformat(json.loads(one.value)["time"]) for one in firsts]

    assert 0 < max((before - after).total_seconds() for before, after in pairwise(times)) <= 30
    assert {time.date().isoformat() for time in times} == {"2026-10-31", "2026-11-01"}
    assert SMALL.days == ("2026-10-31", "2026-11-01")


@pytest.mark.parametrize(
    ("now", "end"),
    [
        (datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)),
        (datetime(2026, 11, 30, 18, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)),  # 1 December there, not over
        (datetime(2026, 12, 1, 17, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)),  # 2 December there
        (datetime(2027, 1, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)),
    ],
)
def test_both_days_are_over_whenever_the_benchmark_runs(now: datetime, end: datetime) -> None:
    assert end == last_month_end(now)


@pytest.mark.parametrize(("kpis", "goals"), [(20, False), (40, True)])
def test_the_independent_count_is_what_replay_says(kpis: int, goals: bool, tmp_path: Path) -> None:
    workload = replace(SMALL, events=1500, kpis=kpis, goals=goals)
    expected = Expected(workload)
    with (tmp_path / "events.jsonl").open("wb") as events:
        for happening in workload:
            expected.add(happening)
            events.write(happening.value + b"\n")
    plan = catalogue.write(workload, tmp_path / "catalogue.yaml")

    until = "2026-11-02T00:00:00+07:00"
    done = CliRunner().invoke(
        main, ["replay", str(tmp_path / "events.jsonl"), "-c", str(plan), "--json", "--until", until]
    )

    rows = [json.loads(line) for line in done.stdout.splitlines()]
    values = {f"{row['kpi']}|{row['subject']}|{row['period']}": row["value"] for row in rows if row["kind"] == "value"}
    assert len(values) > 500
    assert [] == wrong_values(expected.values(), values)


def test_people_and_probes_are_in_the_catalogue(tmp_path: Path) -> None:
    workload = replace(SMALL, probes=3, lone_probes=1)
    loaded = load([catalogue.write(workload, tmp_path / "catalogue.yaml")])

    membership = {person.id: person.team for person in loaded.people}
    assert membership["p-0005"] == "t-001"
    assert (membership[workload.prober(1)], membership[workload.prober(2)]) == ("t-001", "probe-0002")
    assert len(loaded.kpis) == 20
