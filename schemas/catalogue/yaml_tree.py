"""YAML 1.2 text to a tree in which every node knows its file and line. Executes nothing, follows no tag.

Bounded: bytes, depth, and nodes after aliases are written out (a chain of anchors can double at every step).
Uses ruamel.yaml, the only import of `schemas` beside pydantic and the standard library.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from schemas.catalogue.problems import Loc, Step
from schemas.catalogue.slips import number_in_pieces

MAX_BYTES = 5 * 1024 * 1024
MAX_NODES = 200_000
MAX_DEPTH = 50

_SYNTAX = (
    (
        r"found character '\\t'",
        "dùng dấu tab; YAML chỉ thụt lề bằng dấu cách",
        "a tab; YAML takes spaces to indent",
    ),
    (
        r"found character '(.)' that cannot start any token",
        r"`\1` không đứng đầu giá trị được; đặt giá trị trong ngoặc kép",
        r"`\1` cannot begin a value; put the value in quotes",
    ),
    (
        "mapping values are not allowed here",
        "dấu hai chấm không đúng chỗ; đặt chữ có `: ` trong ngoặc kép, hoặc xem lại thụt lề",
        "a colon in the wrong place; put text with `: ` in quotes, or check the indentation",
    ),
    (
        "expected <block end>",
        "thụt lề không khớp các dòng trên",
        "the indentation does not match the lines above",
    ),
    (
        "found another document",
        "thêm một tài liệu sau `---`; mỗi tệp chỉ một tài liệu",
        "another document after `---`; a file holds one",
    ),
)
"""What the parser finds, and what somebody can do about it."""

_CORE = "tag:yaml.org,2002:"
_KNOWN_TAGS = {_CORE + name for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")}
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a file; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1


class TreeError(Exception):
    """Text that is no usable YAML: code, place, offending value and the sentence in both languages."""

    def __init__(self, code: str, place: Place, value: Any, vi: str, en: str) -> None:
        super().__init__(en)
        self.code, self.place, self.value, self.vi, self.en = code, place, value, vi, en


@dataclass(slots=True)
class Node:
    """A scalar, list or mapping with its place; `keys` places a mapping's keys, `path` reads `kpis[2].unit`, `text` is
    a scalar as it was written."""

    value: Any
    place: Place
    path: str
    keys: dict[str, Place] = field(default_factory=dict)
    text: str = ""

    def plain(self) -> Any:
        """The bare value: scalars, lists and dicts."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def child(self, step: Step) -> "Node | None":
        """The node one step down, or None where there is none."""
        if isinstance(self.value, dict):
            return self.value.get(step)
        if isinstance(self.value, list) and isinstance(step, int) and step < len(self.value):
            found: Node = self.value[step]
            return found
        return None

    def trail(self, loc: Loc) -> "Iterator[Node]":
        """This node and the nodes along `loc`, as far as they exist."""
        node: Node | None = self
        yield self
        for step in loc:
            node = node.child(step) if node else None
            if node is None:
                return
            yield node


def read_tree(path: Path) -> Node:
    """The tree of one file. Raises `TreeError` with code KPI001 (file) or KPI002 (YAML)."""
    name = str(path)
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise TreeError(
                "KPI001",
                Place(name),
                size,
                f"tệp dài {size:,} byte, tối đa là {MAX_BYTES:,}",
                f"the file has {size:,} bytes, at most {MAX_BYTES:,} are read",
            )
        raw = path.read_bytes()
    except OSError as error:
        raise TreeError(
            "KPI001",
            Place(name),
            name,
            f"không đọc được tệp: {error.strerror}",
            f"the file cannot be read: {error.strerror}",
        ) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise TreeError(
            "KPI001",
            Place(name, line),
            f"0x{raw[error.start]:02x}",
            f"byte 0x{raw[error.start]:02x} không phải UTF-8; hãy lưu tệp ở mã UTF-8",
            f"byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8",
        ) from error
    return parse(text, name)


def parse(text: str, file: str) -> Node:
    """The tree of one document; `file` is only what its places say."""
    try:
        root = YAML(typ="safe", pure=True).compose(text)
        if root is None:
            raise TreeError("KPI001", Place(file), None, "tệp rỗng", "the file is empty")
        return _Builder(file).build(root, "", 0)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        # ruamel appends its own excerpt of the file to some messages; file and line already say where.
        what = str(error.problem or error.context).split("\n")[0].split(' in "<')[0].strip().removeprefix("but ")
        vi, en = _in_words(what)
        raise TreeError("KPI002", place, None, f"YAML sai cú pháp: {vi}", f"not well-formed YAML: {en}") from error
    except YAMLError as error:
        what = str(error).split("\n")[0]
        raise TreeError(
            "KPI002", Place(file), None, f"YAML không đọc được: {what}", f"YAML cannot be read: {what}"
        ) from error
    except RecursionError as error:
        raise _too_deep(Place(file)) from error


def _in_words(what: str) -> tuple[str, str]:
    for pattern, vi, en in _SYNTAX:
        if found := re.search(pattern, what):
            return found.expand(vi), found.expand(en)
    return what, what


def _too_deep(place: Place) -> TreeError:
    return TreeError("KPI002", place, None, f"lồng nhau quá {MAX_DEPTH} tầng", f"nested deeper than {MAX_DEPTH} levels")


class _Builder:
    """Turns composed YAML nodes into `Node`s, counting what aliases write out."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.count = 0

    def place(self, node: Any) -> Place:
        return Place(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def build(self, node: Any, path: str, depth: int) -> Node:
        place = self.place(node)
        self.count += 1
        if self.count > MAX_NODES:
            raise TreeError(
                "KPI002",
                place,
                None,
                f"quá {MAX_NODES:,} giá trị sau khi mở các alias",
                f"more than {MAX_NODES:,} values once aliases are written out",
            )
        if depth > MAX_DEPTH:  # also ends an alias that holds itself
            raise _too_deep(place)
        if str(node.tag) not in _KNOWN_TAGS:
            tag = str(node.tag).replace(_CORE, "!!")
            raise TreeError("KPI002", place, tag, f"không dùng được tag `{tag}`", f"the tag `{tag}` is not allowed")
        if node.id == "mapping":
            return self._mapping(node, place, path, depth)
        if node.id == "sequence":
            return Node([self.build(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(node.value)], place, path)
        return Node(_scalar(str(node.tag), node.value), place, path, text=node.value)

    def _mapping(self, node: Any, place: Place, path: str, depth: int) -> Node:
        children: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        for key_node, value_node in node.value:
            at = self.place(key_node)
            if key_node.id != "scalar":
                raise TreeError("KPI002", at, None, "khóa phải là chữ", "a key must be plain text")
            key = key_node.value
            if key in keys and (said := number_in_pieces(key)):
                raise TreeError("KPI002", at, key, *said)
            if key in keys:
                raise TreeError(
                    "KPI002",
                    at,
                    key,
                    f"khóa `{key}` đã có ở dòng {keys[key].line}",
                    f"key `{key}` is already on line {keys[key].line}",
                )
            keys[key] = at
            children[key] = self.build(value_node, f"{path}.{key}" if path else key, depth + 1)
        return Node(children, place, path, keys)


def _scalar(tag: str, text: str) -> Any:
    """The value of a scalar; what YAML 1.2 does not know (`no`, `08:00`, dates) stays text."""
    if tag == _CORE + "null":
        return None
    if tag == _CORE + "bool":
        return _BOOLEANS.get(text.lower(), text)
    try:
        if tag == _CORE + "int":
            return int(text, 10) if text.lstrip("+-")[:2].lower() not in ("0x", "0o", "0b") else int(text, 0)
        if tag == _CORE + "float":
            return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        return text
    return text
