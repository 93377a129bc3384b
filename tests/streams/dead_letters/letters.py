"""Letters for the tests."""

import json
from typing import Any

from schemas.dead_letter import DeadLetter
from schemas.events.envelope import Rejected
from schemas.events.reasons import Reason
from streams.dead_letters.letters import Letter, Place

PLACE = Place(3, 17)
AT = "2026-11-23T02:15:00Z"


def event(**changes: Any) -> bytes:
    whole: dict[str, Any] = {
        "specversion": "1.0",
        "id": "1",
        "source": "pbx",
        "type": "call.completed",
        "time": "2026-11-23T09:00:00+07:00",
        "subject": "call-1",
        "data": {"owner": "an", "duration_s": 60, "outcome": "answered"},
    }
    return json.dumps({**whole, **changes}).encode()


def letter(
    reason: Reason,
    value: bytes | None,
    *,
    topic: str = "kpi.events",
    key: bytes | None = b"k",
    headers: tuple[tuple[str, bytes], ...] = (),
    at: str = AT,
    place: Place = PLACE,
) -> Letter:
    content = DeadLetter.of(
        Rejected(reason, "why"), topic=topic, partition=1, offset=4, at=at, key=key, value=value, headers=headers
    )
    return Letter.of(place, content)
