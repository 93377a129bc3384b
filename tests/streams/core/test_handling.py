"""Time worked without `work_s`: in any order, over partitions and restarts, past the horizon, and for nobody else."""

from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from schemas.catalogue.models import Catalogue
from streams.core import handling
from streams.core.explain.explaining import Note, explain
from streams.core.facts import Fact
from streams.core.handling import ENDED, MOST_BYTES, STARTED, WORK, Handling, timed
from streams.core.pipeline import compiled
from streams.core.policy import DAY_US, MINUTE_US, SECOND_US, Policy
from streams.core.replay import replay
from streams.core.rows import Rows
from streams.core.stage import Now
from streams.routing import partition_of
from tests.reference_measures.examples import company, event, instant
from tests.streams.core import worlds
from tests.streams.core.road import Road
from tests.streams.core.test_road_laws import UNTIL_US, of_replay, settle, settled
from tests.streams.core.worlds_measures import histories

ZONE = "Asia/Ho_Chi_Minh"
POLICY = Policy(future_us=None)
MEAN = {"mean": ["duration_s", "work_s"], "of": ["call.completed", ENDED], "per": "ticket_id"}
seeds = st.integers(0, 2**32)
moments = st.integers(0, 6)
turns = st.builds(
    lambda at, source, owner, ticket, start, work_s: (at, source, owner, ticket, start, work_s),
    moments, st.sampled_from("ab"), st.sampled_from(["an", "binh"]), st.sampled_from(["t1", "t2"]), st.booleans(),
    st.sampled_from([None, None, 7]),
)  # fmt: skip


def fact(number: int, said: tuple[int, str, str, str, bool, int | None]) -> Fact:
    at, source, owner, ticket, is_start, work_s = said
    data: dict[str, Any] = {"ticket_id": ticket, "owner": owner}
    if work_s is not None and not is_start:
        data["work_s"] = work_s
    identity = (source, str(number))
    return Fact(STARTED if is_start else ENDED, at * SECOND_US // 2, data, identity, subject=ticket)


def counted(told: Iterable[tuple[Fact, int]]) -> Counter[bytes]:
    total: Counter[bytes] = Counter()
    for one, sign in told:
        total[msgspec.msgpack.encode(one)] += sign
    return Counter({name: number for name, number in total.items() if number})


@given(st.lists(turns, max_size=9), seeds)
@hypothesis(max_examples=60)
def test_turns_that_come_and_go_in_any_order_tell_what_all_at_once_tell(
    said: list[tuple[int, str, str, str, bool, int | None]], deal: int
) -> None:
    facts, random = [fact(number, one) for number, one in enumerate(said)], Random(deal)
    going = random.sample(facts, len(facts) // 2)
    steps = [(one, 1) for one in random.sample(facts, len(facts))]
    for one in going:
        steps.insert(random.randint(steps.index((one, 1)) + 1, len(steps)), (one, -1))
    longest_us = random.choice([SECOND_US, DAY_US])
    work, told = Handling(Rows(), longest_us), list(steps)

    for one, sign in steps:
        told += work.take(one, sign)

    standing = (one for one in facts if one not in going)
    assert counted((one, 1) for one in timed(standing, longest_us)) == counted(told)


def catalogue(*kpis: dict[str, Any]) -> Catalogue:
    shown = {"kind": "metric", "scope": "person", "period": "week"}
    return Catalogue.model_validate(company([{**shown, "id": f"k{n}", **kpi} for n, kpi in enumerate(kpis)]))


AVERAGE = {"unit": "minutes", "measure": MEAN}
NINTH = {"unit": "minutes", "measure": {**{"quantile": MEAN["mean"]}, **{k: MEAN[k] for k in ("of", "per")}, "q": 0.9}}
LONG = {"unit": "ends", "measure": {"count": ENDED, "where": {"work_s": {"gt": 1800}}}}
ENDS = {"unit": "ends", "measure": {"count": [ENDED, STARTED]}}
ALL = catalogue(AVERAGE, NINTH, LONG, ENDS)
TYPES = (STARTED, STARTED, ENDED, ENDED, "call.completed")


@given(histories(TYPES, ZoneInfo(ZONE), most=30), seeds, st.sampled_from([1, 2, 4]))
@hypothesis(max_examples=15)
def test_order_chunks_partitions_and_restarts_change_no_time_worked(
    events: list[worlds.Event], deal: int, partitions: int
) -> None:
    expected = replay(worlds.lines(events), ALL, POLICY, UNTIL_US)

    road = Road(ALL, POLICY, partitions, Random(deal))
    road.put(events)
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False), restarts=0.15, early_ticks=0.1)
    settle(road)

    assert settled(of_replay(expected.values)) == settled(road.values)


@given(histories(TYPES, ZoneInfo(ZONE), most=20), seeds)
@hypothesis(max_examples=10)
def test_a_catalogue_that_begins_to_read_work_counts_what_came_before(events: list[worlds.Event], deal: int) -> None:
    expected = replay(worlds.lines(events), ALL, POLICY, UNTIL_US)

    road = Road(catalogue(ENDS), POLICY, 2, Random(deal))
    road.put(events[: len(events) // 2])
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False))
    road.adopt(ALL)
    road.put(events[len(events) // 2 :])
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False))
    settle(road)

    assert settled(of_replay(expected.values)) == settled(road.values)


@given(histories(TYPES, ZoneInfo(ZONE), most=30))
@hypothesis(max_examples=10)
def test_what_is_explained_is_what_was_published(events: list[worlds.Event]) -> None:
    outcome = replay(worlds.lines(events), ALL, POLICY, UNTIL_US)
    spec = compiled(ALL, POLICY, 1, partition_of(1))

    for value in outcome.values:
        window = spec.windows.parse(value.period)[1]
        told = explain(spec, value.kpi, value.subject, window, UNTIL_US, [outcome.kept], value)
        assert Note.DIFFERS not in told.notes, (value, told.account)


def worked(day: str, *, measured: bool = False, ticket: str = "t1") -> list[worlds.Event]:
    """Ten minutes of work on a day, and which of them."""
    own = {"owner": "an", "ticket_id": ticket}
    lines = [[f"{day}T09:00", STARTED, own], [f"{day}T09:10", ENDED, {**own, **({"work_s": 5} if measured else {})}]]
    told = [event(number, line, ZoneInfo(ZONE)) for number, line in enumerate(lines)]
    return [{**one, "id": f"{day}-{ticket}-{one['id']}"} for one in told]


def rows_of_work(road: Road) -> int:
    opening = msgspec.msgpack.encode((WORK,))[1:]
    return sum(opening in key for changelog in road.changelogs.values() for key in changelog)


def test_nothing_is_kept_for_a_catalogue_that_does_not_read_work() -> None:
    kept = []
    for kpis in ((ENDS,), (AVERAGE, ENDS)):
        road = Road(catalogue(*kpis), POLICY, 1)
        road.put(worked("2026-03-09"))
        road.run(Now(UNTIL_US, caught_up=False))
        kept.append(rows_of_work(road))

    assert kept == [0, 1]


def test_an_end_whose_start_is_beyond_the_horizon_stays_as_it_was_counted() -> None:
    # Work over midnight: of a horizon of nine days the start is forgotten while its end is not. The end is taken back.
    until_us = int(instant("2026-03-21T12:00", ZoneInfo(ZONE)).timestamp()) * SECOND_US
    start, end = worked("2026-03-09")
    start["time"], end["time"] = "2026-03-08T20:00:00+00:00", "2026-03-09T01:00:00+00:00"
    others = [one for day in range(10, 19) for one in worked(f"2026-03-{day}", measured=True, ticket=f"x{day}")]
    others[-1]["time"] = "2026-03-18T23:00:00+00:00"
    road = Road(catalogue({**AVERAGE, "period": "month"}), Policy(future_us=None, horizon_us=9 * DAY_US), 1)
    gone = {
        **end, "id": "gone", "type": f"{ENDED}.retracted", "time": "2026-03-18T23:30:00+00:00",
        "data": {"supersedes": {"source": end["source"], "id": end["id"]}},
    }  # fmt: skip
    values: list[object] = []

    for events, now_us in (([start, end, *others], until_us), ([gone], until_us + MINUTE_US)):
        road.put(events)
        road.run(Now(now_us, caught_up=False))
        values.append((road.values["k0", "an", "2026-03"].value, road.values["k0", "an", "2026-03"].n))

    # (300 min + 9 x 5 s) / 10 tickets, then 9 x 5 s / 9 tickets
    assert values == [(pytest.approx(30.075), 10), (pytest.approx(5 / 60), 9)]


def test_work_beyond_the_horizon_is_forgotten() -> None:
    days = [f"2026-{month:02}-{day:02}" for month in (3, 4, 5) for day in range(1, 29)]
    road = Road(catalogue(AVERAGE), Policy(future_us=None, horizon_us=9 * DAY_US), 1)

    for day in days:
        road.put(worked(day, ticket=f"of-{day}"))
        road.run(Now(UNTIL_US, caught_up=False))

    assert 2 * 9 <= rows_of_work(road) <= 2 * 9 + 3


def test_a_ticket_that_never_ends_fills_no_record() -> None:
    rows = Rows()
    work = Handling(rows, DAY_US)
    with patch.object(handling, "MOST_BYTES", 2000):
        for number in range(300):
            work.take(fact(number, (number, "a", "an", "t1", number % 2 == 0, None)), 1)

        (row,) = rows.flush().values()

    assert row is not None
    assert len(row) <= 2010 < MOST_BYTES
