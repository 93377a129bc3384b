import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue.yaml_tree import Node, parse

words = st.text(st.characters(categories=["L", "N", "P", "Zs"], max_codepoint=0x1EF9), max_size=12)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4), max_leaves=12
)


@given(values.filter(lambda value: value is not None))
def test_json_text_reads_as_the_value_it_was_made_from(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)

    assert repr(parse(text, "x").plain()) == repr(value)


def test_yaml_1_1_words_are_text_and_dates_stay_text() -> None:
    tree = parse("%YAML 1.1\n---\n{a: no, b: off, c: 08:30, d: 2026-01-01, e: 012, f: y, g: 1_000}\n", "x")

    plain = tree.plain()

    assert {key: plain[key] for key in "abcdf"} == {"a": "no", "b": "off", "c": "08:30", "d": "2026-01-01", "f": "y"}
    assert plain["g"] == 1000


def test_each_node_knows_its_place_and_path() -> None:
    tree = parse("a:\n  - b: 1\n    c: [x,\n        y]\n", "f.yaml")

    found = list(tree.trail(("a", 0, "c", 1)))[-1]

    assert isinstance(found, Node)
    assert (found.place.file, found.place.line, found.place.column) == ("f.yaml", 4, 9)
    assert found.path == "a[0].c[1]"


def test_a_trail_ends_where_the_tree_does() -> None:
    tree = parse("a: {b: 1}\n", str(Path("f.yaml")))

    assert [node.path for node in tree.trail(("a", "missing", "c"))] == ["", "a"]
