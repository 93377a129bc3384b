"""The decoder: total over all bytes, exact about values, the same for both modes."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.catalogue.models import EventType
from schemas.events.decode import Decoder
from schemas.events.envelope import MAX_VALUE_BYTES, Event, Reason, Rejected, encode
from schemas.events.registry import Registry
from tests.schemas.events.golden import EVENTS

VISIT = EventType(type="visit.done", fields={"store": "id!", "minutes": "number", "json": "integer", "a b": "boolean"})
DECODER = Decoder(Registry.of([VISIT]), "VND")
VALID = [path.read_bytes() for path in sorted((EVENTS / "valid").iterdir())]
SALE: dict[str, Any] = json.loads((EVENTS / "valid" / "sale.closed--minimal.json").read_bytes())

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def sale(**data: Any) -> bytes:
    return json.dumps({**SALE, "data": {**SALE["data"], **data}}).encode()


def decoded(value: bytes) -> Event:
    event = DECODER.decode(None, value)
    assert isinstance(event, Event), event
    return event


def refused(value: bytes | None, key: bytes | None = None, headers: list[tuple[str, bytes]] | None = None) -> Rejected:
    rejected = DECODER.decode(key, value, headers or [])
    assert isinstance(rejected, Rejected), rejected
    return rejected


@given(st.none() | st.binary(), st.none() | st.binary(), st.lists(st.tuples(st.text(), st.binary())))
@example(b"\xff", b'{"specversion":', [("ce_id", b"\xff"), ("content-type", b"\xff")])
@example(None, b"[" * 60_000, [])
@example(None, b"1" * 60_000, [])
def test_any_record_is_decoded_or_rejected(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    assert isinstance(DECODER.decode(key, value, headers), Event | Rejected)


@given(st.sampled_from(VALID), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=3))
def test_a_valid_event_with_damaged_bytes_is_decoded_or_rejected(valid: bytes, damage: list[tuple[int, int]]) -> None:
    damaged = bytearray(valid)
    for place, byte in damage:
        damaged[place % len(damaged)] = byte

    assert isinstance(DECODER.decode(None, bytes(damaged)), Event | Rejected)


@given(st.sampled_from(VALID), st.data(), JSON)
def test_a_valid_event_with_any_value_put_anywhere_is_decoded_or_rejected(
    valid: bytes, draw: st.DataObject, value: Any
) -> None:
    message = json.loads(valid)
    place = draw.draw(st.sampled_from([message, message.get("data", {})]))
    place[draw.draw(st.sampled_from([*place, "supersedes", "datacontenttype", "data_base64", "other"]))] = value

    outcome = DECODER.decode(None, json.dumps(message).encode())

    assert isinstance(outcome, Event | Rejected)
    if isinstance(outcome, Event):
        assert outcome == decoded(encode(outcome))


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_unknown_fields_pass_unchanged_and_nulls_are_absent(extra: dict[str, Any]) -> None:
    fields = {f"x{name}": value for name, value in extra.items()}

    data = decoded(sale(**fields)).data

    assert data == {**SALE["data"], **{name: value for name, value in fields.items() if value is not None}}


@given(st.integers(-(2**53) + 1, 2**53 - 1), st.floats(0, 1e15))
def test_integers_stay_integers_and_floats_floats(amount: int, quantity: float) -> None:
    data = decoded(sale(amount=amount, quantity=quantity, discount_ratio=1)).data

    assert (amount, quantity, 1) == (data["amount"], data["quantity"], data["discount_ratio"])
    assert [int, float, int] == [type(data[name]) for name in ("amount", "quantity", "discount_ratio")]


IDS = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=20)


@given(
    st.builds(
        Event,
        source=IDS,
        id=IDS,
        type=st.just("visit.done"),
        time_us=st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999),
        subject=IDS,
        data=st.fixed_dictionaries({"store": IDS}, optional={"minutes": st.integers(0, 99), "a b": st.booleans()}),
        supersedes=st.none() | st.tuples(IDS.map(lambda text: text + "x"), st.just("first")),
    )
)
def test_decoding_what_was_encoded_gives_the_same_event(event: Event) -> None:
    if event.supersedes == (event.source, event.id):
        return

    assert event == DECODER.decode(event.subject.encode(), encode(event))


@pytest.mark.parametrize("path", sorted((EVENTS / "valid").iterdir()), ids=lambda path: path.stem)
def test_both_modes_say_the_same(path: Path) -> None:
    message = json.loads(path.read_bytes())
    value = json.dumps(message.pop("data")).encode() if "data" in message else None
    headers = [(f"ce_{name}", text.encode()) for name, text in message.items()]

    binary = DECODER.decode(message["subject"].encode(), value, headers)

    assert decoded(path.read_bytes()) == binary


def test_exactly_64_kib_is_accepted_and_one_byte_more_is_not() -> None:
    padded = sale().ljust(MAX_VALUE_BYTES)

    assert isinstance(DECODER.decode(None, padded), Event)
    assert refused(padded + b" ").reason is Reason.OVERSIZE


def test_supersedes_leaves_data_for_its_own_place() -> None:
    event = decoded(sale(supersedes={"source": "crm/hanoi", "id": "first", "why": "typing error"}))

    assert event.supersedes == ("crm/hanoi", "first")
    assert "supersedes" not in event.data


def test_the_default_of_an_absent_or_null_count_is_one() -> None:
    liked = {**SALE, "type": "social.engagement", "data": {"kind": "like"}}
    null = {**liked, "data": {"kind": "like", "count": None}}

    assert [decoded(json.dumps(message).encode()).data["count"] for message in (liked, null)] == [1, 1]


def test_of_a_repeated_name_the_last_one_stands() -> None:
    assert decoded(sale().replace(b'"amount": 990000', b'"amount": 1, "amount": 2')).data["amount"] == 2


def test_a_type_of_the_tenant_is_validated_and_retracted_like_a_shipped_one() -> None:
    visit = {**SALE, "type": "visit.done", "data": {"store": "s1", "minutes": 12.5, "json": 3, "a b": True}}
    gone = {**SALE, "type": "visit.done.retracted", "data": {"supersedes": {"source": "crm", "id": "v1"}}}
    wrong = {**visit, "data": {"store": "s1", "json": 1.5}}

    assert decoded(json.dumps(visit).encode()).data == visit["data"]
    assert decoded(json.dumps(gone).encode()).supersedes == ("crm", "v1")
    assert refused(json.dumps(wrong).encode()).sentence.startswith("data.json: 1.5 is not an integer")


def test_the_content_type_decides_the_mode_when_both_are_possible() -> None:
    headers = [("ce_id", b"other"), ("content-type", b"application/cloudevents+json")]

    event = DECODER.decode(None, sale(), headers)

    assert isinstance(event, Event)
    assert SALE["id"] == event.id


def test_a_decoder_keeps_nothing_of_one_record_for_the_next() -> None:
    first = decoded(sale(tags=["a"]))
    first.data["tags"].append("changed by the reader")

    assert decoded(sale(tags=["a"])).data["tags"] == ["a"]
