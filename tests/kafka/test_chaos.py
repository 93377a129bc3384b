"""The fault matrix (`make chaos`) in small: some of its rows, some thousand events; values and alerts as by replay."""

from pathlib import Path

import pytest

from tests.chaos.faults import ROWS
from tests.chaos.matrix import Companies, Plan, run_row
from tests.kafka.harness import SESSION_S

EVENTS = 2000
"""In flight at each fault, at least; half as many more are sent."""


@pytest.fixture(scope="module")
def plan(broker_address: str) -> Plan:
    return Plan(EVENTS, seed=1, session_s=SESSION_S, quiet=True, broker=broker_address)


@pytest.fixture(scope="module")
def companies(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Companies:
    return Companies(tmp_path_factory.mktemp("companies"), plan)


@pytest.mark.parametrize(("name", "times"), [("kill9", 3), ("zombie", 1), ("rescale", 1)])
async def test_faults_in_flight_change_no_value_and_lose_and_repeat_no_alert(
    name: str, times: int, plan: Plan, companies: Companies, tmp_path: Path
) -> None:
    (row,) = (row for row in ROWS if row.name == name)

    result = await run_row(row, plan, companies.of(row), times, tmp_path)

    assert [] == result.verdict.problems
    assert len(result.in_flight) == times
    assert min(result.in_flight) >= EVENTS
    assert result.verdict.transitions > 0
    assert result.verdict.rows > 0
