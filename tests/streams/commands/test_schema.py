"""`kpi schema` writes the contracts, the same on every run, and says what is in its way."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from schemas.events.registry import Registry
from schemas.export.documents import documents
from streams.cli import main

CATALOGUE = """\
version: 1
tenant: {id: demo, timezone: Asia/Ho_Chi_Minh, currency: VND}
event_types: [{type: visit.done, fields: {store: id!}}]
"""


def run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["schema", *map(str, arguments)])
    return result.exit_code, result.output


def contents(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in found}


def test_it_writes_every_document_into_a_new_folder(tmp_path: Path) -> None:
    code, output = run("--out", tmp_path / "new" / "folder")

    assert code == 0, output
    assert documents(Registry.of()) == contents(tmp_path / "new" / "folder")


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    run("--out", tmp_path)
    before = contents(tmp_path)

    assert run("--out", tmp_path)[0] == 0
    assert before == contents(tmp_path)


def test_types_of_a_catalogue_are_included(tmp_path: Path) -> None:
    (tmp_path / "catalogue.yaml").write_text(CATALOGUE, encoding="utf-8")

    code, output = run("--out", tmp_path / "out", "--catalogue", tmp_path / "catalogue.yaml")

    assert code == 0, output
    assert json.loads((tmp_path / "out/events/visit.done.json").read_text())["title"] == "visit.done"


def test_a_broken_catalogue_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "catalogue.yaml").write_text(CATALOGUE.replace("visit.done", "sale.closed"), encoding="utf-8")

    code, output = run("--out", tmp_path / "out", "--catalogue", tmp_path / "catalogue.yaml")

    assert code == 1
    assert "sale.closed" in output
    assert "catalogue.yaml:3" in output
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "events").write_text("a file where a folder should be")

    code, output = run("--out", tmp_path)

    assert code == 1
    assert "cannot be written" in output
    assert str(tmp_path / "events") in output


@pytest.mark.parametrize("arguments", [[], ["--out"], ["--out", __file__]])
def test_wrong_use_exits_2(arguments: list[str]) -> None:
    assert run(*arguments)[0] == 2
