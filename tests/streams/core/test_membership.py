from datetime import date
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue.models import Catalogue
from streams.core.membership import ALWAYS_US, FOREVER_US, Membership
from streams.core.windows import Windows
from tests.streams.core.test_local_clock import us


def membership(*people: dict[str, Any], zone: str = "Asia/Ho_Chi_Minh") -> Membership:
    teams = [{"id": "hn-1", "department": "sales"}, {"id": "hn-2", "department": "sales"}]
    tenant = {"id": "demo", "timezone": zone, "currency": "VND"}
    catalogue = Catalogue.model_validate({"version": 1, "tenant": tenant, "teams": teams, "people": list(people)})
    return Membership(catalogue, Windows(ZoneInfo(zone)))


def at(text: str) -> int:
    return us(f"{text}+07:00")


MOVED = (
    {"id": "an", "team": "hn-1", "manager": "binh", "from": "2026-01-01"},
    {"id": "an", "team": "hn-2", "manager": "chi", "from": "2026-03-15", "to": "2026-07-01"},
)


def test_a_move_takes_effect_at_the_local_start_of_its_date() -> None:
    of = membership(*MOVED)

    assert of.team_at("an", at("2026-03-14T23:59:59")) == "hn-1"
    assert of.team_at("an", at("2026-03-15T00:00:00")) == "hn-2"
    assert of.manager_at("an", at("2026-03-14T23:59:59")) == "binh"
    assert of.manager_at("an", at("2026-03-15T00:00:00")) == "chi"


def test_from_is_inclusive_and_to_exclusive() -> None:
    of = membership(*MOVED)

    assert of.team_at("an", at("2026-01-01T00:00:00") - 1) is None
    assert of.team_at("an", at("2026-01-01T00:00:00")) == "hn-1"
    assert of.team_at("an", at("2026-07-01T00:00:00") - 1) == "hn-2"
    assert of.team_at("an", at("2026-07-01T00:00:00")) is None


def test_a_break_between_two_rows_belongs_to_no_team() -> None:
    of = membership(
        {"id": "an", "team": "hn-1", "to": "2026-02-01"},
        {"id": "an", "team": "hn-1", "from": "2026-03-01"},
    )

    assert of.team_at("an", at("2026-02-15T12:00:00")) is None
    assert of.stretches("an") == [
        (ALWAYS_US, at("2026-02-01T00:00:00"), "hn-1"),
        (at("2026-03-01T00:00:00"), FOREVER_US, "hn-1"),
    ]


def test_rows_of_one_team_without_a_break_are_one_stretch() -> None:
    of = membership(
        {"id": "an", "team": "hn-1", "manager": "binh", "to": "2026-02-01"},
        {"id": "an", "team": "hn-1", "manager": "chi", "from": "2026-02-01"},
    )

    assert of.stretches("an") == [(ALWAYS_US, FOREVER_US, "hn-1")]
    assert of.manager_at("an", at("2026-02-01T00:00:00")) == "chi"


def test_rows_may_be_listed_in_any_order() -> None:
    assert membership(*MOVED).stretches("an") == membership(*reversed(MOVED)).stretches("an")


def test_a_row_that_runs_into_the_next_ends_there() -> None:
    of = membership(
        {"id": "an", "team": "hn-1", "from": "2026-01-01", "to": "2026-12-31"},
        {"id": "an", "team": "hn-2", "from": "2026-03-01", "to": "2026-04-01"},
    )

    assert [team for _, _, team in of.stretches("an")] == ["hn-1", "hn-2"]
    assert of.team_at("an", at("2026-05-01T00:00:00")) is None


def test_dates_written_for_ever_are_open_ends() -> None:
    of = membership({"id": "an", "team": "hn-1", "from": "0001-01-01", "to": "9999-12-31"})

    assert of.stretches("an") == [(ALWAYS_US, FOREVER_US, "hn-1")]


def test_nobody_and_nothing_are_known_by_other_names() -> None:
    of = membership(*MOVED)

    assert of.knows("an")
    assert not of.knows("An")
    assert of.team_at("An", 0) is None
    assert of.stretches("An") == []
    assert of.department_of("hn-1") == "sales"
    assert of.department_of("sales") is None


def test_persons_of_a_team_are_those_who_belong_to_it_at_some_instant() -> None:
    of = membership(*MOVED, {"id": "binh", "team": "hn-1"})
    march, april = at("2026-03-01T00:00:00"), at("2026-04-01T00:00:00")

    assert of.persons("hn-1", march, april) == ["an", "binh"]
    assert of.persons("hn-1", april, april + 1) == ["binh"]
    assert of.persons("hn-2", april, april + 1) == ["an"]
    assert of.persons("hn-2", march, at("2026-03-15T00:00:00")) == []


def test_a_day_without_midnight_starts_at_its_first_instant() -> None:
    of = membership({"id": "an", "team": "hn-1", "from": "2018-11-04"}, zone="America/Sao_Paulo")

    assert of.stretches("an") == [(us("2018-11-04T01:00:00-02:00"), FOREVER_US, "hn-1")]


dates = st.none() | st.dates(date(2026, 1, 1), date(2026, 1, 12))


@given(st.lists(st.tuples(dates, dates, st.sampled_from(["hn-1", "hn-2"])), max_size=4), st.integers(0, 14 * 24))
def test_stretches_and_lookups_agree_and_never_overlap(
    rows: list[tuple[date | None, date | None, str]], hour: int
) -> None:
    of = membership(*({"id": "an", "team": team, "from": start, "to": end} for start, end, team in rows))
    time_us = at("2025-12-31T00:00:00") + hour * 3_600_000_000
    stretches = of.stretches("an")

    assert [team for start, end, team in stretches if start <= time_us < end] == (
        [of.team_at("an", time_us)] if of.team_at("an", time_us) else []
    )
    assert all(one[1] <= two[0] for one, two in pairwise(stretches))
    assert all(start < end for start, end, _ in stretches)
