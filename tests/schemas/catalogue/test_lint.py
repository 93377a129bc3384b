"""Each rule of the linter with a catalogue that fails it and one that passes: the files of deploy/examples/checks."""

import re
from datetime import date
from pathlib import Path

import pytest

from schemas.catalogue.lint import RULES, lint
from schemas.catalogue.load import Reading, read
from schemas.catalogue.models import Catalogue
from schemas.catalogue.problems import CODES, Problem
from tests.schemas.catalogue.linted import TODAY

EXAMPLES = Path(__file__).parents[3] / "deploy" / "examples" / "checks"
LINTED = sorted(code for code in CODES if code >= "KPI1")


def example(code: str, name: str) -> tuple[Reading, Catalogue, date]:
    """An example, whether or not the engine can compute its measure already, and the date it is judged by."""
    path = EXAMPLES / code / f"{name}.yaml"
    reading = read([path])
    told = re.search(r"^# today: (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    catalogue = Catalogue.model_validate(reading.tree.plain())
    return reading, catalogue, date.fromisoformat(told[1]) if told else TODAY


def problems_of(code: str, name: str) -> list[Problem]:
    reading, catalogue, today = example(code, name)
    return [reading.problem(finding) for finding in lint(catalogue, today)]


@pytest.mark.parametrize("code", LINTED)
def test_the_failing_example_fails_its_rule_at_the_line_it_names(code: str) -> None:
    expected = re.search(r"# expect: (KPI\d+) line (\d+)", (EXAMPLES / code / "fails.yaml").read_text(encoding="utf-8"))

    found = [(problem.code, str(problem.line)) for problem in problems_of(code, "fails") if problem.code == code]

    assert expected is not None
    assert found == [(expected[1], expected[2])]


@pytest.mark.parametrize("code", LINTED)
def test_the_passing_example_differs_by_what_the_rule_asks_for_and_breaks_no_other(code: str) -> None:
    failing, passing = ({problem.code for problem in problems_of(code, name)} for name in ("fails", "passes"))

    assert failing - passing == {code}
    assert passing - failing == set()


@pytest.mark.parametrize("code", LINTED)
@pytest.mark.parametrize("name", ["fails", "passes"])
def test_an_example_has_nothing_wrong_but_what_it_shows(code: str, name: str) -> None:
    assert [problem.said() for problem in read([EXAMPLES / code / f"{name}.yaml"]).problems] == []


@pytest.mark.parametrize("code", LINTED)
def test_a_finding_says_in_both_languages_what_to_do(code: str) -> None:
    for problem in problems_of(code, "fails"):
        assert problem.sentence != problem.sentence_vi
        for sentence in (problem.sentence, problem.sentence_vi):
            assert re.search(r"[;:.] ", sentence), sentence


def test_every_rule_is_shown_by_some_example() -> None:
    shown = [example(code, "fails")[1:] for code in LINTED]

    for rule in RULES:
        assert any(list(rule(catalogue, today)) for catalogue, today in shown), rule.__name__


@pytest.mark.parametrize("path", sorted((Path(__file__).parent / "good").glob("*.yaml")), ids=lambda path: path.stem)
def test_any_good_catalogue_can_be_linted_on_any_date(path: Path) -> None:
    reading = read([path])
    catalogue = Catalogue.model_validate(reading.tree.plain())

    for today in (date.min, TODAY, date(2030, 12, 31), date.max):
        for finding in lint(catalogue, today):
            assert finding.code in CODES
            assert finding.vi != finding.en
            assert reading.problem(finding).line > 0
