"""The main job on real exports: table, `kpi import`, `kpi emit`, `kpi worker` on Apache Kafka; values equal a replay.

The committed sample of the incident log always runs; with `KPI_REAL_DATA_DIR=/folder/with/both` the whole exports do
too. tests/scenarios/test_real_exports.py proves the replayed values against an independent computation.
"""

from pathlib import Path

import pytest

from tests.kafka.harness import ROOT
from tests.kafka.product import Product
from tests.needs import real_export

EXAMPLES = ROOT / "deploy" / "examples"
SAMPLE = ROOT / "tests" / "data" / "incident_log_sample.csv"


async def check(product: Product, table: Path, example: str, catalogue: str, out: Path) -> int:
    """Runs the road of one table; the number of rows."""
    product.catalogue = [EXAMPLES / example / catalogue]
    imported = product.kpi("import", table, "--mapping", EXAMPLES / example / "mapping.yaml", "--out", out)
    assert imported.returncode == 0, imported.stderr
    await product.emit(out)
    replayed, _ = await product.replay(out)
    worker = product.worker()

    rows = await product.values_until(replayed)

    assert await product.stop(worker) == 0
    return len(rows)


async def test_a_sample_of_incidents_gives_the_values_of_its_replay(product: Product, tmp_path: Path) -> None:
    assert await check(product, SAMPLE, "incident_log", "catalogue", tmp_path / "events.jsonl") > 20


@pytest.mark.parametrize(
    ("table", "example", "catalogue"),
    [
        ("incident_log_2016.csv", "incident_log", "catalogue"),
        ("call_center_2021.csv", "call_center", "catalogue.yaml"),
    ],
)
async def test_a_whole_real_export_gives_the_values_of_its_replay(
    product: Product, table: str, example: str, catalogue: str, tmp_path: Path
) -> None:
    assert await check(product, real_export(table), example, catalogue, tmp_path / "events.jsonl") > 100
