from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from streams.importing.mapping import FileFormat
from streams.importing.tables import Row, TableError, rows, size

COLUMNS = ["Name", "Score"]


def read(path: Path, **form: object) -> list[Row]:
    return list(rows(path, FileFormat.model_validate(form), COLUMNS))


def cells(found: list[Row]) -> list[tuple[int, list[object]]]:
    return [(row.line, list(row.cells.values())) for row in found]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "t.csv"


def test_rows_carry_their_line_and_the_wanted_columns(table: Path) -> None:
    table.write_text("Id,Score,Name\n1,3,An\n2,4,Bình\n", encoding="utf-8")

    assert cells(read(table)) == [(2, ["An", "3"]), (3, ["Bình", "4"])]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_shows_the_columns(table: Path, delimiter: str) -> None:
    table.write_text(f"Name{delimiter}Score{delimiter}Note\nAn{delimiter}3{delimiter}x\n", encoding="utf-8")

    assert cells(read(table)) == [(2, ["An", "3"])]


def test_a_semicolon_file_with_decimal_commas_is_read(table: Path) -> None:
    table.write_text("Name;Score\nAn;3,5\n", encoding="utf-8")

    assert cells(read(table)) == [(2, ["An", "3,5"])]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_encodings_are_found_out(table: Path, encoding: str) -> None:
    table.write_text("Name,Score\nNguyễn,3\n", encoding=encoding)

    assert cells(read(table)) == [(2, ["Nguyễn", "3"])]


def test_what_is_not_utf_8_is_read_as_cp1252(table: Path) -> None:
    table.write_bytes("Name,Score\nJosé €,3\n".encode("cp1252"))

    assert cells(read(table)) == [(2, ["José €", "3"])]


def test_bytes_that_the_stated_encoding_lacks_are_an_error_with_place(table: Path) -> None:
    table.write_bytes("Name,Score\nJosé,3\n".encode("cp1252"))

    with pytest.raises(TableError, match=r"t\.csv:1 or later: not utf-8 .*set file.encoding in the mapping"):
        read(table, encoding="utf-8")


def test_a_quoted_cell_may_span_lines_and_the_row_has_its_first(table: Path) -> None:
    table.write_text('Name,Score\n"An\nB",3\nC,4\n', encoding="utf-8")

    assert cells(read(table)) == [(2, ["An\nB", "3"]), (4, ["C", "4"])]


def test_blank_rows_are_left_out_and_lines_still_count(table: Path) -> None:
    table.write_text("Name,Score\n\n,\nAn,3\n", encoding="utf-8")

    assert cells(read(table)) == [(4, ["An", "3"])]


def test_a_row_of_other_width_is_named_and_the_next_is_read(table: Path) -> None:
    table.write_text("Name,Score\nAn\nAn,3,x\nAn,3,,\nAn,3\n", encoding="utf-8")
    found = read(table)

    assert [row.problem for row in found] == [
        "1 cells where the header has 2",
        "3 cells where the header has 2",
        None,
        None,
    ]


def test_broken_quotes_are_a_bad_row(table: Path) -> None:
    table.write_text('Name,Score\n"An"x,3\nBo,4\n', encoding="utf-8")
    found = read(table)

    assert [(row.line, (row.problem or "")[:8]) for row in found] == [(2, "not CSV:"), (3, "")]


def test_a_header_further_down_is_found(table: Path) -> None:
    table.write_text("Report of May\n\nName,Score\nAn,3\n", encoding="utf-8")

    assert cells(read(table, header_line=3)) == [(4, ["An", "3"])]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"Name,Sc\nAn,3\n", ":1: no column 'Score'; the header has Name, Sc"),
        (b"Name,Score,Name\nAn,3,x\n", ":1: more than one column 'Name'"),
        (b"\xd0\xcf\x11\xe0rest", "an .xls workbook of before 2007"),
        (b"PK\x03\x04rest", "not a workbook that can be read"),
        (b"Na\0me,Score\n", "NUL byte"),
    ],
)
def test_a_file_that_is_no_such_table_is_one_clear_error(table: Path, content: bytes, message: str) -> None:
    table.write_bytes(content)

    with pytest.raises(TableError) as caught:
        read(table)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_without_its_header_line_is_an_error(table: Path) -> None:
    table.write_text("Name,Score\n", encoding="utf-8")

    with pytest.raises(TableError, match="no line 5 for a header"):
        read(table, header_line=5)


def test_reading_tells_of_every_byte(table: Path) -> None:
    table.write_text("Name,Score\n" + "An,3\n" * 50_000, encoding="utf-8")
    told: list[int] = []
    list(rows(table, FileFormat(), COLUMNS, told.append))

    assert sum(told) == size(table)
    assert len(told) > 1


def workbook(path: Path) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Name", "Score", "At"])
    sheet.append(["An", 3, datetime(2021, 1, 1, 9, 30)])
    sheet.append([])
    sheet.append(["Bo", None])
    other = book.create_sheet("Old")
    other.append(["x"])
    other.append(["Score", "Name"])
    other.append([5, "Di"])
    book.save(path)
    return path


def test_a_sheet_is_read_with_its_types(tmp_path: Path) -> None:
    found = list(rows(workbook(tmp_path / "t.xlsx"), FileFormat(), ["Name", "Score", "At"]))

    assert cells(found) == [(2, ["An", 3, datetime(2021, 1, 1, 9, 30)]), (4, ["Bo", None, None])]


def test_another_sheet_and_header_line_can_be_named(tmp_path: Path) -> None:
    assert cells(read(workbook(tmp_path / "t.xlsx"), sheet="Old", header_line=2)) == [(3, ["Di", 5])]


def test_a_sheet_that_is_not_there_is_an_error_that_lists_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no sheet 'New'; there are Sheet, Old"):
        read(workbook(tmp_path / "t.xlsx"), sheet="New")
