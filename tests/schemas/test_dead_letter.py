"""A dead letter keeps the record's bytes, inside what one Kafka message may hold."""

import json
from base64 import b64decode

from hypothesis import given
from hypothesis import strategies as st

from schemas.dead_letter import KEPT_BYTES, DeadLetter
from schemas.events.envelope import Rejected
from schemas.events.reasons import Reason

WHY = Rejected(Reason.BAD_JSON, "value: expected value at line 1 column 1")
AT = "2026-11-23T09:15:01+07:00"


def letter(key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]] | None = None) -> DeadLetter:
    return DeadLetter.of(
        WHY, topic="kpi.events", partition=3, offset=8, at=AT, key=key, value=value, headers=headers or []
    )


@given(st.none() | st.binary(), st.none() | st.binary(), st.lists(st.tuples(st.text(), st.binary()), max_size=3))
def test_key_value_and_headers_come_back_byte_by_byte(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    found = DeadLetter.model_validate_json(letter(key, value, headers).model_dump_json())

    assert (key, value) == (found.key, found.value)
    assert headers == [(header.name, header.value) for header in found.headers]


def test_bytes_are_plain_base64_in_json() -> None:
    written = json.loads(letter(b"\xff\xfe\xfd", b"{").model_dump_json())

    assert b64decode(written["key"], validate=True) == b"\xff\xfe\xfd"
    assert (WHY.reason, "kpi.events", 3, 8, AT) == tuple(
        written[name] for name in ("reason", "topic", "partition", "offset", "at")
    )


def test_a_megabyte_is_cut_but_its_length_is_told() -> None:
    found = letter(b"k" * 2**20, b"v" * 2**20, [("a", b"1"), ("b", b"h" * 2**20)])

    assert (len(found.key or b""), len(found.value or b"")) == (KEPT_BYTES, KEPT_BYTES)
    assert found.value_bytes == 2**20
    assert [header.name for header in found.headers] == ["a"]
    assert len(found.model_dump_json()) < 2**20
