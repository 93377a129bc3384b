"""An edit of the catalogue loses nothing that was counted, however short the horizon is."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from schemas.catalogue.models import Catalogue
from schemas.topics import Stage
from schemas.values import Value
from streams.core import frames
from streams.core.beginnings import BEGUN as BEGUN_ROW
from streams.core.counted import COUNTED
from streams.core.journeys.contract import POOL
from streams.core.partials import KEYS
from streams.core.policy import DAY_US, MINUTE_US, SECOND_US, Policy
from streams.core.relayout import LAYOUTS, MOST_LAYOUTS
from streams.core.replay import replay
from streams.core.rows import Rows
from streams.core.stage import Now
from tests.streams.core import worlds
from tests.streams.core.road import Road
from tests.streams.core.test_growth import sale
from tests.streams.core.test_road_laws import UNTIL_US, of_replay, settle, settled

DAYS = 10
POLICY = Policy(future_us=None, horizon_us=DAYS * DAY_US)
NEAR = timedelta(days=DAYS - 3)
"""Between an event and what amends it: whether one of ten days ago is still known is a matter of chunks."""
SHOWN = {"title": "x", "kind": "leading", "unit": "things", "scope": "team"}
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
LINKED: list[dict[str, Any]] = [
    {**SHOWN, "id": "tickets", "period": "day", "measure": {"count": "ticket.opened", "distinct": "ticket_id"}}
]
"""Nothing of it ever happens, but stage LINK is there."""
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


def written(catalogue: Catalogue) -> dict[str, Any]:
    return catalogue.model_dump(mode="json", by_alias=True, exclude_none=True)


def rows(road: Road, kpis: set[str]) -> dict[tuple[str, ...], tuple[object, ...]]:
    return {name: (one.value, one.n) for name, one in road.values.items() if one.kpi in kpis and one.n}


def test_a_move_that_is_told_afterwards_takes_along_what_is_inside_the_horizon_and_no_more() -> None:
    # One sale a day to another customer. On 28 February it is said that an changed teams on the 5th; what happened
    # until the 17th is beyond the horizon of ten days, and stays.
    road = Road(company({"team": "hn-1"}), POLICY, 2)
    sell(road, 1, 28)

    road.adopt(company({"team": "hn-1", "to": "2026-02-05"}, {"team": "hn-2", "from": "2026-02-05"}))
    sell(road, 29, 31)

    assert {"hn-1": 17, "hn-2": 14, "an": 31, "acme": 31} == told(road, "sales")
    assert {"hn-1": 17, "hn-2": 14, "an": 31, "acme": 31} == told(road, "customers")
    assert {"hn-1": 17, "hn-2": 14, "an": 31, "acme": 31} == told(road, "kinds")


def test_a_new_kpi_counts_what_is_inside_the_horizon_and_says_so() -> None:
    daily = {**SALES[0], "id": "daily", "period": "day"}
    road = Road(company({"team": "hn-1"}, kpis=SALES[:1]), POLICY, 2)
    sell(road, 1, 28)

    road.adopt(company({"team": "hn-1"}, kpis=[*SALES, daily]))
    sell(road, 29, 31)
    restart(road)

    assert {"hn-1": 31, "an": 31, "acme": 31} == told(road, "sales")
    assert {"hn-1": 14, "an": 14, "acme": 14} == told(road, "customers")
    begun = {(one.kpi, one.period): one.counted_from for one in road.values.values() if one.subject == "an"}
    years = {kpi: begun[kpi, "2026"] for kpi in ("sales", "customers", "kinds")}
    assert {"sales": None, "customers": BEGUN, "kinds": BEGUN} == years
    assert {None} == {begun["daily", f"2026-02-{day}"] for day in range(19, 29)}


def test_a_kpi_that_is_new_before_anything_is_forgotten_lacks_nothing() -> None:
    road = Road(company({"team": "hn-1"}, kpis=SALES[:1]), POLICY, 2)
    sell(road, 1, 9)

    road.adopt(company({"team": "hn-1"}))
    sell(road, 10, 28)

    assert {"hn-1": 28, "an": 28, "acme": 28} == told(road, "customers")
    assert {None} == {one.counted_from for one in road.values.values()}


def test_a_kpi_that_counts_otherwise_says_from_when_on_and_goes_on_saying_so_under_later_catalogues() -> None:
    gross = {**SALES[0], "measure": {"count": "sale.closed", "basis": "gross"}}
    road = Road(company({"team": "hn-1"}), POLICY, 2)
    sell(road, 1, 28)

    road.adopt(company({"team": "hn-1"}, kpis=[gross]))
    sell(road, 29, 40)
    road.adopt(company({"team": "hn-1"}, kpis=[{**gross, "title": "y"}]))
    sell(road, 41, 41)

    assert {"hn-1": 24, "an": 24, "acme": 24} == told(road, "sales")
    assert BEGUN == road.values["sales", "an", "2026"].counted_from


def test_an_edit_that_changes_no_counting_tells_the_next_stages_nothing() -> None:
    road = Road(company({"team": "hn-1"}), POLICY, 1)
    sell(road, 1, 28)
    renamed = [{**kpi, "title": "y", "targets": [{"value": 3}], "roles": {"evaluator": "an"}} for kpi in SALES]

    road.adopt(company({"team": "hn-1", "name": "An"}, kpis=renamed))
    slices = [
        slice_
        for stage in (Stage.OBSERVE, Stage.LINK)
        for send in road.states[stage, 0].feed([], Now(UNTIL_US, caught_up=False)).sends
        for slice_ in frames.decode(send.value or b"").slices
    ]

    assert [] == slices


def test_growth_of_another_measure_is_not_compared_with_what_the_one_before_had_counted() -> None:
    def grown(type_: str) -> list[dict[str, Any]]:
        growth = {"growth": {"of": {"count": type_}, "over": "1 month", "against": "previous"}}
        return [{**SHOWN, "id": "grown", "unit": "%", "scope": "person", "period": "month", "measure": growth}]

    road = Road(company({"team": "hn-1"}, kpis=grown("sale.closed")), POLICY, 1)
    sell(road, -30, 28)

    road.adopt(company({"team": "hn-1"}, kpis=grown("call.completed")))
    road.put([{**worlds.calls_with_silences(1)[0], "time": "2026-02-28T04:00:00+07:00"}])
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False))

    row = told(road, "grown", "2026-02", shown=lambda one: (one.value, one.n, one.counted_from))
    assert (None, 1, BEGUN) == row["an"]


def test_what_is_joined_otherwise_is_told_before_the_next_event_and_whatever_restarts() -> None:
    # A KPI that joins events has no cells that would be told with it.
    road = Road(company({"team": "hn-1"}, kpis=bought_again("60d")), POLICY, 2)
    sell(road, 1, 5)

    road.adopt(company({"team": "hn-1"}, kpis=bought_again("30d")))
    road.tick(UNTIL_US)
    restart(road)
    sell(road, 6, 6)

    assert {"hn-1": 6, "an": 6, "acme": 6} == told(road, "again", shown=lambda one: one.n)


@pytest.mark.parametrize("others", [[], LINKED])
def test_a_kpi_that_comes_back_has_its_rows_again(others: list[dict[str, Any]]) -> None:
    some = [*SALES[:1], *others]
    gone = [{**SALES[1], "period": "week"}, *bought_again("60d", period="week")]
    road = Road(company({"team": "hn-1"}, kpis=[*some, *gone]), POLICY, 1)
    sell(road, 1, 9)

    road.adopt(company({"team": "hn-1"}, kpis=some))
    sell(road, 9, 9)
    road.adopt(company({"team": "hn-1"}, kpis=[*some, *gone]))
    sell(road, 10, 10)

    for kpi in ("customers", "again"):
        weeks = {week: told(road, kpi, week, lambda one: one.n)["an"] for week in ("2026-W05", "2026-W06", "2026-W07")}
        assert {"2026-W05": 1, "2026-W06": 7, "2026-W07": 2} == weeks


@pytest.mark.parametrize("others", [[], LINKED])
def test_what_is_retracted_while_a_kpi_is_gone_is_not_counted_when_it_comes_back(others: list[dict[str, Any]]) -> None:
    some = [*SALES[:1], *others]
    road = Road(company({"team": "hn-1"}, kpis=[*some, SALES[1]]), POLICY, 1)
    sell(road, 1, 5)

    road.adopt(company({"team": "hn-1"}, kpis=some))
    put(road, retraction(sale("s5", "2026-02-05T03:00:00", 1)))
    road.adopt(company({"team": "hn-1"}, kpis=[*some, SALES[1]]))
    sell(road, 6, 6)

    assert {"hn-1": 5, "an": 5, "acme": 5} == told(road, "customers")


def test_a_person_who_moved_while_a_kpi_joined_nothing_is_counted_in_one_team_when_it_does_again() -> None:
    # A team with a target has a row in any case.
    customers = {**SALES[1], "targets": [{"value": 3, "per": "team"}]}
    calls = {**customers, "measure": {"count": "call.completed"}}
    road = Road(company({"team": "hn-1"}, kpis=[customers]), POLICY, 1)
    sell(road, 1, 5)

    road.adopt(company({"team": "hn-2"}, kpis=[calls, *LINKED]))
    sell(road, 6, 6)
    road.adopt(company({"team": "hn-2"}, kpis=[customers]))
    sell(road, 7, 7)

    assert {"hn-2": 7, "an": 7, "acme": 7} == told(road, "customers")


def test_another_title_leaves_what_is_projected_from_as_it_is() -> None:
    (again,) = bought_again("60d")
    again["measure"]["as"] = "projected"
    road = Road(company({"team": "hn-1"}, kpis=[again]), POLICY, 1)
    sell(road, 1, 5)
    before = pools(road)

    road.adopt(company({"team": "hn-1"}, kpis=[{**again, "title": "y"}]))
    put(road, happened("meeting.held", "m1", 5, owner="an"))

    assert before
    assert before == pools(road)


def test_the_layout_of_the_catalogue_before_is_known_also_where_it_was_an_older_one() -> None:
    def catalogue(more: int) -> Catalogue:
        return company({"team": "hn-1"}, kpis=[*SALES, *({**SALES[0], "id": f"k{number}"} for number in range(more))])

    road = Road(catalogue(0), POLICY, 1)
    sell(road, 1, 1)
    own = layouts(road)

    for day, more in enumerate((1, 2, 3, 0, 4), 2):
        road.adopt(catalogue(more))
        sell(road, day, day)

    assert MOST_LAYOUTS == len(layouts(road))
    assert own == layouts(road)[-2:-1]


def test_a_merge_that_is_retracted_while_nothing_goes_by_lead_joins_none_when_something_does() -> None:
    by_lead = {**SALES[1], "id": "leads", "measure": {"count": "lead.created", "distinct": "lead_id"}}
    road = Road(company({"team": "hn-1"}, kpis=[*SALES, by_lead]), POLICY, 1)
    merged = happened("lead.merged", "l1", 3, lead_id="l1", into_lead_id="l2")
    put(road, *(happened("lead.created", lead, 2, lead_id=lead, owner="an") for lead in ("l1", "l2")), merged)
    assert {"hn-1": 1, "an": 1, "acme": 1} == told(road, "leads")

    road.adopt(company({"team": "hn-1"}))
    put(road, retraction(merged))
    road.adopt(company({"team": "hn-1"}, kpis=[*SALES, by_lead]))

    assert {"hn-1": 2, "an": 2, "acme": 2} == told(road, "leads")


def test_a_state_of_before_0_1_0_goes_on_under_its_catalogue_and_is_counted_anew_under_another() -> None:
    # It does not say what it was counted by.
    road = Road(company({"team": "hn-1"}), POLICY, 1)
    sell(road, 1, 28)

    without_counted(road)
    road.adopt(company({"team": "hn-1"}))
    sell(road, 29, 29)
    assert {"hn-1": 29, "an": 29, "acme": 29} == told(road, "sales")

    without_counted(road)
    road.adopt(company({"team": "hn-1"}, kpis=[{**kpi, "title": "y"} for kpi in SALES]))
    sell(road, 30, 30)
    assert {"hn-1": 12, "an": 12, "acme": 12} == told(road, "sales")
    assert road.values["sales", "an", "2026"].counted_from is not None


BEGUN = "2026-02-17T07:00:00+07:00"
"""Ten days before the last sale, on 27 February in UTC, of which whole days in UTC are kept."""
SALES: list[dict[str, Any]] = [
    {**SHOWN, "id": "sales", "scope": "person", "period": "year", "measure": {"count": "sale.closed"}},
    {
        **SHOWN, "id": "customers", "scope": "person", "period": "year",
        "measure": {"count": "sale.closed", "distinct": "customer_id"},
    },
    {
        **SHOWN, "id": "kinds", "scope": "person", "period": "year", "by": "currency",
        "measure": {"sum": "amount", "of": "sale.closed"}, "unit": "VND",
    },
]  # fmt: skip


def bought_again(within: str, period: str = "year") -> list[dict[str, Any]]:
    """A KPI that joins events."""
    measure = {"repeat": {"of": "sale.closed", "key": "customer_id", "within": within}, "as": "raw"}
    return [{**SHOWN, "id": "again", "unit": "%", "scope": "person", "period": period, "measure": measure}]


def company(*stretches: dict[str, Any], kpis: list[dict[str, Any]] = SALES) -> Catalogue:
    """One person."""
    empty = written(worlds.callers())
    teams = [{"id": team, "department": "sales"} for team in ("hn-1", "hn-2")]
    people = [{"id": "an", **stretch} for stretch in stretches]
    return Catalogue.model_validate({**empty, "teams": teams, "people": people, "kpis": kpis})


def sell(road: Road, first: int, last: int) -> None:
    """One sale of 1 a day, of the days of 2026 from `first` to `last`."""
    for day in range(first, last + 1):
        at = (datetime(2026, 1, 31, 3) + timedelta(day)).isoformat()
        made = sale(f"s{day}", at, 1)
        road.put([{**made, "data": {**made["data"], "customer_id": f"c{day}"}}])
        road.run(Now(UNTIL_US - SECOND_US, caught_up=False))


def put(road: Road, *events: worlds.Event) -> None:
    road.put(events)
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False))


def happened(type_: str, subject: str, day: int, **data: Any) -> worlds.Event:
    """An event of a day of February."""
    made = sale(subject, datetime(2026, 2, day, 3).isoformat(), 1)
    return {**made, "id": f"{type_}-{day}-{subject}", "type": type_, "data": data}


def retraction(event: worlds.Event) -> worlds.Event:
    above = {"source": event["source"], "id": event["id"]}
    return {**event, "id": f"no-{event['id']}", "type": f"{event['type']}.retracted", "data": {"supersedes": above}}


def restart(road: Road) -> None:
    """Every state from its changelog."""
    for seat in list(road.states):
        road.restart(seat)


def told(
    road: Road, kpi: str, period: str = "2026", shown: Callable[[Value], object] = lambda one: one.value
) -> dict[str, object]:
    """What rows of a period show, by subject."""
    for minute in range(3):
        road.tick(UNTIL_US + minute * MINUTE_US)
    found = [one for one in road.values.values() if (one.kpi, one.period, one.series) == (kpi, period, None)]
    return {one.subject: shown(one) for one in found if one.subject != "sales" and one.n}


def layouts(road: Road) -> list[str]:
    """Those whose cells JUDGE can take."""
    stored = Rows()
    for name, value in road.changelogs[Stage.JUDGE, 0].items():
        stored.load(name, value)
    return list(stored.get(LAYOUTS))


def pools(road: Road) -> list[object]:
    """What JUDGE has heard of the items of all periods."""
    stored = Rows()
    for name, value in road.changelogs[Stage.JUDGE, 0].items():
        stored.load(name, value)
    return [row for key, row in stored.items(KEYS) if key[3] == POOL]


def without_counted(road: Road) -> None:
    """Changelogs as they were written before they said what was counted by what."""
    for changelog in road.changelogs.values():
        stored = Rows()
        for name, value in changelog.items():
            stored.load(name, value)
        for key in [LAYOUTS, BEGUN_ROW, *(key for key, _ in stored.items(COUNTED))]:
            stored.drop(key)
        for name in stored.flush():
            del changelog[name]
