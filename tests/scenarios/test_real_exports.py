"""Two real exports, from the table to KPI values, against polars that computes them straight from the table.

The sample of the incident log is always checked. For the whole files: `KPI_REAL_DATA_DIR=/folder/with/both pytest
tests/scenarios/test_real_exports.py`, where the folder has incident_log_2016.csv and call_center_2021.csv.
"""

import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from streams.cli import main
from tests.needs import real_export
from tests.scenarios import incident_log
from tests.scenarios.incident_log import Values, collect, per_subject

EXAMPLES = Path(__file__).parents[2] / "deploy" / "examples"
SAMPLE = Path(__file__).parents[1] / "data" / "incident_log_sample.csv"
Said = Mapping[tuple[str, str, str], float | None]
"""Value by KPI, subject and period."""


def kpi(*arguments: str | Path) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.stderr
    return result.stdout


def imported(table: Path, example: str, folder: Path) -> Path:
    out = folder / f"{table.stem}.jsonl"
    kpi("import", table, "--mapping", EXAMPLES / example / "mapping.yaml", "--out", out)
    return out


def replayed(catalogue: Path, *events: Path) -> Said:
    rows = [json.loads(line) for line in kpi("replay", *events, "--catalogue", catalogue, "--json").splitlines()]
    return {(row["kpi"], row["subject"], row["period"]): row["value"] for row in rows if row["kind"] == "value"}


def assert_equal(computed: Values, said: Said) -> None:
    """Every computed value is said; what is said beside them is nothing or 0. Quantiles are within their error."""
    wanted = {
        key: pytest.approx(value, rel=0.01 if key[0].endswith("_p90") else None) for key, value in computed.items()
    }
    assert {key: said.get(key) for key in computed} == wanted
    assert {key: value for key, value in said.items() if key not in computed and value} == {}


def call_values(path: Path) -> Values:
    calls = pl.read_csv(path, infer_schema_length=0)
    parts = pl.col("AvgTalkDuration").str.split(":").list
    calls = calls.select(
        agent=pl.col("Agent").str.to_lowercase(),
        period=pl.col("Date").str.slice(0, 7),
        answered=pl.col("Answered (Y/N)") == "Y",
        talk_s=parts.get(0).cast(pl.Int64) * 3600 + parts.get(1).cast(pl.Int64) * 60 + parts.get(2).cast(pl.Int64),
        score=pl.col("Satisfaction rating").cast(pl.Float64),
    )
    everyone = per_subject(calls, pl.col("agent"), pl.lit("help-line"), pl.lit("service"), pl.lit("phone-line"))
    groups = everyone.group_by("subject", "period").agg(
        calls_answered=pl.col("answered").sum().cast(pl.Float64),
        answer_rate=pl.col("answered").mean() * 100,
        talk_time=pl.col("talk_s").filter(pl.col("answered")).mean(),
        csat=pl.col("score").mean(),
        satisfied_share=(pl.col("score").drop_nulls() >= 4).mean() * 100,
    )
    values: Values = {}
    for kpi_id in ("calls_answered", "answer_rate", "talk_time", "csat", "satisfied_share"):
        collect(values, kpi_id, groups.with_columns(value=pl.col(kpi_id)))
    return values


Computation = Callable[[Path], Values]


def test_the_sample_of_the_incident_log_gives_the_values_that_polars_computes(tmp_path: Path) -> None:
    computed = incident_log.values(SAMPLE)
    events = imported(SAMPLE, "incident_log", tmp_path)

    assert_equal(computed, replayed(EXAMPLES / "incident_log" / "catalogue", events))
    assert computed["tickets_opened", "service-desk", "2016-W09"] == 38
    assert computed["resolution_wall", "service-desk", "2016-W15"] == pytest.approx(0.391666667)
    assert (
        sum(
            value
            for (kpi_id, who, _), value in computed.items()
            if (kpi_id, who) == ("tickets_reopened", "service-desk")
        )
        == 11
    )


def test_the_order_of_rows_and_a_second_import_change_nothing(tmp_path: Path) -> None:
    header, *rows = SAMPLE.read_text(encoding="utf-8").splitlines()
    shuffled = tmp_path / "shuffled.csv"
    random.Random(7).shuffle(rows)
    shuffled.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    catalogue = EXAMPLES / "incident_log" / "catalogue"
    first = imported(SAMPLE, "incident_log", tmp_path)
    second = imported(shuffled, "incident_log", tmp_path)

    assert sorted(first.read_bytes().splitlines()) == sorted(second.read_bytes().splitlines())
    assert replayed(catalogue, first, second) == replayed(catalogue, first)


@pytest.mark.parametrize(
    ("table", "example", "catalogue", "computation"),
    [
        ("incident_log_2016.csv", "incident_log", "catalogue", incident_log.values),
        ("call_center_2021.csv", "call_center", "catalogue.yaml", call_values),
    ],
)
def test_a_whole_real_export_gives_the_values_that_polars_computes(
    table: str, example: str, catalogue: str, computation: Computation, tmp_path: Path
) -> None:
    path = real_export(table)
    events = imported(path, example, tmp_path)

    assert_equal(computation(path), replayed(EXAMPLES / example / catalogue, events))
