"""A remembered time is the time that parse_us reads."""

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas
from schemas.events import instants
from schemas.events.decode import Decoder
from schemas.events.envelope import Event
from schemas.events.instants import Instants
from schemas.events.registry import Registry
from schemas.events.times import TimeFormatError, parse_us
from streams.core.stage import PlainRecord

Read = Callable[[str], int]

# One memory for all examples, so that parts of one text meet parts of another.
MEMORY = Instants()

HOURS = ["2026-11-23T09", "2026-11-23t23", "1969-12-31T00", "2024-02-29T12", "2025-02-29T12", "2026-11-23T24",
         "0001-01-01T00", "9999-12-31T23", "2999-12-31T23", "2026-11-23 09", "２026-11-23T09",
         "2026-1-023T09"]  # fmt: skip
RESTS = [":15:00", ":59:59", ":00:60", ":1:500", ":15", ":15:00:00", ":٣0:00"]
FRACTIONS = ["", ".5", ".123", ".123456", ".1234567", ".000000999999", ".", ".٣", ".1_0", ".-5", ". 5", ",5", ".5.5"]
OFFSETS = ["Z", "z", "+07:00", "-00:00", "-23:59", "+24:00", "+0700", "", "Z\n", "ZZ", "+07:00Z"]


def outcome(read: Read, text: str) -> int | None:
    try:
        return read(text)
    except TimeFormatError:
        return None


def test_every_combination_of_parts_is_read_or_refused_as_parse_us_does() -> None:
    every = ["".join(parts) for parts in product(HOURS, RESTS, FRACTIONS, OFFSETS)]
    expected = [outcome(parse_us, text) for text in every]

    assert expected == [outcome(MEMORY.us, text) for text in every]
    assert expected == [outcome(MEMORY.us, text) for text in every]  # now that every part has been met


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert outcome(parse_us, text) == outcome(MEMORY.us, text)


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instants, "MOST", 10)
    memory = Instants()

    for minute in range(60):
        text = f"2026-11-{minute % 28 + 1:02}T{minute % 24:02}:{minute:02}:00.{minute}Z"
        assert parse_us(text) == memory.us(text)

    assert len(memory.hours) <= 10
    assert len(memory.rests) <= 3600
    assert len(memory.fractions) <= 1111


def test_a_chunk_is_timed_as_parse_us_does_whatever_was_met_before() -> None:
    decoder = Decoder(Registry.of(), "VND")
    message = json.loads((Path(schemas.__path__[0]) / "examples/kpi.events/valid/sale.closed.json").read_bytes())
    every = ["".join(parts) for parts in product(HOURS, RESTS, FRACTIONS, OFFSETS)]
    records = [PlainRecord(0, 0, None, json.dumps({**message, "time": text}).encode()) for text in every]

    chunks = [decoder.decode_all(records) for _ in range(2)]

    expected = [outcome(parse_us, text) for text in every]
    for chunk in chunks:
        assert expected == [event.time_us if isinstance(event, Event) else None for event in chunk]
