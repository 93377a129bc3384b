"""An edit of the catalogue loses nothing that was counted, however short the horizon is: over random companies."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from hypothesis import example, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from schemas.catalogue.models import Catalogue
from streams.core.policy import SECOND_US, Policy
from streams.core.replay import replay
from streams.core.stage import Now
from tests.streams.core import worlds
from tests.streams.core.edits import DAYS, POLICY, SHOWN, written
from tests.streams.core.road import Road
from tests.streams.core.test_road_laws import UNTIL_US, of_replay, settle, settled

NEAR = timedelta(days=DAYS - 3)
"""Between an event and what amends it: whether one of ten days ago is still known is a matter of chunks."""
JOINED: list[dict[str, Any]] = [
    {
        **SHOWN, "id": "won", "unit": "%", "period": "month", "measure": {
            "conversion": {"from": "lead.created", "to": "sale.closed", "key": "lead_id", "within": "20d"}, "as": "raw",
        },
    },
    {**SHOWN, "id": "leads", "period": "year", "measure": {"count": "call.completed", "distinct": "lead_id"}},
    {**SHOWN, "id": "sources", "period": "quarter", "by": "owner", "measure": {"count": "call.completed"}},
    {
        **SHOWN, "id": "grown", "unit": "%", "period": "month",
        "measure": {"growth": {"of": {"count": "call.completed"}, "over": "1 month", "against": "previous"}},
    },
]  # fmt: skip
seeds = st.integers(0, 2**32)


# What one partition told waits for the other one when the catalogue changes, and its days are forgotten by then.
@example(0, 0, 0, 0, 20, 2)
@given(seeds, seeds, seeds, seeds, st.integers(20, 60), st.sampled_from([1, 2]))
@hypothesis(max_examples=12)
def test_what_counts_as_before_has_the_rows_that_it_has_without_the_edit(
    company: int, edit: int, week: int, deal: int, size: int, partitions: int
) -> None:
    old = written(worlds.catalogue(company))
    old["kpis"] += JOINED
    new, same = edited(old, Random(edit))
    events = history(week, size)

    left = travelled(old, old, events, partitions, Random(deal))
    right = travelled(old, new, events, partitions, Random(deal))

    assert rows(left, same) == rows(right, same)


@given(seeds, seeds, seeds, seeds, st.integers(20, 60), st.sampled_from([1, 2]))
@hypothesis(max_examples=6)
def test_people_who_belong_elsewhere_take_along_what_is_joined_too(
    company_: int, other: int, week: int, deal: int, size: int, partitions: int
) -> None:
    policy, events = Policy(future_us=None), worlds.events(week, size)
    old = written(worlds.catalogue(company_))
    old["kpis"] += JOINED
    new = {**old, "people": written(worlds.catalogue(other))["people"]}
    expected = replay(worlds.lines(events), Catalogue.model_validate(new), policy, UNTIL_US)

    road = travelled(old, new, events, partitions, Random(deal), policy)

    assert settled(of_replay(expected.values)) == settled(road.values)


def travelled(
    old: dict[str, Any],
    new: dict[str, Any],
    events: list[worlds.Event],
    partitions: int,
    random: Random,
    policy: Policy = POLICY,
) -> Road:
    """The second half of the events after an edit, which states take up from their changelogs, as they do then and
    again."""
    road = Road(Catalogue.model_validate(old), policy, partitions, random)
    half = len(events) // 2
    road.put(events[:half])
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False))
    if new is not old:
        road.adopt(Catalogue.model_validate(new))
    road.put(events[half:])
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False), restarts=0.2)
    settle(road)
    return road


def edited(old: dict[str, Any], random: Random) -> tuple[dict[str, Any], set[str]]:
    """Another catalogue, and the KPIs of the old one that count in it as they did."""
    kpis: list[dict[str, Any]] = []
    same = set()
    for kpi in old["kpis"]:
        what = random.choice(["as it is", "renamed", "watched", "aimed", "measured", "gone"])
        if what == "gone":
            continue
        if what == "measured":
            _, measure = random.choice(worlds.MEASURES)
            kpis.append({**kpi, "measure": measure})
            continue
        same.add(kpi["id"])
        changed: dict[str, dict[str, Any]] = {
            "renamed": {"title": "another"},
            "watched": {"kind": random.choice(["leading", "metric"])},
            "aimed": {"targets": [{"value": 12, "per": kpi["scope"]}], "weight": 7},
        }
        kpis.append({**kpi, **changed.get(what, {})})
    more = written(worlds.catalogue(random.randint(0, 1000)))["kpis"]
    kpis += [{**kpi, "id": f"new{number}"} for number, kpi in enumerate(more)]
    random.shuffle(kpis)
    return {**old, "kpis": kpis}, same


def history(week: int, size: int) -> list[worlds.Event]:
    """Events in the order of time, amended soon or not at all."""
    made: dict[str, worlds.Event] = {event["id"]: event for event in worlds.events(week, size)}
    roots: dict[tuple[str, str], datetime] = {
        (event["source"], event["id"]): moment(event)
        for event in made.values()
        if "supersedes" not in event["data"] and event["type"] != "sale.reversed"
    }

    def is_near(event: worlds.Event) -> bool:
        above = event["data"].get("supersedes")
        if above is None:
            return bool(event["type"] != "sale.reversed")
        root = roots.get((above["source"], above["id"]))
        return root is not None and abs(moment(event) - root) < NEAR

    return sorted(filter(is_near, made.values()), key=moment)


def moment(event: worlds.Event) -> datetime:
    return datetime.fromisoformat(event["time"])


def rows(road: Road, kpis: set[str]) -> dict[tuple[str, ...], tuple[object, ...]]:
    return {name: (one.value, one.n) for name, one in road.values.items() if one.kpi in kpis and one.n}
