"""Of an anonymous answer OBSERVE keeps no person: not in a row, not in what it sends, not in a dead letter."""

import json
from typing import Any

import pytest

from schemas import topics
from schemas.dead_letter import DeadLetter
from streams.core.corrections import unpack
from streams.core.observe import Observe
from streams.core.pipeline import compiled
from streams.core.policy import Policy
from streams.core.stage import Now, PlainRecord
from streams.core.store import MemoryStore
from streams.routing import partition_of
from tests.streams.core import worlds
from tests.streams.core.test_ordinary import NOW_US, Each

SECRET = "somebody-of-7"
SURVEY = "survey.esat.response"


def record(id_: str, type_: str, subject: str, **data: Any) -> PlainRecord:
    event = {
        "specversion": "1.0", "id": id_, "source": "hr", "type": type_, "time": f"{worlds.START:%Y-%m-%d}T10:00:00Z",
        "subject": subject, "data": data,
    }  # fmt: skip
    return PlainRecord(0, NOW_US // 1000, subject.encode(), json.dumps(event).encode())


@pytest.mark.parametrize("store", [MemoryStore, Each], ids=["compiled", "each"])
def test_no_row_and_no_letter_says_who_answered(store: type[MemoryStore]) -> None:
    state = Observe(compiled(worlds.callers(), Policy(), 1, partition_of(1), lambda _: store()).observe, 0)
    of_x = {"source": "hr", "id": "x"}
    records = [
        record("0", "call.completed", "c0", owner="an", duration_s=5, outcome="answered"),  # now the source is known
        record("1", SURVEY, "r1", score=8, team="hn-1", owner=SECRET),
        record("2", SURVEY, "r2", score=9, owner=SECRET, person_id=SECRET, note=SECRET),
        record("3", f"{SURVEY}.retracted", "r2", owner=SECRET, supersedes={"source": "hr", "id": "2"}),
        # It waits for x, which turns out to be of another type: its dead letter is written from the state.
        record("4", f"{SURVEY}.retracted", "r3", owner=SECRET, supersedes=of_x),
        record("x", "call.completed", "r3", owner="an", duration_s=5, outcome="answered"),
        # Refused at once, for what they hold and for their key.
        record("5", SURVEY, "r5", score=99, owner=SECRET, person_id=SECRET),
        record("6", SURVEY, "r6", score=9, owner=f"{SECRET} with a space"),
        record("7", SURVEY, "r7", score=9, owner=SECRET)._replace(key=b"r6"),
    ]

    steps = [state.feed([one], Now(NOW_US, caught_up=True)) for one in records]

    rows = b"".join(key + (value or b"") for step in steps for key, value in step.rows.items())
    sent = [(send.topic.name, send.value or b"") for step in steps for send in step.sends]
    assert b"r1" in rows
    assert SECRET.encode() not in rows
    assert not any(SECRET.encode() in value for _, value in sent)
    letters = [DeadLetter.model_validate_json(value) for topic, value in sent if topic == topics.DEAD_LETTER.name]
    assert ["not_supersedable", "wrong_field", "wrong_field", "key_mismatch"] == [letter.reason for letter in letters]
    assert not any(SECRET.encode() in (letter.value or b"") for letter in letters)


def test_the_person_of_any_other_event_is_kept() -> None:
    store = MemoryStore()
    state = Observe(compiled(worlds.callers(), Policy(), 1, partition_of(1), lambda _: store).observe, 0)

    call = record("1", "call.completed", "c1", owner="an", duration_s=5, outcome="answered")
    state.feed([call], Now(NOW_US, caught_up=True))

    assert ["an"] == [unpack(packed).data["owner"] for packed in store]
