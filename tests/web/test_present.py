import pytest

from streams.core.board import Board
from streams.web.present import LIMIT_AT, SHOWN_ALERTS, Page, Presenter
from tests.web.sample_board import alert, kpi, put_all, value
from tests.web.sample_board import catalogue as sample


def page(board: Board, locale: str = "vi") -> Page:
    return Presenter(board.catalogue, board.locale).page(board.view(), locale)


def test_a_tile_says_number_target_expectation_status_and_teams(board: Board) -> None:
    row = {"target": 300_000_000, "expected": 190_000_000, "status": "behind"}
    put_all(
        board,
        value("revenue", "sales", "department", 150_000_000, **row),
        value("revenue", "hn-1", "team", 90_000_000, target=100_000_000, status="on_track"),
        value("revenue", "hn-2", "team", None),
    )

    [panel] = page(board).panels
    [tile] = panel.tiles
    assert (panel.title, tile.title, str(tile.figure)) == ("Kinh doanh", "Doanh số", "150 triệu ₫")
    assert (tile.status_word, tile.share, tile.share_of) == ("Chậm tiến độ", "50%", "mục tiêu")
    assert (tile.target, tile.expected) == ("Mục tiêu 300 triệu ₫", "Cần đạt lúc này 190 triệu ₫")
    assert tile.meta == "Kết quả · Tháng 11/2026"
    assert [(team.name, team.share, team.figure) for team in tile.teams] == [
        ("hn-1", "90%", "90 triệu ₫"),
        ("Đội Hà Nội 2", "", "–"),
    ]


@pytest.mark.parametrize(
    ("locale", "matured", "beside"),
    [
        ("vi", 20.5, "Đã có đến nay 9,4 · Nhóm đã đủ thời hạn 20,5"),
        ("en", 20.5, "Seen so far 9.4 · Of full age 20.5"),
        ("en", None, "Seen so far 9.4"),
    ],
)
def test_beside_a_projected_share_stand_the_raw_one_and_that_of_the_matured_items(
    board: Board, locale: str, matured: float | None, beside: str
) -> None:
    put_all(board, value("handling", "service", "department", 19.9, raw=9.4, matured=matured))
    put_all(board, value("revenue", "sales", "department", 150))

    told = {tile.id: tile.beside for panel in page(board, locale).panels for tile in panel.tiles}
    assert {"service-handling": beside, "sales-revenue": ""} == told


@pytest.mark.parametrize(("locale", "beside"), [("vi", "Đếm từ 18/02/2026"), ("en", "Counted from 18 Feb 2026")])
def test_a_figure_that_lacks_what_is_older_says_from_when_on_it_counts(board: Board, locale: str, beside: str) -> None:
    put_all(board, value("revenue", "sales", "department", 150, counted_from="2026-02-18T07:00:00+07:00"))

    assert beside == page(board, locale).panels[0].tiles[0].beside


def test_the_bar_runs_to_the_target_with_a_tick_where_it_should_be_by_now(board: Board) -> None:
    put_all(board, value("revenue", "sales", "department", 150, target=300, expected=190))

    bar = page(board).panels[0].tiles[0].bar
    assert bar is not None
    assert (bar.fill, bar.tick, bar.limit) == (50.0, 63.3, None)


@pytest.mark.parametrize(("number", "fill"), [(15, LIMIT_AT), (7.5, LIMIT_AT / 2), (300, 100.0)])
def test_where_lower_is_better_the_bar_may_pass_the_limit(board: Board, number: float, fill: float) -> None:
    put_all(board, value("handling", "service", "department", number, target=15))

    bar = page(board).panels[0].tiles[0].bar
    assert bar is not None
    assert (bar.fill, bar.limit) == (fill, LIMIT_AT)


@pytest.mark.parametrize("target", [None, 0])
def test_without_a_target_there_is_no_bar_and_no_share(board: Board, target: int | None) -> None:
    put_all(board, value("revenue", "sales", "department", 150, target=target))

    tile = page(board).panels[0].tiles[0]
    assert (tile.bar, tile.share) == (None, "")
    assert tile.status_word == ("Không đặt mục tiêu" if target is None else "Chưa đánh giá")


def test_counts_name_their_unit_once(board: Board) -> None:
    put_all(board, value("calls", "sales", "department", 21, target=30))

    tile = page(board, "en").panels[0].tiles[0]
    assert (str(tile.figure), tile.target) == ("21 calls", "Target 30")


def test_a_closed_period_says_so(board: Board) -> None:
    put_all(board, value("revenue", "sales", "department", 150, version=1))

    assert page(board).panels[0].tiles[0].meta == "Kết quả · Tháng 11/2026 · đã chốt"


def test_alert_lines_are_few_and_say_in_which_language_they_are(board: Board) -> None:
    for i in range(SHOWN_ALERTS + 2):
        put_all(board, alert(str(i), "revenue", "hn-1"))

    assert [line.foreign for line in page(board).lines] == [None] * SHOWN_ALERTS
    english = page(board, "en")
    assert (english.more_lines, english.lines[0].foreign, english.lines[0].about) == (2, "vi", "hn-1 · Revenue")


def test_people_who_need_help_are_counted_in_both_languages(board: Board) -> None:
    put_all(board, alert("a", "revenue", "hn-1-0"), alert("b", "calls", "hn-2-1"))

    assert {line.sentence for line in page(board).lines} == {
        "1 người cần hỗ trợ ở đội hn-1",
        "1 người cần hỗ trợ ở bộ phận Kinh doanh",
    }
    assert {line.sentence for line in page(board, "en").lines} == {
        "1 person could use support in team hn-1",
        "1 person could use support in Sales",
    }


def test_a_person_who_hit_is_praised_with_the_share_and_where_less_is_better_without(board: Board) -> None:
    put_all(
        board,
        value("revenue", "hn-1-0", "person", 112, target=100, status="hit"),
        value("handling", "cs-1-0", "person", 10, target=12, status="hit"),
    )

    stars = {star.name: (star.about, star.deed) for star in page(board).stars}
    assert stars == {
        "Người hn-1-0": ("Doanh số", "đạt 112% mục tiêu"),
        "Người cs-1-0": ("Thời gian xử lý", "đạt mục tiêu"),
    }


@pytest.mark.parametrize(("kpis", "density"), [(1, "huge"), (5, "roomy"), (9, "normal"), (13, "dense")])
def test_the_more_tiles_the_less_room_for_each(kpis: int, density: str) -> None:
    board = Board(sample(kpis=[kpi(f"k{i}", "a", "a", "calls", **{"for": ["sales"]}) for i in range(kpis)]))
    put_all(board, *(value(f"k{i}", "sales", "department", 1) for i in range(kpis)))

    assert page(board).density == density


@pytest.mark.parametrize(("metrics", "shown"), [(7, 16), (8, 9)])
def test_a_crowded_wall_leaves_plain_metrics_to_the_walls_of_departments(metrics: int, shown: int) -> None:
    ids = [f"k{i}" for i in range(9)] + [f"m{i}" for i in range(metrics)]
    kpis = [
        kpi(one, "a", "a", "calls", **{"for": ["sales"], "kind": "metric" if one[0] == "m" else "leading"})
        for one in ids
    ]
    board = Board(sample(kpis=kpis))
    put_all(board, *(value(one, "sales", "department", 1) for one in ids))

    assert len(page(board).panels[0].tiles) == shown


def test_a_crowded_wall_of_nothing_but_metrics_shows_them() -> None:
    ids = [f"m{i}" for i in range(20)]
    board = Board(sample(kpis=[kpi(one, "a", "a", "calls", **{"for": ["sales"], "kind": "metric"}) for one in ids]))
    put_all(board, *(value(one, "sales", "department", 1) for one in ids))

    assert len(page(board).panels[0].tiles) == 20
