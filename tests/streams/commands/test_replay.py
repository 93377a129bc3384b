"""`kpi replay`: what it prints, and what it says of input that it cannot use."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.commands.replay import command

CATALOGUE = """
version: 1
tenant: {id: demo, timezone: Asia/Ho_Chi_Minh, currency: VND, locale: en}
calendar: {hours: {mon-fri: ["08:00-12:00", "13:00-17:00"]}}
people: [{id: an, team: hn-1, from: 2026-11-01}]
teams: [{id: hn-1, department: sales}]
kpis:
  - id: calls
    title: Calls
    kind: leading
    unit: calls
    scope: person
    period: day
    measure: {count: call.completed}
    targets: [{value: 16, per: person, from: 2026-11-16}]
"""
VALUE_KEYS = [
    "kind",
    "kpi",
    "subject",
    "scope",
    "period",
    "start",
    "end",
    "value",
    "target",
    "expected",
    "attainment",
    "n",
    "status",
    "version",
]
ALERT_KEYS = ["kind", "at", "fingerprint", "class", "kpi", "subject", "period", "transition", "severity", "reason"]


def call(number: int, time: str, owner: str = "an") -> str:
    data = {"owner": owner, "duration_s": 60, "outcome": "answered"}
    event = {"specversion": "1.0", "id": f"c{number}", "source": "pbx", "type": "call.completed", "time": time}
    return json.dumps({**event, "subject": f"call-{number}", "data": data})


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    path = tmp_path / "catalogue.yaml"
    path.write_text(CATALOGUE)
    return path


def run(catalogue: Path, events: str, *options: str) -> Result:
    path = catalogue.parent / "events.jsonl"
    path.write_text(events)
    return CliRunner().invoke(command, [str(path), "-c", str(catalogue), *options])


def rows(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_json_has_exactly_the_keys_of_the_contract(catalogue: Path) -> None:
    events = "\n".join(call(n, f"2026-11-16T0{8 + n // 4}:{n % 4}0:00+07:00") for n in range(4))

    result = run(catalogue, events, "--json", "--until", "2026-11-16T18:00:00+07:00")

    assert result.exit_code == 0
    shown = rows(result)
    assert all(list(row) == VALUE_KEYS for row in shown if row["kind"] == "value")
    assert any(row["kind"] == "alert" for row in shown)
    assert all(list(row) == ALERT_KEYS for row in shown if row["kind"] == "alert")
    assert [row["kind"] for row in shown] == sorted((str(row["kind"]) for row in shown), reverse=True)


def test_values_are_sorted_and_alerts_are_in_time_order(catalogue: Path) -> None:
    events = "\n".join(call(n, f"2026-11-{16 + n // 3}T08:{n % 3}0:00+07:00") for n in range(9))

    shown = rows(run(catalogue, events, "--json", "--until", "2026-11-18T23:00:00+07:00"))

    keys = [(row["kpi"], row["subject"], row["period"]) for row in shown if row["kind"] == "value"]
    times = [str(row["at"]) for row in shown if row["kind"] == "alert"]
    assert keys == sorted(keys, key=str)
    assert times == sorted(times)


def test_events_after_until_are_ignored_and_the_clock_ends_there(catalogue: Path) -> None:
    events = "\n".join([call(1, "2026-11-16T08:00:00+07:00"), call(2, "2026-11-16T10:00:00+07:00")])

    result = run(catalogue, events, "--json", "--until", "2026-11-16T09:00:00+07:00")

    (an,) = [row for row in rows(result) if row["kind"] == "value" and row["subject"] == "an"]
    assert (an["value"], an["n"], an["expected"], an["version"]) == (1, 1, 2.0, 0)
    assert "1 after --until ignored" in result.stderr


def test_a_refused_event_is_told_with_its_place_and_nothing_else_is_affected(catalogue: Path) -> None:
    bad = call(2, "2026-11-16T08:10:00+07:00").replace('"duration_s": 60', '"duration_s": -3')

    result = run(catalogue, "\n".join([call(1, "2026-11-16T08:00:00+07:00"), bad, "{"]), "--json")

    assert result.exit_code == 0
    assert "events.jsonl:2: wrong_field:" in result.stderr
    assert "-3" in result.stderr
    assert "events.jsonl:3: bad_json:" in result.stderr
    assert "1 applied, 2 dead_lettered" in result.stderr
    assert [row["value"] for row in rows(result) if row["subject"] == "an"] == [1]


def test_an_unknown_owner_is_told_once_and_only_the_organisation_is_credited(catalogue: Path) -> None:
    events = "\n".join(call(n, f"2026-11-16T08:0{n}:00+07:00", owner="ghost") for n in range(3))

    result = run(catalogue, events, "--json")

    values = {str(row["subject"]): row["value"] for row in rows(result) if row["kind"] == "value"}
    assert result.stderr.count("'ghost'") == 1
    assert values == {"an": 0, "hn-1": 0, "sales": 0, "demo": 3}


def test_an_empty_file_gives_nothing_and_no_error(catalogue: Path) -> None:
    result = run(catalogue, "", "--json")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "0 events" in result.stderr


def test_a_catalogue_that_cannot_be_loaded_is_named_with_its_line(catalogue: Path) -> None:
    catalogue.write_text(CATALOGUE.replace("unit:", "unti:"))

    result = run(catalogue, "", "--json")

    assert result.exit_code == 1
    assert f"{catalogue}:11" in result.stderr
    assert "unti" in result.stderr


@pytest.mark.parametrize("until", ["2026-11-16", "2026-11-16T08:00:00", "soon"])
def test_until_without_an_offset_is_wrong_use(catalogue: Path, until: str) -> None:
    result = run(catalogue, "", "--until", until)

    assert result.exit_code == 2
    assert "expected RFC 3339 with offset" in result.stderr


def test_a_missing_file_is_one_line(catalogue: Path) -> None:
    result = CliRunner().invoke(command, ["nowhere.jsonl", "-c", str(catalogue)])

    assert result.exit_code == 1
    assert result.stderr.startswith("error: nowhere.jsonl: cannot be read")


def test_a_person_reads_a_table_and_sentences(catalogue: Path) -> None:
    events = "\n".join(call(n, f"2026-11-16T08:{n}0:00+07:00") for n in range(4))

    result = run(catalogue, events, "--until", "2026-11-16T18:00:00+07:00")

    assert "2026-11-16" in result.stdout
    assert "Calls" in result.stdout


@pytest.mark.parametrize(
    ("currency", "shown"),
    [("VND", ["125,050", "300,000", "62,525"]), ("EUR", ["1,250.50", "3,000.00", "625.25"])],
)
def test_the_table_tells_money_in_units_of_its_currency(catalogue: Path, currency: str, shown: list[str]) -> None:
    money = f"scope: org, period: month, unit: {currency}"
    a_sale = "{ratio: {of: {sum: amount, of: sale.closed}, to: {count: sale.closed}}}"
    kpis = f"""  - {{id: revenue, title: Revenue, kind: metric, {money}, measure: {{sum: amount, of: sale.closed}},
      targets: [{{value: 300000, from: 2026-11-01}}]}}
  - {{id: ticket, title: A sale, kind: metric, {money}/sale, measure: {a_sale}}}
"""
    catalogue.write_text(CATALOGUE.replace("currency: VND", f"currency: {currency}") + kpis)
    sales = [json.loads(call(number, "2026-11-16T08:00:00+07:00")) for number in (1, 2)]
    for sale, amount in zip(sales, (125_000, 50), strict=True):
        data = {"owner": "an", "sale_id": sale["id"], "amount": amount, "currency": currency}
        sale |= {"type": "sale.closed", "data": data}

    result = run(catalogue, "\n".join(map(json.dumps, sales)))

    told = {line.split()[0]: line.split() for line in result.stdout.splitlines() if " demo " in line}
    assert shown == [*told["revenue"][3:5], told["ticket"][3]]


def test_a_correction_in_the_wrong_place_is_named(catalogue: Path) -> None:
    wrong = json.loads(call(2, "2026-11-16T08:10:00+07:00"))
    wrong |= {"type": "meeting.held", "subject": "call-1"}
    wrong["data"] = {"owner": "an", "supersedes": {"source": "pbx", "id": "c1"}}

    result = run(catalogue, "\n".join([call(1, "2026-11-16T08:00:00+07:00"), json.dumps(wrong)]), "--json")

    assert "not_supersedable: a meeting.held cannot supersede a call.completed" in result.stderr
    assert "pbx id c2" in result.stderr
