"""`/api/explain` over the states of real stages: what is told, to whom, and what of it is at hand."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from schemas.catalogue.load import load
from schemas.topics import Stage
from streams.core.board import Board
from streams.core.pipeline import compiled
from streams.core.policy import SECOND_US, Policy
from streams.core.stage import Now, PartitionState
from streams.routing import partition_of
from streams.web.explain import Explaining
from tests.streams.core.road import Road

STORY = Path(__file__).parents[1] / "streams" / "commands" / "explained"
POLICY = Policy(future_us=None)
PARTITIONS = 3
UNTIL_US = 1_796_263_200 * SECOND_US  # 2026-12-03T09:00:00+07:00
Client = TestClient[web.Request, web.Application]
States = dict[tuple[Stage, int], PartitionState]


@pytest.fixture(scope="module")
def road() -> Road:
    road = Road(load([STORY / "catalogue.yaml"]), POLICY, PARTITIONS)
    road.put([json.loads(line) for line in (STORY / "events.jsonl").read_text().splitlines()])
    road.run(Now(UNTIL_US, caught_up=False))
    for second in range(3):
        road.tick(UNTIL_US + second * SECOND_US)
    return road


@pytest.fixture
def states(road: Road) -> States:
    return dict(road.states)


@pytest.fixture
async def client(states: States) -> AsyncIterator[Client]:
    async with TestClient(TestServer(application(states, people=False))) as client:
        yield client


def application(states: Mapping[tuple[Stage, int], PartitionState], *, people: bool) -> web.Application:
    catalogue = load([STORY / "catalogue.yaml"])
    explaining = Explaining(
        lambda: compiled(catalogue, POLICY, PARTITIONS, partition_of(PARTITIONS)),
        lambda: states,
        Board(catalogue),
        people=people,
    )
    app = web.Application()
    app.add_routes([web.get("/api/explain/{kpi}/{subject}", explaining.serve)])
    return app


async def told(client: Client, path: str, status: int = 200) -> Any:
    response = await client.get(f"/api/explain/{path}")
    body = await response.json()
    assert status == response.status, body
    return body


async def test_a_teams_value_is_told_without_naming_anybody(client: Client) -> None:
    body = await told(client, "revenue/hn-1?period=2026-11")

    assert (25_000_000, 25_000_000) == (body["published"]["value"], body["counted"]["value"])
    assert [10_000_000, 15_000_000, 8_000_000] == [piece["adds"] for piece in body["target"]["pieces"]]
    assert 8 == body["changes"]
    assert not any(f'"{name}"' in json.dumps(body) for name in ("an", "binh", "e7"))
    assert body["judge"]["here"]


async def test_the_language_may_be_asked_for(client: Client) -> None:
    body = await told(client, "revenue/hn-1?period=2026-11&lang=vi")

    assert "Doanh số" == body["title"]
    assert "lang='fr': expected one of vi, en" == (await told(client, "revenue/hn-1?lang=fr", 400))["error"]


async def test_of_people_nothing_is_told_unless_they_may_be_shown(client: Client, states: States) -> None:
    refused = await told(client, "revenue/an?period=2026-11", 403)

    assert "use `kpi explain`" in refused["error"]
    async with TestClient(TestServer(application(states, people=True))) as open_client:
        assert 16_000_000 == (await told(open_client, "revenue/an?period=2026-11"))["counted"]["value"]


async def test_what_other_workers_hold_is_named(client: Client, states: States) -> None:
    judge = (await told(client, "revenue/hn-1?period=2026-11"))["judge"]["partition"]
    for part in (0, 2):
        del states[Stage.OBSERVE, part]
    del states[Stage.JUDGE, judge]

    body = await told(client, "revenue/hn-1?period=2026-11")

    assert ([0, 2], {"partition": judge, "here": False}) == (body["partitions_elsewhere"], body["judge"])
    assert "elsewhere" in [note["code"] for note in body["notes"]]
    assert [1] == [part["partition"] for part in body["partitions"]]
    assert body["published"] is None  # the board has heard of nothing here


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("profit/hn-1", "the catalogue has no KPI 'profit'"),
        (
            "revenue/AN",
            "the catalogue has no person, team, department or organisation 'AN'",
        ),  # people are not named here
        ("revenue/mars", "the catalogue has no person, team, department or organisation 'mars'"),
        ("revenue/hn-1?period=2026-W48", "'2026-W48' is a week, and KPI 'revenue' goes by month"),
    ],
)
async def test_what_the_catalogue_does_not_know_is_not_found(client: Client, path: str, said: str) -> None:
    assert said == (await told(client, path, 404))["error"]


async def test_before_the_first_event_there_is_no_clock() -> None:
    async with TestClient(TestServer(application({}, people=False))) as client:
        assert "there is no event yet, and so no clock" == (await told(client, "revenue/hn-1", 404))["error"]
