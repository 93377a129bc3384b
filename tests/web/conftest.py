"""The wall served for real on loopback, and a real headless Chromium that notes everything that goes wrong in a page.

`browser_page` serves any test that opens a page, such as the demo's.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from playwright.async_api import Page, Request, Response, async_playwright
from prometheus_client import CollectorRegistry, Gauge

from streams.clock import ManualClock
from streams.core.board import Board
from streams.web.app import build_web
from tests import needs
from tests.web.sample_board import NOON_US, catalogue

CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class FakeHealth:
    """Health that says what the test wants."""

    live: bool = True
    ready: bool = True
    reasons: list[str] = field(default_factory=list)

    def snapshot(self) -> "FakeHealth":
        return self


@dataclass
class BrowserPage:
    """A page and what went wrong in it: console errors and warnings, exceptions, failed requests, answers from 400."""

    page: Page
    problems: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("console", lambda said: self._note(said.type in {"error", "warning"}, f"console: {said.text}"))
        self.page.on("pageerror", lambda error: self._note(True, f"exception: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)

    def _failed(self, request: Request) -> None:
        # Leaving a page ends its event stream; that is no failure.
        left = request.resource_type == "eventsource" and request.failure == "net::ERR_ABORTED"
        self._note(not left, f"failed: {request.url} {request.failure}")

    def _answered(self, response: Response) -> None:
        self._note(response.status >= 400, f"answer {response.status}: {response.url}")

    def _note(self, wrong: bool, what: str) -> None:
        if wrong:
            self.problems.append(what)


@pytest.fixture
def board() -> Board:
    return Board(catalogue())


@pytest.fixture
def health() -> FakeHealth:
    return FakeHealth()


@pytest.fixture
def application(board: Board, health: FakeHealth) -> web.Application:
    registry = CollectorRegistry()
    Gauge("kpi_value", "A value.", registry=registry).set(4)
    return build_web(board, health, registry, clock=ManualClock(NOON_US), interval_s=0.02)


@asynccontextmanager
async def serving(application: web.Application, port: int = 0) -> AsyncIterator[str]:
    """Serves an application on loopback; gives its URL, without a slash at its end."""
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def served(application: web.Application) -> AsyncIterator[str]:
    """URL of the running application."""
    async with serving(application) as url:
        yield url


@pytest.fixture
def chromium() -> str:
    """Path of Chromium."""
    return str(needs.chromium())


@pytest.fixture
async def browser_page(chromium: str) -> AsyncIterator[BrowserPage]:
    """A fresh page of 1920 x 1080 in headless Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
        opened = BrowserPage(await browser.new_page(viewport={"width": 1920, "height": 1080}))
        opened.listen()
        yield opened
        await browser.close()
