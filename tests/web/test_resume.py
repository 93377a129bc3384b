from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from click.testing import CliRunner

from streams.cli import main
from streams.web.resume import Resuming

OUTCOMES = {0: "resumed", 1: "not_paused", 2: "not_here", 3: "not_yet"}


@pytest.fixture
def asked() -> list[tuple[int, int]]:
    return []


@pytest.fixture
async def client(asked: list[tuple[int, int]]) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    async def resume(partition: int, accept: int) -> str:
        asked.append((partition, accept))
        return OUTCOMES[partition]

    app = web.Application()
    app.add_routes([web.post("/api/partitions/{partition:[0-9]{1,6}}/resume", Resuming(resume).serve)])
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.mark.parametrize(("partition", "status"), [(0, 200), (1, 409), (2, 404), (3, 503)])
async def test_what_became_of_it_is_told_by_status_and_word(
    client: TestClient[web.Request, web.Application], partition: int, status: int
) -> None:
    answer = await client.post(f"/api/partitions/{partition}/resume", json={})

    assert (status, {"partition": partition, "outcome": OUTCOMES[partition]}) == (answer.status, await answer.json())


async def test_what_is_to_pass_is_handed_on(
    client: TestClient[web.Request, web.Application], asked: list[tuple[int, int]]
) -> None:
    await client.post("/api/partitions/0/resume", json={"accept": 5000})

    assert asked == [(0, 5000)]


@pytest.mark.parametrize("body", ["", "[]", "no json", '{"accept": -1}', '{"accept": "5"}', '{"accept": true}'])
async def test_a_wrong_body_does_nothing(
    client: TestClient[web.Request, web.Application], asked: list[tuple[int, int]], body: str
) -> None:
    answer = await client.post("/api/partitions/0/resume", data=body, headers={"Content-Type": "application/json"})

    assert (answer.status, asked) == (400, [])


async def test_a_form_of_another_site_cannot_send_it(
    client: TestClient[web.Request, web.Application], asked: list[tuple[int, int]]
) -> None:
    answer = await client.post("/api/partitions/0/resume", data={"accept": "5"})

    assert (answer.status, asked) == (415, [])


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["0", "--worker", "localhost:6066"], 2, "expected an address such as http://host:6066"),
        (["-1"], 2, "-1"),
        (["0", "--worker", "http://127.0.0.1:1"], 1, "error: http://127.0.0.1:1: does not answer: "),
    ],
)
def test_the_command_says_in_one_line_what_is_wrong(arguments: list[str], status: int, said: str) -> None:
    result = CliRunner().invoke(main, ["resume", *arguments])

    assert (status, True) == (result.exit_code, said in result.stderr), result.stderr
