"""`kpi demo` as a new user meets it: one command, the wall in a real browser, alerts in plain words, a clean end."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import expect

from tests.web.conftest import BrowserPage, browser_page, chromium

__all__ = ["browser_page", "chromium"]  # fixtures

SPEED = "900"  # the morning with both stories in twenty seconds
START_S = 60
STORY_S = 120

ALERT = re.compile(r"^\d\d:\d\d  (?P<cls>\w+) +(?P<transition>[A-Z]+) +(?P<text>.+)$", re.MULTILINE)
KPIS = {"S7d": "sales", "K2": "marketing", "C_resolved": "service", "H_training": "people"}


class Demo:
    """A running `kpi demo`: its output so far, and waits on it that end with a deadline."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.output = ""
        self._news = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            async with self._news:
                self.output += line.decode()
                self._news.notify_all()
        async with self._news:
            self._news.notify_all()

    async def until(self, pattern: str, within_s: float) -> re.Match[str]:
        """The first match of a pattern in the output, now or later."""
        try:
            async with asyncio.timeout(within_s), self._news:
                await self._news.wait_for(lambda: re.search(pattern, self.output, re.MULTILINE) or self._reading.done())
        except TimeoutError:
            pytest.fail(f"no {pattern!r} within {within_s} s in:\n{self.output}")
        found = re.search(pattern, self.output, re.MULTILINE)
        assert found, f"no {pattern!r} before the end of:\n{self.output}"
        return found

    async def end(self) -> int:
        """The exit status, once all output is read."""
        async with asyncio.timeout(20):
            await self._reading
            return await self.process.wait()


@asynccontextmanager
async def demo(*options: str) -> AsyncIterator[Demo]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "streams",
        "demo",
        *options,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "400"},
    )
    running = Demo(process)
    try:
        yield running
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def values(url: str) -> dict[str, tuple[Any, Any]]:
    """(period, value) of the watched KPIs at their departments."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/api/values") as answer:
        rows = (await answer.json())["values"]
    return {row["kpi"]: (row["period"], row["value"]) for row in rows if KPIS.get(row["kpi"]) == row["subject"]}


async def changes(url: str) -> AsyncIterator[None]:
    """One item for each message of the wall's event stream."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/events") as stream:
        async for line in stream.content:
            if line.startswith(b"data:"):
                yield


def processes_of_session(session: int) -> list[str]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(stat.parent.name)
    return found


@pytest.mark.browser
@pytest.mark.timeout(240)
async def test_the_demo_moves_alerts_recovers_and_ends(browser_page: BrowserPage) -> None:
    async with demo("--speed", SPEED, "--port", "0") as running:
        url = (await running.until(r"http://127\.0\.0\.1:\d+(?=/$)", START_S))[0]
        await running.until(r"^Đã đọc [\d.]+ sự kiện cũ", START_S)
        page = browser_page.page
        await page.goto(url)
        await expect(page.locator("#link")).to_have_class("link live")
        calls = page.locator('[data-tile="sales-S7d"] .figure b')
        await expect(calls).to_be_visible(timeout=20_000)
        shown = await calls.inner_text()

        await every_department_moves(url)
        await expect(calls).not_to_have_text(shown, timeout=20_000)
        # The wall is first: a message goes out after it, and by then the anomaly may be over.
        await expect(page.locator("#ribbon")).to_contain_text(
            "khách hàng tiềm năng trong khoảng", timeout=STORY_S * 1000
        )
        await running.until(r"anomaly +FIRING .*khách hàng tiềm năng.*thường khoảng", STORY_S)
        stalled = await running.until(
            r"stalled +FIRING +(.+?): (.+) đang tạm lắng - .*chưa có cuộc gọi mới nào", STORY_S
        )
        await running.until(rf"stalled +RESOLVED .*{stalled[2]} đã hoạt động trở lại", STORY_S)
        await running.until(r"anomaly +RESOLVED .*đã trở lại mức thường thấy", STORY_S)
        assert browser_page.problems == []
        async with aiohttp.ClientSession() as session, session.get(f"{url}/metrics") as answer:
            assert "kpi_value{" in await answer.text()

        await page.goto("about:blank")
        running.process.send_signal(signal.SIGINT)
        assert await running.end() == 0
        assert "Traceback" not in running.output
        assert "ERROR" not in running.output
        assert processes_of_session(running.process.pid) == []


async def every_department_moves(url: str) -> None:
    """Waits on the wall's stream until a KPI of each department has another value than at first."""
    first = await values(url)
    async with asyncio.timeout(START_S):
        async for _ in changes(url):
            now = await values(url)
            if set(now) == set(KPIS) and all(now[kpi] != first.get(kpi) for kpi in KPIS):
                return


async def test_the_demo_ends_by_itself_in_english(tmp_path: Path) -> None:
    async with demo("--for", "3", "--lang", "en", "--port", "0") as running:
        assert await running.end() == 0

        assert "One real second is 300 simulated ones" in running.output
        assert "no crash recovery is claimed" in running.output
        assert "nothing is left running" in running.output
        assert "Traceback" not in running.output
        assert processes_of_session(running.process.pid) == []


async def test_a_taken_port_is_said_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with demo("--port", str(port)) as running:
            assert await running.end() == 1

    assert running.output.count("\n") == 1
    assert f"cannot listen on 127.0.0.1:{port}" in running.output
    assert "choose another --port" in running.output
