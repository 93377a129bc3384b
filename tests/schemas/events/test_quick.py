"""The fast ways of the decoder, the compiled one too, say what pydantic's way says, of the same bytes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.catalogue.models import EventType
from schemas.events.decode import Decoder
from schemas.events.envelope import Event, Rejected
from schemas.events.registry import Registry
from tests.schemas.events.golden import EVENTS, files, record
from tests.schemas.events.messages import (
    BARE,
    ESCAPES,
    NUMBERS,
    TEXTS,
    TIMES,
    VALID,
    VARIED,
    Members,
    Raw,
    messages,
    written,
)

VISIT = EventType(
    type="visit.done",
    fields={"store": "id!", "minutes": "number", "json": "integer", "a b": "boolean", "note": "text!", "naïve": "text"},
)
REGISTRY = Registry.of([VISIT])
DECODER = Decoder(REGISTRY, "VND")
UNCOMPILED = Decoder(REGISTRY, "VND", compiled=False)


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
