"""Event files to raw records with their places: one CloudEvent a line (`.jsonl`), or JSON documents (`.json`, arrays).

Nothing is parsed more than needed to find where a record ends: what is broken is handed on as it is, so that whoever
decodes it can reject it and say where it was. `.gz` files are read as what they hold; `-` is standard input.
"""

import gzip
import io
import json
import re
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

MAX_RECORD_BYTES = 1 << 20
"""A longer line is cut here: it is far beyond what an event may be (64 KiB) and is rejected as such."""

STDIN = "-"
_SPACE = re.compile(r"[\s,]*")
_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


class EventFileError(Exception):
    """A file that cannot be read; one sentence with its name."""


class RawEvent(NamedTuple):
    """The bytes of one record, and the file and line where it begins."""

    value: bytes
    file: str
    line: int

    @property
    def place(self) -> str:
        """`file:line`."""
        return f"{self.file}:{self.line}"


def total_bytes(paths: Sequence[str | Path]) -> int | None:
    """Bytes that reading these files reports in all; None where that is not known (standard input, a pipe).

    Raises EventFileError for a file that is not there, before any of them is read.
    """
    total: int | None = 0
    for path in paths:
        if str(path) == STDIN:
            total = None
            continue
        try:
            if Path(path).is_dir():
                raise EventFileError(f"{path}: a folder, not an event file")
            with Path(path).open("rb"):
                pass
            size = Path(path).stat().st_size
        except OSError as error:
            raise EventFileError(f"{path}: cannot be read: {error.strerror}") from error
        total = None if total is None or not Path(path).is_file() else total + size
    return total


def read_events(paths: Sequence[str | Path], advance: Callable[[int], None] = lambda done: None) -> Iterator[RawEvent]:
    """Every record of the files, in order; blank lines are left out. `advance` hears of bytes of the files as stored.

    Raises EventFileError when a file cannot be read on.
    """
    for path in paths:
        name = "stdin" if str(path) == STDIN else str(path)
        try:
            if str(path) == STDIN:
                yield from _records(name, sys.stdin.buffer, advance)
            else:
                with Path(path).open("rb") as file:
                    yield from _records(name, file, advance)
        except (OSError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise EventFileError(f"{name}: cannot be read: {reason}") from error


def _records(name: str, stored: BinaryIO, advance: Callable[[int], None]) -> Iterator[RawEvent]:
    counted = _Counted(stored, advance)
    buffered = io.BufferedReader(counted, 1 << 16)
    source: BinaryIO = buffered
    inner = name
    if buffered.peek(2)[:2] == _GZIP_MAGIC:
        source = io.BufferedReader(gzip.GzipFile(fileobj=buffered), 1 << 16)
        inner = name.removesuffix(".gz")
    head = source.peek(1024)[:1024].removeprefix(_BOM).lstrip()  # type: ignore[attr-defined]
    # An array begins like `[{`; a line such as `[oops` is a broken record among lines.
    if inner.endswith(".json") or re.match(rb"\[\s*(\{|\]|$)", head):
        yield from _documents(name, source.read())
    else:
        yield from _lines(name, source)


def _lines(name: str, source: BinaryIO) -> Iterator[RawEvent]:
    number = 0
    while line := source.readline(MAX_RECORD_BYTES):
        number += 1
        whole = line
        while not whole.endswith(b"\n") and (whole := source.readline(MAX_RECORD_BYTES)):
            pass
        value = (line.removeprefix(_BOM) if number == 1 else line).strip()
        if value:
            yield RawEvent(value, name, number)


def _documents(name: str, content: bytes) -> Iterator[RawEvent]:
    """The objects of a JSON file: one, several after one another, or the elements of an array.

    Where the JSON breaks, all that is left is one record.
    """
    text = content.removeprefix(_BOM).decode("utf-8", "surrogateescape")
    decoder = json.JSONDecoder()
    place = _Place(text)
    at = len(text) - len(text.lstrip())
    is_array = text[at : at + 1] == "["
    at += is_array
    while True:
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        if is_array and text[at : at + 1] == "]":
            is_array = False
            at += 1
            continue
        if at >= len(text):
            return
        try:
            _, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = len(text)
        yield RawEvent(text[at:end].strip().encode("utf-8", "surrogateescape"), name, place.line(at))
        at = end


class _Place:
    """Line numbers of growing positions in a text, without counting from the start each time."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._line = text, 0, 1

    def line(self, at: int) -> int:
        self._line += self._text.count("\n", self._at, at)
        self._at = at
        return self._line


class _Counted(io.RawIOBase):
    """A stream that reports what is read from it."""

    def __init__(self, stored: BinaryIO, advance: Callable[[int], None]) -> None:
        self._stored, self._advance = stored, advance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        read = getattr(self._stored, "read1", self._stored.read)
        piece = read(len(buffer))
        buffer[: len(piece)] = piece
        self._advance(len(piece))
        return len(piece)
