"""A key with more events than one thing has, such as 0 or unknown: told of, bounded, and no harm to any other key."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from schemas.topics import Stage
from streams.core.crowding import HIDDEN, MANY, MOST_BYTES, Crowded
from streams.core.link import Link
from streams.core.stage import Now
from streams.metrics.fault_log import FaultLog
from tests.streams.core.journeys.town import POLICY, Event, company, event, instant
from tests.streams.core.road import Road

LINK = (Stage.LINK, 0)
LONG_ID = "x" * 120
"""So that a few thousand events are many bytes."""
TALKED = {"quantile": "duration_s", "of": "call.completed", "per": "ticket_id", "q": 0.5}
LATE = instant("2026-03-02 20:00")


def called(number: int, ticket: str) -> Event:
    time = f"2026-03-02 {8 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}"
    data = {"owner": "an", "duration_s": 60, "outcome": "answered", "ticket_id": ticket}
    return {**event("call.completed", time, f"c{number}", **data), "id": f"{number}-{LONG_ID}"}


def retracted(above: Event) -> Event:
    over = {"source": above["source"], "id": above["id"]}
    return {
        **above,
        "id": f"not-{above['id']}"[:128],
        "type": f"{above['type']}.retracted",
        "data": {"supersedes": over},
    }


def fed(*events: Event, measure: Any = None, unit: str = "minutes") -> Road:
    road = Road(company(measure or TALKED, unit=unit), POLICY, 1)
    road.put(events)
    road.run(Now(LATE, caught_up=False))
    return road


def crowded(road: Road) -> list[Crowded]:
    return cast(Link, road.states[LINK]).crowded


def test_a_key_is_told_of_from_a_thousand_events_on_also_after_a_restart() -> None:
    road = fed(*(called(n, "0") for n in range(MANY)), called(MANY, "t1"))
    told = crowded(road)
    road.restart(LINK)

    assert [Crowded("k", "ticket_id", "0", MANY, is_full=False)] == told
    assert told == crowded(road)


def test_a_key_with_fewer_events_is_not_told_of_nor_one_that_has_shrunk() -> None:
    events = [called(n, "0") for n in range(MANY)]

    assert [] == crowded(fed(*events[1:]))
    assert [] == crowded(fed(*events, retracted(events[5])))


def test_a_full_key_takes_no_more_until_it_has_room_and_its_row_is_one_that_kafka_takes() -> None:
    events = [called(n, "unknown") for n in range(MOST_BYTES // len(LONG_ID))]
    road = fed(*events, called(len(events), "t1"))
    full = crowded(road)[0]
    largest = max(map(len, road.changelogs[LINK].values()))
    values = dict(road.values)

    road.put([retracted(events[0])])
    road.run(Now(LATE, caught_up=False))
    smaller = crowded(road)[0].events

    assert ("unknown", True) == (full.key, full.is_full)
    assert full.events < len(events)
    assert MOST_BYTES - 1_000 < largest < MOST_BYTES + 1_000
    assert 2 == values["k", "an", "2026-03"].n
    assert full.events - 1 == smaller


def test_no_key_that_stands_for_a_person_is_shown() -> None:
    trained = {
        "from": "training.invited",
        "to": "training.attended",
        "key": ["person_id", "training_id"],
        "within": "90d",
    }
    events = [
        {**event("training.invited", "2026-03-02 09:00", "an", person_id="an", training_id="x"), "id": str(n)}
        for n in range(MANY)
    ]

    road = fed(*events, measure={"conversion": trained, "as": "raw"}, unit="%")

    assert [("person_id + training_id", f"{HIDDEN} + x")] == [(one.field, one.key) for one in crowded(road)]


def test_the_log_names_a_key_once_and_once_more_when_it_is_full(caplog: pytest.LogCaptureFixture) -> None:
    events = [called(n, "unknown") for n in range(MOST_BYTES // len(LONG_ID))]
    road = fed(*events[:MANY])
    service = FaultLog(cast(Any, SimpleNamespace(states=lambda: road.states)))

    for more in ([], [], events[MANY:], []):
        road.put(more)
        road.run(Now(LATE, caught_up=False))
        service.log_new()

    first, full = (record.getMessage() for record in caplog.records)
    assert "ticket_id 'unknown' of KPI 'k' joins 1,000 events, as no one thing does: it costs more with each" == first
    assert full.endswith("it takes no more")
