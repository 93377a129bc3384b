"""The wallboard in a real browser: what a sales floor sees, live."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port
from playwright.async_api import expect
from prometheus_client import CollectorRegistry

from schemas.catalogue.models import Kind
from schemas.values import Scope
from streams.core.board import Board
from streams.simulation.company import demo_company
from streams.web.app import build_web
from tests.web.conftest import BrowserPage, FakeHealth, serving
from tests.web.sample_board import alert, put_all, value

pytestmark = pytest.mark.browser

NUMERALS = """[...document.querySelectorAll(".figure b")].map((b) => parseFloat(getComputedStyle(b).fontSize))"""
CUT = """[...document.querySelectorAll(".tile, .ribbon li")]
    .filter((one) => one.scrollHeight > one.clientHeight || one.scrollWidth > one.clientWidth)
    .map((one) => one.textContent)"""


@pytest.fixture
def fed(board: Board) -> Board:
    """A board with every status, a gauge of each kind, teams, praise and no alert."""
    put_all(
        board,
        value(
            "revenue",
            "sales",
            "department",
            3_400_000_000,
            target=5_400_000_000,
            expected=3_900_000_000,
            status="behind",
        ),
        value("revenue", "hn-1", "team", 2_000_000_000, target=1_800_000_000, status="hit"),
        value("revenue", "hn-2", "team", 900_000_000, target=1_800_000_000, status="missed"),
        value("revenue", "hn-1-0", "person", 400, target=300, status="hit"),
        value("calls", "sales", "department", 212, target=540, expected=200, status="on_track"),
        value("calls", "service", "department", 30, target=30, expected=12, status="hit"),
        value("calls", "acme", "org", 242, target=570, expected=212, status="hollow"),
        value("handling", "service", "department", 17.5, target=15, status="missed"),
        value("ad_cost", "acme", "org", 412_000_000, status="none"),
    )
    return board


def tile(id_: str) -> str:
    return f'[data-tile="{id_}"]'


@pytest.mark.parametrize(
    ("lang", "heading", "status", "figure", "live", "share"),
    [
        ("vi", "Công ty Sao Mai", "Chậm tiến độ", "3,4 tỷ ₫", "Trực tiếp", "63% mục tiêu"),
        ("en", "Sao Mai Company", "Behind", "3.4B ₫", "Live", "63% of target"),
    ],
)
async def test_the_wall_opens_in_both_languages_and_goes_live(
    browser_page: BrowserPage,
    served: str,
    fed: Board,
    lang: str,
    heading: str,
    status: str,
    figure: str,
    live: str,
    share: str,
) -> None:
    page = browser_page.page
    await page.goto(f"{served}/?lang={lang}")

    await expect(page.locator("h1")).to_have_text(heading)
    await expect(page.locator("#link")).to_have_text(live)
    revenue = page.locator(tile("sales-revenue"))
    await expect(revenue.locator(".figure")).to_have_text(figure)
    await expect(revenue.locator(".status")).to_have_text(status)
    await expect(revenue.locator(".share")).to_have_text(share)
    assert browser_page.problems == []


async def test_what_stands_beside_a_projected_share_is_a_line_below_and_the_title_of_the_figure(
    browser_page: BrowserPage, served: str, board: Board
) -> None:
    put_all(board, value("handling", "service", "department", 19.9, raw=9.4, matured=20.5))
    page = browser_page.page
    await page.goto(f"{served}/?lang=en")

    shown = page.locator(tile("service-handling"))
    await expect(shown.locator(".beside")).to_have_text("Seen so far 9.4 · Of full age 20.5")
    await expect(shown.locator(".figure")).to_have_attribute("title", "Seen so far 9.4 · Of full age 20.5")


async def test_numbers_bars_and_alerts_change_without_a_reload(
    browser_page: BrowserPage, served: str, fed: Board
) -> None:
    page = browser_page.page
    await page.goto(served)
    await expect(page.locator("#link")).to_have_class("link live")
    await page.evaluate("window.sameDocument = true")
    revenue = page.locator(tile("sales-revenue"))
    before = await revenue.locator(".fill").get_attribute("width")
    await expect(page.locator("#ribbon")).to_have_text("Không có cảnh báo nào")

    put_all(
        fed,
        value(
            "revenue",
            "sales",
            "department",
            4_100_000_000,
            target=5_400_000_000,
            expected=3_900_000_000,
            status="on_track",
        ),
        alert("a", "revenue", "hn-1", reason="Đội hn-1 chưa có doanh số nào từ 9 giờ."),
        alert("b", "revenue", "hn-1-3", reason="An chưa có doanh số nào."),
    )

    await expect(revenue.locator(".figure")).to_have_text("4,1 tỷ ₫")
    await expect(revenue.locator(".status")).to_have_text("Đúng tiến độ")
    assert await revenue.locator(".fill").get_attribute("width") != before
    ribbon = page.locator("#ribbon")
    await expect(ribbon).to_have_attribute("aria-live", "polite")
    await expect(ribbon).to_contain_text("Đội hn-1 chưa có doanh số nào từ 9 giờ.")
    await expect(ribbon).to_contain_text("1 người cần hỗ trợ ở đội hn-1")
    await expect(page.locator("body")).not_to_contain_text("An chưa có")

    put_all(fed, alert("a", "revenue", "hn-1", "resolved"), alert("b", "revenue", "hn-1-3", "resolved"))

    await expect(ribbon).to_have_text("Không có cảnh báo nào")
    assert await page.evaluate("window.sameDocument") is True
    assert browser_page.problems == []


async def test_sections_come_and_go_in_their_order(browser_page: BrowserPage, served: str, board: Board) -> None:
    page = browser_page.page
    await page.goto(served)
    await expect(page.locator("#waiting")).to_be_visible()

    put_all(board, value("handling", "service", "department", 12))
    await expect(page.locator("#board > section")).to_have_count(1)
    put_all(board, value("ad_cost", "acme", "org", 12), value("revenue", "sales", "department", 12))
    await expect(page.locator("#board h2")).to_have_text(["Toàn công ty", "Kinh doanh", "Chăm sóc khách hàng"])
    await expect(page.locator("#board")).to_have_class("board huge")
    board.put_value("revenue|sales|2026-11", None, 0)

    await expect(page.locator("#board h2")).to_have_text(["Toàn công ty", "Chăm sóc khách hàng"])
    assert browser_page.problems == []


async def test_a_page_finds_back_after_the_server_was_gone(
    browser_page: BrowserPage, application: web.Application, fed: Board
) -> None:
    page = browser_page.page
    port = unused_port()
    async with serving(application, port):
        await page.goto(f"http://127.0.0.1:{port}")
        await expect(page.locator("#link")).to_have_class("link live")
    await expect(page.locator("#link")).to_have_class("link lost")

    put_all(fed, value("calls", "sales", "department", 77))
    again = build_web(fed, FakeHealth(), CollectorRegistry())
    async with serving(again, port):
        await expect(page.locator("#link")).to_have_class("link live", timeout=15_000)
        await expect(page.locator(tile("sales-calls")).locator(".figure")).to_have_text("77 cuộc gọi")


@pytest.mark.parametrize(("width", "height"), [(390, 844), (320, 568), (820, 1180)])
async def test_a_phone_or_tablet_never_scrolls_sideways(
    browser_page: BrowserPage, served: str, fed: Board, width: int, height: int
) -> None:
    put_all(fed, alert("a", "revenue", "hn-1", reason="Một câu dài về doanh số của cả đội trong tuần này. " * 3))
    page = browser_page.page
    await page.set_viewport_size({"width": width, "height": height})
    await page.goto(served)
    await expect(page.locator("#link")).to_have_class("link live")

    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    cut = await page.evaluate("""[...document.querySelectorAll(".figure, .facts span, .status, .sentence")]
        .filter((one) => one.getBoundingClientRect().right > innerWidth).map((one) => one.textContent)""")
    assert cut == []
    assert browser_page.problems == []


async def test_numerals_are_large_on_a_wall_and_the_wall_fits_it(
    browser_page: BrowserPage, served: str, fed: Board
) -> None:
    page = browser_page.page
    await page.goto(served)

    sizes = await page.evaluate(NUMERALS)
    assert len(sizes) == 6
    assert min(sizes) >= 64
    assert await page.evaluate("document.documentElement.scrollHeight") <= 1080


SENTENCE = (
    "Cả {team} chưa có khách hàng tiềm năng mới nào từ đầu tuần 49/2026, tức khoảng 5,7 giờ làm việc (thường khoảng 5,3"
    " khách hàng tiềm năng mỗi ngày làm việc)."
)


@pytest.mark.parametrize("stalled", [["hn-1"], ["hn-1", "hn-2", "hcm-1", "cs-1"]])
async def test_a_full_wall_fits_a_wide_screen_whatever_its_alerts_say_and_is_large_again_without_them(
    browser_page: BrowserPage, stalled: list[str]
) -> None:
    board = Board(demo_company().catalogue, "vi")
    put_all(
        board, *every_tile(board), value("S8", board.catalogue.people[0].id, "person", 400, target=300, status="hit")
    )
    alerts = [alert(team, "K2", team, reason=SENTENCE.format(team=team)) for team in stalled]
    put_all(board, *alerts, *(alert(one.id, "S7d", one.id) for one in board.catalogue.people))
    page = browser_page.page
    async with serving(build_web(board, FakeHealth(), CollectorRegistry(), interval_s=0.02)) as url:
        await page.goto(url)
        await expect(page.locator("#link")).to_have_class("link live")
        await expect(page.locator(".tile")).to_have_count(18)

        assert await page.evaluate("document.documentElement.scrollHeight") == 1080
        for team in stalled[:3]:
            await expect(page.locator("#ribbon")).to_contain_text(SENTENCE.format(team=team))
        assert await page.evaluate(CUT) == []
        shrunk = await page.evaluate(NUMERALS)

        put_all(board, *({**one, "transition": "resolved"} for one in alerts))
        await expect(page.locator("#ribbon")).not_to_contain_text("chưa có khách hàng")
        assert await page.evaluate("document.documentElement.scrollHeight") == 1080
        full = await page.evaluate(NUMERALS)
        assert max(full) == 64
        assert all(0.8 * large <= small <= large for small, large in zip(shrunk, full, strict=True))
    assert browser_page.problems == []


def every_tile(board: Board) -> Iterator[dict[str, Any]]:
    """A row for each KPI with a goal of each team and department, and of the organisation."""
    labels = {"day": "2026-11-23", "week": "2026-W48", "month": "2026-11", "quarter": "2026-Q4", "year": "2026"}
    for kpi in board.catalogue.kpis:
        period = (labels[kpi.period], "2026-11-23T00:00:00+07:00", "2026-11-24T00:00:00+07:00")
        number = {"VND": 6_820_000_000, "%": 92.5}.get(kpi.unit, 251)
        for subject, scope in board.floor.scopes.items():
            if kpi.kind is not Kind.METRIC and scope is not Scope.PERSON:
                told = {"target": number, "expected": number / 2, "status": "on_track", "period": period}
                yield value(kpi.id, subject, scope, number, **told)


async def test_all_text_stands_out_from_its_ground(browser_page: BrowserPage, served: str, fed: Board) -> None:
    put_all(
        fed,
        alert("a", "revenue", "hn-1"),
        alert("b", "revenue", "hn-2", severity="critical"),
        alert("c", "calls", "hn-1-0"),
    )
    page = browser_page.page
    await page.goto(served)
    await expect(page.locator("#link")).to_have_class("link live")

    pairs: list[tuple[str, str, str]] = await page.evaluate("""[...document.querySelectorAll("body *")]
        .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
        .filter((one) => one.getClientRects().length && !one.closest("svg, .hidden"))
        .map((one) => {
            let ground = one;
            while (getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") ground = ground.parentElement;
            return [one.textContent.trim(), getComputedStyle(one).color, getComputedStyle(ground).backgroundColor];
        })""")

    poor = {text: ratio for text, ink, ground in pairs if (ratio := contrast(ink, ground)) < 7.0}
    assert len(pairs) > 30
    assert poor == {}


async def test_a_status_is_told_by_word_and_shape_not_by_colour_alone(
    browser_page: BrowserPage, served: str, fed: Board
) -> None:
    page = browser_page.page
    await page.goto(served)

    shapes = await page.evaluate("""Object.fromEntries([...document.querySelectorAll(".tile")].map((tile) =>
        [tile.className, tile.querySelector(".status svg").innerHTML + tile.querySelector(".status").textContent]))""")
    assert len(shapes) == 6
    assert len(set(shapes.values())) == len(shapes)


async def test_nothing_moves_for_who_asked_for_less_motion(browser_page: BrowserPage, served: str, fed: Board) -> None:
    page = browser_page.page
    await page.emulate_media(reduced_motion="reduce")
    await page.goto(served)
    await expect(page.locator("#link")).to_have_class("link live")

    moving = await page.evaluate("document.getAnimations().length")
    put_all(fed, value("calls", "sales", "department", 300, target=540, status="on_track"))
    await expect(page.locator(tile("sales-calls")).locator(".figure")).to_have_text("300 cuộc gọi")

    assert (moving, await page.evaluate("document.getAnimations().length")) == (0, 0)


def contrast(ink: str, ground: str) -> float:
    """Contrast ratio of two CSS colours (WCAG 2.2, 1.4.3)."""
    lighter, darker = sorted((luminance(numbers(ink)), luminance(numbers(ground))), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(rgb: Iterable[float]) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def numbers(css: str) -> list[float]:
    return [float(part) / 255 for part in re.findall(r"[\d.]+", css)[:3]]
