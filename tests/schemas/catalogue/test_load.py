"""Good catalogues load, bad ones say what is wrong and where. A file in `good/` or `bad/` is a test."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import date
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.catalogue.load import load, read
from schemas.catalogue.models import Catalogue
from schemas.catalogue.problems import CODES, CatalogueError, Severity
from schemas.catalogue.yaml_tree import MAX_BYTES, parse

HERE = Path(__file__).parent
GOOD = sorted((HERE / "good").glob("*.yaml"))
BAD = sorted((HERE / "bad").glob("*.yaml"))
TENANT = "version: 1\ntenant: {id: demo, timezone: UTC, currency: VND}\n"
KPI = (
    "  - {id: %s, title: Calls, kind: metric, unit: calls, scope: org, period: day, measure: {count: call.completed}}\n"
)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def errors_of(*paths: Path) -> list[str]:
    with pytest.raises(CatalogueError) as caught:
        load(paths)
    return [problem.said().removeprefix(f"{paths[0].parent}/") for problem in caught.value.problems]


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_good_catalogue_loads_without_a_word(path: Path) -> None:
    assert read([path]).problems == ()
    assert isinstance(load([path]), Catalogue)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_catalogue_has_exactly_the_problems_its_comment_names(path: Path) -> None:
    expected = re.findall(r"# expect: (KPI\d+) line (\d+)", path.read_text(encoding="utf-8"))

    found = [(problem.code, str(problem.line)) for problem in read([path]).problems]

    assert expected or path.stem == "only_a_comment"
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_what_is_an_error_is_raised_with_file_and_line(path: Path) -> None:
    reading = read([path])
    errors = [problem for problem in reading.problems if problem.severity is Severity.ERROR]
    if not errors:  # only a warning: it loads
        assert load([path]) == reading.catalogue
        return

    with pytest.raises(CatalogueError, match=re.escape(f"{path}:{errors[0].line}: error {errors[0].code} ")) as caught:
        load([path])
    assert caught.value.problems == errors
    assert reading.catalogue is None


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_each_problem_speaks_both_languages(path: Path) -> None:
    for problem in read([path]).problems:
        assert problem.sentence
        assert problem.sentence_vi
        assert problem.sentence != problem.sentence_vi
        assert problem.code in CODES


def test_a_problem_names_kpi_path_value_and_what_was_meant() -> None:
    (problem,) = read([HERE / "bad" / "where_misspelt_choice.yaml"]).problems

    assert problem.kpi == "x"
    assert problem.path == "kpis[0].measure.where.outcome.eq"
    assert problem.value == "answred"
    assert "did you mean `answered`?" in problem.sentence
    assert "có phải `answered`?" in problem.sentence_vi


def test_an_unknown_field_names_the_field_that_was_meant() -> None:
    (problem,) = read([HERE / "bad" / "unknown_field.yaml"]).problems

    assert problem.sentence == "unknown field `tagret`; did you mean `targets`?"


def test_an_open_row_ends_where_the_next_begins() -> None:
    catalogue = load([HERE / "good" / "moves_without_ends.yaml"])

    assert [(row.team, row.to) for row in catalogue.people] == [("b", None), ("a", date(2026, 7, 1))]
    assert [target.to for target in catalogue.kpis[0].targets] == [date(2026, 7, 1), date(2027, 1, 1)]


def test_a_target_that_names_nobody_is_per_scope() -> None:
    catalogue = load([HERE / "good" / "moves_without_ends.yaml"])

    assert {target.per for target in catalogue.kpis[0].targets} == {"person"}


def test_files_of_a_folder_are_joined_in_order_of_name(tmp_path: Path) -> None:
    write(tmp_path / "b.yml", "version: 1\nkpis:\n" + KPI % "second")
    write(tmp_path / "a.yaml", TENANT + "kpis:\n" + KPI % "first")
    (tmp_path / "more").mkdir()
    write(tmp_path / "more" / "c.yaml", "version: 1\nkpis:\n" + KPI % "third")
    write(tmp_path / "notes.txt", "not a catalogue")

    assert [kpi.id for kpi in load([tmp_path]).kpis] == ["first", "second", "third"]


def test_a_file_given_twice_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", TENANT + "kpis:\n" + KPI % "first")

    assert len(load([path, tmp_path]).kpis) == 1


def test_a_second_tenant_is_an_error_that_names_the_first(tmp_path: Path) -> None:
    first = write(tmp_path / "a.yaml", TENANT)
    second = write(tmp_path / "b.yaml", TENANT)

    assert errors_of(first, second) == [f"b.yaml:2: error KPI003 `tenant` is already stated in {first}:2"]


def test_a_problem_in_the_second_file_has_its_own_line(tmp_path: Path) -> None:
    first = write(tmp_path / "a.yaml", TENANT + "kpis:\n" + KPI % "x")
    second = write(tmp_path / "b.yaml", "version: 1\nkpis:\n\n" + KPI % "x")

    assert errors_of(first, second) == [
        f"b.yaml:4: error KPI010 the id `x` is already used in kpis (first in {first}:4)"
    ]


def test_an_id_of_two_subjects_is_told_with_the_place_of_the_first(tmp_path: Path) -> None:
    first = write(tmp_path / "a.yaml", TENANT + "people: [{id: an, team: north}]\n")
    second = write(
        tmp_path / "b.yaml", "version: 1\nteams:\n  - {id: north, department: sales}\n  - {id: an, department: sales}\n"
    )

    assert errors_of(first, second) == [
        "a.yaml:3: error KPI010 the id `an` stands for team and for person; an id names one subject only"
        f" (first in {second}:4)"
    ]


def test_an_event_type_declared_again_is_told_with_the_place_of_the_first(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", TENANT + "event_types:\n  - {type: visit.done}\n  - {type: visit.done}\n")

    assert errors_of(path) == [
        f"a.yaml:5: error KPI026 the event type `visit.done` is declared twice (first in {path}:4)"
    ]


def test_a_file_over_five_mebibytes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", "#" * (MAX_BYTES + 1))

    assert errors_of(path) == ["a.yaml:1: error KPI001 the file has 5,242,881 bytes, at most 5,242,880 are read"]


def test_what_is_not_utf_8_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"version: 1\n# \xff\n")

    assert errors_of(path) == ["a.yaml:2: error KPI001 byte 0xff is not UTF-8; save the file as UTF-8"]


def test_a_missing_file_and_an_empty_folder_are_errors(tmp_path: Path) -> None:
    assert "cannot be read" in errors_of(tmp_path / "none.yaml")[0]
    assert "has no .yaml or .yml file" in errors_of(tmp_path)[0]


def test_a_bomb_of_anchors_is_refused(tmp_path: Path) -> None:
    levels = "".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]\n" for i in range(1, 9))
    path = write(tmp_path / "a.yaml", "l0: &l0 [1]\n" + levels)

    assert "more than 200,000 values" in errors_of(path)[0]


def test_an_alias_that_holds_itself_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", "a: &a [*a]\n")

    assert "nested deeper" in errors_of(path)[0]


def test_bottomless_nesting_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", "[" * 20_000)

    assert "nested deeper" in errors_of(path)[0]


@pytest.mark.parametrize("text", ["\x00", "a: \x1b[0m", "a: *b", "%YAML 3.0\n---\na: 1", "? [a]\n: 1\n", "- a\nb: 1"])
def test_text_that_is_no_yaml_is_an_error_and_never_a_crash(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "a.yaml", text)

    assert "KPI00" in errors_of(path)[0]


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_dumped_catalogue_loads_as_itself(tmp_path: Path, path: Path) -> None:
    catalogue = load([path])
    dumped = catalogue.model_dump(mode="json", by_alias=True, exclude_none=True)

    assert load([write(tmp_path / "a.yaml", json.dumps(dumped, ensure_ascii=False))]) == catalogue


WHOLE, MEASURES = (
    parse((HERE / "good" / name).read_text(encoding="utf-8"), "x").plain()
    for name in ("whole_company.yaml", "every_measure.yaml")
)
SMALL = [{**MEASURES, "kpis": [kpi]} for kpi in MEASURES["kpis"]]
odd: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 1.5, float("inf"), "", "an", "no", "%", "2026-02-30", "0d", "9 months", [], {}, [[]], {"count": 3}]
)


def spots(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value inside."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*at, key)
        if isinstance(inner, dict | list):
            yield from spots(inner, (*at, key))


@given(
    st.sampled_from([(whole, way) for whole in (WHOLE, *SMALL) for way in spots(whole)]),
    odd,
    st.sampled_from(["replace", "remove", "rename"]),
)
@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_one_odd_value_loads_or_is_explained(
    tmp_path: Path, place: tuple[Any, tuple[Any, ...]], value: Any, how: str
) -> None:
    whole, way = place
    changed = deepcopy(whole)
    holder = reduce(lambda inside, key: inside[key], way[:-1], changed)
    if how == "replace" or isinstance(holder, list):
        holder[way[-1]] = value
    elif how == "remove":
        del holder[way[-1]]
    else:
        holder[f"{way[-1]}x"] = holder.pop(way[-1])
    path = write(tmp_path / "a.yaml", json.dumps(changed, ensure_ascii=False).replace("Infinity", ".inf"))

    reading = read([path])

    assert (reading.catalogue is None) == any(problem.severity is Severity.ERROR for problem in reading.problems)
    assert all(problem.line == 1 and problem.column >= 1 for problem in reading.problems)
    assert all("Input should" not in problem.sentence for problem in reading.problems)
