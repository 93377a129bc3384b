"""Reads a mapping's YAML; every error has its file, line and place."""

from pathlib import Path

from pydantic import ValidationError

from schemas.catalogue.yaml_tree import Node, TreeError, read_tree
from streams.importing.mapping import Mapping

UNION_TAGS = frozenset({"constant", "fields", "field"})
"""Names that pydantic puts into an error's path and that nobody wrote."""


class MappingError(Exception):
    """A mapping that cannot be used: one sentence for every problem, each with file and line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load_mapping(path: Path) -> Mapping:
    """The mapping in a YAML file. Raises MappingError."""
    try:
        tree = read_tree(path)
    except TreeError as error:
        raise MappingError([f"{error.place.file}:{error.place.line}: {error}"]) from error
    try:
        return Mapping.model_validate(tree.plain())
    except ValidationError as error:
        problems = [_problem(tree, detail["loc"], detail["msg"], detail["type"]) for detail in error.errors()]
        raise MappingError(sorted(set(problems), key=problems.index)) from error


def _problem(tree: Node, loc: tuple[str | int, ...], message: str, kind: str) -> str:
    message = message.removeprefix("Value error, ")
    if not loc:  # a rule between nodes names its place itself: `events.0.time: ...`
        place, _, rest = message.partition(": ")
        steps = tuple(int(step) if step.isdigit() else step for step in place.split("."))
        if rest and tree.child(steps[0]) is not None:
            loc, message = steps, rest
    written = tree.trail(tuple(step for step in loc if step not in UNION_TAGS or _is_written(tree, loc)))
    *_, node = written
    line = node.place.line
    match kind:
        case "extra_forbidden":
            key = str(loc[-1])
            message = f"unknown key {key!r}"
        case "missing":
            message = f"{loc[-1]!r} is required"
        case _:
            value = "" if isinstance(node.value, dict | list) else f" (here: {node.value!r})"
            message += "" if repr(node.value) in message else value
    return f"{node.place.file}:{line}: {node.path + ': ' if node.path else ''}{message}"


def _is_written(tree: Node, loc: tuple[str | int, ...]) -> bool:
    """Whether the path exists as it is, so that no step of it is only pydantic's name for a choice."""
    return len(list(tree.trail(loc))) == len(loc) + 1
