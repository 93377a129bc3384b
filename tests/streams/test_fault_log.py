"""What somebody has to mend is logged once a worker, and no flood of it."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from schemas.topics import Stage
from streams.core.observe import Observe
from streams.core.stage import Now
from streams.metrics.fault_log import MOST_TOLD, FaultLog
from tests.streams.core.journeys.town import POLICY, Event, company, event, instant
from tests.streams.core.road import Road

NOW = Now(instant("2026-03-02 20:00"), caught_up=True)


def called(owner: str) -> Event:
    return event("call.completed", "2026-03-02 09:00", f"of-{owner}", owner=owner, duration_s=60, outcome="answered")


def heard(road: Road, *owners: str) -> None:
    road.put([called(owner) for owner in owners])
    road.run(NOW)


def test_the_log_names_an_unknown_owner_once_and_says_where_the_rest_is_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    road = Road(company({"count": "call.completed"}), POLICY, 1)
    service = FaultLog(cast(Any, SimpleNamespace(states=lambda: road.states)))
    strangers = [f"zoe-{number:03}" for number in range(MOST_TOLD + 2)]

    for some in (["an", "zoe-000"], [], strangers, strangers):
        heard(road, *some)
        service.log_new()

    lines = [record.getMessage() for record in caplog.records]
    unnamed = f"more than {MOST_TOLD} unknown owners: kpi_unknown_owners counts them"
    named = [f"owner {owner!r} is not among the catalogue's people: credited to no person" for owner in strangers]
    assert [*named[:MOST_TOLD], unnamed] == lines
    assert len(strangers) == len(cast(Observe, road.states[Stage.OBSERVE, 0]).unknown_owners)
