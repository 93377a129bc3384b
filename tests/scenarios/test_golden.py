"""Whole stories through `kpi replay --json`, byte for byte. A golden file changes only in a commit that says why."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.cli import main

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("scenario", sorted(path.name for path in GOLDEN.iterdir()))
def test_replay_prints_the_golden_file(scenario: str) -> None:
    folder = GOLDEN / scenario
    arguments = ["replay", str(folder / "events.jsonl"), "--catalogue", str(folder / "catalogue.yaml"), "--json"]

    result = CliRunner().invoke(main, arguments)

    assert (0, (folder / "expected.jsonl").read_text(encoding="utf-8")) == (result.exit_code, result.stdout)
