import gzip
import io
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.event_files import MAX_RECORD_BYTES, EventFileError, RawEvent, read_events, total_bytes


def records(path: Path) -> list[tuple[int, bytes]]:
    return [(event.line, event.value) for event in read_events([path])]


def file(tmp_path: Path, name: str, content: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_every_line_is_a_record_with_its_place(tmp_path: Path) -> None:
    path = file(tmp_path, "e.jsonl", b'{"a":1}\n\n  \n{"b":2}\r\n{"c":3}')

    assert records(path) == [(1, b'{"a":1}'), (4, b'{"b":2}'), (5, b'{"c":3}')]
    assert next(read_events([path])).place == f"{path}:1"


def test_an_empty_file_has_no_records(tmp_path: Path) -> None:
    assert [records(file(tmp_path, name, b"")) for name in ("e.jsonl", "e.json", "e")] == [[], [], []]


def test_broken_lines_are_handed_on_as_they_are(tmp_path: Path) -> None:
    path = file(tmp_path, "e.jsonl", b'{"a":1}\n[oops\n\xff\xfe\n{"b"\n')

    assert records(path) == [(1, b'{"a":1}'), (2, b"[oops"), (3, b"\xff\xfe"), (4, b'{"b"')]


def test_a_first_line_that_is_broken_does_not_make_an_array(tmp_path: Path) -> None:
    assert len(records(file(tmp_path, "e.jsonl", b'[oops\n{"a":1}\n'))) == 2


def test_a_byte_order_mark_belongs_to_no_record(tmp_path: Path) -> None:
    assert records(file(tmp_path, "e.jsonl", b'\xef\xbb\xbf{"a":1}\n')) == [(1, b'{"a":1}')]


def test_the_elements_of_an_array_are_records_with_the_line_they_begin_on(tmp_path: Path) -> None:
    path = file(tmp_path, "e.jsonl", '[\n {"a": "đ"},\n\n {"b": {\n  "c": 2}}, 3\n]\n'.encode())

    assert records(path) == [(2, '{"a": "đ"}'.encode()), (4, b'{"b": {\n  "c": 2}}'), (5, b"3")]


def test_a_json_file_may_hold_one_object_over_several_lines(tmp_path: Path) -> None:
    assert records(file(tmp_path, "e.json", b'\n{\n "a": 1\n}\n')) == [(2, b'{\n "a": 1\n}')]


def test_where_an_array_breaks_the_rest_is_one_record(tmp_path: Path) -> None:
    path = file(tmp_path, "e.json", b'[{"a":1},\n{"b":\xff,\n{"c":3}]')

    assert records(path) == [(1, b'{"a":1}'), (2, b'{"b":\xff,\n{"c":3}]')]


def test_what_follows_an_array_is_not_lost(tmp_path: Path) -> None:
    assert records(file(tmp_path, "e.json", b'[{"a":1}]\n{"b":2}')) == [(1, b'{"a":1}'), (2, b'{"b":2}')]


def test_gzip_is_read_as_what_it_holds(tmp_path: Path) -> None:
    lines = file(tmp_path, "e.jsonl.gz", gzip.compress(b'{"a":1}\n{"b":2}\n'))
    array = file(tmp_path, "e.json.gz", gzip.compress(b'{\n"a":1}'))

    assert records(lines) == [(1, b'{"a":1}'), (2, b'{"b":2}')]
    assert records(array) == [(1, b'{\n"a":1}')]


def test_a_cut_gzip_file_is_an_error_with_its_name(tmp_path: Path) -> None:
    path = file(tmp_path, "e.jsonl.gz", gzip.compress(b'{"a":1}\n' * 100)[:-12])

    with pytest.raises(EventFileError, match=r"e\.jsonl\.gz: cannot be read"):
        records(path)


def test_standard_input_is_a_file_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"a":1}\n')))

    assert list(read_events(["-"])) == [RawEvent(b'{"a":1}', "stdin", 1)]


def test_several_files_follow_one_another(tmp_path: Path) -> None:
    paths = [file(tmp_path, name, f'"{name}"\n'.encode()) for name in ("b", "a")]

    assert [(event.file, event.line) for event in read_events(paths)] == [(str(path), 1) for path in paths]


def test_a_line_without_end_is_cut_and_the_next_one_is_whole(tmp_path: Path) -> None:
    path = file(tmp_path, "e.jsonl", b"x" * (3 * MAX_RECORD_BYTES) + b'\n{"a":1}\n')
    first, second = records(path)

    assert len(first[1]) == MAX_RECORD_BYTES
    assert second == (2, b'{"a":1}')


def test_the_bytes_read_are_told_and_add_up(tmp_path: Path) -> None:
    paths = [
        file(tmp_path, "a.jsonl", b'{"a":1}\n' * 50_000),
        file(tmp_path, "b.json", b"[1,\n2]"),
        file(tmp_path, "c.jsonl.gz", gzip.compress(b'{"a":1}\n' * 50_000)),
    ]
    told: list[int] = []
    list(read_events(paths, told.append))

    assert sum(told) == total_bytes(paths)


def test_a_missing_file_is_known_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(EventFileError, match=r"gone\.jsonl: cannot be read: No such file"):
        total_bytes([file(tmp_path, "a", b"1"), tmp_path / "gone.jsonl"])
    with pytest.raises(EventFileError, match="a folder, not an event file"):
        total_bytes([tmp_path])


def test_the_size_of_standard_input_is_not_known(tmp_path: Path) -> None:
    assert total_bytes([file(tmp_path, "a", b"1"), "-"]) is None


JSON = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(st.lists(st.dictionaries(st.text(), JSON, min_size=1)), st.sampled_from([None, 1, "\t"]))
def test_lines_and_arrays_give_the_same_records(
    tmp_path_factory: pytest.TempPathFactory, objects: list[object], indent: int | str | None
) -> None:
    folder = tmp_path_factory.mktemp("e")
    lines = file(folder, "e.jsonl", "".join(json.dumps(item) + "\n" for item in objects).encode())
    array = file(folder, "e.json", json.dumps(objects, indent=indent).encode())

    assert [json.loads(value) for _, value in records(lines)] == objects
    assert [json.loads(value) for _, value in records(array)] == objects
