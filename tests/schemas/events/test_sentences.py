"""A rejection says value, rule and place, and keeps private text to itself."""

import json
from typing import Any

import pytest

from schemas.events.decode import Decoder
from schemas.events.envelope import Rejected
from schemas.events.registry import Registry

DECODER = Decoder(Registry.of(), "VND")
CALL: dict[str, Any] = {
    "specversion": "1.0",
    "id": "7f3c",
    "source": "pbx/hanoi",
    "type": "call.completed",
    "time": "2026-11-23T09:15:00+07:00",
    "subject": "call-1",
    "data": {"owner": "an", "duration_s": 30, "outcome": "answered"},
}
WHO = " (pbx/hanoi id 7f3c)"
VISIBLE = "is not 1-128 visible characters (no space, no control character)"


def sentence(key: bytes | None = None, data: dict[str, Any] | None = None, **attributes: Any) -> str:
    message = {**CALL, **attributes, "data": {**CALL["data"], **(data or {})}}
    rejected = DECODER.decode(key, json.dumps(message).encode())
    assert isinstance(rejected, Rejected)
    return rejected.sentence


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"duration_s": -3}, "data.duration_s: -3 is below 0"),
        ({"duration_s": "30"}, "data.duration_s: '30' is not a number"),
        ({"duration_s": True}, "data.duration_s: true is not a number"),
        ({"duration_s": None}, "data.duration_s: missing"),
        ({"qa_score": 100.5}, "data.qa_score: 100.5 is above 100"),
        ({"wait_s": 10**60}, "data.wait_s: an integer of more than 40 digits is above 9,007,199,254,740,991"),
        ({"owner": ["an"]}, "data.owner: a list is not text"),
        ({"owner": ""}, "data.owner: '' is empty"),
        ({"owner": "An Nguyễn"}, f"data.owner: 'An Nguyễn' {VISIBLE}"),
        ({"owner": "x" * 129}, f"data.owner: '{'x' * 40}…' is longer than 128 characters"),
        ({"manual": 1}, "data.manual: 1 is not true or false"),
        ({"tags": "vip"}, "data.tags: a text of 3 characters is not a list of texts"),
        ({"tags": ["vip", 5]}, "data.tags[1]: this value is not text"),
        (
            {"hung_up_by": "nobody"},
            "data.hung_up_by: 'nobody' is not 'owner' or 'customer'",
        ),
        ({"currency": "đồng"}, "data.currency: 'đồng' is not a currency code of three capital letters (ISO 4217)"),
        ({"currency": "USD"}, "data.currency: 'USD' is not the tenant's VND"),
        ({"supersedes": "7f3b"}, "data.supersedes: '7f3b' is not a JSON object"),
        ({"supersedes": {"source": "pbx/hanoi"}}, "data.supersedes.id: missing"),
        ({"supersedes": {"source": "pbx/hanoi", "id": "7f3c"}}, "data.supersedes: an event cannot supersede itself"),
    ],
)
def test_a_wrong_field_is_named_with_its_value_and_rule(data: dict[str, Any], expected: str) -> None:
    assert expected + WHO == sentence(data=data)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"time": "2026-11-23T09:15:00"}, "time: '2026-11-23T09:15:00' has no time of day or no offset"),
        ({"time": 5}, "time: 5 is not text"),
        ({"type": "call.complete"}, "type: 'call.complete' is not a known event type"),
        ({"specversion": "0.3"}, "specversion: '0.3' is not '1.0'"),
        ({"subject": "a\tb"}, rf"subject: 'a\tb' {VISIBLE}"),
        ({"datacontenttype": "text/csv"}, "datacontenttype: 'text/csv' is not JSON"),
    ],
)
def test_a_wrong_attribute_is_named_with_its_value_and_rule(attributes: dict[str, Any], expected: str) -> None:
    assert sentence(**attributes).startswith(expected)


def test_a_key_that_is_not_the_subject_is_shown_beside_it() -> None:
    assert f"key: 'an' is not the subject 'call-1'{WHO}" == sentence(key=b"an")


def test_a_huge_key_does_not_make_a_huge_sentence() -> None:
    assert len(sentence(key=b"k" * 1_000_000)) < 200


@pytest.mark.parametrize("field", ["note", "number_hash"])
def test_private_text_is_never_quoted(field: str) -> None:
    said = sentence(data={field: "khách nói ốm " * 200})

    assert "khách" not in said
    assert f"data.{field}: a text of 2,600 characters is longer than" in said


def test_a_hostile_id_or_field_name_cannot_break_the_line() -> None:
    said = sentence(data={"x\nINFO all is well": {"deep": 1}}, id="7f\n3c")

    assert said.isprintable()
