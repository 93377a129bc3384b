from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.importing.cells import Cell, Value, read_duration_s, reader, slug
from streams.importing.mapping import FieldSpec, Mapping


def read(cell: Cell, decimal: str = ".", nulls: tuple[str, ...] = ("",), **field: Any) -> Value | None:
    mapping = Mapping.model_validate(
        {
            "version": 1,
            "source": "s",
            "time_zone": "UTC",
            "nulls": list(nulls),
            "file": {"decimal": decimal},
            "fields": {"at": {"column": "t", "type": "time"}},
            "events": [{"type": "feed.heartbeat", "time": "at", "subject": "x", "data": {}}],
        }
    )
    spec = FieldSpec.model_validate({"column": "c", **field})
    return reader(spec, mapping, lambda name, made: None).read({"c": cell})


def test_null_markers_and_blanks_are_absent() -> None:
    assert [read(cell, nulls=("?",)) for cell in ("?", " ? ", "", "  ", None)] == [None] * 5


def test_a_default_stands_for_an_absent_value() -> None:
    assert read("", type="duration", default=0) == 0


def test_text_loses_the_space_around_it() -> None:
    assert read("  Group 70 ") == "Group 70"


@pytest.mark.parametrize(
    ("cell", "decimal", "expected"),
    [
        ("1,234.5", ".", 1234.5),
        ("1.234,5", ",", 1234.5),
        ("12.500.000", ",", 12_500_000),
        ("1 234", ".", 1234),
        ("1\u00a0234,5", ",", 1234.5),
        ("-3", ".", -3),
        (2.5, ".", 2.5),
        (2.5, ",", 2.5),
    ],
)
def test_numbers_are_read_as_people_write_them(cell: Cell, decimal: str, expected: float) -> None:
    assert read(cell, decimal, type="number") == expected


@pytest.mark.parametrize(
    ("cell", "decimal"), [("1,5", "."), ("1.5", ","), ("12,34,5", "."), ("abc", "."), ("NaN", "."), ("1e9999999", ".")]
)
def test_what_is_no_number_in_this_notation_is_refused(cell: str, decimal: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        read(cell, decimal, type="number")


def test_an_integer_may_be_written_with_zeros_behind_the_point() -> None:
    assert [read(cell, type="integer") for cell in ("3", "3.0", 3.0, 3)] == [3, 3, 3, 3]


def test_a_fraction_is_no_integer() -> None:
    with pytest.raises(ValueError, match=r"'3\.5' is not a whole number"):
        read("3.5", type="integer")


def test_scale_makes_minor_units_exactly() -> None:
    assert read("1,234.56", type="integer", scale=100) == 123_456
    with pytest.raises(ValueError, match=r"'0\.005' is not a whole number when times 100"):
        read("0.005", type="integer", scale=100)


@pytest.mark.parametrize(
    ("cell", "seconds"), [("0:04:02", 242), ("00:00:37", 37), ("100:00:00", 360_000), (time(0, 4, 2), 242),
                          (timedelta(hours=30), 108_000), ("0:00:01.5", 1.5)],
)  # fmt: skip
def test_durations_become_seconds(cell: Cell, seconds: float) -> None:
    assert read(cell, type="duration") == seconds


@pytest.mark.parametrize("text", ["4:02", "0:61:00", "0:00:60", "-0:00:01", "1"])
def test_what_is_not_hours_minutes_seconds_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration h:mm:ss"):
        read(text, type="duration")


@given(st.integers(0, 10_000_000))
def test_a_duration_is_read_as_it_was_written(seconds: int) -> None:
    text = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"

    assert read_duration_s(text) == seconds


def test_booleans_know_yes_and_no() -> None:
    assert [read(cell, type="boolean") for cell in ("Y", "no", "TRUE", "0", True, False)] == [
        True, False, True, False, True, False
    ]  # fmt: skip
    with pytest.raises(ValueError, match="'maybe' is neither yes nor no"):
        read("maybe", type="boolean")


def test_a_map_replaces_text_in_upper_or_lower_case() -> None:
    answers = {"Y": "answered", "N": "abandoned"}

    assert [read(cell, map=answers) for cell in ("Y", "n")] == ["answered", "abandoned"]


def test_what_a_map_does_not_name_is_an_error_unless_it_says_what_it_becomes() -> None:
    with pytest.raises(ValueError, match="'Q' is not one of Y, N"):
        read("Q", map={"Y": "answered", "N": "abandoned"})
    assert read("Q", map={"Y": "answered"}, otherwise="other") == "other"


def test_a_map_to_nothing_makes_the_value_absent() -> None:
    assert read("not rated", type="integer", map={"Not rated": None}) is None


def test_a_mapped_value_is_converted_to_the_type() -> None:
    assert read("Good", type="integer", map={"Good": 5}) == 5


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Group 70", "group-70"), ("Nguyễn Thị Đào", "nguyen-thi-dao"), ("  O'Brien, Ann ", "o-brien-ann")],
)
def test_a_slug_is_lower_case_ascii_with_hyphens(name: str, expected: str) -> None:
    assert slug(name) == expected


def test_a_name_without_letters_makes_no_id() -> None:
    with pytest.raises(ValueError, match="no letter or digit"):
        read("***", type="id", slug=True)


@given(st.text())
def test_a_slug_of_a_slug_is_itself(name: str) -> None:
    assert slug(slug(name)) == slug(name)


def test_a_spreadsheet_number_as_id_has_no_point_zero() -> None:
    assert read(1001.0, type="id") == "1001"
