from hypothesis import given
from hypothesis import strategies as st

from streams.importing.ordering import in_time_order, since_year_one_us


@given(
    st.lists(st.tuples(st.integers(0, 3), st.binary(max_size=3).filter(lambda line: b"\n" not in line))),
    st.integers(1, 5),
)
def test_lines_come_by_time_and_equal_times_as_they_came_however_short_the_runs(
    lines: list[tuple[int, bytes]], run_length: int
) -> None:
    expected = [line for _, line in sorted(lines, key=lambda timed: timed[0])]

    assert list(in_time_order(lines, run_length)) == expected


def test_instants_compare_across_offsets_and_before_1970() -> None:
    times = [
        "0001-01-01T00:00:00+00:00",
        "1965-03-01T00:00:00+00:00",
        "2021-01-01T09:00:00+07:00",
        "2021-01-01T02:00:01Z",
    ]
    keys = [since_year_one_us(time) for time in times]

    assert keys == sorted(keys)
    assert keys[0] == 0
    assert since_year_one_us("2021-01-01T09:00:00+07:00") == since_year_one_us("2021-01-01T02:00:00Z")


def test_a_time_of_the_year_9999_still_sorts_last() -> None:
    last = since_year_one_us("9999-12-31T23:59:59.999999+00:00")

    assert list(in_time_order([(last, b"last"), (5, b"first"), (last - 1, b"before")], 1)) == [
        b"first",
        b"before",
        b"last",
    ]
