"""Catalogue files to one `Catalogue`, or to everything that is wrong with them, each problem with file and line.

Files -> trees (`yaml_tree`) -> one merged tree -> shapes (pydantic, `sentences`) -> rules between nodes (`rules`).
Uses ruamel.yaml through `yaml_tree`; beside it only pydantic and the standard library.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from schemas.catalogue.models import Catalogue
from schemas.catalogue.problems import CatalogueError, Finding, Loc, Problem, Severity
from schemas.catalogue.rules import find_problems
from schemas.catalogue.sentences import explain
from schemas.catalogue.thousands import find_thousands
from schemas.catalogue.yaml_tree import Node, Place, TreeError, read_tree

MAX_FILES = 1000
_ONCE = ("tenant", "calendar")
_LISTS = ("people", "teams", "goals", "leave", "event_types", "kpis")


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading: the catalogue (None where it cannot be loaded), the problems, the tree for their places."""

    catalogue: Catalogue | None
    problems: tuple[Problem, ...]
    tree: Node

    def problem(self, finding: Finding) -> Problem:
        """The finding with its file, line, path and KPI."""
        return _placed(finding, self.tree)


def load(paths: Sequence[Path]) -> Catalogue:
    """The catalogue written in some files and folders (all `*.yaml` and `*.yml` below them, in order of name).

    Raises `CatalogueError` holding every error found. Warnings are left to `read`.
    """
    reading = read(paths)
    errors = [problem for problem in reading.problems if problem.severity is Severity.ERROR]
    if errors or reading.catalogue is None:
        raise CatalogueError(errors)
    return reading.catalogue


def read(paths: Sequence[Path]) -> Reading:
    """As `load`, but returns errors and warnings instead of raising."""
    problems: list[Problem] = []
    trees: list[Node] = []
    for path in _files(paths, problems):
        try:
            trees.append(read_tree(path))
        except TreeError as error:
            problems.append(_problem(error.code, error.place, "", None, error.value, error.vi, error.en))
    merged = _merge(trees, problems)
    catalogue: Catalogue | None = None
    if trees and "tenant" not in merged.value and not problems:
        place = trees[0].place
        problems.append(
            _problem("KPI003", place, "", None, None, "chưa tệp nào khai báo `tenant`", "no file states the `tenant`")
        )
    elif merged.value:
        catalogue = _shaped(merged, problems)
    problems.sort(key=lambda problem: (problem.file, problem.line, problem.column, problem.code))
    failed = any(problem.severity is Severity.ERROR for problem in problems)
    return Reading(None if failed else catalogue, tuple(problems), merged)


def _files(paths: Sequence[Path], problems: list[Problem]) -> list[Path]:
    """The files meant by `paths`, each once."""
    found: dict[Path, Path] = {}
    for path in paths:
        inside = [path]
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix in (".yaml", ".yml") and p.is_file())
            if not inside:
                problems.append(
                    _problem(
                        "KPI001",
                        Place(str(path)),
                        "",
                        None,
                        str(path),
                        f"thư mục `{path}` không có tệp .yaml hay .yml nào",
                        f"the folder `{path}` has no .yaml or .yml file",
                    )
                )
        found.update((p.resolve(), p) for p in inside if p.resolve() not in found)
    if len(found) > MAX_FILES:
        problems.append(
            _problem(
                "KPI001",
                Place(str(paths[0])),
                "",
                None,
                len(found),
                f"{len(found)} tệp, tối đa {MAX_FILES}",
                f"{len(found)} files, at most {MAX_FILES} are read",
            )
        )
        return []
    return list(found.values())


def _merge(trees: Iterable[Node], problems: list[Problem]) -> Node:
    """One tree of all files: lists joined, the rest stated once."""
    merged: dict[str, Node] = {}
    keys: dict[str, Place] = {}
    first = Place("")
    for tree in trees:
        first = first if first.file else tree.place
        if not isinstance(tree.value, dict):
            problems.append(
                _problem(
                    "KPI006",
                    tree.place,
                    "",
                    None,
                    None,
                    "tệp phải là một khối có các trường (version, tenant, kpis ...)",
                    "the file should be a block of fields (version, tenant, kpis ...)",
                )
            )
            continue
        if "version" not in tree.value:
            problems.append(
                _problem(
                    "KPI003", tree.place, "version", None, None, "tệp thiếu `version: 1`", "the file lacks `version: 1`"
                )
            )
            merged.setdefault("version", Node(1, tree.place, "version"))
        for key, node in tree.value.items():
            keys.setdefault(key, tree.keys[key])
            if key in _LISTS:
                _join(merged, key, node, problems)
            elif key in _ONCE and key in merged:
                before = merged[key].place
                problems.append(
                    _problem(
                        "KPI003",
                        tree.keys[key],
                        key,
                        None,
                        None,
                        f"`{key}` đã được khai báo ở {before.file}:{before.line}",
                        f"`{key}` is already stated in {before.file}:{before.line}",
                    )
                )
            elif key == "version" and key in merged and node.value != merged[key].value and node.value != 1:
                merged[key] = node  # the one that is wrong is the one to point at
            else:
                merged.setdefault(key, node)
    return Node(merged, first, "", keys)


def _join(merged: dict[str, Node], key: str, node: Node, problems: list[Problem]) -> None:
    if node.value is None:  # `kpis:` with nothing under it
        return
    if not isinstance(node.value, list):
        problems.append(
            _problem(
                "KPI006", node.place, node.path, None, None, f"`{key}` phải là danh sách", f"`{key}` should be a list"
            )
        )
        return
    before = merged.get(key)
    merged[key] = Node([*(before.value if before else []), *node.value], before.place if before else node.place, key)


def _shaped(tree: Node, problems: list[Problem]) -> Catalogue | None:
    """The catalogue, or None with the shapes that are wrong. Rules then run on what is well formed."""
    try:
        catalogue = Catalogue.model_validate(tree.plain())
    except ValidationError as error:
        wrong = _misshapen(error, tree)
        problems.extend(wrong.values())
        if (rest := _without(tree, wrong)) is not None:
            problems.extend(_placed(finding, rest) for finding in find_problems(_validated(rest), alone=True))
        return None
    findings = [*find_problems(catalogue), *find_thousands(catalogue, tree)]
    problems.extend(_placed(finding, tree) for finding in findings)
    return catalogue


def _validated(tree: Node) -> Catalogue:
    return Catalogue.model_validate(tree.plain())


def _misshapen(error: ValidationError, tree: Node) -> dict[Loc, Problem]:
    """One problem a place: the members of a union would each complain otherwise."""
    found: dict[Loc, Problem] = {}
    for details in error.errors(include_url=False):
        steps, (code, vi, en) = explain(details, tree)
        node = list(tree.trail(steps))[-1]
        if details["type"] == "too_short" and isinstance(node.value, list) and node.value:
            continue  # its items are wrong, and each says so
        key = (*steps, str(details["loc"][-1])) if code == "KPI005" else steps
        if key not in found:
            value = None if code == "KPI005" else _value(node, steps, code)
            found[key] = _placed(Finding(code, steps, value, vi, en), tree)
    return found


def _value(node: Node, steps: Loc, code: str) -> Any:
    if code == "KPI004":
        return steps[-1]
    return node.value if not isinstance(node.value, dict | list) else None


def _without(tree: Node, wrong: Iterable[Loc]) -> Node | None:
    """The tree without the list items that are wrong; None where something else is."""
    bad = {(steps[0], steps[1]) for steps in wrong if len(steps) > 1 and steps[0] in _LISTS}
    if any(len(steps) < 2 or steps[0] not in _LISTS for steps in wrong):
        return None
    rest = {
        key: Node([item for i, item in enumerate(node.value) if (key, i) not in bad], node.place, node.path)
        if key in _LISTS
        else node
        for key, node in tree.value.items()
    }
    return Node(rest, tree.place, tree.path, tree.keys)


def _placed(finding: Finding, tree: Node) -> Problem:
    """A finding with its place, and that of what it states again."""
    trail = list(tree.trail(finding.loc))
    kpi = None
    if finding.loc[:1] == ("kpis",) and len(trail) > 2 and (named := trail[2].child("id")) is not None:
        kpi = named.value if isinstance(named.value, str) else None
    vi, en = finding.vi, finding.en
    if finding.first is not None:
        first = _place(finding.first, tree)
        vi, en = f"{vi} (lần đầu ở {first.file}:{first.line})", f"{en} (first in {first.file}:{first.line})"
    return _problem(finding.code, _place(finding.loc, tree), trail[-1].path, kpi, finding.value, vi, en)


def _place(loc: Loc, tree: Node) -> Place:
    """The place of the deepest node on the way; a named key is pointed at by its own line."""
    trail = list(tree.trail(loc))
    place = trail[-1].place
    if len(trail) > 1 and isinstance(key := loc[len(trail) - 2], str):
        # A block begins on the line after its key; the key's own line is where a reader looks.
        return trail[-2].keys.get(key, place)
    return place


def _problem(code: str, place: Place, path: str, kpi: str | None, value: Any, vi: str, en: str) -> Problem:
    return Problem(code, place.file, place.line, place.column, path, kpi, value, en, vi)
