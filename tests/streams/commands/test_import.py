import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from openpyxl import Workbook

from streams.cli import main

MAPPING = """\
version: 1
source: crm
time_zone: Asia/Ho_Chi_Minh
time_formats: "%Y-%m-%d"
fields:
  deal: {column: Deal, type: id}
  seller: {column: Seller, type: id, slug: true}
  at: {column: Date, type: time}
  amount: {column: Amount, type: integer}
events:
  - type: sale.closed
    id: "{deal}"
    subject: "{deal}"
    time: at
    data: {sale_id: deal, owner: seller, amount: amount}
"""
HEADER = "Deal,Seller,Date,Amount\n"
GOOD = "d1,An,2026-01-05,100\nd2,Bình,2026-01-06,200\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("m.yaml").write_text(MAPPING, encoding="utf-8")
    Path("good.csv").write_text(HEADER + GOOD, encoding="utf-8")
    return tmp_path


def kpi(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["import", *arguments])


@pytest.mark.usefixtures("folder")
def test_a_clean_table_becomes_events_and_exits_0() -> None:
    result = kpi("good.csv", "--mapping", "m.yaml")

    first = json.loads(result.stdout.splitlines()[0])
    assert (first["time"], first["data"]["owner"]) == ("2026-01-05T00:00:00+07:00", "an")
    assert result.stderr == "2 rows, 2 events, 0 skipped\n"
    assert result.exit_code == 0


@pytest.mark.usefixtures("folder")
def test_bad_rows_are_reported_with_their_line_skipped_and_counted() -> None:
    Path("file.csv").write_text(HEADER + "d0,An,2021-13-01,1\n" + GOOD + "d3,An,2026-01-07,1.5\n", encoding="utf-8")
    result = kpi("file.csv", "--mapping", "m.yaml")

    assert result.stderr.splitlines() == [
        "file.csv:2: column Date: '2021-13-01' is not %Y-%m-%d",
        "file.csv:5: column Amount: '1.5' is not a whole number",
        "4 rows, 2 events, 2 skipped",
    ]
    assert len(result.stdout.splitlines()) == 2
    assert result.exit_code == 1


@pytest.mark.usefixtures("folder")
def test_many_bad_rows_are_counted_after_the_first_fifty() -> None:
    Path("file.csv").write_text(HEADER + "d0,An,x,1\n" * 60, encoding="utf-8")
    lines = kpi("file.csv", "--mapping", "m.yaml").stderr.splitlines()

    assert len(lines) == 52
    assert lines[-2:] == ["... and 10 more rows", "60 rows, 0 events, 60 skipped"]


@pytest.mark.usefixtures("folder")
def test_importing_twice_gives_the_same_bytes_and_a_longer_export_the_same_identities() -> None:
    Path("longer.csv").write_text(HEADER + "d0,An,2026-01-01,5\n" + GOOD, encoding="utf-8")
    first, again, longer = (kpi(name, "--mapping", "m.yaml").stdout for name in ("good.csv", "good.csv", "longer.csv"))

    assert first == again
    assert longer.splitlines()[1:] == first.splitlines()


@pytest.mark.usefixtures("folder")
def test_out_writes_the_file_and_json_the_counts() -> None:
    result = kpi("good.csv", "--mapping", "m.yaml", "--out", "events.jsonl", "--json")

    assert json.loads(result.stdout) == {"rows": 2, "events": 2, "skipped": 0}
    assert len(Path("events.jsonl").read_text(encoding="utf-8").splitlines()) == 2


@pytest.mark.usefixtures("folder")
def test_a_failed_import_leaves_the_old_file_as_it_was() -> None:
    Path("events.jsonl").write_text("old\n", encoding="utf-8")
    Path("cut.csv").write_bytes((HEADER + GOOD).encode() + b"\xff\xff\n")
    Path("m.yaml").write_text(MAPPING + "file: {encoding: utf-8}\n", encoding="utf-8")
    result = kpi("cut.csv", "--mapping", "m.yaml", "--out", "events.jsonl")

    assert result.exit_code == 1
    assert Path("events.jsonl").read_text(encoding="utf-8") == "old\n"
    assert sorted(path.name for path in Path().iterdir()) == ["cut.csv", "events.jsonl", "good.csv", "m.yaml"]


@pytest.mark.usefixtures("folder")
def test_a_workbook_gives_the_same_events_as_the_table_it_came_from() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in (HEADER + GOOD).splitlines():
        deal, seller, date, amount = line.split(",")
        sheet.append([deal, seller, date, int(amount) if amount.isdigit() else amount])
    book.save("good.xlsx")

    assert kpi("good.xlsx", "--mapping", "m.yaml").stdout == kpi("good.csv", "--mapping", "m.yaml").stdout


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", "error: file.csv: the file is empty\n"),
        ("Deal,Seller,Date\n", "error: file.csv:1: no column 'Amount'; the header has Deal, Seller, Date\n"),
    ],
)
def test_a_table_that_cannot_be_read_is_one_line_and_exits_1(content: str, error: str) -> None:
    Path("file.csv").write_text(content, encoding="utf-8")
    result = kpi("file.csv", "--mapping", "m.yaml")

    assert (result.stdout, result.stderr, result.exit_code) == ("", error, 1)


@pytest.mark.usefixtures("folder")
def test_an_unknown_mapping_key_is_wrong_use_with_its_line() -> None:
    Path("m.yaml").write_text(MAPPING.replace("slug:", "slugg:"), encoding="utf-8")
    result = kpi("good.csv", "--mapping", "m.yaml")

    assert result.stderr == "m.yaml:7: fields.seller.slugg: unknown key 'slugg'; did you mean 'slug'?\n"
    assert result.exit_code == 2


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gone.csv", "--mapping", "m.yaml"], "'gone.csv' does not exist"),
        (["good.csv", "--mapping", "gone.yaml"], "'gone.yaml' does not exist"),
        (["good.csv"], "Missing option '--mapping'"),
        (["good.csv", "--mapping", "m.yaml", "--json"], "say with --out where the events go"),
        (["good.csv", "--mapping", "m.yaml", "--suggest", "--json", "--out", "x"], "--suggest writes no events"),
    ],
)
def test_wrong_use_says_what_and_exits_2(arguments: list[str], words: str) -> None:
    result = kpi(*arguments)

    assert words in result.stderr
    assert result.exit_code == 2


@pytest.mark.usefixtures("folder")
def test_an_out_folder_that_is_not_there_is_a_clear_error() -> None:
    result = kpi("good.csv", "--mapping", "m.yaml", "--out", "gone/events.jsonl")

    assert result.stderr == "Error: gone/events.jsonl: cannot be written: No such file or directory\n"
    assert result.exit_code == 1


@pytest.mark.usefixtures("folder")
def test_suggest_prints_the_people_of_the_table() -> None:
    result = kpi("good.csv", "--mapping", "m.yaml", "--suggest")

    assert '  - {id: binh, name: "Bình", team: unassigned}' in result.stdout.splitlines()
    assert result.exit_code == 0


@pytest.mark.usefixtures("folder")
def test_the_catalogue_says_which_currency_and_types_hold() -> None:
    tenant = "tenant: {id: demo, timezone: Asia/Ho_Chi_Minh, currency: VND}"
    Path("c.yaml").write_text(f"version: 1\n{tenant}\n", encoding="utf-8")
    Path("m.yaml").write_text(
        MAPPING.replace("amount: amount}", "amount: amount, currency: {value: EUR}}"), encoding="utf-8"
    )
    result = kpi("good.csv", "--mapping", "m.yaml", "--catalogue", "c.yaml")

    assert "good.csv:2: sale.closed: data.currency: 'EUR' is not the tenant's VND" in result.stderr
    assert kpi("good.csv", "--mapping", "m.yaml").exit_code == 0


@pytest.mark.usefixtures("folder")
def test_a_field_that_no_kpi_reads_is_noted() -> None:
    Path("m.yaml").write_text(MAPPING.replace("amount: amount}", "amount: amount, quantty: amount}"), encoding="utf-8")
    result = kpi("good.csv", "--mapping", "m.yaml")

    assert (
        "note: events[0].data: sale.closed has no field 'quantty', no KPI reads it; did you mean quantity?"
        in result.stderr
    )
    assert result.exit_code == 0


@pytest.mark.usefixtures("folder")
def test_events_come_in_the_order_of_their_time_not_of_their_rows() -> None:
    Path("file.csv").write_text(HEADER + "d9,An,2026-02-01,1\n" + GOOD, encoding="utf-8")
    result = kpi("file.csv", "--mapping", "m.yaml")

    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == ["d1", "d2", "d9"]
