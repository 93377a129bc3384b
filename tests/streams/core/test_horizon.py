"""What the horizon ends, it ends by event time: how events fell into chunks, transactions and lives of a worker decides
nothing, and what was counted of an event stays when it is forgotten."""

from collections import defaultdict
from datetime import UTC, datetime
from random import Random
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from schemas.topics import Stage
from streams.core.explain.evidence import Kept, gather
from streams.core.observe import Observe
from streams.core.policy import DAY_US, MINUTE_US, SECOND_US, Policy
from streams.core.stage import Now
from tests.streams.core import worlds
from tests.streams.core.road import Road
from tests.streams.core.test_contract_examples import (
    PERIOD,
    SUM,
    call,
    company,
    corrected,
    retracted,
    reversed_,
    sale,
)

pytestmark = pytest.mark.usefixtures("each_store", "few_slices")
END_US = int(worlds.START.timestamp() * 1e6) + (worlds.DAYS + 4) * DAY_US
seeds = st.integers(0, 2**32)


# A retraction of what is forgotten in the middle of its chunk; one of an hour before that.
@example(694703, 0, 0, 60, 18, 1, True)
@example(1896, 40390, 1896, 19, 16, 1, True)
# A series is withdrawn with its whole as the horizon passes both.
@example(1, 1654, 0, 50, 5, 4, True)
@example(0, 0, 0, 60, 1, 1, False)
@given(seeds, seeds, seeds, st.integers(0, 80), st.integers(1, 20), st.sampled_from([1, 2, 4]), st.booleans())
@hypothesis(max_examples=40)
def test_chunks_and_restarts_change_no_outcome_and_no_value_however_short_the_horizon(
    company: int, week: int, deal: int, size: int, horizon: int, partitions: int, in_order: bool
) -> None:
    catalogue, events = worlds.catalogue(company), worlds.events(week, size)
    if in_order:
        events.sort(key=lambda event: datetime.fromisoformat(event["time"]))
    policy = Policy(future_us=None, horizon_us=horizon * DAY_US)
    roads = [Road(catalogue, policy, partitions, random) for random in (None, Random(deal))]
    for road, restarts in zip(roads, (0.0, 0.2), strict=True):
        road.put(events)
        road.run(Now(END_US, caught_up=False), restarts=restarts)
        settle(road, END_US)

    whole, split = ({name: (v.n, v.value, v.target) for name, v in road.values.items()} for road in roads)
    assert roads[0].counts() == roads[1].counts()
    assert whole == split


def settle(road: Road, end_us: int) -> None:
    for now_us in (end_us, end_us + 2 * SECOND_US, end_us + 2 * MINUTE_US):
        road.tick(now_us)


# -- scenarios, with a horizon of ten days: each event by itself, and the worker starts anew after each

NOVEMBER_US = int(datetime(2026, 11, 29, 3, tzinfo=UTC).timestamp() * 1e6)


def taken(*events: worlds.Event) -> Road:
    road = Road(company(SUM, "VND"), Policy(future_us=None, horizon_us=10 * DAY_US), 1)
    for event in events:
        road.put([event])
        road.run(Now(NOVEMBER_US, caught_up=False))
        road.restart((Stage.OBSERVE, 0))
    settle(road, NOVEMBER_US)
    return road


def told(*events: worlds.Event) -> tuple[float | None, dict[str, int]]:
    """Revenue of the month, and the outcomes."""
    road = taken(*events)
    value = road.values["k", "an", PERIOD].value
    outcomes: dict[str, int] = defaultdict(int)
    for (outcome, _), number in road.counts().items():
        outcomes[outcome] += number
    return value, {outcome: number for outcome, number in outcomes.items() if number}


def test_a_correction_that_is_older_than_its_sale_stands_as_long_as_that() -> None:
    value, outcomes = told(
        sale("1", 100, day=12),
        corrected("2", 120, "1", day=3),
        corrected("3", 130, "2", day=12),
        call("4", day=15),  # the 3rd is forgotten
        corrected("5", 140, "1", day=16),
        call("6", day=25),  # and now the 12th
    )

    assert 140 == value
    assert {"applied": 6} == outcomes


def test_what_amended_a_forgotten_sale_stays_and_can_be_amended_no_more() -> None:
    sold = [sale("1", 100, day=2), sale("2", 30, day=5, sale_id="s2"), reversed_("3", day=10, amount=40)]
    value, outcomes = told(*sold, call("4", day=14), retracted("5", "sale.reversed", "3", day=15))

    assert 90 == value
    assert {"applied": 4, "pending": 1} == outcomes


def test_a_reversal_of_a_forgotten_sale_does_not_hit_a_new_sale_of_that_name() -> None:
    events = sale("1", 100, day=2), reversed_("2", day=10), call("3", day=14), sale("4", 70, day=15), call("5", day=17)
    observe = cast(Observe, taken(*events).states[Stage.OBSERVE, 0])
    evidence = gather([Kept(0, observe.kept(), observe.watermark_us, {})], frozenset({"sale.closed"}), 10 * DAY_US)

    assert (70, {"applied": 5}) == told(*events)
    assert ["4"] == [case.root.id for case in evidence.cases]
    assert ((), ()) == (evidence.cases[0].changes, evidence.waiting)


def test_of_two_sales_of_one_name_the_reversal_hits_the_one_that_is_left() -> None:
    before = [sale("1", 100, day=2), sale("2", 70, day=8), reversed_("3", day=10)]

    assert (170, {"applied": 2, "pending": 1}) == told(*before)
    assert (100, {"applied": 4}) == told(*before, call("4", day=14))


def test_a_reversal_that_waited_too_long_is_an_orphan_and_its_retraction_has_done_nothing() -> None:
    waited = [call("1", day=1), reversed_("2", day=2), retracted("3", "sale.reversed", "2", day=4)]
    value, outcomes = told(*waited, sale("4", 70, day=14), call("5", day=16))

    assert 70 == value
    assert {"applied": 4, "orphan": 1} == outcomes


@pytest.mark.parametrize("days", [(2, 3), (3, 2)])
def test_a_reversal_hits_none_of_two_sales_of_one_name_that_go_together(days: tuple[int, int]) -> None:
    sold = [sale(str(number), amount, day) for number, (amount, day) in enumerate(zip((100, 70), days, strict=True))]

    assert (170, {"applied": 3, "pending": 1}) == told(*sold, reversed_("3", day=10), call("4", day=16))


@pytest.mark.parametrize("undone", [False, True])
def test_a_reversal_that_is_older_than_its_sale_stays_counted_on_its_forgotten_day(undone: bool) -> None:
    catalogue = company({"count": "sale.reversed"}, period="day")
    road = Road(catalogue, Policy(future_us=None, horizon_us=10 * DAY_US), 1)
    undoing = [retracted("5", "sale.reversed", "1", day=17)] if undone else []
    for event in [
        reversed_("1", day=3, owner="an"),
        sale("2", 100, day=12),
        call("3", day=15),
        call("4", day=16),
        *undoing,
    ]:
        road.put([event])
        road.run(Now(NOVEMBER_US, caught_up=False))
        road.restart((Stage.OBSERVE, 0))
    settle(road, NOVEMBER_US)

    assert {"2026-11-03": 1} == {name[2]: v.n for name, v in road.values.items() if name[1] == "an" and v.n}
