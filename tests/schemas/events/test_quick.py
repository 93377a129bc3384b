"""The fast ways of the decoder, the compiled one too, say what pydantic's way says, of the same bytes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import Field, field_validator

from schemas.catalogue.models import EventType
from schemas.events.decode import Decoder
from schemas.events.derived import NotUnderstoodError, data_of
from schemas.events.envelope import Event, Rejected
from schemas.events.fields import EventData, Id, Retraction
from schemas.events.quick import FurtherDecoder, QuickDecoder
from schemas.events.registry import RETRACTED, SHIPPED, Registry
from schemas.events.shapes import plain_reader
from tests.schemas.events.golden import EVENTS, files, record

VISIT = EventType(
    type="visit.done",
    fields={"store": "id!", "minutes": "number", "json": "integer", "a b": "boolean", "note": "text!", "naïve": "text"},
)
REGISTRY = Registry.of([VISIT])
DECODER = Decoder(REGISTRY, "VND")
UNCOMPILED = Decoder(REGISTRY, "VND", compiled=False)
MODELS: dict[str, type[EventData]] = {
    **REGISTRY.types,
    **dict.fromkeys((type_ + RETRACTED for type_ in REGISTRY.types), Retraction),
}
PLAIN = plain_reader(MODELS, "VND")
QUICK = QuickDecoder(MODELS, "VND")
FURTHER = FurtherDecoder(MODELS, "VND")


class Plain(NamedTuple):
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


def told(outcome: Event | Rejected, only: frozenset[str] | None = None) -> object:
    """An outcome in a form in which 5 is not 5.0, and -0.0 not 0."""
    if isinstance(outcome, Rejected):
        return outcome
    data = {name: item for name, item in outcome.data.items() if only is None or name in only}
    return outcome._replace(data={}), json.dumps(data, sort_keys=True)


def agree(value: bytes | None, key: bytes | None = None, headers: Sequence[tuple[str, bytes]] = ()) -> None:
    """All ways say the same; a chunk only leaves out what nobody declared."""
    slow = DECODER.decode_slowly(key, value, headers)
    [of_chunk] = DECODER.decode_all([Plain(key, value, headers)])
    [uncompiled] = UNCOMPILED.decode_all([Plain(key, value, headers)])
    declared = frozenset(REGISTRY.fields_of(slow.type)) if isinstance(slow, Event) else None

    assert told(slow) == told(DECODER.decode(key, value, headers))
    assert told(slow, declared) == told(of_chunk) == told(uncompiled)


# -- messages with every freedom that JSON has: an object is a list of pairs, so that a name can stand twice


class Members(list[tuple[str, Any]]):
    """An object."""


class Raw(str):
    """JSON that is written as it is."""

    __slots__ = ()


def pairs(value: Any) -> Any:
    return Members((name, pairs(item)) for name, item in value.items()) if isinstance(value, dict) else value


def written(value: Any, compact: bool, ascii_only: bool) -> str:
    if isinstance(value, Raw):
        return value
    comma, colon = (",", ":") if compact else (", ", ": ")
    if isinstance(value, Members):
        members = (
            json.dumps(name, ensure_ascii=ascii_only) + colon + written(item, compact, ascii_only)
            for name, item in value
        )
        return "{" + comma.join(members) + "}"
    return json.dumps(value, ensure_ascii=ascii_only)


VALID = [pairs(json.loads(path.read_bytes())) for path in sorted((EVENTS / "valid").iterdir())]
VALID += [
    pairs(
        {
            "specversion": "1.0",
            "id": "visit-1",
            "source": "crm",
            "type": "visit.done",
            "time": "2026-11-23T09:15:00Z",
            "subject": "v1",
            "data": {"store": "s", "note": "ổn", "json": 3, "a b": True, "minutes": 1.5},
        }
    )
]
# `data` last
VALID = [Members(sorted(message, key=lambda item: item[0] == "data")) for message in VALID]

SUPERSEDES = Members([("source", "crm/hanoi"), ("id", "first")])
BARE = frozenset(map(chr, range(0x21, 0x7F))) - {"\\"}
VARIED = [
    Members([*message[:-1], ("data", Members(item for item in message[-1][1] if BARE >= set(str(item[1]))))])
    for message in VALID
    if dict(message)["type"]
    in ("sale.corrected", "call.completed", "task.due", "target.changed", "social.engagement", "web.session")
]
for varied in VARIED:
    if dict(varied)["type"] == "sale.corrected":
        varied[-1][1].append(("supersedes", SUPERSEDES))
"""Every kind of field, and no free text: of ids without any, the fast way only looks at the whole value."""

TIMES = [
    "2026-11-23T09:15:00+07:00", "2026-11-23t09:15:00z", "2026-11-23T09:15:60Z", "2026-02-30T00:00:00Z",
    "2026-11-23T09:15:00.123456789Z", "2026-11-23T09:15:00.5-03:30", "2026-11-23T09:15:00.Z", "2026-11-23 09:15:00Z",
    "2026-11-23T09:15:00", "2026-11-23", "2026-11-23T24:00:00Z", "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01", "2026-11-23T09:15:00.٣Z", "2026-11-23T09:15:00Z\n", "2026-11-23T09:15:00,5Z",
    "1795400100", "",
]  # fmt: skip
NUMBERS = [
    "0", "-0", "-0.0", "5", "5.0", "1e2", "1E+2", "1e-400", "1e999", "-1e999", "01", "1.", ".5", "+1", "NaN",
    "Infinity", "9007199254740991", "9007199254740992",
    "-9007199254740991", "9007199254740991.0", "9007199254740992.0",
    "9223372036854775807", "9223372036854775808", "18446744073709551616", "9" * 400, "9" * 5000, "0.1", "100", "100.5",
    "1" + "0" * 400 + ".0", "0x10", "1_000",
]  # fmt: skip
TEXTS = [
    "", " ", "a b", "x" * 128, "x" * 129, "đ" * 128, "đ" * 129, "😀", "😀" * 128, "tab\t", "\x7f", "\x00", "\u00a0",
    "\u200b", "\ufeff", "a:b", "urn:x:y", 'quo"te', "back\\slash", "/", "VND", "USD", "vnd", "answered", "like",
    "x" * 1001, "đ" * 1000, "call.completed", "sale.closed", "sale.closed.retracted", "1.0", "application/json",
    "text/csv", "application/json; charset=utf-8", "application/json;charset=UTF-8",
]  # fmt: skip
ESCAPES = [
    r'"\ud800"',
    r'"\ud83d\ude00"',
    r'"\ude00"',
    r'"\u0000"',
    r'"\u0020"',
    r'"\u006fk"',
    r'"\q"',
    r'"\uZZZZ"',
    r'"a\/b"',
    '"a\tb"',
    '"\x01"',
    '"a\x7f"',
    '"',
    "nul",
    "true",
    "[",
    "{}",
    "[]",
    "[" * 250 + "]" * 250,
    '["a","b"]',
    '["a",null]',
    '["a",5]',
    "[1e999]",
    '{"a":1e999}',
    '{"a":{"b":[1,2.5,null]}}',
    '[["vip"]]',
    '{"a":1,"a":2}',
]
ODD = st.one_of(
    st.sampled_from([Raw(text) for text in NUMBERS + ESCAPES]),
    st.sampled_from(TEXTS + TIMES),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.builds(lambda: Members(SUPERSEDES)),  # a new one each time, because changes change it
    st.builds(lambda: Members([*SUPERSEDES, ("why", Raw("1e999"))])),
    st.builds(lambda: Members([*SUPERSEDES, ("id", None)])),
    st.builds(lambda: Members([("source", "a b"), ("id", "\x7f")])),
)
NAMES = [
    "supersedes",
    "owner",
    "currency",
    "note",
    "tags",
    "manual",
    "count",
    "other",
    "field_0",
    "from_",
    "type_",
    "datacontenttype",
    "data_base64",
    "traceparent",
    "data",
    "type",
    "time",
    "id",
    "a:b",
    "nố",
    "",
    "is_special",
]
CHANGES = ["replace", "remove", "repeat before", "repeat after", "add", "move"]


def copied(value: Any) -> Any:
    return Members((name, copied(item)) for name, item in value) if isinstance(value, Members) else value


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """A valid event, changed at up to three places, written in one of the ways in which JSON is written."""
    message = copied(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(0, 3))):
        data = next((item for name, item in message if name == "data" and isinstance(item, Members)), message)
        change(draw, draw(st.sampled_from([message, data])))
    text = written(message, draw(st.booleans()), draw(st.booleans()))
    return text.encode("utf-8", "surrogatepass")


def change(draw: st.DrawFn, members: Members) -> None:
    kind = draw(st.sampled_from(CHANGES)) if members else "add"
    if kind == "add":
        members.insert(draw(st.integers(0, len(members))), (draw(st.sampled_from(NAMES) | st.text()), draw(ODD)))
        return
    place = draw(st.integers(0, len(members) - 1))
    name, item = members[place]
    if kind == "remove":
        del members[place]
    elif kind == "replace":
        members[place] = (name, draw(ODD))
    elif kind == "move":
        members.append(members.pop(place))
    else:
        at = place if kind == "repeat before" else len(members)
        members.insert(at, (name, draw(ODD | st.just(copied(item)))))


@settings(max_examples=400)
@given(messages())
def test_both_ways_say_the_same_of_a_changed_event(value: bytes) -> None:
    agree(value)


@settings(max_examples=200)
@given(messages(), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=3))
def test_both_ways_say_the_same_of_damaged_bytes(value: bytes, damage: list[tuple[int, int]]) -> None:
    damaged = bytearray(value)
    for place, byte in damage:
        damaged[place % len(damaged)] = byte

    agree(bytes(damaged))


@pytest.mark.parametrize("odd", [*NUMBERS, *ESCAPES, *map(json.dumps, TEXTS + TIMES), "null", '"\xed\xa0\x80"'])
def test_both_ways_say_the_same_of_every_oddity_at_every_place(odd: str) -> None:
    raw = odd.encode("latin-1") if odd == '"\xed\xa0\x80"' else odd.encode()
    for message in VARIED:
        assert set(written(message, True, False)) <= BARE
        for members in (message, message[-1][1]):
            for name in [*(name for name, _ in members), "supersedes", "currency", "other"]:
                here = Members([*(item for item in members if item[0] != name), (name, Raw("@"))])
                whole = here if members is message else Members([*message[:-1], ("data", here)])
                agree(written(whole, True, False).encode().replace(b"@", raw))


@pytest.mark.parametrize("path", files(EVENTS / "valid") + files(EVENTS / "invalid"))
def test_both_ways_say_the_same_of_a_golden_message(path: Path) -> None:
    agree(path.read_bytes())


@pytest.mark.parametrize("path", files(EVENTS / "records"))
def test_both_ways_say_the_same_of_a_golden_record(path: Path) -> None:
    key, value, headers = record(path)

    agree(value, key, headers)


@given(
    messages(),
    st.none() | st.binary() | st.sampled_from([b"sale-881", b"v1"]),
    st.lists(
        st.tuples(
            st.sampled_from(["content-type", "Content-Type", "ce_id", "ce_type", "traceparent"]),
            st.binary()
            | st.sampled_from(
                [
                    b"application/cloudevents+json",
                    b"application/cloudevents",
                    b"application/cloudevents-batch+json",
                    b"application/cloudevents+json; charset=utf-8",
                    b"application/json",
                    b"text/csv",
                ]
            ),
        ),
        max_size=2,
    ),
)
def test_both_ways_say_the_same_of_any_key_and_headers(
    value: bytes, key: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    agree(value, key, headers)


UNUSUAL = {
    "ad.spend--extension-attributes",
    "sale.closed--unknown-fields-pass",
}


@pytest.mark.parametrize("path", files(EVENTS / "valid"))
def test_a_normal_event_takes_the_fast_way(path: Path) -> None:
    value = path.read_bytes()

    assert (path.stem in UNUSUAL) == (QUICK.event(None, value) is None)


NOT_PLAIN = UNUSUAL | {
    "call.completed--same-type-correction",
    "call.completed.retracted",
    "employee.leave",
    "employee.leave--part-of-a-day",
    "lead.created--vietnamese-ids",
    "sale.closed--typed-in-by-hand",
    "sale.closed.retracted",
    "sale.corrected",
    "sale.reversed",
    "sale.reversed.retracted",
    "stock.out",
    "target.changed",
    "task.due",
}
"""Those that amend others, and fields that hold a time, a list, or an id in another script."""


@pytest.mark.parametrize("path", files(EVENTS / "valid"))
@pytest.mark.parametrize("space", ["", " "])
def test_a_plain_event_is_read_by_the_compiled_reader(path: Path, space: str) -> None:
    message = json.loads(path.read_bytes())
    value = json.dumps(message, separators=("," + space, ":" + space), ensure_ascii=False).encode()

    assert PLAIN is not None, "not compiled: a compiler and Cython were missing when the package was installed"
    assert (path.stem in NOT_PLAIN) == (PLAIN.read(None, value) is None)


def test_an_event_with_further_attributes_and_fields_is_still_taken_fast() -> None:
    further = json.loads((EVENTS / "valid" / "sale.closed.json").read_bytes())
    further["traceparent"] = "00-4bf92f-00"
    further["data"]["colour"] = "red"

    found = FURTHER.event(None, json.dumps(further).encode())

    assert found is not None
    assert found[1] == {"colour": "red"}


@pytest.mark.parametrize("type_", sorted(SHIPPED))
def test_every_shipped_type_has_a_fast_way(type_: str) -> None:
    assert data_of(SHIPPED[type_], "VND", True).struct


class Watched(EventData):
    """A rule between the field and pydantic that msgspec does not know."""

    place: Id

    @field_validator("place")
    @classmethod
    def _small(cls, text: str) -> str:
        if not text.islower():
            raise ValueError("is not in small letters")
        return text


class Marked(EventData):
    code: Annotated[str, Field(pattern="^[0-9]+$")]


class Lenient(EventData, strict=False):
    code: Id


class Nested(EventData):
    inner: dict[str, int]


@pytest.mark.parametrize("model", [Watched, Marked, Lenient, Nested])
def test_a_model_with_a_rule_that_is_not_understood_has_no_fast_way(model: type[EventData]) -> None:
    with pytest.raises(NotUnderstoodError):
        data_of(model, "VND", True)


def test_an_event_of_a_model_that_is_not_understood_takes_the_slow_way() -> None:
    decoder = Decoder(Registry({**SHIPPED, "place.seen": Watched}), "VND")
    message = {**json.loads((EVENTS / "valid" / "sale.closed.json").read_bytes()), "type": "place.seen"}

    good = decoder.decode(None, json.dumps({**message, "data": {"place": "hue"}}).encode())
    bad = decoder.decode(None, json.dumps({**message, "data": {"place": "HUE"}}).encode())

    assert isinstance(good, Event)
    assert isinstance(bad, Rejected)


@pytest.mark.parametrize("currency", ["VND", "USD", "vnd", "", "đồ!", "X\nY"])
@pytest.mark.parametrize("said", ["VND", "USD", "vnd", "", "đồ!", "X\nY"])
def test_both_ways_say_the_same_under_any_currency_of_the_tenant(currency: str, said: str) -> None:
    decoder = Decoder(REGISTRY, currency)
    message = json.loads((EVENTS / "valid" / "sale.closed.json").read_bytes())
    message["data"]["currency"] = said
    value = json.dumps(message).encode()

    assert decoder.decode_slowly(None, value) == decoder.decode(None, value)


@given(st.lists(st.sampled_from([*VALID]), max_size=5))
@example([])
def test_a_chunk_has_one_outcome_a_record_in_order(chunk: list[Members]) -> None:
    records = [Plain(None, written(message, True, True).encode()) for message in chunk]
    records += [Plain(None, None), Plain(b"k", b"{}")]

    outcomes = DECODER.decode_all(records)

    ids = [dict(message)["id"] for message in chunk]
    assert ids == [outcome.id for outcome in outcomes if isinstance(outcome, Event)]
    assert len(outcomes) == len(records)
    assert all(isinstance(outcome, Rejected) for outcome in outcomes[-2:])


def test_free_text_may_hold_what_an_id_may_not() -> None:
    message = json.loads((EVENTS / "valid" / "sale.closed.json").read_bytes())
    message["data"]["note"] = 'nói "ổn"\n\u200b: \x7f 😀'

    event = QUICK.event(None, json.dumps(message).encode())

    assert event is not None
    assert event.data["note"] == message["data"]["note"]


def test_a_name_with_a_quote_in_it_takes_the_slow_way() -> None:
    odd = EventType(type="odd.name", fields={'a"b': "integer", "c\\d": "text"})
    decoder = Decoder(Registry.of([odd]), "VND")
    message = json.loads((EVENTS / "valid" / "sale.closed.json").read_bytes())
    message |= {"type": "odd.name", "data": {'a"b': 5, "c\\d": "x"}}

    event = decoder.decode(None, json.dumps(message).encode())

    assert isinstance(event, Event)
    assert event.data == message["data"]
