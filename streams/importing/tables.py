"""Rows of CSV and XLSX files with their lines. Streams: a file is never held whole.

Encoding and delimiter are found out unless the mapping states them: the delimiter is the one under which the header
has most of the mapping's columns.
"""

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast
from zipfile import BadZipFile

from streams.importing.cells import Cell
from streams.importing.mapping import FileFormat

Advance = Callable[[int], None]
"""Told of every stretch of work done: bytes of a CSV file, rows of a sheet."""

DELIMITERS = (",", ";", "\t", "|")
XLSX_MAGIC = b"PK\x03\x04"
XLS_MAGIC = b"\xd0\xcf\x11\xe0"
MAX_FIELD_CHARS = 1_000_000
CHUNK = 1 << 16


class TableError(Exception):
    """A file that cannot be read as a table at all; one sentence with the place."""


class Row(NamedTuple):
    """One row: its first line in the file, and its cells by column, or what is wrong with its shape."""

    line: int
    cells: dict[str, Cell]
    problem: str | None = None


def size(path: Path) -> int | None:
    """What `rows` will report through `advance` in all, where that is known before reading (CSV: bytes)."""
    try:
        return None if _is_xlsx(path) else path.stat().st_size
    except OSError:
        return None


def rows(path: Path, form: FileFormat, columns: Sequence[str], advance: Advance = lambda done: None) -> Iterator[Row]:
    """Rows under the header with the named columns. Raises TableError; blank rows are left out."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
        if head == b"":
            raise TableError(f"{path}: the file is empty")
        if head == XLS_MAGIC:
            raise TableError(f"{path}: an .xls workbook of before 2007; save it as .xlsx or CSV")
        yield from (_xlsx if head == XLSX_MAGIC else _csv)(path, form, columns, advance)
    except OSError as error:
        raise TableError(f"{path}: cannot be read: {error.strerror or error}") from error


def _is_xlsx(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == XLSX_MAGIC


def find_encoding(file: BinaryIO) -> str:
    """`utf-16` or `utf-8-sig` by its byte order mark, else UTF-8 if all of the file is, else cp1252."""
    head = file.read(3)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head)
        while chunk := file.read(CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _csv(path: Path, form: FileFormat, columns: Sequence[str], advance: Advance) -> Iterator[Row]:
    encoding = form.encoding
    if encoding == "auto":
        with path.open("rb") as file:
            encoding = find_encoding(file)
    csv.field_size_limit(MAX_FIELD_CHARS)
    with path.open("rb") as binary, io.TextIOWrapper(binary, encoding, newline="") as text:
        lines = _Lines(path, text, binary, encoding, advance)
        for _ in range(form.header_line - 1):
            next(lines, None)
        header_text = next(lines, None)
        if header_text is None:
            raise TableError(f"{path}: the file has no line {form.header_line} for a header")
        if "\0" in header_text:
            raise TableError(f"{path}:{form.header_line}: not a text table (a NUL byte); is it CSV or XLSX?")
        delimiter = find_delimiter(header_text, columns) if form.delimiter == "auto" else form.delimiter
        lines.give_back(header_text)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        header = _Header(path, form.header_line, next(reader), columns)
        yield from _csv_rows(reader, lines, header)


def _csv_rows(reader: "Iterator[list[str]]", lines: "_Lines", header: "_Header") -> Iterator[Row]:
    while True:
        line = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(line, {}, f"not CSV: {error}")
            continue
        if any(cell.strip() for cell in cells):
            yield header.row(line, cells)


class _Lines:
    """The lines of a text file, counted, with the bytes read told to `advance` and bad bytes told with their line."""

    def __init__(self, path: Path, text: io.TextIOWrapper, binary: BinaryIO, encoding: str, advance: Advance) -> None:
        self.number = 0
        self._path, self._text, self._binary, self._encoding, self._advance = path, text, binary, encoding, advance
        self._told = 0
        self._again: str | None = None

    def give_back(self, line: str) -> None:
        self._again, self.number = line, self.number - 1

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        self.number += 1
        if self._again is not None:
            line, self._again = self._again, None
            return line
        try:
            line = self._text.readline()
        except UnicodeError as error:
            raise TableError(
                f"{self._path}:{self.number} or later: not {self._encoding} ({error}); set file.encoding in the mapping"
            ) from error
        if not line:
            self.number -= 1
            raise StopIteration
        if (done := self._binary.tell()) > self._told:
            self._advance(done - self._told)
            self._told = done
        return line


def find_delimiter(header: str, columns: Sequence[str]) -> str:
    """The delimiter under which the header line has most of the columns; the comma where none has any."""
    wanted = set(columns)

    def found(delimiter: str) -> int:
        try:
            cells = next(csv.reader([header], delimiter=delimiter), [])
        except csv.Error:
            return 0
        return len(wanted & {cell.strip() for cell in cells})

    return max(DELIMITERS, key=found)


class _Header:
    """Where the wanted columns are; turns cells into rows."""

    def __init__(self, path: Path, line: int, cells: Sequence[Cell], columns: Sequence[str]) -> None:
        names = ["" if cell is None else str(cell).strip() for cell in cells]
        while names and not names[-1]:  # a sheet's or an export's empty columns at the end
            names.pop()
        if missing := [column for column in columns if column not in names]:
            there = ", ".join(name for name in names if name) or "nothing"
            raise TableError(f"{path}:{line}: no column {', '.join(map(repr, missing))}; the header has {there}")
        if twice := [column for column in columns if names.count(column) > 1]:
            raise TableError(f"{path}:{line}: more than one column {', '.join(map(repr, twice))}")
        self._places = [(column, names.index(column)) for column in columns]
        self._width = len(names)

    def row(self, line: int, cells: Sequence[Cell], padded: bool = False) -> Row:
        """A row; a table that pads (a sheet) leaves out empty cells at the end."""
        width = len(cells)
        while width > self._width and not cells[width - 1]:
            width -= 1
        if width != self._width and not (padded and width < self._width):
            return Row(line, {}, f"{width} cells where the header has {self._width}")
        return Row(line, {name: cells[place] if place < width else None for name, place in self._places})


def _xlsx(path: Path, form: FileFormat, columns: Sequence[str], advance: Advance) -> Iterator[Row]:
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise TableError(f"{path}: reading .xlsx needs openpyxl: pip install 'kpi-streams[xlsx]'") from error
    try:
        with path.open("rb") as file, closing(load_workbook(file, read_only=True, data_only=True)) as book:
            if form.sheet is not None and form.sheet not in book.sheetnames:
                raise TableError(f"{path}: no sheet {form.sheet!r}; there are {', '.join(book.sheetnames)}")
            sheet = book[form.sheet] if form.sheet is not None else book.worksheets[0]
            yield from _sheet_rows(path, sheet.iter_rows(values_only=True), form, columns, advance)
    except (BadZipFile, KeyError, ValueError, SyntaxError) as error:  # SyntaxError: ElementTree on broken XML
        raise TableError(f"{path}: not a workbook that can be read: {error}") from error


def _sheet_rows(
    path: Path, sheet: Iterator[Sequence[object]], form: FileFormat, columns: Sequence[str], advance: Advance
) -> Iterator[Row]:
    header: _Header | None = None
    for line, found in enumerate(sheet, start=1):
        cells = cast("Sequence[Cell]", found)
        if line < form.header_line:
            continue
        if header is None:
            header = _Header(path, line, cells, columns)
        elif any(cell is not None and str(cell).strip() for cell in cells):
            yield header.row(line, cells, padded=True)
        advance(1)
    if header is None:
        raise TableError(f"{path}: the sheet has no line {form.header_line} for a header")
