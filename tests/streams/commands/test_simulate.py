import json
from pathlib import Path

from click.testing import CliRunner

from streams.cli import main

WEEK = ("--start", "2026-11-16", "--end", "2026-11-21")


def test_the_same_arguments_write_the_same_bytes(tmp_path: Path) -> None:
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for file in files:
        assert CliRunner().invoke(main, ["simulate", *WEEK, "--seed", "7", "--out", str(file)]).exit_code == 0

    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].read_bytes().count(b"\n") > 5000


def test_events_come_on_stdout_and_the_count_on_stderr() -> None:
    result = CliRunner().invoke(main, ["simulate", "--start", "2026-11-16", "--end", "2026-11-17"])

    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert {event["specversion"] for event in events} == {"1.0"}
    assert result.stderr == f"{len(events):,} events from 2026-11-16 to 2026-11-16, seed 1\n"


def test_a_range_that_ends_before_it_begins_is_wrong_use() -> None:
    result = CliRunner().invoke(main, ["simulate", "--start", "2026-11-17", "--end", "2026-11-16"])

    assert result.exit_code == 2
    assert "-1 days: expected 1 to 3660" in result.stderr


def test_a_catalogue_without_the_departments_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.yaml"
    path.write_text("version: 1\ntenant: {id: acme, timezone: Asia/Ho_Chi_Minh, currency: VND}\n")

    result = CliRunner().invoke(main, ["simulate", "--catalogue", str(path), *WEEK])

    assert result.exit_code == 1
    assert result.stderr == "error: nobody works in the department sales (the catalogue has: none)\n"


def test_the_shipped_company_passes_kpi_check() -> None:
    from streams.simulation.company import CATALOGUE

    result = CliRunner().invoke(main, ["check", str(CATALOGUE), "--today", "2026-11-23", "--lang", "en"])

    assert result.exit_code == 0
    assert "0 errors, 0 warnings" in result.stderr
