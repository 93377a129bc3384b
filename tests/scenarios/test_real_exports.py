"""Two real exports, from the table to KPI values, against polars that computes them straight from the table.

The sample of the incident log is always checked. For the whole files: `KPI_REAL_DATA_DIR=/folder/with/both pytest
tests/scenarios/test_real_exports.py`, where the folder has incident_log_2016.csv and call_center_2021.csv.
"""

import json
import os
import random
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from streams.cli import main

EXAMPLES = Path(__file__).parents[2] / "deploy" / "examples"
SAMPLE = Path(__file__).parents[1] / "data" / "incident_log_sample.csv"

Key = tuple[str, str, str]
"""KPI, subject and period."""
Values = dict[Key, float]


def kpi(*arguments: str | Path) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.stderr
    return result.stdout


def imported(table: Path, example: str, folder: Path) -> Path:
    out = folder / f"{table.stem}.jsonl"
    kpi("import", table, "--mapping", EXAMPLES / example / "mapping.yaml", "--out", out)
    return out


def replayed(catalogue: Path, *events: Path) -> dict[Key, float | None]:
    rows = [json.loads(line) for line in kpi("replay", *events, "--catalogue", catalogue, "--json").splitlines()]
    return {(row["kpi"], row["subject"], row["period"]): row["value"] for row in rows if row["kind"] == "value"}


def assert_equal(computed: Values, said: Mapping[Key, float | None]) -> None:
    """Every computed value is said; what is said beside them is nothing or 0."""
    assert {key: said.get(key) for key in computed} == {key: pytest.approx(value) for key, value in computed.items()}
    assert {key: value for key, value in said.items() if key not in computed and value} == {}


def collect(values: Values, kpi_id: str, table: pl.DataFrame) -> None:
    for subject, period, value in table.select("subject", "period", "value").iter_rows():
        if subject is not None and value is not None:
            values[kpi_id, subject, period] = value


def per_subject(table: pl.DataFrame, *subjects: pl.Expr) -> pl.DataFrame:
    """The rows once for each of the subjects they count for."""
    return pl.concat([table.with_columns(subject=subject) for subject in subjects])


def incident_values(path: Path) -> Values:
    minute = "%d-%m-%Y %H:%M"
    log = pl.read_csv(path, infer_schema_length=0).with_columns(
        updated=pl.col("sys_updated_at").str.to_datetime(minute),
        opened=pl.col("opened_at").str.to_datetime(minute),
        mods=pl.col("sys_mod_count").cast(pl.Int64),
        reopens=pl.col("reopen_count").cast(pl.Int64),
        team=pl.when(pl.col("assignment_group") != "?").then(
            pl.col("assignment_group").str.to_lowercase().str.replace(" ", "-")
        ),
    )
    by_time = log.sort("updated", "mods")
    firsts = {
        "tickets_opened": by_time.group_by("number", maintain_order=True).first().with_columns(at="opened"),
        "tickets_resolved": by_time.filter(pl.col("incident_state") == "Resolved")
        .group_by("number", "reopens", maintain_order=True).first().with_columns(at="updated"),
        "tickets_reopened": by_time.filter(pl.col("reopens") > 0)
        .group_by("number", "reopens", maintain_order=True).first().with_columns(at="updated"),
    }  # fmt: skip
    department = pl.when(pl.col("team").is_not_null()).then(pl.lit("it-support"))
    values: Values = {}
    counts = {}
    for kpi_id, table in firsts.items():
        everyone = per_subject(table.select("team", "at"), pl.col("team"), department, pl.lit("service-desk"))
        counts[kpi_id] = (
            everyone.with_columns(period=pl.col("at").dt.strftime("%G-W%V")).group_by("subject", "period")
            .agg(value=pl.len().cast(pl.Float64))
        )  # fmt: skip
        collect(values, kpi_id, counts[kpi_id])
    share = counts["tickets_resolved"].join(
        counts["tickets_reopened"], on=["subject", "period"], how="left", suffix="_reopened"
    )
    collect(
        values,
        "reopened_share",
        share.with_columns(value=pl.col("value_reopened").fill_null(0) / pl.col("value") * 100),
    )
    return values


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


def real(name: str) -> Path:
    folder = os.environ.get("KPI_REAL_DATA_DIR")
    if not folder or not (Path(folder) / name).is_file():
        pytest.skip(f"KPI_REAL_DATA_DIR names no folder with {name}")
    return Path(folder) / name


Computation = Callable[[Path], Values]


def test_the_sample_of_the_incident_log_gives_the_values_that_polars_computes(tmp_path: Path) -> None:
    computed = incident_values(SAMPLE)
    events = imported(SAMPLE, "incident_log", tmp_path)

    assert_equal(computed, replayed(EXAMPLES / "incident_log" / "catalogue", events))
    assert computed["tickets_opened", "service-desk", "2016-W09"] == 38
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
        ("incident_log_2016.csv", "incident_log", "catalogue", incident_values),
        ("call_center_2021.csv", "call_center", "catalogue.yaml", call_values),
    ],
)
def test_a_whole_real_export_gives_the_values_that_polars_computes(
    table: str, example: str, catalogue: str, computation: Computation, tmp_path: Path
) -> None:
    path = real(table)
    events = imported(path, example, tmp_path)

    assert_equal(computation(path), replayed(EXAMPLES / example / catalogue, events))
