"""Reads a mapping's YAML; every error has its file, line and place."""

import difflib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from schemas.catalogue.yaml_tree import Node, TreeError, read_tree
from streams.importing.mapping import Constant, EventSpec, FieldSpec, FileFormat, Mapping

KEYS = sorted({key for node in (Mapping, FileFormat, FieldSpec, EventSpec, Constant) for key in node.model_fields})
Loc = tuple[str | int, ...]


class Fault(NamedTuple):
    """What a rule finds wrong, and the path to it in the mapping."""

    loc: Loc
    sentence: str


class MappingError(Exception):
    """A mapping that cannot be used: one sentence for every problem, each with file and line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load_mapping(path: Path, further: Callable[[Mapping], Sequence[Fault]] = lambda mapping: ()) -> Mapping:
    """The mapping in a YAML file that passes its own rules and `further` ones. Raises MappingError."""
    try:
        tree = read_tree(path)
    except TreeError as error:
        raise MappingError([f"{error.place.file}:{error.place.line}: {error}"]) from error
    try:
        mapping = Mapping.model_validate(tree.plain())
    except ValidationError as error:
        details = [(detail["loc"], detail["msg"], detail["type"]) for detail in error.errors()]
        raise MappingError([_problem(tree, *detail) for detail in details if not _is_echo(detail, details)]) from error
    if problems := [_problem(tree, fault.loc, fault.sentence, "rule") for fault in further(mapping)]:
        raise MappingError(problems)
    return mapping


def _problem(tree: Node, loc: Loc, message: str, kind: str) -> str:
    message = message.removeprefix("Value error, ")
    if not loc:  # a rule between nodes names its place itself: `events.0.time: ...`
        place, _, rest = message.partition(": ")
        steps = tuple(int(step) if step.isdigit() else step for step in place.split("."))
        if rest and tree.child(steps[0]) is not None:
            loc, message = steps, rest
    node = tree
    for step in loc:  # a step that nobody wrote is pydantic's name for a choice, or what is missing
        node = node.child(step) or node
    match kind:
        case "extra_forbidden":
            key = str(loc[-1])
            near = difflib.get_close_matches(key, KEYS, n=1)
            message = f"unknown key {key!r}" + (f"; did you mean {near[0]!r}?" if near else "")
        case "missing":
            message = f"{loc[-1]!r} is required"
        case _:
            value = "" if isinstance(node.value, dict | list) else f" (here: {node.value!r})"
            message += "" if repr(node.value) in message else value
    return f"{node.place.file}:{node.place.line}: {node.path + ': ' if node.path else ''}{message}"


def _is_echo(detail: tuple[Loc, str, str], details: Sequence[tuple[Loc, str, str]]) -> bool:
    """Whether a list is called too short only because its items are wrong."""
    loc, _, kind = detail
    return kind == "too_short" and any(other[: len(loc)] == loc and other != loc for other, _, _ in details)
