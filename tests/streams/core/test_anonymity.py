"""A KPI that an edit of the catalogue makes anonymous, or open again, is judged in another place from then on."""

from collections import Counter
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from schemas.catalogue.models import Catalogue
from schemas.topics import Stage
from streams.core.hours import PANE
from streams.core.journeys.contract import POOL
from streams.core.partials import CELL, KEYS
from streams.core.policy import DAY_US, HOUR_US, MINUTE_US, SECOND_US, Policy
from streams.core.replay import replay
from streams.core.rows import Rows
from streams.core.stage import Now
from streams.core.value_rows import ROW
from streams.core.watch import ALERT, BASELINE
from tests.streams.core import worlds
from tests.streams.core.edits import restart, written
from tests.streams.core.road import Road
from tests.streams.core.test_road_laws import UNTIL_US, of_replay, settle, settled

POLICY = Policy(future_us=None)
SURVEY, CALL = "survey.esat.response", "call.completed"
LEAST = 5
WEEK = "2026-W10"
TEAMS = {"hn-1": "sales", "hn-2": "sales", "a": "sales", "care": "service", "hcm-1": "service"}
ESAT = {"kind": "leading", "unit": "score", "scope": "team", "measure": {"mean": "score", "of": SURVEY}}
KPIS: list[dict[str, Any]] = [
    {**ESAT, "id": "esat", "period": "week"},
    {**ESAT, "id": "aimed", "period": "month", "targets": [{"value": 5, "per": "team"}]},
    {**ESAT, "id": "leads", "period": "week", "measure": {"count": CALL, "distinct": "lead_id"}},
    {
        **ESAT, "id": "calls", "period": "day", "scope": "person", "measure": {"count": CALL},
        "targets": [{"value": 3, "per": "person"}],
    },
]  # fmt: skip
seeds = st.integers(0, 2**32)
some_anonymous = st.sets(st.sampled_from([str(kpi["id"]) for kpi in KPIS]))


@given(st.lists(some_anonymous, min_size=2, max_size=3), seeds, st.integers(10, 60), st.sampled_from([1, 2, 3]))
@hypothesis(max_examples=12)
def test_after_an_edit_rows_are_those_of_the_new_catalogue_and_each_is_judged_in_one_partition(
    edits: list[set[str]], deal: int, size: int, partitions: int
) -> None:
    random = Random(deal)
    events = [answer(number, random) for number in range(size)]
    expected = replay(worlds.lines(events), company(edits[-1]), POLICY, UNTIL_US)

    road = Road(company(edits[0]), POLICY, partitions, random)
    for number, anonymous in enumerate(edits):
        if number:
            road.adopt(company(anonymous))
        road.put(events[number :: len(edits)])
        road.run(Now(UNTIL_US - HOUR_US, caught_up=False), restarts=0.2)
        if number:  # every partition has something to commit under this catalogue
            road.tick(UNTIL_US - HOUR_US + number * MINUTE_US)
    settle(road)

    assert settled(of_replay(expected.values)) == settled(road.values)
    assert not in_several(road)


@pytest.mark.parametrize("partitions", [2, 3])
@pytest.mark.parametrize("anonymous", [{"esat"}, set()])
def test_answers_of_before_and_after_an_edit_are_counted_together(anonymous: set[str], partitions: int) -> None:
    road = Road(company({"esat"} - anonymous), POLICY, partitions)
    put(road, [answered(f"{team}-{number}", team) for team in ("hn-1", "hn-2", "a") for number in range(4)])
    pass_hour(road, 1)

    road.adopt(company(anonymous))
    put(road, [answered("late", "hn-2")])
    pass_hour(road, 2)
    restart(road)
    pass_hour(road, 3)

    assert {"hn-1": 4, "hn-2": 5, "a": 4, "sales": 13, "acme": 13} == {
        name: n for name, (_, n) in shown(road).items() if n
    }
    assert not in_several(road)


@pytest.mark.parametrize("partitions", [1, 2, 3])
def test_what_an_edit_makes_anonymous_is_hidden_also_in_periods_that_are_over(partitions: int) -> None:
    # Who has six answers has the fewest of those with enough: with the whole they would tell of the three.
    road = Road(company(set()), POLICY, partitions)
    sizes = {"hn-1": 7, "hn-2": 3, "a": 6}
    put(road, [answered(f"{team}-{number}", team) for team, size in sizes.items() for number in range(size)])
    pass_hour(road, 1)
    before = shown(road)

    road.adopt(company({"esat"}))
    pass_hour(road, 2)
    hidden = shown(road)
    road.adopt(company(set()))
    pass_hour(road, 3)

    assert {"hn-1": (8, 7), "hn-2": (8, 3), "a": (8, 6), "sales": (8, 16), "acme": (8, 16)} == before
    assert {**before, "hn-2": (None, 3), "a": (None, 6)} == hidden
    assert before == shown(road)


@pytest.mark.parametrize("anonymous", [{"esat_year"}, set()])
def test_what_happened_before_the_horizon_goes_along(anonymous: set[str]) -> None:
    yearly = {**ESAT, "id": "esat_year", "period": "year"}
    policy = Policy(future_us=None, horizon_us=10 * DAY_US)
    road = Road(company({"esat_year"} - anonymous, [yearly]), policy, 3)
    for day in range(30):
        put(road, [answered(f"{day}-{team}", team, day) for team in ("hn-1", "hn-2")])

    road.adopt(company(anonymous, [yearly]))
    put(road, [answered("late", "hn-2", 30)])
    pass_hour(road, 1)

    rows = {one.subject: one.n for one in road.values.values() if one.kpi == "esat_year" and one.n}
    assert {"hn-1": 30, "hn-2": 31, "sales": 61, "acme": 61} == rows
    assert not in_several(road)


@pytest.mark.parametrize("late", [("hn-1", "hn-2", "a"), ("a", "hn-2", "hn-1"), ("hn-2", "hn-1", "a")])
def test_answers_to_a_period_that_is_over_are_shown_when_those_of_all_siblings_are_known(late: tuple[str, ...]) -> None:
    road = Road(company({"esat"}), POLICY, 2)
    put(road, [answered("earlier", "care", -7)])
    pass_hour(road, 1)

    sizes = {"hn-1": 7, "hn-2": 3, "a": 6}
    put(road, [answered(f"{team}-{number}", team) for team in late for number in range(sizes[team])])
    begun = shown(road)
    pass_hour(road, 2)

    assert {None} == {value for value, _ in begun.values()}
    hidden = {"hn-2": (None, 3), "a": (None, 6)}
    assert {**hidden, "hn-1": (8, 7), "sales": (8, 16), "acme": (8, 16)} == shown(road)


def company(anonymous: set[str], kpis: list[dict[str, Any]] = KPIS) -> Catalogue:
    """Five teams of two departments."""
    least = {"anonymous": LEAST}
    return Catalogue.model_validate(
        {
            **written(worlds.callers()),
            "teams": [{"id": team, "department": department} for team, department in TEAMS.items()],
            "people": [{"id": "an", "team": "hn-1"}, {"id": "binh", "team": "hn-2"}, {"id": "chi", "team": "care"}],
            "kpis": [{"title": "x", **kpi, **(least if kpi["id"] in anonymous else {})} for kpi in kpis],
        }
    )


def answer(number: int, random: Random) -> worlds.Event:
    """An answer, or a call, of some day of three weeks."""
    day = random.randint(0, 20)
    if random.random() < 0.6:
        return answered(str(number), random.choice(list(TEAMS)), day, score=random.randint(0, 10))
    data = {"duration_s": 5, "outcome": "answered", "lead_id": f"l{random.randint(0, 4)}"}
    owner = random.choice(["an", "binh", "chi"])
    return {**answered(str(number), "a", day), "type": CALL, "data": {**data, "owner": owner}}


def answered(name: str, team: str, day: int = 0, score: int = 8) -> worlds.Event:
    return {
        "specversion": "1.0", "id": name, "source": "hr", "type": SURVEY, "subject": f"r-{name}",
        "time": (worlds.START + timedelta(days=day, hours=1)).isoformat(), "data": {"score": score, "team": team},
    }  # fmt: skip


def put(road: Road, events: list[worlds.Event]) -> None:
    road.put(events)
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False))


def pass_hour(road: Road, hour: int) -> None:
    """Let wall time come to an hour of the last day, and some minutes more: closed rows are restated at whole ones."""
    for minute in range(3):
        road.tick(UNTIL_US + hour * HOUR_US + minute * MINUTE_US)


def shown(road: Road) -> dict[str, tuple[object, int]]:
    return {one.subject: (one.value, one.n) for one in road.values.values() if (one.kpi, one.period) == ("esat", WEEK)}


def in_several(road: Road) -> set[tuple[str | int, ...]]:
    """Keys of what belongs to one partition of JUDGE that several have."""
    found: Counter[tuple[str | int, ...]] = Counter()
    for (stage, _), changelog in road.changelogs.items():
        if stage is Stage.JUDGE:
            rows = Rows()
            for name, value in changelog.items():
                rows.load(name, value)
            found.update(key for table in (CELL, KEYS, PANE, ROW, ALERT, BASELINE) for key, _ in rows.items(table))
    return {key for key, partitions in found.items() if partitions > 1 and key[-1] != POOL}
