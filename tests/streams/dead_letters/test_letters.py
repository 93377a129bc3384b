import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dead_letter import RawHeader
from schemas.events.reasons import Reason
from schemas.events.times import parse_us
from streams.dead_letters.letters import Letter, Place, Selection, attributes_of, readable
from streams.dead_letters.shown import whole
from tests.streams.dead_letters.letters import AT, PLACE, event, letter


@given(st.integers(0, 10**9 - 1), st.integers(0, 10**18 - 1))
def test_a_place_is_read_back_as_it_is_written(partition: int, offset: int) -> None:
    assert Place.parse(str(Place(partition, offset))) == Place(partition, offset)


@pytest.mark.parametrize("text", ["3", "3:", ":3", "-1:3", "3:1:2", "a:b", "3:17\n"])
def test_what_is_no_place_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(ValueError, match="PARTITION:OFFSET") as caught:
        Place.parse(text)

    assert repr(text) in str(caught.value)


@given(st.binary(max_size=200), st.lists(st.tuples(st.sampled_from(["ce_type", "content-type", "x"]), st.binary())))
def test_no_record_is_so_broken_that_its_letter_cannot_be_seen(value: bytes, headers: list[tuple[str, bytes]]) -> None:
    attributes = attributes_of(value, [RawHeader(name=name, value=text) for name, text in headers])

    assert all(isinstance(text, str) for text in attributes.values())


def test_attributes_are_read_in_both_modes() -> None:
    binary = [RawHeader(name="ce_type", value=b"call.completed"), RawHeader(name="ce_subject", value=b"call-1")]

    assert attributes_of(event(), ())["type"] == "call.completed"
    assert attributes_of(b'{"owner": "an"}', binary) == {"type": "call.completed", "subject": "call-1"}
    assert attributes_of(b"not json", ()) == {}
    assert attributes_of(b'{"type": 3, "source": "pbx"}', ()) == {"source": "pbx"}


def test_an_empty_selection_takes_everything_and_each_field_narrows_it() -> None:
    one = letter(Reason.UNKNOWN_TYPE, event(type="visit.made", source="crm"))
    at_us = parse_us(AT)

    taking = [
        Selection(),
        Selection(reasons=frozenset({Reason.UNKNOWN_TYPE, Reason.BAD_JSON})),
        Selection(types=frozenset({"visit.made"})),
        Selection(sources=frozenset({"crm"})),
        Selection(since_us=at_us, until_us=at_us + 1),
    ]
    leaving = [
        Selection(reasons=frozenset({Reason.BAD_JSON})),
        Selection(types=frozenset({"call.completed"})),
        Selection(sources=frozenset({"pbx"})),
        Selection(since_us=at_us + 1),
        Selection(until_us=at_us),
        Selection(types=frozenset({"visit.made"}), sources=frozenset({"pbx"})),
    ]

    assert [True] * len(taking) == [selection.takes(one) for selection in taking]
    assert [False] * len(leaving) == [selection.takes(one) for selection in leaving]


def test_nothing_that_steers_a_terminal_is_shown_as_it_is() -> None:
    assert readable(b"Nguy\xe1\xbb\x85n\tan\n") == "Nguyễn\tan\n"
    assert readable(b"\x1b[2J") == "\\x1b[2J"
    assert readable(b"\xff\x00") == "0xff00"
    assert readable(None) == "-"


def test_a_letter_that_was_kept_whole_does_not_show_who_answered() -> None:
    answer = event(type="survey.esat.response", data={"score": 99, "owner": "somebody-of-7"})
    kept = letter(Reason.WRONG_FIELD, b"").content.model_copy(update={"value": answer, "value_bytes": len(answer)})

    told = dict(whole(Letter.of(PLACE, kept)))

    assert "somebody-of-7" not in str(told)
    assert '"score":99' in told["value"]
