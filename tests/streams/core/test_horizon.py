"""What the horizon ends, it ends by event time: how events fell into chunks, transactions and lives of a worker decides
nothing, and what was counted of an event stays when it is forgotten."""

from collections import defaultdict
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from schemas.catalogue.models import Catalogue
from schemas.topics import Stage
from streams.core.explain.evidence import gather
from streams.core.pipeline import compiled
from streams.core.policy import DAY_US, MINUTE_US, SECOND_US, Policy
from streams.core.stage import Now
from streams.inspection.asked import Asked
from streams.inspection.kept import kept_of
from streams.routing import partition_of
from tests.streams.core import worlds
from tests.streams.core.road import Road
from tests.streams.core.test_contract_examples import (
    PERIOD,
    SUM,
    call,
    company,
    corrected,
    event,
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

POLICY = Policy(future_us=None, horizon_us=10 * DAY_US)
NOVEMBER_US = int(datetime(2026, 11, 29, 3, tzinfo=UTC).timestamp() * 1e6)


def taken(*events: worlds.Event) -> Road:
    road = Road(company(SUM, "VND"), POLICY, 1)
    for one in events:
        road.put([one])
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
    asked = Asked(compiled(company(SUM, "VND"), POLICY, 1, partition_of(1)), "k", "an")
    kept = kept_of(asked, 0, taken(*events).changelogs[Stage.OBSERVE, 0])
    evidence = gather([kept], frozenset({"sale.closed"}), POLICY.horizon_us)

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


def by_day(catalogue: Catalogue, days: int, *events: worlds.Event) -> dict[str, tuple[float | None, int]]:
    """Value and n of rows of one person, by period: the same in one chunk and event by event, all stages starting anew
    after each."""
    said = []
    for chunks in ([events], [[one] for one in events]):
        road = Road(catalogue, Policy(future_us=None, horizon_us=days * DAY_US), 1)
        for chunk in chunks:
            road.put(chunk)
            road.run(Now(NOVEMBER_US, caught_up=False))
            for seat in list(road.states):
                road.restart(seat)
        settle(road, NOVEMBER_US)
        said.append({name[2]: (v.value, v.n) for name, v in road.values.items() if name[1] == "an" and v.n})
    assert said[0] == said[1]
    return said[0]


def test_of_two_reversals_of_a_day_the_one_that_is_older_than_its_sale_stays_counted_when_it_is_retracted() -> None:
    other = [
        event("1", "sale.closed", "s2", 5, sale_id="s2", owner="an", amount=5),
        event("2", "sale.reversed", "s2", 5, sale_id="s2", owner="an"),
    ]
    old = [reversed_("3", day=5, owner="an"), sale("4", 100, day=12)]
    last = [
        {**call("6"), "time": "2026-11-16T23:30:00+00:00"},
        {**retracted("7", "sale.reversed", "3"), "time": "2026-11-16T23:40:00+00:00"},
    ]

    assert {"2026-11-05": (2, 2)} == by_day(
        company({"count": "sale.reversed"}, period="day"), 10, *other, *old, call("5", day=15), *last
    )


def test_the_whole_first_day_of_the_horizon_can_be_amended() -> None:
    first = {**call("1"), "time": "2026-11-05T10:00:00+00:00"}
    other = {**call("2"), "time": "2026-11-15T20:00:00+00:00"}
    undone = {**retracted("3", "call.completed", "1", subject="1"), "time": "2026-11-15T23:30:00+00:00"}
    calls = company({"count": "call.completed"}, period="day")

    assert {"2026-11-05": (1, 1), "2026-11-16": (1, 1)} == by_day(calls, 10, first, other)
    assert {"2026-11-16": (1, 1)} == by_day(calls, 10, first, other, undone)


def test_work_that_began_before_the_horizon_has_no_time() -> None:
    work = company({"mean": "work_s", "of": "ticket.work_ended", "per": "ticket_id"}, "minutes")
    who = {"ticket_id": "t1", "owner": "an"}
    start, end = event("1", "ticket.work_started", "t1", 2, **who), event("3", "ticket.work_ended", "t1", 20, **who)

    assert {} == by_day(work, 10, start, call("2", day=19), end)
    assert {PERIOD: (18 * 24 * 60, 1)} == by_day(work, 18, start, call("2", day=19), end)


def test_a_ticket_that_waited_before_the_horizon_waits_no_more() -> None:
    answered = {
        "elapsed": {
            "from": "ticket.opened", "to": "ticket.first_response", "key": "ticket_id", "clock": "wall",
            "pause": ["ticket.waiting_customer", "ticket.resumed"],
        },
        "as": {"share_within": "36h", "late": "bad"},
    }  # fmt: skip
    waits = event("1", "ticket.waiting_customer", "t1", 2, ticket_id="t1")
    opened = event("3", "ticket.opened", "t1", 20, ticket_id="t1", owner="an")

    assert {PERIOD: (0, 1)} == by_day(company(answered, "%"), 2, waits, call("2", day=19), opened)


def test_what_is_forgotten_of_a_merged_lead_is_not_told_again() -> None:
    sold = {"count": "sale.closed", "distinct": "lead_id"}
    first = event("1", "sale.closed", "s5", 2, sale_id="s5", owner="an", amount=40, lead_id="l4")
    merged = event("2", "lead.merged", "l1", 8, lead_id="l1", into_lead_id="l4")
    second = sale("3", 100, day=8, lead_id="l1", owner="binh")
    created = event("4", "lead.created", "l4", 14, lead_id="l4")
    times = "2026-10-09T00:00:00+00:00", "2026-10-22T00:00:00+00:00", "2026-10-29T20:00:00+00:00"
    before = [{**one, "time": time} for one, time in zip((first, merged, second), times, strict=True)]

    # The last is another sale of the second's name, so that what the second says is told again.
    assert {"2026-10-09": (1, 1)} == by_day(
        company(sold, period="day"), 26, *before, created, sale("5", 40, day=16, lead_id="l2", owner="binh")
    )
