"""Which events take a fast way of the decoder: nearly all, and none that it would not understand."""

import json
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field, field_validator

from schemas.catalogue.models import EventType
from schemas.events.decode import Decoder
from schemas.events.derived import NotUnderstoodError, data_of
from schemas.events.envelope import Event, Rejected
from schemas.events.fields import EventData, Id, Retraction
from schemas.events.quick import FurtherDecoder, QuickDecoder
from schemas.events.registry import RETRACTED, SHIPPED, Registry
from schemas.events.shapes import plain_reader
from tests.schemas.events.golden import EVENTS, files

REGISTRY = Registry.of([])
MODELS: dict[str, type[EventData]] = {
    **REGISTRY.types,
    **dict.fromkeys((type_ + RETRACTED for type_ in REGISTRY.types), Retraction),
}
PLAIN = plain_reader(MODELS, "VND")
QUICK = QuickDecoder(MODELS, "VND")
FURTHER = FurtherDecoder(MODELS, "VND")

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
