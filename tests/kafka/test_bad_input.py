"""What people get wrong, through the `kpi` command: one line that names value, rule and place, and no traceback."""

import json
import socket
from pathlib import Path

import pytest

from tests.kafka.product import Product

TENANT = "version: 1\ntenant: {id: demo, timezone: Asia/Ho_Chi_Minh, currency: VND, locale: en}\n"
COUNT = """
teams: [{id: hn-1, department: sales}]
people: [{id: an, team: hn-1}]
kpis:
  - id: calls
    title: Calls
    kind: metric
    unit: calls
    scope: person
    period: month
    measure: {count: call.completed}
"""


@pytest.fixture
def catalogue(product: Product, tmp_path: Path) -> Path:
    path = tmp_path / "catalogue.yaml"
    path.write_text(TENANT + COUNT)
    product.catalogue = [path]
    return path


def rewrite(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("line", "wanted", "said"),
    [
        (
            "    unit: calls\n",
            "    unit: calls\n    colour: red\n",
            "catalogue.yaml:11: error KPI004 unknown field `colour`; known: ",
        ),
        (
            "{count: call.completed}",
            "{count: call.completed, where: {duration_s: {ge: 60, lt: 60}}}",
            "catalogue.yaml:13: error KPI022 `duration_s`: no value of the field",
        ),
    ],
    ids=["unknown field", "impossible where"],
)
async def test_a_catalogue_that_cannot_be_loaded_stops_the_worker(
    product: Product, catalogue: Path, line: str, wanted: str, said: str
) -> None:
    rewrite(catalogue, line, wanted)

    worker = product.worker()

    assert await product.ended(worker, 20) == 1
    assert said in product.log_of(worker)
    assert "error: the catalogue cannot be loaded (1 errors above)" in product.log_of(worker)
    assert "Traceback" not in product.log_of(worker)


async def test_a_worker_without_a_broker_ends_with_one_line(product: Product, catalogue: Path) -> None:
    worker = product.worker(KPI_BROKER_URL="127.0.0.1:9")

    assert await product.ended(worker, 20) == 1
    assert "error: Kafka at 127.0.0.1:9 (KPI_BROKER_URL) does not answer" in product.log_of(worker)
    assert "Traceback" not in product.log_of(worker)


async def test_a_worker_whose_port_is_taken_ends_with_one_line(product: Product, catalogue: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        worker = product.worker(KPI_HTTP_PORT=str(port))

        assert await product.ended(worker, 30) == 1
    assert f"error: cannot listen on 127.0.0.1:{port} (KPI_HTTP_HOST, KPI_HTTP_PORT): " in product.log_of(worker)
    assert "Traceback" not in product.log_of(worker)


async def test_another_partition_count_stops_the_worker(product: Product, catalogue: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    await product.emit(empty)  # makes the topic, with four partitions

    worker = product.worker(KPI_PARTITIONS="8")

    assert await product.ended(worker, 20) == 1
    assert "kpi.events has 4 partitions, expected 8 (KPI_PARTITIONS)" in product.log_of(worker)
    assert "Traceback" not in product.log_of(worker)


def test_an_empty_file_is_told_and_is_no_failure(product: Product, catalogue: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.touch()

    sent = product.kpi("emit", empty)
    replayed = product.kpi("replay", empty, "-c", catalogue, "--json")

    assert (sent.returncode, replayed.returncode) == (0, 0)
    assert "0 events sent to " in sent.stderr
    assert (replayed.stdout, replayed.stderr) == ("", "0 events: none\n")


async def test_an_unknown_person_counts_for_their_team_or_only_for_the_organisation_and_is_named_once(
    product: Product, catalogue: Path, tmp_path: Path
) -> None:
    events = tmp_path / "events.jsonl"
    who = [{"owner": "an"}, {"owner": "ghost", "team": "hn-1"}, {"owner": "ghost"}, {"owner": "ghost"}]
    events.write_text(
        "".join(
            json.dumps(
                {
                    "specversion": "1.0",
                    "id": str(number),
                    "source": "pbx",
                    "type": "call.completed",
                    "time": "2025-03-03T09:00:00+07:00",
                    "subject": f"call-{number}",
                    "data": {**data, "duration_s": 60, "outcome": "answered"},
                }
            )
            + "\n"
            for number, data in enumerate(who)
        )
    )
    await product.emit(events)
    replayed, _ = await product.replay(events)
    told = product.kpi("replay", events, "-c", catalogue).stderr

    worker = product.worker()
    rows = await product.values_until(replayed)

    march = {key.split(b"|")[1].decode(): row["value"] for key, row in rows.items()}
    assert march == {"an": 1, "hn-1": 2, "sales": 2, "demo": 4}
    assert told.count("'ghost'") == 1
    await product.until_logged(worker, "owner 'ghost' is not among the catalogue's people", 20)
    assert product.logs().count("'ghost'") == 1
