"""A rejected anonymous event is kept and told of without who sent it, and without any other change."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dead_letter import DeadLetter
from schemas.events.decode import Decoder
from schemas.events.envelope import Event, Rejected
from schemas.events.people import PEOPLE
from schemas.events.registry import Registry
from schemas.events.unnamed import UNNAMED, without_people

DECODER = Decoder(Registry.of(), "VND")
SECRET = "somebody-of-7"
SURVEY: dict[str, Any] = {
    "specversion": "1.0", "id": "1", "source": "hr", "type": "survey.esat.response", "subject": "r1",
    "time": "2026-11-23T09:15:00+07:00",
}  # fmt: skip
ANSWER = {"score": 8, "team": "hn-1", "note": "mệt"}
WHO = dict.fromkeys(PEOPLE, SECRET)


def structured(data: Any, **changes: Any) -> bytes:
    return json.dumps({**SURVEY, **changes, "data": data}).encode()


@pytest.mark.parametrize("type_", sorted(UNNAMED))
def test_the_answer_is_what_it_was_but_for_the_person(type_: str) -> None:
    value, _ = without_people(structured({**ANSWER, **WHO}, type=type_, owner=SECRET), [])

    assert {**SURVEY, "type": type_, "data": ANSWER} == json.loads(value or b"")


def test_in_binary_mode_the_type_is_in_a_header_and_a_person_may_be_too() -> None:
    headers = [("ce_type", b"survey.esat.response"), ("ce_owner", SECRET.encode()), ("ce_id", b"1")]

    value, kept = without_people(json.dumps({**ANSWER, **WHO}).encode(), headers)

    assert ANSWER == json.loads(value or b"")
    assert [("ce_type", b"survey.esat.response"), ("ce_id", b"1")] == kept


@pytest.mark.parametrize("data", [{"data": json.dumps(WHO)}, {"data": [WHO]}, {"data_base64": "c29tZWJvZHk="}])
def test_data_that_is_no_object_is_not_kept_at_all(data: dict[str, Any]) -> None:
    value, _ = without_people(json.dumps({**SURVEY, **data}).encode(), [])

    assert SURVEY == {name: item for name, item in json.loads(value or b"").items() if item is not None}


def test_a_person_inside_of_a_field_goes_too() -> None:
    value, _ = without_people(structured({**ANSWER, "by": {"role": "x", **WHO}, "all": [[WHO], {"n": 1, **WHO}]}), [])

    assert {**ANSWER, "by": {"role": "x"}, "all": [[{}], {"n": 1}]} == json.loads(value or b"")["data"]


@pytest.mark.parametrize("headers", [[], [("ce_type", b"survey.esat.response")]])
def test_of_two_fields_of_one_name_the_one_that_nobody_reads_goes(headers: list[tuple[str, bytes]]) -> None:
    last = structured(ANSWER)
    twice = last.replace(b'"data": ', b'"data": ' + json.dumps(WHO).encode() + b', "data": ')

    value, _ = without_people(twice, headers)

    assert json.loads(last) == json.loads(value or b"")
    assert SECRET.encode() not in (value or b"")


def test_a_list_is_kept_without_the_people_in_it() -> None:
    other = {"type": "call.completed", "data": ANSWER}
    batch = [{**SURVEY, "data": {**ANSWER, **WHO}}, other, 7]

    value, _ = without_people(json.dumps(batch).encode(), [])
    answers, _ = without_people(json.dumps([{**ANSWER, **WHO}]).encode(), [("ce_type", b"survey.esat.response")])

    assert [{**SURVEY, "data": ANSWER}, other, 7] == json.loads(value or b"")
    assert [ANSWER] == json.loads(answers or b"")


def test_a_list_of_other_events_is_kept_as_it_came() -> None:
    batch = json.dumps([{"type": "call.completed", "data": WHO}]).encode()

    assert (batch, []) == without_people(batch, [])


@given(st.none() | st.binary() | st.just(structured({"score": 1})), st.lists(st.tuples(st.text(), st.binary())))
def test_a_record_that_names_nobody_is_byte_by_byte_what_it_was(
    value: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    assert (value, headers) == without_people(value, headers)


def test_the_person_of_any_other_event_is_kept() -> None:
    called = structured({"owner": "an", "duration_s": 5, "outcome": "answered"}, type="call.completed")

    assert (called, []) == without_people(called, [])


@pytest.mark.parametrize("owner", [f"{SECRET} with a space", [SECRET], "", 7])
def test_a_sentence_does_not_quote_the_person(owner: Any) -> None:
    rejected = DECODER.decode(b"r1", structured({**ANSWER, "owner": owner}))

    assert isinstance(rejected, Rejected)
    assert "data.owner: " in rejected.sentence
    assert not any(told in rejected.sentence for told in (SECRET, "7"))


def test_a_letter_can_be_replayed_under_its_key() -> None:
    sent = structured({**ANSWER, **WHO})
    rejected = DECODER.decode(b"another", sent)
    assert isinstance(rejected, Rejected)
    letter = DeadLetter.of(
        rejected, topic="kpi.events", partition=0, offset=1, at=SURVEY["time"], key=b"another", value=sent
    )

    event = DECODER.decode(b"r1", letter.value)

    assert isinstance(event, Event)
    assert ANSWER == event.data
    assert len(letter.value or b"") == letter.value_bytes
