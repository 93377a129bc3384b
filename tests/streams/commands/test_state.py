from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.cli import main

NOBODY = "127.0.0.1:1"
CATALOGUE = Path(__file__).parents[3] / "deploy" / "examples" / "first_steps" / "catalogue.yaml"


def state(*arguments: str, catalogue: str = str(CATALOGUE)) -> Result:
    return CliRunner(env={"KPI_BROKER_URL": NOBODY, "KPI_CATALOGUE": catalogue}).invoke(main, ["state", *arguments])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["profit", "an"], "error: the catalogue has no KPI 'profit'\n"),
        (["revenue", "em"], "error: the catalogue has no person, team, department or organisation 'em'\n"),
        (
            ["revenue", "an", "--period", "2026-11-23"],
            "error: '2026-11-23' is a day, and KPI 'revenue' goes by month\n",
        ),
        (["revenue", "an", "--period", "2026-13"], "error: period '2026-13' does not exist"),
        (["revenue", "an", "--period", "May"], "error: period 'May' reads like none of 2026-11-23"),
    ],
)
def test_what_the_catalogue_does_not_know_is_one_line_before_anything_is_read(arguments: list[str], said: str) -> None:
    result = state(*arguments)

    assert (2, "", True) == (result.exit_code, result.stdout, result.stderr.startswith(said)), result.stderr
    assert result.stderr.count("\n") == 1


def test_a_subject_finer_than_the_kpi_has_no_rows(tmp_path: Path) -> None:
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(
        """version: 1
tenant: {id: demo, timezone: Asia/Ho_Chi_Minh, currency: VND, locale: en}
teams: [{id: hn-1, department: sales}]
people: [{id: an, team: hn-1}]
kpis:
  - {id: calls, title: Calls, kind: metric, unit: calls, scope: team, period: month, measure: {count: call.completed}}
"""
    )

    result = state("calls", "an", catalogue=str(catalogue))

    assert (2, "error: KPI 'calls' has no rows of 'an': its scope is team, and an is finer\n") == (
        result.exit_code,
        result.stderr,
    )


def test_without_a_catalogue_nothing_can_be_named() -> None:
    result = state("revenue", "an", catalogue="")

    assert (2, True) == (result.exit_code, "no catalogue: give --catalogue, or set KPI_CATALOGUE" in result.stderr)


def test_an_unreachable_broker_is_one_line() -> None:
    result = state("revenue", "an", "--json")

    assert (1, "") == (result.exit_code, result.stdout)
    assert result.stderr.startswith(f"error: Kafka at {NOBODY} does not answer; is it running")


def test_help_says_what_is_shown_and_that_nothing_is_written() -> None:
    result = state("--help")

    assert result.exit_code == 0
    for said in ("KPI SUBJECT", "--period", "--json", "It only reads", "OBSERVE", "LINK", "JUDGE"):
        assert said in result.stdout
