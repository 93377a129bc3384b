"""`kpi check` as a user runs it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from schemas.templates import template_paths
from streams.cli import main

COMPANY = """\
version: 1
tenant: {id: demo, timezone: Asia/Ho_Chi_Minh, currency: VND, locale: vi}
calendar: {country: VN, hours: {mon-fri: ["08:00-12:00"]}, holidays: {confirmed: [2026]}}
goals: [{id: grow, title: Grow}]
kpis:
  - id: revenue
    title: Doanh thu
    kind: lagging
    goal: grow
    unit: VND
    scope: org
    period: month
    measure: {sum: amount, of: sale.closed}
    review_by: 2026-12-31
"""


@pytest.fixture
def company(tmp_path: Path) -> Path:
    path = tmp_path / "company.yaml"
    path.write_text(COMPANY, encoding="utf-8")
    return path


def check(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["check", *map(str, arguments)])


def test_notes_alone_leave_the_exit_code_at_zero(company: Path) -> None:
    result = check(company, "--today", "2026-11-23", "--lang", "en")

    assert result.exit_code == 0
    assert f"{company}:6: info KPI102 the KPI `revenue` has no target; choose one and add `targets`" in result.stdout
    assert "1 KPIs: 0 errors, 0 warnings, 4 notes" in result.stderr


def test_the_language_is_the_tenants(company: Path) -> None:
    result = check(company, "--today", "2026-11-23")

    assert "KPI `revenue` chưa có mục tiêu; hãy chọn con số và thêm `targets`" in result.stdout


def test_a_warning_exits_with_one(company: Path) -> None:
    result = check(company, "--today", "2027-01-01", "--lang", "en")

    assert result.exit_code == 1
    assert "company.yaml:3: warning KPI108 nobody has confirmed the holidays of 2027 in VN" in result.stdout
    assert "warning KPI109 the review of `revenue` was due 2026-12-31" in result.stdout


def test_an_error_exits_with_one_and_names_value_rule_and_place(company: Path) -> None:
    company.write_text(COMPANY.replace("sale.closed", "sale.close"), encoding="utf-8")

    result = check(company, "--lang", "en")

    assert result.exit_code == 1
    assert (
        result.stdout
        == f"{company}:13: error KPI020 there is no event type `sale.close`; did you mean `sale.closed`?\n"
    )


def test_a_country_without_known_holidays_is_an_error(company: Path) -> None:
    company.write_text(COMPANY.replace("country: VN", "country: XX"), encoding="utf-8")

    result = check(company, "--today", "2026-11-23", "--lang", "en")

    assert result.exit_code == 1
    assert "company.yaml:3: error KPI015 " in result.stdout
    assert "XX" in result.stdout


def test_work_better_is_an_error_in_both_languages(company: Path) -> None:
    company.write_text(COMPANY.replace("title: Doanh thu", "title: Làm việc tốt hơn"), encoding="utf-8")

    english, vietnamese = (check(company, "--today", "2026-11-23", "--lang", lang) for lang in ("en", "vi"))

    assert english.exit_code == vietnamese.exit_code == 1
    assert f"{company}:7: error KPI112 the title `Làm việc tốt hơn` is a wish, not something" in english.stdout
    assert f"{company}:7: error KPI112 tên KPI `Làm việc tốt hơn` là một mong muốn" in vietnamese.stdout


def test_json_holds_every_problem_with_its_place(company: Path) -> None:
    rows = json.loads(check(company, "--json", "--today", "2026-11-23").stdout)

    assert [(row["code"], row["severity"], row["line"], row["kpi"]) for row in rows] == [
        ("KPI102", "info", 6, "revenue"),
        ("KPI104", "info", 6, "revenue"),
        ("KPI119", "info", 6, "revenue"),
        ("KPI125", "info", 6, "revenue"),
    ]
    assert set(rows[0]) == {
        "severity",
        "code",
        "file",
        "line",
        "column",
        "path",
        "kpi",
        "value",
        "sentence",
        "sentence_vi",
    }


@pytest.mark.parametrize("arguments", [[], ["nowhere.yaml"], [".", "--today", "yesterday"], [".", "--lang", "fr"]])
def test_wrong_use_exits_with_two(arguments: list[str]) -> None:
    assert check(*arguments).exit_code == 2


def test_by_default_it_is_today(company: Path) -> None:
    company.write_text(COMPANY.replace("[2026]", "[1999]"), encoding="utf-8")

    assert "KPI108" in check(company).stdout


@pytest.mark.parametrize("path", template_paths(), ids=lambda path: path.stem)
def test_a_template_beside_a_company_gives_only_notes_and_asks_for_a_percentage_that_the_guide_lacks(
    path: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare.yaml"
    bare.write_text("\n".join(COMPANY.splitlines()[:3]) + "\n", encoding="utf-8")

    result = check(path, bare, "--json", "--today", "2026-11-23")

    asked = {(row["code"], row["kpi"]) for row in json.loads(result.stdout) if row["severity"] != "info"}
    assert asked == ({("KPI111", "C2k")} if path.stem == "service" else set())
    assert result.exit_code == bool(asked)
