from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.cli import main

NOBODY = "127.0.0.1:1"


def dead_letter(*arguments: str) -> Result:
    return CliRunner(env={"KPI_BROKER_URL": NOBODY, "KPI_CATALOGUE": ""}).invoke(main, ["dead-letter", *arguments])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["replay"], "nothing is selected: give places (as 3:17), --reason and the like, or --all"),
        (["replay", "3:17", "--all"], "places and options select in different ways"),
        (["replay", "3-17"], "'3-17' is not PARTITION:OFFSET, as 3:17"),
        (["replay", "--reason", "ugly"], "'ugly' is not one of 'bad_json'"),
        (["list", "--since", "2026-11-23"], "has no time of day or no offset"),
        (["show"], "Missing argument 'PLACE'"),
        (["list", "--broker", "kafka://"], "--broker or a setting: KPI_BROKER_URL='kafka://'"),
    ],
)
def test_wrong_use_is_told_before_anything_is_sent(arguments: list[str], said: str) -> None:
    result = dead_letter(*arguments)

    assert (2, True) == (result.exit_code, said in result.stderr), result.stderr


@pytest.mark.parametrize("arguments", [["list"], ["show", "0:1"], ["replay", "--all"]])
def test_an_unreachable_broker_is_one_line(arguments: list[str]) -> None:
    result = dead_letter(*arguments)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: Kafka at {NOBODY} does not answer; is it running")
    assert result.stdout == ""


def test_a_catalogue_that_cannot_be_loaded_stops_a_replay(tmp_path: Path) -> None:
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text("version: 2\n")

    result = dead_letter("replay", "--all", "-c", str(catalogue))

    assert result.exit_code == 1
    assert "error: the catalogue cannot be loaded" in result.stderr
