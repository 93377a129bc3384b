import asyncio
import json
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer

from streams.core.board import Board
from streams.web import live as live_module
from streams.web.app import LIVE
from tests.web.conftest import FakeHealth
from tests.web.sample_board import NOON_US, alert, put_all, value

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(application: web.Application) -> Any:
    async with TestClient(TestServer(application)) as client:
        yield client


async def events(response: Any, count: int) -> list[tuple[str, str, str]]:
    """The next (event, id, data) of a stream."""
    got: list[tuple[str, str, str]] = []
    fields: dict[str, str] = {}
    async with asyncio.timeout(10):
        async for line in response.content:
            name, _, text = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = text
                continue
            got.append((fields.get("event", ""), fields.get("id", ""), fields.get("data", "")))
            fields = {}
            if len(got) == count:
                break
    return got


async def test_an_empty_wall_says_that_it_waits(client: Client) -> None:
    text = await (await client.get("/")).text()

    assert "Đang chờ những số liệu đầu tiên" in text
    assert "chưa có dữ liệu" in text


async def test_the_first_paint_needs_no_script(client: Client, board: Board) -> None:
    put_all(board, value("revenue", "sales", "department", 12_500_000), alert("a", "revenue", "hn-1"))

    response = await client.get("/")
    text = await response.text()

    assert response.content_type == "text/html"
    assert '<html lang="vi">' in text
    assert '<b>12,5</b> <span class="unit">triệu ₫</span>' in text
    assert "Câu về hn-1" in text
    assert "<time>12:00:00</time>" in text


@pytest.mark.parametrize(("query", "lang"), [("?lang=en", "en"), ("?lang=vi", "vi"), ("", "vi"), ("?lang=xx", "vi")])
async def test_the_language_is_asked_for_or_the_tenants(client: Client, query: str, lang: str) -> None:
    response = await client.get("/" + query)

    assert response.headers["Content-Language"] == lang
    assert f'<html lang="{lang}">' in await response.text()


async def test_a_departments_wall_is_its_own_page_and_an_unknown_one_is_not_found(client: Client, board: Board) -> None:
    put_all(board, value("revenue", "sales", "department", 1), value("handling", "service", "department", 1))

    text = await (await client.get("/?department=service")).text()
    missing = await client.get("/?department=moon")

    assert "Thời gian xử lý" in text
    assert "Doanh số" not in text
    assert (missing.status, "'moon' is not in the catalogue" in await missing.text()) == (404, True)


async def test_what_comes_from_a_topic_is_escaped(client: Client, board: Board) -> None:
    put_all(board, alert("a", "revenue", "hn-1", reason="<script>alert(1)</script>"))

    text = await (await client.get("/")).text()

    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text


@pytest.mark.parametrize("path", ["/", "/api/values", "/livez", "/metrics", "/nothing", "/static/board.css"])
async def test_every_answer_has_the_security_headers(client: Client, path: str) -> None:
    headers = (await client.get(path)).headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "aiohttp" not in headers["Server"]


async def test_the_page_asks_nobody_else_for_anything_and_has_no_inline_code(client: Client, board: Board) -> None:
    put_all(board, value("revenue", "sales", "department", 1, target=3, expected=2), alert("a", "revenue", "hn-1"))

    text = await (await client.get("/")).text()

    assert "http://" not in text
    assert "https://" not in text
    assert "style=" not in text
    assert "<script>" not in text
    assert " onclick" not in text


async def test_static_files_are_kept_for_ever_by_version_and_checked_without(client: Client) -> None:
    page = await (await client.get("/")).text()
    url = page.split('rel="stylesheet" href="')[1].split('"')[0]

    versioned = await client.get("/" + url)
    plain = await client.get("/static/board.css")
    again = await client.get("/static/board.css", headers={"If-None-Match": plain.headers["ETag"]})

    assert (versioned.status, "immutable" in versioned.headers["Cache-Control"]) == (200, True)
    assert (plain.content_type, plain.headers["Cache-Control"]) == ("text/css", "no-cache")
    assert (again.status, await again.read()) == (304, b"")


@pytest.mark.parametrize("path", ["/static/app.py", "/static/..%2Fapp.py", "/static/../app.py"])
async def test_no_other_file_is_served(client: Client, path: str) -> None:
    assert (await client.get(path)).status == 404


async def test_values_leave_people_out_and_take_filters(client: Client, board: Board) -> None:
    put_all(
        board,
        value("revenue", "sales", "department", 3),
        value("revenue", "hn-1", "team", 2),
        value("revenue", "solo", "team", 1),
        value("revenue", "hn-1-0", "person", 1),
        value("calls", "sales", "department", 9),
    )

    async def subjects(query: str = "") -> list[str]:
        return [row["subject"] for row in (await (await client.get("/api/values" + query)).json())["values"]]

    body = await (await client.get("/api/values?kpi=calls")).json()
    assert body["values"] == [value("calls", "sales", "department", 9)]
    assert (body["seq"], body["updated"], body["people_shown"]) == (5, "2026-11-23T05:00:00+00:00", False)
    assert await subjects() == ["sales", "hn-1", "sales"]
    assert await subjects("?scope=team") == ["hn-1"]
    assert await subjects("?scope=person") == []
    assert await subjects("?subject=sales&kpi=revenue") == ["sales"]
    assert await subjects("?since=4") == ["sales"]


@pytest.mark.parametrize(
    ("query", "rule"), [("scope=galaxy", "expected one of person, team"), ("since=-1", "whole number")]
)
async def test_a_wrong_filter_is_named_with_its_rule(client: Client, query: str, rule: str) -> None:
    response = await client.get(f"/api/values?{query}")

    error = (await response.json())["error"]
    assert response.status == 400
    assert query.split("=")[1] in error
    assert rule in error


async def test_alerts_leave_people_out_but_for_their_number(client: Client, board: Board) -> None:
    put_all(
        board, alert("a", "revenue", "hn-1"), alert("b", "revenue", "hn-1-0"), alert("c", "revenue", "hn-2", "resolved")
    )

    body = await (await client.get("/api/alerts")).json()

    assert [one["fingerprint"] for one in body["firing"]] == ["a"]
    assert body["firing"][0]["class"] == "stalled"
    assert [one["fingerprint"] for one in body["transitions"]] == ["c", "a"]
    assert body["people"] == [{"scope": "team", "place": "hn-1", "people": 1}]
    assert "Câu về hn-1-0" not in json.dumps(body, ensure_ascii=False)


@pytest.mark.parametrize(("path", "name"), [("/livez", "live"), ("/readyz", "ready")])
async def test_health_answers_200_or_503_with_reasons(client: Client, health: FakeHealth, path: str, name: str) -> None:
    well = await client.get(path)
    setattr(health, name, False)
    health.reasons.append("no partition assigned for 31 s")
    ill = await client.get(path)

    assert (well.status, await well.json()) == (200, {name: True, "reasons": []})
    assert (ill.status, await ill.json()) == (503, {name: False, "reasons": ["no partition assigned for 31 s"]})


async def test_metrics_speak_openmetrics_where_asked(client: Client) -> None:
    plain = await client.get("/metrics")
    openmetrics = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})

    assert plain.content_type == "text/plain"
    assert "kpi_value 4.0" in await plain.text()
    assert openmetrics.content_type == "application/openmetrics-text"
    assert (await openmetrics.text()).endswith("# EOF\n")


async def test_a_stream_tells_only_what_changed_after_the_page_was_drawn(client: Client, board: Board) -> None:
    put_all(board, value("revenue", "sales", "department", 1), value("handling", "service", "department", 1))
    page = await (await client.get("/")).text()
    url = page.split('data-events="')[1].split('"')[0].replace("&amp;", "&")

    async with client.get("/" + url) as response:
        [hello] = await events(response, 1)
        put_all(board, value("revenue", "sales", "department", 7))
        [(kind, id_, data)] = await events(response, 1)

    patch = json.loads(data)
    assert (hello[0], kind, id_.partition("-")[2]) == ("hello", "patch", "3")
    assert list(patch["parts"]) == ["section-sales"]
    assert "<b>7</b>" in patch["parts"]["section-sales"]
    assert patch["order"] == ["section-sales", "section-service"]


async def test_a_client_that_comes_back_is_told_what_it_missed(client: Client, board: Board) -> None:
    put_all(board, value("revenue", "sales", "department", 1), value("handling", "service", "department", 1))
    async with client.get("/events") as response:
        [_, (_, last, _)] = await events(response, 2)
    put_all(board, alert("a", "revenue", "hn-1"))

    async with client.get("/events?since=ignored-1", headers={"Last-Event-ID": last}) as response:
        [_, (_, _, data)] = await events(response, 2)

    assert list(json.loads(data)["parts"]) == ["ribbon"]


@pytest.mark.parametrize("position", ["", "otherrun-2", "x", "-"])
async def test_a_position_of_another_run_gets_the_whole_wall(client: Client, board: Board, position: str) -> None:
    put_all(board, value("revenue", "sales", "department", 1))

    async with client.get("/events", headers={"Last-Event-ID": position}) as response:
        [_, (_, _, data)] = await events(response, 2)

    assert set(json.loads(data)["parts"]) == {"day", "updated", "ribbon", "praise", "section-sales"}


async def test_a_burst_reaches_a_page_as_few_patches(client: Client, board: Board) -> None:
    async with client.get("/events") as response:
        await events(response, 2)
        for number in range(500):
            put_all(board, value("revenue", "sales", "department", number))
        [(_, _, data)] = await events(response, 1)

    assert "<b>499</b>" in json.loads(data)["parts"]["section-sales"]


async def test_a_page_that_does_not_read_is_dropped(
    served: str, application: web.Application, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "SEND_TIMEOUT_S", 0.1)
    host, port = served.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    writer.write(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")  # and never reads again
    long_reason = "x" * 400_000

    async with asyncio.timeout(20):
        number = 0
        while application[LIVE].clients:
            number += 1
            put_all(board, alert("a", "revenue", "hn-1", reason=f"{number}{long_reason}"))
            await asyncio.sleep(0.02)

    writer.close()
    async with ClientSession() as session, session.get(served + "/livez") as response:
        assert response.status == 200


async def test_too_many_pages_are_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "MAX_CLIENTS", 1)
    async with client.get("/events") as first:
        await events(first, 1)
        second = await client.get("/events")

        assert (second.status, second.headers["Retry-After"]) == (503, "30")


async def test_a_silent_board_still_beats(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "BEAT_S", 0.05)

    async with client.get("/events") as response:
        got = await events(response, 4)

    assert [kind for kind, _, _ in got] == ["hello", "patch", "beat", "beat"]


async def test_a_shutdown_does_not_wait_for_open_pages(application: web.Application) -> None:
    async with TestClient(TestServer(application)) as client, client.get("/events") as response:
        await events(response, 1)
        async with asyncio.timeout(5):
            await client.server.close()

    assert application[LIVE].clients == 0


async def test_the_day_is_the_tenants(client: Client) -> None:
    assert NOON_US // 1_000_000 == 1_795_410_000
    assert "Monday 23 November 2026" in await (await client.get("/?lang=en")).text()
