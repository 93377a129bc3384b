import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.values import Scope, Value
from streams.core import board as module
from streams.core.board import KEPT_PRAISE, KEPT_TRANSITIONS, Board
from streams.core.board_view import MIN_CREW, TOP_PEOPLE, BoardView
from tests.web.sample_board import LAST_MONTH, NOON_US, alert, catalogue, kpi, put, put_all, value


@pytest.fixture
def board() -> Board:
    return Board(catalogue())


def cards(view: BoardView) -> dict[str | None, list[str]]:
    return {section.department: [card.kpi.id for card in section.cards] for section in view.sections}


def test_the_newest_row_of_a_subject_is_the_one_shown(board: Board) -> None:
    put_all(board, value("revenue", "sales", "department", 1), value("revenue", "sales", "department", 2))

    [section] = board.view().sections
    assert section.department == "sales"
    assert section.cards[0].whole.value == 2


def test_a_restated_older_period_does_not_displace_the_current_one(board: Board) -> None:
    put_all(board, value("revenue", "sales", "department", 2))

    refusal = put(board, value("revenue", "sales", "department", 99, period=LAST_MONTH, version=2))

    assert refusal == "older_period"
    assert board.view().sections[0].cards[0].whole.value == 2


def test_a_new_period_hides_who_has_no_row_in_it_yet(board: Board) -> None:
    put_all(
        board,
        value("revenue", "sales", "department", 5, period=LAST_MONTH),
        value("revenue", "hn-1", "team", 5, period=LAST_MONTH),
        value("revenue", "sales", "department", 1),
    )

    card = board.view().sections[0].cards[0]
    assert (card.whole.period, card.teams) == ("2026-11", ())


def test_a_deleted_row_leaves_the_wall_and_one_of_another_period_does_not(board: Board) -> None:
    put_all(board, value("revenue", "sales", "department", 5))

    assert board.put_value("revenue|sales|2026-10", None, NOON_US) == "not_held"
    assert board.view().sections
    assert board.put_value("revenue|sales|2026-11", None, NOON_US) is None
    assert board.view().sections == ()


@pytest.mark.parametrize(
    ("raw", "refusal"),
    [
        (b"{", "not_a_value"),
        (json.dumps(value("revenue", "sales", "department", 1) | {"start": "2026-11-01T00:00:00"}), "not_a_value"),
        (json.dumps(value("revenue", "sales", "department", 1) | {"start": "2026-W48T00:00:00+07:00"}), "not_a_value"),
        (json.dumps(value("nothing", "sales", "department", 1)), "unknown_kpi"),
        (json.dumps(value("revenue", "nobody", "person", 1)), "unknown_subject"),
        (json.dumps(value("revenue", "hn-1-0", "team", 1)), "unknown_subject"),
        (json.dumps(value("revenue", "sales", "department", 1) | {"period": "2026-W48"}), "other_period"),
    ],
)
def test_a_row_that_does_not_belong_is_refused_with_its_reason(board: Board, raw: bytes | str, refusal: str) -> None:
    got = board.put_value("k", raw.encode() if isinstance(raw, str) else raw, NOON_US)

    assert got == refusal
    assert (board.seq, board.values()) == (0, [])


def test_an_alert_fires_and_leaves_when_it_resolves_or_expires(board: Board) -> None:
    put_all(
        board, alert("a", "revenue", "hn-1"), alert("b", "revenue", "sales"), alert("c", "calls", "hn-1", "pending")
    )
    assert [one.fingerprint for one in board.view().alerts] == ["a", "b"]

    put_all(board, alert("a", "revenue", "hn-1", "resolved"), alert("b", "revenue", "sales", "expired"))

    assert board.view().alerts == ()
    assert [one.transition.value for one in board.transitions()] == [
        "expired",
        "resolved",
        "pending",
        "firing",
        "firing",
    ]


def test_a_bad_alert_is_refused_with_its_reason(board: Board) -> None:
    assert board.put_alert("a", b"[]", NOON_US) == "not_an_alert"
    assert put(board, alert("a", "nothing", "hn-1")) == "unknown_kpi"
    assert put(board, alert("a", "revenue", "nobody")) == "unknown_subject"
    assert board.put_alert("a", None, NOON_US) == "not_held"


def test_grave_alerts_come_first_then_new_ones(board: Board) -> None:
    put_all(
        board,
        alert("old", "revenue", "hn-1", at="2026-11-23T08:00:00+07:00"),
        alert("new", "revenue", "hn-2", at="2026-11-23T09:00:00+07:00"),
        alert("grave", "revenue", "sales", severity="critical", at="2026-11-22T09:00:00+07:00"),
    )

    assert [one.fingerprint for one in board.firing()] == ["grave", "new", "old"]


def test_only_the_last_transitions_are_kept_by_time_whatever_the_partition_order(board: Board) -> None:
    moments = [f"2026-11-23T{hour:02}:{minute:02}:00+07:00" for hour in range(2) for minute in range(60)]
    for moment in [*moments[60:], *moments[:60]]:
        put_all(board, alert(moment, "revenue", "hn-1", "resolved", at=moment))

    assert [one.at for one in board.transitions()] == moments[::-1][:KEPT_TRANSITIONS]


def test_a_persons_alert_is_a_count_on_the_wall_and_never_a_sentence(board: Board) -> None:
    put_all(board, alert("a", "revenue", "hn-1-0"), alert("b", "calls", "hn-1-0"), alert("c", "calls", "hn-1-3"))

    view = board.view()
    assert view.alerts == ()
    assert [(crew.scope, crew.place, crew.people) for crew in view.crews] == [(Scope.TEAM, "hn-1", 2)]


def test_a_small_team_is_counted_with_its_department_so_that_the_count_points_at_nobody(board: Board) -> None:
    put_all(board, alert("a", "revenue", "hn-2-0"), alert("b", "revenue", "solo-0"), alert("c", "revenue", "solo"))

    [crew] = board.view().crews
    assert (crew.scope, crew.place) == (Scope.DEPARTMENT, "sales")


def test_a_company_smaller_than_a_crew_shows_no_count_at_all() -> None:
    people = [{"id": f"p{i}", "team": "hn-1"} for i in range(MIN_CREW - 1)]
    board = Board(catalogue(people=people))

    put_all(board, alert("a", "revenue", "p0"))

    assert (board.view().crews, board.view().alerts) == ((), ())


def test_a_team_of_one_is_a_person_by_another_name(board: Board) -> None:
    put_all(
        board,
        value("revenue", "sales", "department", 3),
        value("revenue", "hn-2", "team", 2),
        value("revenue", "solo", "team", 1),
        alert("a", "revenue", "solo"),
    )

    view = board.view()
    assert [team.subject for team in view.sections[0].cards[0].teams] == ["hn-2"]
    assert view.alerts == ()


def test_people_who_hit_are_praised_best_first_and_at_most_the_top(board: Board) -> None:
    for i in range(5):
        put_all(board, value("revenue", f"hn-1-{i}", "person", 100 + i, target=100, status="hit"))
    put_all(board, value("revenue", "hn-1-5", "person", 3, target=100, status="behind"))

    praised = [one.person for one in board.view().praise]
    assert praised == ["hn-1-4", "hn-1-3", "hn-1-2"][:TOP_PEOPLE]


def test_where_nobody_hit_only_the_leader_is_named_and_only_among_enough_people(board: Board) -> None:
    def feed(people: int) -> list[str]:
        for i in range(people):
            put_all(board, value("revenue", f"hn-1-{i}", "person", 50 + i, target=100, status="on_track"))
        return [one.person for one in board.view().praise]

    assert feed(MIN_CREW - 1) == []
    assert feed(MIN_CREW) == [f"hn-1-{MIN_CREW - 1}"]


def test_nobody_is_named_when_recognition_is_off() -> None:
    board = Board(catalogue(), recognise_people=False)

    put_all(board, value("revenue", "hn-1-0", "person", 120, target=100, status="hit"))

    assert board.view().praise == ()


def test_a_plain_metric_praises_nobody(board: Board) -> None:
    put_all(board, value("visits", "hn-1-0", "person", 120, target=100, status="hit"))

    assert board.view().praise == ()


def test_a_kpi_stands_with_its_department_and_with_the_company_only_where_several_make_it(board: Board) -> None:
    put_all(
        board,
        value("revenue", "acme", "org", 3),
        value("revenue", "sales", "department", 3),
        value("calls", "acme", "org", 9),
        value("calls", "sales", "department", 5),
        value("calls", "service", "department", 4),
        value("ad_cost", "acme", "org", 1),
    )

    assert cards(board.view()) == {None: ["calls", "ad_cost"], "sales": ["revenue", "calls"], "service": ["calls"]}


def test_a_department_without_events_or_target_is_not_shown_a_kpi_of_others(board: Board) -> None:
    put_all(board, value("calls", "sales", "department", 5), value("calls", "service", "department", 0, n=0))

    assert cards(board.view()) == {"sales": ["calls"]}


def test_an_organisations_kpi_meant_for_one_department_stands_there_with_its_alerts() -> None:
    sample = catalogue()
    kpis = [one.model_copy(update={"for_": ("service",)}) if one.id == "ad_cost" else one for one in sample.kpis]
    board = Board(sample.model_copy(update={"kpis": tuple(kpis)}))

    put_all(board, value("ad_cost", "acme", "org", 1), alert("a", "ad_cost", "acme"))

    assert cards(board.view("service")) == {"service": ["ad_cost"]}
    assert len(board.view("service").alerts) == 1
    assert board.view("sales").alerts == ()


def test_a_departments_wall_holds_only_its_own(board: Board) -> None:
    put_all(
        board,
        value("revenue", "sales", "department", 3),
        value("handling", "service", "department", 12),
        value("handling", "cs-1-1", "person", 100, target=100, status="hit"),
        alert("a", "revenue", "sales"),
        alert("b", "revenue", "hn-1-1"),
        alert("c", "handling", "cs-1-2"),
    )

    view = board.view("service")
    assert cards(view) == {"service": ["handling"]}
    assert (view.alerts, [crew.place for crew in view.crews]) == ((), ["cs-1"])
    assert [one.person for one in view.praise] == ["cs-1-1"]
    assert board.view("sales").praise == ()


def test_changes_since_hold_what_came_after_in_its_order(board: Board) -> None:
    put_all(board, value("revenue", "sales", "department", 1), value("revenue", "hn-1", "team", 1))
    seen = board.seq
    put_all(board, value("revenue", "sales", "department", 2), alert("a", "revenue", "hn-1"))

    changes = board.changes_since(seen)

    assert [row.value for row in changes.values] == [2]
    assert [one.fingerprint for one in changes.transitions] == ["a"]
    assert board.changes_since(changes.seq).values == ()


def test_the_update_time_never_goes_back(board: Board) -> None:
    put(board, value("revenue", "sales", "department", 1), NOON_US)
    put(board, value("revenue", "hn-1", "team", 1), NOON_US - 5)

    assert board.view().updated_us == NOON_US


SUBJECTS = st.sampled_from([("hn-1-0", "person"), ("hn-1-1", "person"), ("hn-2-0", "person"), ("solo-0", "person")])
STATUSES = st.sampled_from(["none", "on_track", "behind", "hit", "missed", "hollow"])
RECORDS = st.one_of(
    st.builds(
        lambda who, n, status: value("revenue", who[0], who[1], n, target=100, status=status),
        SUBJECTS,
        st.integers(0, 200),
        STATUSES,
    ),
    st.builds(lambda who, f: alert(f, "revenue", who[0]), SUBJECTS, st.sampled_from("abc")),
)


@given(st.lists(RECORDS, max_size=30))
def test_no_sequence_of_records_puts_anything_negative_about_a_person_on_the_wall(
    records: list[dict[str, object]],
) -> None:
    board = Board(catalogue())
    put_all(board, *records)

    view = board.view()

    assert all(one.hit for one in view.praise)  # fewer than MIN_CREW peers: no leaders
    assert len(view.praise) <= KEPT_PRAISE
    assert view.alerts == ()
    assert all(crew.place in {"hn-1", "sales"} for crew in view.crews)
    rows = [row for section in view.sections for card in section.cards for row in (card.whole, *card.teams)]
    assert all(row.scope is not Scope.PERSON for row in rows)


def test_what_the_board_reads_of_a_row_is_what_a_value_has() -> None:
    told = {field.name: (field.type, field.default) for field in msgspec.structs.fields(module._Told)}
    contract = {
        name: (field.annotation, msgspec.NODEFAULT if field.is_required() else field.default)
        for name, field in Value.model_fields.items()
    }

    assert told == contract


# -- series

REACH = kpi("reach", "Tiếp cận", "Reach", "people", scope="org", by="campaign_id")


def reach(series: str | None, number: float, n: int = 7, **more: Any) -> dict[str, Any]:
    named = {} if series is None else {"series": series}
    return value("reach", "acme", "org", number, n=n, **named, **more)


def test_a_card_has_its_largest_series_and_none_named_after_a_person() -> None:
    board = Board(catalogue(kpis=[REACH]))
    others = [reach(f"c{n}", n, n=n) for n in range(1, 8)]
    put_all(board, reach(None, 99), reach("other", 50, n=50), reach("hn-1-0", 60, n=60), *others)

    [card] = [card for section in board.view().sections for card in section.cards if card.kpi.id == "reach"]

    assert [row.series for row in card.series] == ["c7", "c6", "c5", "c4", "c3"]
    assert [row.series for row in board.values()] == [None, *(f"c{n}" for n in range(1, 8)), "hn-1-0", "other"]


def test_series_are_of_the_newest_period_and_go_with_their_row() -> None:
    board = Board(catalogue(kpis=[REACH]))
    put_all(board, reach("a", 1, period=LAST_MONTH), reach("b", 2, period=LAST_MONTH), reach("a", 3), reach("c|d", 4))

    assert put(board, reach("b", 5, period=LAST_MONTH)) == "older_period"
    assert put(board, value("revenue", "sales", "department", 1, series="a")) == "no_series"
    assert board.put_value("reach|acme|2026-11|c%7Cd", None, NOON_US) is None
    assert [(row.series, row.value) for row in board.values()] == [("a", 3)]
