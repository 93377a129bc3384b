"""KPIs over KPIs on the road: order, partitions and restarts, restatement of a member, leaving, another catalogue."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from schemas.catalogue.models import Catalogue
from schemas.catalogue.rules import find_problems
from schemas.topics import Stage
from schemas.values import Status
from streams.core.policy import DAY_US, MINUTE_US, SECOND_US, Policy
from streams.core.replay import replay
from streams.core.stage import Now
from tests.streams.core import worlds
from tests.streams.core.road import Road
from tests.streams.core.test_growth import corrected, over, row, sale
from tests.streams.core.test_road_laws import UNTIL_US, settle

POLICY = Policy(future_us=None)
SHOWN = {"title": "x", "unit": "things", "kind": "leading", "scope": "person"}
PARTS: list[dict[str, Any]] = [
    {
        **SHOWN, "id": "calls", "weight": 50, "period": "week", "measure": {"count": "call.completed"},
        "targets": [{"value": 1}],
    },
    {
        **SHOWN, "id": "sold", "unit": "VND", "period": "month", "measure": {"sum": "amount", "of": "sale.closed"},
        "targets": [{"value": 100}], "guardrail": "kept",
    },
    {
        **SHOWN, "id": "kept", "kind": "metric", "period": "month", "direction": "down",
        "measure": {"count": "sale.reversed"}, "targets": [{"value": 1}],
    },
]  # fmt: skip
BUSY = {
    **SHOWN, "id": "busy", "kind": "metric", "scope": "team", "period": "day", "direction": "down",
    "measure": {"count": "sale.closed"}, "targets": [{"value": 1, "per": "team"}],
}  # fmt: skip
# What restates a closed row without an event of its own period: a projection that ages, a baseline that changes, and a
# guardrail of a longer period that ends later.
MOVING: list[dict[str, Any]] = [
    {
        **SHOWN, "id": "won", "unit": "%", "period": "week", "targets": [{"value": 40}], "guardrail": "kept",
        "measure": {
            "conversion": {"from": "lead.created", "to": "sale.closed", "key": "lead_id", "within": "20d"},
            "as": "projected",
        },
    },
    {
        **SHOWN, "id": "grown", "unit": "%", "period": "week", "targets": [{"value": 10}],
        "measure": {"growth": {"of": {"count": "call.completed"}, "over": "7d", "against": "previous"}},
    },
    {**PARTS[2], "period": "quarter", "targets": [{"value": 0}]},
]  # fmt: skip
# Days off ask nothing, and somebody may say after the week's end that a day was one.
DAILY = [{**PARTS[0], "period": "day"}]
seeds = st.integers(0, 2**32)


def leave(person: str, at: str, start: str, end: str) -> dict[str, Any]:
    data = {"person_id": person, "start": start, "end": end}
    return {**sale(f"away-{person}", at, 0), "type": "employee.leave", "subject": person, "data": data}


def scored(
    by: str = "score",
    at: float = 1.0,
    seed: int = 0,
    parts: list[dict[str, Any]] = PARTS,
    period: str = "month",
    kpis: Any = "all",
) -> Catalogue:
    measure = {"attainment": {"kpis": kpis, "at": at, "by": by}}
    h3 = {**SHOWN, "id": "h3", "kind": "lagging", "unit": "%", "scope": "team", "period": period, "measure": measure}
    written = worlds.catalogue(seed, kpis=0).model_dump(by_alias=True, exclude_none=True) | {"kpis": [h3, *parts]}
    if seed == 0:
        written["tenant"]["timezone"] = "Asia/Ho_Chi_Minh"
        written["people"] = [{"id": "an", "team": "hn-1"}, {"id": "binh", "team": "hn-1"}]
    catalogue = Catalogue.model_validate(written)
    assert not find_problems(catalogue)
    return catalogue


@given(
    st.sampled_from(["score", "every"]), st.sampled_from([PARTS, MOVING, DAILY]), seeds, seeds, seeds,
    st.integers(0, 40), st.sampled_from([1, 2, 4]),
)  # fmt: skip
@hypothesis(max_examples=20)
def test_order_chunks_partitions_and_restarts_change_no_score(
    by: str, parts: list[dict[str, Any]], company: int, week: int, deal: int, size: int, partitions: int
) -> None:
    catalogue, events = scored(by, 0.6, company, parts), worlds.events(week, size)
    events.append(leave("an", "2026-03-25T09:00:00", "2026-03-10", "2026-03-20"))
    expected = replay(worlds.lines(events), catalogue, POLICY, UNTIL_US)

    road = Road(catalogue, POLICY, partitions, Random(deal))
    road.put(events)
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False), restarts=0.15, early_ticks=0.1)
    settle(road)

    told = [value for value in road.values.values() if value.kpi == "h3"]
    assert over([value for value in expected.values if value.kpi == "h3"]) == over(told)


@given(seeds, seeds, seeds, st.integers(0, 40), st.sampled_from([1, 2]))
@hypothesis(max_examples=8)
def test_another_catalogue_scores_anew(before: int, week: int, deal: int, size: int, partitions: int) -> None:
    old, events = scored("every", seed=before), worlds.events(week, size)
    new = scored("score", 0.5, seed=before)
    expected = replay(worlds.lines(events), new, POLICY, UNTIL_US)

    road = Road(old, POLICY, partitions, Random(deal))
    road.put(events[: size // 2])
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False))
    road.adopt(new)
    road.put(events[size // 2 :])
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False))
    settle(road)

    told = [value for value in road.values.values() if value.kpi == "h3"]
    assert over([value for value in expected.values if value.kpi == "h3"]) == over(told)


def test_a_members_restated_row_restates_the_score() -> None:
    # October: an sells 100 of 100, binh 99. In November 1 more is found for binh: both have reached.
    events = [
        sale("s1", "2026-10-05T09:00:00", 100),
        sale("s2", "2026-10-06T09:00:00", 99, owner="binh"),
        sale("s3", "2026-11-10T09:00:00", 5),
    ]
    late = corrected("s2", "2026-11-12T09:00:00", 100)
    late["data"]["owner"] = "binh"
    catalogue = scored(parts=PARTS[1:])

    before = replay(worlds.lines(events), catalogue, POLICY)
    after = replay(worlds.lines([*events, late]), catalogue, POLICY)

    assert (50, 2, 1) == figures(before.values)
    assert (100, 2, 2) == figures(after.values)


def test_leave_that_is_told_after_the_end_restates_the_score_of_a_worker() -> None:
    # Work is from Monday to Saturday. binh calls on three days of the week of 9 March and is away on the other three:
    # all of what is asked of him, once somebody says so on the 18th. an does not call.
    called = [
        {**sale(f"c{day}", f"2026-03-{day:02d}T09:00:00", 0), "type": "call.completed", "subject": f"c{day}"}
        | {"data": {"owner": "binh", "outcome": "answered", "duration_s": 60}}
        for day in (9, 10, 11)
    ]
    later = leave("binh", "2026-03-18T09:00:00", "2026-03-12", "2026-03-15")
    road = Road(scored(parts=DAILY, period="week"), POLICY, 1)

    told = []
    for events in (called, [sale("s1", "2026-03-17T09:00:00", 1)], [later], [sale("s2", "2026-03-18T10:00:00", 1)]):
        road.put(events)
        road.run(Now(UNTIL_US - SECOND_US, caught_up=False))
        told.append(
            [(v.value, v.version) for v in road.values.values() if (v.subject, v.period) == ("hn-1", "2026-W11")]
        )

    assert [(0, 1)] == told[1]
    assert [(50, 2)] == told[3]


def test_the_share_has_a_target_an_attainment_and_a_status_as_other_shares_have() -> None:
    # One of two reached: 50 of 80 is 62.5 %. The department and the organisation take over the team's target.
    events = [sale("s1", "2026-10-05T09:00:00", 100), sale("s2", "2026-11-10T09:00:00", 5)]
    written = scored(parts=PARTS[1:]).model_dump(by_alias=True, exclude_none=True)
    written["kpis"][0]["targets"] = [{"value": 80, "per": "team"}]

    values = replay(worlds.lines(events), Catalogue.model_validate(written), POLICY).values

    told = [value for value in values if (value.kpi, value.period, value.n) == ("h3", "2026-10", 2)]
    assert ["acme", "hn-1", "sales"] == sorted(value.subject for value in told)
    for value in told:
        shown = (value.value, value.target, value.expected, value.attainment, value.status, value.version)
        assert (50, 80, None, 0.625, Status.MISSED, 1) == shown


def test_a_red_guardrail_takes_the_whole_part() -> None:
    # Two reversals of small sales are more than the one allowed: what else was sold does not count.
    events = [sale(f"s{n}", f"2026-10-0{n}T09:00:00", 100) for n in range(1, 5)]
    for number in (1, 2):
        told = {"sale_id": f"s{number}", "supersedes": {"source": "crm", "id": f"s{number}"}, "owner": "an"}
        events.append({**events[0], "id": f"r{number}", "type": "sale.reversed", "time": "2026-10-20T09:00:00+07:00"})
        events[-1] |= {"subject": f"s{number}", "data": told}
    events.append(sale("s9", "2026-11-10T09:00:00", 5))

    allowed = replay(worlds.lines([*events[:5], events[-1]]), scored(parts=PARTS[1:]), POLICY)
    red = replay(worlds.lines(events), scored(parts=PARTS[1:]), POLICY)

    assert 50 == figures(allowed.values)[0]
    assert 0 == figures(red.values)[0]


def test_a_baseline_that_changes_after_the_close_restates_the_score() -> None:
    # October 100, November 110: 10 % of 10 %, reached. In December October is found to have been 105: 4.8 %, missed.
    events = [
        sale("s1", "2026-10-05T09:00:00", 100), sale("s2", "2026-11-05T09:00:00", 110),
        sale("s3", "2026-12-05T09:00:00", 1),
    ]  # fmt: skip
    growth = {"growth": {"of": {"sum": "amount", "of": "sale.closed"}, "over": "1 month"}}
    catalogue = scored(parts=[{**MOVING[1], "period": "month", "measure": growth}])

    road = Road(catalogue, POLICY, 1)
    told = []

    for more in (events, [corrected("s1", "2026-12-06T09:00:00", 105), sale("s4", "2026-12-07T09:00:00", 1)]):
        road.put(more)
        road.run(Now(UNTIL_US + 400 * DAY_US, caught_up=False))
        told.append(figures(road.values.values(), "2026-11"))

    assert [(100, 1, 1), (0, 1, 2)] == told


def test_a_score_keeps_the_weeks_that_are_beyond_the_horizon() -> None:
    # Of 2026's 52 weeks that end in it, an calls in 45: at 0.8 of them the year is reached. The guardrail of the year
    # looks at all weeks again when it ends, and only the last ten days are still there.
    day = datetime.fromisoformat("2025-12-30T12:00:00+07:00")
    weeks = {**PARTS[0], "guardrail": "kept", "weight": None}
    catalogue = scored(parts=[weeks, {**PARTS[2], "period": "year"}], period="year", at=0.8)
    events = [
        {**sale("x", "2026-01-01T00:00:00", 1), "id": f"c{week}", "type": "call.completed", "subject": f"c{week}",
         "time": (day + timedelta(7 * week)).isoformat(), "data": {"owner": "an", "outcome": "busy", "duration_s": 0}}
        for week in [*range(45), 54]
    ]  # fmt: skip
    road = Road(catalogue, Policy(future_us=None, horizon_us=10 * DAY_US), 1)

    for event in events:
        road.put([event])
        road.run(Now(UNTIL_US + 400 * DAY_US, caught_up=False))

    assert (50, 2, 1) == figures(road.values.values(), "2026")


@given(st.one_of(st.none(), seeds), st.sampled_from([2, 4]))
@example(None, 4)
@example(18, 4)  # what has been told waits for its minute when the day changes
@hypothesis(max_examples=10)
def test_what_a_partition_tells_after_others_have_passed_the_horizon_still_counts(
    deal: int | None, partitions: int
) -> None:
    # In every month from October to March an reaches and binh does not. Any partition may be read to its end before
    # another one has begun, and ten days behind the end is forgotten what nobody can change.
    # The guardrail of the share is red on the last day of each month, where every day is worked.
    written = scored(parts=[*PARTS[1:], BUSY]).model_dump(by_alias=True, exclude_none=True)
    h3, *others = written["kpis"]
    h3 |= {"targets": [{"value": 50, "per": "team"}], "guardrail": "busy"}
    written |= {"kpis": [h3, *others], "calendar": {"hours": {"mon-sun": ["08:00-12:00"]}}}
    catalogue, policy = Catalogue.model_validate(written), Policy(future_us=None, horizon_us=10 * DAY_US)
    days = ("2025-10-31", "2025-11-30", "2025-12-31", "2026-01-31", "2026-02-28", "2026-03-31")
    sold = (("an", 100), ("binh", 99))
    events = [sale(f"{who}{day}", f"{day}T09:00:00", vnd, owner=who) for day in days for who, vnd in sold]
    expected = replay(worlds.lines(events), catalogue, policy, UNTIL_US)

    road = Road(catalogue, policy, partitions, None if deal is None else Random(deal))
    road.put(events)
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False), restarts=0.15)
    settle(road)

    told = [value for value in road.values.values() if value.kpi == "h3"]
    assert over([value for value in expected.values if value.kpi == "h3"]) == over(told)
    assert [(50, 2, Status.HOLLOW)] * 6 == [
        (one.value, one.n, one.status) for one in (row(told, "hn-1", day[:7]) for day in days)
    ]

    for more in (1, 2, 3):
        road.tick(UNTIL_US + more * DAY_US)
    judged = {(seat, row) for seat, rows in road.changelogs.items() if seat[0] is Stage.JUDGE for row in rows}
    assert not {(seat, row) for seat, row in judged if b"2026-02" in row}


@pytest.mark.parametrize("partitions", [1, 4])
def test_a_closed_score_waits_for_one_whole_minute_not_for_two(partitions: int) -> None:
    # Live, in April: a sale of March comes late. The person's row is restated at the next whole minute, and whose
    # partition has the team's row restates that at once.
    catalogue = scored(parts=PARTS[1:])
    road = Road(catalogue, POLICY, partitions)
    road.put(
        [sale("an", "2026-03-10T09:00:00", 100, owner="an"), sale("binh", "2026-03-10T09:00:00", 99, owner="binh")]
    )
    road.run(Now(UNTIL_US, caught_up=False))
    for more in (0, 1, 2, 3):
        road.tick(UNTIL_US + more * MINUTE_US)
    assert (50, 2) == figures(road.values.values(), "2026-03")[:2]

    road.put([sale("late", "2026-03-10T10:00:00", 1, owner="binh")])
    road.tick(UNTIL_US + 3 * MINUTE_US + SECOND_US)
    road.tick(UNTIL_US + 4 * MINUTE_US)

    assert (100, 2) == figures(road.values.values(), "2026-03")[:2]


@pytest.mark.parametrize(("sold", "reached"), [(4_999_999_999, 0), (5_000_000_000, 100)])
def test_one_of_thousands_of_millions_is_not_rounded_away(sold: int, reached: int) -> None:
    parts = [{**PARTS[1], "targets": [{"value": 5_000_000_000, "subject": "an"}], "guardrail": None}]
    events = [sale("s1", "2026-10-05T09:00:00", sold), sale("s2", "2026-11-10T09:00:00", 5)]

    assert reached == figures(replay(worlds.lines(events), scored(parts=parts), POLICY).values)[0]


def test_thirds_make_a_whole() -> None:
    # A third of the calls and two thirds of the sales: (1/3 + 2/3) / 2 = 0.5, which two floats do not make.
    parts = [
        {**PARTS[0], "period": "month", "weight": None, "targets": [{"value": 3, "subject": "an"}]},
        {**PARTS[1], "weight": None, "guardrail": None, "targets": [{"value": 300, "subject": "an"}]},
    ]
    call = {**sale("x", "2026-10-06T09:00:00", 1), "id": "c1", "type": "call.completed", "subject": "c1"}
    call["data"] = {"owner": "an", "outcome": "busy", "duration_s": 0}
    events = [sale("s1", "2026-10-05T09:00:00", 200), call, sale("s2", "2026-11-10T09:00:00", 5)]

    halves = replay(worlds.lines(events), scored(at=0.5, parts=parts), POLICY)
    more = replay(worlds.lines(events), scored(at=0.5000001, parts=parts), POLICY)

    assert (100, 1) == figures(halves.values)[:2]
    assert (0, 1) == figures(more.values)[:2]


def figures(values: Any, period: str = "2026-10") -> tuple[Any, ...]:
    found = row([value for value in values if value.kpi == "h3"], "hn-1", period)
    return found.value, found.n, found.version
