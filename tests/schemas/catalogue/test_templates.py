"""The templates load, say in both languages what they measure, and equal MEASURES.md row by row.

`good/every_measure.yaml` is section 2 of that page; rows beginning with x are its own.
"""

from pathlib import Path

import pytest

from schemas.catalogue.load import load, read
from schemas.catalogue.models import Kind, Kpi
from schemas.catalogue.yaml_tree import parse
from schemas.templates import template_paths

COMPANY = """\
version: 1
tenant: {id: demo, timezone: Asia/Ho_Chi_Minh, currency: VND}
teams: [{id: hn-1, department: sales}]
people: [{id: an, team: hn-1}]
"""
_WRITTEN = (Path(__file__).parent / "good" / "every_measure.yaml").read_text(encoding="utf-8")
CONTRACT = {row["id"]: Kpi.model_validate(row) for row in parse(_WRITTEN, "x").plain()["kpis"] if row["id"][0] != "x"}
LESS_IS_BETTER = {"S1g", "S8g", "K4", "K6b", "K7c", "H1", "H2", "H6a", "C5k", "C5kp", "B1c"}
SPEED = {"K7c", "H2", "C2k", "C5k"}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("company") / "company.yaml"
    path.write_text(COMPANY, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def templates(company: Path) -> dict[str, Kpi]:
    return {kpi.id: kpi for kpi in load([*template_paths(), company]).kpis}


def test_a_template_loads_alone_beside_a_company(company: Path) -> None:
    for path in template_paths():
        assert read([path, company]).problems == (), path


@pytest.mark.parametrize("id_", CONTRACT)
def test_a_template_measures_what_the_contract_says(id_: str, templates: dict[str, Kpi]) -> None:
    kpi, wanted = templates[id_], CONTRACT[id_]

    for field in ("measure", "unit", "scope", "period", "by", "anonymous"):
        assert getattr(kpi, field) == getattr(wanted, field), field
    assert kpi.direction == ("down" if id_ in LESS_IS_BETTER else "up")
    assert [(target.value, target.strict, target.to) for target in kpi.targets] == [
        (target.value, target.strict, target.to) for target in wanted.targets
    ]


def test_targets_are_per_scope_and_dated(templates: dict[str, Kpi]) -> None:
    for kpi in templates.values():
        for target in kpi.targets:
            assert target.per == kpi.scope, kpi.id
            assert target.from_ is not None, kpi.id


def test_the_fourth_quarter_has_its_dates(templates: dict[str, Kpi]) -> None:
    (quarter,) = templates["S6"].targets

    assert (str(quarter.from_), str(quarter.to)) == ("2026-10-01", "2027-01-01")


def test_every_template_speaks_both_languages(templates: dict[str, Kpi]) -> None:
    for kpi in templates.values():
        for words in (kpi.title, kpi.note):
            assert words is None or (set(words) == {"vi", "en"} and words["vi"] != words["en"]), kpi.id


def test_a_target_left_open_is_said_to_be_a_choice(templates: dict[str, Kpi]) -> None:
    for kpi in templates.values():
        if kpi.kind is not Kind.METRIC and not kpi.targets:
            assert kpi.note is not None, kpi.id


def test_speed_is_never_green_alone(templates: dict[str, Kpi]) -> None:
    for id_ in SPEED:
        guard = templates[templates[id_].guardrail or ""]
        assert guard.id not in SPEED, id_
