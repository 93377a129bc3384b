"""`kpi explain` over files: whole explanations, and what it refuses. A golden file changes only with a reason given."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.cli import main

HERE = Path(__file__).parent / "explained"
FIRST_STEPS = Path(__file__).parents[3] / "deploy" / "examples" / "first_steps"
NOON = ("--until", "2026-11-20T12:00:00+07:00")


def explain(folder: Path, *arguments: str) -> Result:
    files = ("--events", str(folder / "events.jsonl"), "--catalogue", str(folder / "catalogue.yaml"))
    return CliRunner(env={"KPI_BROKER_URL": "", "KPI_CATALOGUE": ""}).invoke(main, ["explain", *arguments, *files])


@pytest.mark.parametrize(
    ("golden", "folder", "arguments"),
    [
        ("first_steps.contacts.an.en", FIRST_STEPS, ("contacts", "an", *NOON)),
        ("first_steps.real_talk.hn-1.en", FIRST_STEPS, ("real_talk", "hn-1", *NOON)),
        ("first_steps.revenue.hn-1.vi", FIRST_STEPS, ("revenue", "hn-1", "--lang", "vi", *NOON)),
        ("revenue.an.en", HERE, ("revenue", "an", "--period", "2026-11")),
        ("revenue.hn-1.vi", HERE, ("revenue", "hn-1", "--period", "2026-11", "--lang", "vi")),
        ("revenue.chi.en", HERE, ("revenue", "chi", "--period", "2026-11")),
        ("reversed_share.acme.en", HERE, ("reversed_share", "acme", "--period", "2026-11")),
        ("big_buyers.hn-2.vi", HERE, ("big_buyers", "hn-2", "--period", "2026-11", "--lang", "vi")),
        ("margin.acme.en", HERE, ("margin", "acme", "--period", "2026-11")),
        ("mood.hn-1.en", HERE, ("mood", "hn-1", "--period", "2026-11")),
    ],
)
def test_an_explanation_is_its_golden_file(golden: str, folder: Path, arguments: tuple[str, ...]) -> None:
    result = explain(folder, *arguments)

    assert (0, (HERE / f"{golden}.txt").read_text(encoding="utf-8")) == (result.exit_code, result.stdout)


def test_a_script_reads_the_same_as_one_object() -> None:
    result = explain(HERE, "revenue", "hn-1", "--period", "2026-11", "--json")

    golden = json.loads((HERE / "revenue.hn-1.json").read_text(encoding="utf-8"))
    assert (0, golden) == (result.exit_code, json.loads(result.stdout))


@pytest.mark.parametrize(("lang", "name"), [("en", "Key result"), ("vi", "Kết quả then chốt")])
def test_a_key_result_is_told_by_its_way_from_the_start(lang: str, name: str, tmp_path: Path) -> None:
    written = (FIRST_STEPS / "catalogue.yaml").read_text(encoding="utf-8")
    catalogue = written.replace("{value: 10,", "{value: 12, start: 8,")
    (tmp_path / "catalogue.yaml").write_text(catalogue, encoding="utf-8")
    (tmp_path / "events.jsonl").write_bytes((FIRST_STEPS / "events.jsonl").read_bytes())

    assert f"{name}: (10 − 8) / (12 − 8) = 50" in explain(tmp_path, "contacts", "an", "--lang", lang, *NOON).stdout


@pytest.mark.parametrize(
    ("currency", "lang", "note"),
    [
        ("VND", "en", None),
        ("EUR", "en", "Money is told in the smallest unit of EUR: 100 is €1.00."),
        ("KWD", "vi", "Số tiền tính bằng đơn vị nhỏ nhất của KWD: 100 là 0,100 KWD."),
    ],
)
def test_cents_are_told_as_cents(currency: str, lang: str, note: str | None, tmp_path: Path) -> None:
    for name in ("catalogue.yaml", "events.jsonl"):
        written = (FIRST_STEPS / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(written.replace("VND", currency), encoding="utf-8")

    of_money, of_calls = (
        json.loads(explain(tmp_path, kpi, "an", "--lang", lang, "--json", *NOON).stdout)["notes"]
        for kpi in ("revenue", "contacts")
    )

    assert [one["text"].replace("\N{NO-BREAK SPACE}", " ") for one in of_money if one["code"] == "minor"] == (
        [] if note is None else [note]
    )
    assert "minor" not in [one["code"] for one in of_calls]


def test_the_default_is_the_period_that_the_clock_is_in() -> None:
    told = json.loads(explain(HERE, "revenue", "an", "--json").stdout)

    assert ("2026-12", 2_500_000) == (told["period"], told["counted"]["value"])


def test_nothing_of_an_anonymous_kpi_says_what_single_people_answered() -> None:
    told = json.loads(explain(HERE, "mood", "hn-1", "--period", "2026-11", "--json").stdout)

    assert (None, [], []) == (told["counted"], told["leaves"], told["changes"])
    assert ["anonymous"] == [note["code"] for note in told["notes"] if note["code"] == "anonymous"]


def test_a_period_in_which_nothing_happened_says_so() -> None:
    told = json.loads(explain(HERE, "big_buyers", "hn-2", "--period", "2026-08", "--json").stdout)

    assert (None, 0) == (told["published"], told["counted"]["n"])
    assert "nothing" in [note["code"] for note in told["notes"]]


def test_a_period_that_began_before_the_horizon_says_what_is_forgotten() -> None:
    told = json.loads(explain(HERE, "revenue", "an", "--period", "2026-11", "--horizon", "20", "--json").stdout)

    codes = [note["code"] for note in told["notes"]]
    assert {"forgotten", "differs"} <= set(codes)
    assert told["counted"]["value"] < told["published"]["value"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("profit", "an"), "error: the catalogue has no KPI 'profit'"),
        (("revenu", "an"), "error: the catalogue has no KPI 'revenu'; did you mean `revenue`?"),
        (
            ("revenue", "An"),
            "error: the catalogue has no person, team, department or organisation 'An'; did you mean `an`?",
        ),
        (("revenue", "em"), "error: the catalogue has no person, team, department or organisation 'em'"),
        (("revenue", "an", "--period", "2026-W48"), "error: '2026-W48' is a week, and KPI 'revenue' goes by month"),
        (("big_buyers", "an"), "error: KPI 'big_buyers' has no rows of 'an': its scope is team, and an is finer"),
        (("revenue", "an", "--broker", "kafka:9092"), "Error: --events explains files: it takes no --broker"),
    ],
)
def test_what_cannot_be_asked_is_one_line(arguments: tuple[str, ...], said: str) -> None:
    result = explain(HERE, *arguments)

    assert (2, "") == (result.exit_code, result.stdout)
    assert said in result.stderr


def test_until_belongs_to_files() -> None:
    result = CliRunner().invoke(main, ["explain", "revenue", "an", *NOON, "-c", str(HERE / "catalogue.yaml")])

    assert (2, True) == (result.exit_code, "--until needs --events" in result.stderr)


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    missing = str(tmp_path / "none.jsonl")
    catalogue = str(HERE / "catalogue.yaml")
    result = CliRunner().invoke(main, ["explain", "revenue", "an", "--events", missing, "-c", catalogue])

    assert (1, True) == (result.exit_code, result.stderr.startswith(f"error: {missing}")), result.stderr
