"""`by`: which series have a row, what the rest is folded into, and what a series never does. Worked by hand."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from schemas.catalogue.models import Catalogue
from schemas.values import RowName, Status, Value
from streams.core.policy import DAY_US, SECOND_US
from streams.core.replay import replay
from streams.core.series import MOST_CHARACTERS, name_of
from streams.core.stage import Now
from tests.streams.core.journeys.town import POLICY, Event, company, event, instant
from tests.streams.core.road import Road
from tests.streams.core.worlds import lines

WON = {"sum": "value", "of": "conversion.recorded"}
OPENED = {
    "conversion": {
        "from": "email.delivered", "to": "email.opened", "key": ["message_id", "recipient_hash"], "within": "7d",
    },
    "as": "raw",
}  # fmt: skip
NOVEMBER = "2026-11"


def won(campaign: str | None, value: int, day: int = 2, **data: Any) -> Event:
    named = {} if campaign is None else {"campaign_id": campaign}
    return event("conversion.recorded", f"2026-11-{day:02d} 09:00", "c", value=value, **named, **data)


def mail(campaign: str, number: int, *, opened: bool) -> list[Event]:
    who = {"message_id": f"{campaign}-{number}", "recipient_hash": f"r{number}", "campaign_id": campaign}
    sent = event("email.delivered", "2026-11-02 09:00", who["message_id"], **who)
    del who["campaign_id"]  # the opening need not say it: the item is of the series that it began in
    return [sent, *([event("email.opened", "2026-11-03 09:00", who["message_id"], **who)] if opened else [])]


def series_of(catalogue: Catalogue, events: list[Event], until: str = "2026-11-20 00:00") -> dict[str | None, Value]:
    outcome = replay(lines(events), catalogue, POLICY, instant(until))
    assert not outcome.refusals
    return {value.series: value for value in outcome.values if (value.subject, value.period) == ("acme", NOVEMBER)}


def told(catalogue: Catalogue, events: list[Event], **until: str) -> dict[str | None, tuple[Any, int]]:
    return {series: (row.value, row.n) for series, row in series_of(catalogue, events, **until).items()}


def winning(most: int = 50, **kpi: Any) -> Catalogue:
    return company(WON, unit="VND", scope="org", by={"field": "campaign_id", "most": most}, **kpi)


THREE = [won("a", 1), won("a", 2), won("b", 10), won("b", 20), won("c", 500), won(None, 7)]


def test_the_most_events_make_the_largest_and_the_rest_is_other() -> None:
    # n: a 2, b 2, c 1, none 1. Of a and b the name decides.
    assert told(winning(most=1), THREE) == {None: (540, 6), "a": (3, 2), "other": (530, 3)}
    assert told(winning(most=2), THREE) == {None: (540, 6), "a": (3, 2), "b": (30, 2), "other": (500, 1)}
    assert told(winning(most=3), THREE) == {None: (540, 6), "a": (3, 2), "b": (30, 2), "c": (500, 1)}


def test_a_field_that_says_other_is_folded_into_other() -> None:
    events = [won("other", 4), won("other", 4), won("other", 4), won("a", 1), won("b", 2)]

    assert told(winning(), events) == {None: (15, 5), "a": (1, 1), "b": (2, 1), "other": (12, 3)}
    assert told(winning(most=1), events) == {None: (15, 5), "a": (1, 1), "other": (14, 4)}


def test_shares_of_other_are_those_of_its_items_together() -> None:
    catalogue = company(OPENED, scope="org", by={"field": "campaign_id", "most": 1})
    big = [one for number in range(4) for one in mail("big", number, opened=number < 2)]
    rest = [*mail("x", 0, opened=True), *mail("y", 0, opened=False), *mail("y", 1, opened=False)]

    # big: 2 of 4. x and y together: 1 of 3, where the mean of their shares would be 50 %.
    assert told(catalogue, big + rest) == {
        None: (pytest.approx(300 / 7), 7),
        "big": (50, 4),
        "other": (pytest.approx(100 / 3), 3),
    }


def test_distinct_keys_of_several_series_do_not_add_up_so_other_has_no_value() -> None:
    reached = {"count": "ad.impression", "distinct": "reach_hash"}
    catalogue = company(reached, unit="people", scope="org", by={"field": "campaign_id", "most": 1})
    seen = [("a", "p"), ("a", "q"), ("a", "r"), ("b", "p"), ("c", "p"), ("c", "q")]
    events = [event("ad.impression", "2026-11-02 09:00", one, campaign_id=one, reach_hash=who) for one, who in seen]

    assert told(catalogue, events) == {None: (3, 3), "a": (3, 3), "other": (None, 3)}


def test_growth_of_other_is_measured_against_the_baseline_of_the_same_series() -> None:
    measure = {"growth": {"of": WON, "over": "1 month", "against": "previous", "adjust": "none"}}
    catalogue = company(measure, scope="org", by={"field": "campaign_id", "most": 1})
    october = [
        event("conversion.recorded", "2026-10-05 09:00", one, campaign_id=one, value=n)
        for one, n in (("a", 10), ("b", 20), ("c", 30), ("gone", 99))
    ]
    november = [won("a", 5), won("a", 10), won("b", 40), won("c", 60)]

    found = told(catalogue, october + november, until="2026-12-02 00:00")

    # a: 15 against 10. b and c: 100 against 50. In November nothing is known of `gone`, in the whole it counts.
    assert found == {None: (pytest.approx(100 * (115 / 159 - 1)), 4), "a": (50, 2), "other": (100, 2)}


def test_a_share_keeps_the_target_and_a_part_of_a_total_has_none() -> None:
    aims: dict[str, Any] = {"targets": [{"value": 25}], "kind": "lagging"}
    mails = [one for number in range(10) for one in mail("a", number, opened=number < 2)]

    of_shares = series_of(company(OPENED, scope="org", by="campaign_id", **aims), mails, "2026-12-02 00:00")["a"]
    of_totals = series_of(winning(**aims), THREE, "2026-12-02 00:00")["a"]

    assert (of_shares.target, of_shares.attainment, of_shares.status) == (25, 0.8, Status.MISSED)
    assert (of_totals.target, of_totals.attainment, of_totals.status) == (None, None, Status.NONE)


def test_only_the_whole_alerts() -> None:
    catalogue = company(
        {"count": "call.completed"}, unit="calls", by="purpose", kind="leading", targets=[{"value": 300}]
    )
    calls = [
        event("call.completed", f"2026-11-{day:02d} 09:{minute:02d}", f"{day}-{minute}", owner="an", outcome="answered",
              duration_s=60, purpose="sale" if minute % 2 else "consult")
        for day in (2, 3, 4, 5, 6) for minute in range(20)
    ]  # fmt: skip

    outcome = replay(lines(calls), catalogue, POLICY, instant("2026-11-28 00:00"))

    assert outcome.alerts
    assert {alert.subject for alert in outcome.alerts} <= {"an", "binh", "chi", "t1", "t2", "d", "acme"}
    assert {value.series for value in outcome.values} == {None, "sale", "consult"}


def test_a_correction_moves_an_event_to_another_series_also_after_the_close() -> None:
    first = won("a", 10)
    moved = won("b", 10, 9, supersedes={"source": "crm", "id": first["id"]})
    late = {**moved, "time": "2026-12-03T09:00:00+07:00"}

    assert told(winning(), [first, moved]) == {None: (10, 1), "b": (10, 1)}
    rows = series_of(winning(), [first, won("b", 5), late], "2026-12-05 00:00")
    assert {series: (row.value, row.version) for series, row in rows.items()} == {None: (15, 1), "b": (15, 2)}


def test_a_replay_that_ends_in_the_minute_of_a_correction_withdraws_the_series_that_is_empty_now() -> None:
    first = won("a", 10)
    late = {**won("b", 10, supersedes={"source": "crm", "id": first["id"]}), "time": "2026-12-03T09:00:00+07:00"}

    assert told(winning(kind="leading"), [first, late], until="2026-12-03 09:00") == {None: (10, 1), "b": (10, 1)}


def test_a_series_that_leaves_the_largest_is_withdrawn() -> None:
    road = Road(winning(most=1), POLICY, 1)
    road.put([won("a", 1), won("a", 1), won("b", 3)])
    road.run(Now(instant("2026-11-03 00:00"), caught_up=True))
    before = {name[-1] for name in road.values if len(name) == 4}
    road.put([won("b", 3), won("b", 3)])
    road.run(Now(instant("2026-11-03 00:01"), caught_up=True))

    assert before == {"a", "other"}
    assert {name[-1]: row.value for name, row in road.values.items() if len(name) == 4} == {"b": 9, "other": 2}


def test_another_field_of_another_catalogue_leaves_none_of_the_old_series() -> None:
    calls = [
        event("call.completed", "2026-11-02 09:00", str(number), owner="an", outcome=outcome, duration_s=60,
              purpose="sale")
        for number, outcome in enumerate(("answered", "busy"))
    ]  # fmt: skip
    measure = {"count": "call.completed"}
    road = Road(company(measure, unit="calls", by="outcome"), POLICY, 2)
    road.put(calls)
    until_us = instant("2026-11-03 00:00")
    road.run(Now(until_us, caught_up=True))
    assert {name[3] for name in road.values if len(name) == 4} == {"answered", "busy"}

    for by, expected in (("purpose", {"sale"}), (None, set())):
        road.adopt(company(measure, unit="calls", **({"by": by} if by else {})))
        for step in range(4):
            road.tick(until_us + step * 61 * SECOND_US)
        assert {name[3] for name in road.values if len(name) == 4} == expected


def test_rows_are_sorted_by_series_after_the_whole() -> None:
    catalogue = winning()
    rows = replay(lines(THREE), catalogue, POLICY, instant("2026-11-20 00:00") + DAY_US).values

    assert [row.series for row in rows] == [None, "a", "b", "c"]


@pytest.mark.parametrize(
    ("value", "name"), [(True, "true"), (False, "false"), (0, "0"), (-7, "-7"), ("", ""), ("Tết | a b", "Tết | a b")]
)
def test_a_value_is_named_as_json_has_it(value: str | int | bool, name: str) -> None:
    assert name_of(value) == name


@given(st.text(min_size=MOST_CHARACTERS + 1, max_size=400))
@hypothesis(max_examples=50)
def test_long_texts_keep_names_of_their_own(text: str) -> None:
    assert len(name_of(text)) == MOST_CHARACTERS
    assert name_of(text) != name_of(text + "x")


PARTS = st.text(st.sampled_from("|%25a7Ct\x1f ế-2026W"), max_size=12)
PERIODS = st.sampled_from(["2026", "2026-11", "2026-W48", "2026-Q4", "2026-11-23"])
NAMES = st.builds(RowName, st.sampled_from(["k", "K3a"]), PARTS, PERIODS, st.one_of(st.none(), PARTS, PERIODS))


@given(NAMES, NAMES)
@hypothesis(max_examples=300)
def test_a_key_stands_for_one_row(one: RowName, other: RowName) -> None:
    assert RowName.parse(one.key) == one
    assert (one.key == other.key) == (one == other)
