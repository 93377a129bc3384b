"""The sentences of MEASURES section 4 and DESIGN 4.1, each with the smallest case that shows it, through replay."""

from typing import Any

from schemas.catalogue.models import Catalogue
from schemas.values import Value
from streams.core.policy import Policy
from streams.core.replay import Outcome, replay
from tests.streams.core.worlds import Event, lines

Measure = dict[str, Any]
PERIOD = "2026-11"
SUM: Measure = {"sum": "amount", "of": "sale.closed"}
TALKS: Measure = {"count": "call.completed"}


def company(measure: Measure, unit: str = "things", **more: Any) -> Catalogue:
    return Catalogue.model_validate(
        {
            "version": 1,
            "tenant": {"id": "acme", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND"},
            "calendar": {"hours": {"mon-fri": ["08:00-12:00", "13:00-17:00"]}},
            "teams": [{"id": "hn-1", "department": "sales"}, {"id": "hn-2", "department": "sales"}],
            "people": more.pop("people", [{"id": "an", "team": "hn-1"}, {"id": "binh", "team": "hn-1"}]),
            "kpis": [
                {
                    "id": "k", "title": "K", "kind": "metric", "unit": unit, "scope": "person", "period": "month",
                    "measure": measure, **more,
                }
            ],
        }
    )  # fmt: skip


def event(id_: str, type_: str, subject: str, day: int, supersedes: str | None = None, **data: Any) -> Event:
    if supersedes is not None:
        data["supersedes"] = {"source": "crm", "id": supersedes}
    return {
        "specversion": "1.0", "id": id_, "source": "crm", "type": type_, "time": f"2026-11-{day:02d}T09:00:00+07:00",
        "subject": subject, "data": data,
    }  # fmt: skip


def call(id_: str, day: int = 2, **data: Any) -> Event:
    return event(id_, "call.completed", id_, day, **{"owner": "an", "outcome": "answered", "duration_s": 60, **data})


def sale(id_: str, amount: int, day: int = 2, **data: Any) -> Event:
    return event(id_, "sale.closed", "s1", day, **{"sale_id": "s1", "owner": "an", "amount": amount, **data})


def corrected(id_: str, amount: int, of: str, day: int = 3, owner: str = "an") -> Event:
    return event(id_, "sale.corrected", "s1", day, of, sale_id="s1", owner=owner, amount=amount)


def reversed_(id_: str, of: str | None = None, day: int = 4, **data: Any) -> Event:
    return event(id_, "sale.reversed", "s1", day, of, sale_id="s1", **data)


def retracted(id_: str, type_: str, of: str, subject: str = "s1", day: int = 5) -> Event:
    return event(id_, f"{type_}.retracted", subject, day, of)


def run(catalogue: Catalogue, *events: Event) -> Outcome[int]:
    return replay(lines(list(events)), catalogue, Policy(future_us=None))


def said(catalogue: Catalogue, *events: Event, subject: str = "an") -> Value | None:
    values = run(catalogue, *events).values
    return next((v for v in values if (v.subject, v.period) == (subject, PERIOD)), None)


def number(catalogue: Catalogue, *events: Event, subject: str = "an") -> tuple[float | None, int] | None:
    value = said(catalogue, *events, subject=subject)
    return (value.value, value.n) if value else None


# -- absent fields


def test_an_absent_field_passes_ne_and_exists_false_and_nothing_else() -> None:
    tests: list[tuple[dict[str, Any], bool]] = [
        ({"ne": "support"}, True), ({"exists": False}, True), ({"eq": "support"}, False),
        ({"in": ["support"]}, False), ({"exists": True}, False),
    ]  # fmt: skip
    got = [number(company({**TALKS, "where": {"purpose": condition}}), call("c1")) for condition, _ in tests]

    assert [(1.0, 1) if passes else None for _, passes in tests] == got


def test_distinct_skips_events_without_the_key() -> None:
    leads = company({**TALKS, "distinct": "lead_id"})

    assert (1, 1) == number(leads, call("c1", lead_id="l1"), call("c2", lead_id="l1"), call("c3"))


def test_per_falls_back_to_the_events_identity() -> None:
    mean = company({"mean": "duration_s", "of": "call.completed", "per": "ticket_id"}, "minutes")
    # 60 + 120 s of one ticket, 60 and 120 s of calls without one: 6 minutes over 3 entities.
    calls = [
        call("c1", ticket_id="t"),
        call("c2", duration_s=120, ticket_id="t"),
        call("c3"),
        call("c4", duration_s=120),
    ]

    assert (2.0, 3) == number(mean, *calls)


def test_in_a_field_list_absent_counts_nothing_and_an_event_with_none_of_them_is_skipped() -> None:
    mean = company({"mean": ["duration_s", "hold_s"], "of": ["call.completed", "meeting.held"]}, "seconds")
    meeting = event("m1", "meeting.held", "m1", 2, owner="an")

    assert (50.0, 2) == number(mean, call("c1", duration_s=60, hold_s=20), call("c2", duration_s=20), meeting)


# -- bases, corrections, reversals, retractions


def test_a_whole_reversal_takes_the_sale_and_keeps_its_row_at_nothing() -> None:
    assert (0, 0) == number(company(SUM, "VND"), sale("1", 500), reversed_("2", "1"))


def test_partial_reversals_are_capped_at_the_amount_and_leave_the_count() -> None:
    history = [sale("1", 500, cost=300), reversed_("2", "1", amount=400), reversed_("3", "1", amount=400)]

    assert (0, 1) == number(company(SUM, "VND"), *history)
    assert (1, 1) == number(company({"count": "sale.closed"}), *history)
    assert (300, 1) == number(company({"sum": "cost", "of": "sale.closed"}, "VND"), *history)
    assert (500, 1) == number(company({**SUM, "basis": "reversed"}, "VND"), *history)
    assert (500, 1) == number(company({**SUM, "basis": "gross"}, "VND"), *history)


def test_nothing_can_be_taken_from_a_credit_note() -> None:
    assert (-70, 1) == number(company(SUM, "VND"), sale("1", -50), corrected("2", -70, "1"))


def test_reversals_count_at_their_own_time_and_reversed_money_at_the_sales() -> None:
    events = [sale("1", 500, owner="an"), reversed_("2", "1", owner="binh")]

    assert (1, 1) == number(company({"count": "sale.reversed"}), *events, subject="binh")
    assert (500, 1) == number(company({**SUM, "basis": "reversed"}, "VND"), *events)


def test_of_several_corrections_the_greatest_by_time_then_id_holds_at_the_roots_time() -> None:
    events = [sale("1", 500), corrected("3", 300, "1", day=9), corrected("2", 200, "3", day=9), corrected("9", 9, "1")]

    assert (300, 1) == number(company(SUM, "VND"), *events)
    assert ["2026-11-02"] == [
        v.period for v in run(company(SUM, "VND", period="day"), *events).values if v.subject == "an"
    ]


def test_retracting_a_correction_undoes_only_it() -> None:
    events = [sale("1", 500), corrected("2", 200, "1"), corrected("3", 300, "2"), retracted("4", "sale.corrected", "3")]

    assert (200, 1) == number(company(SUM, "VND"), *events)


def test_retracting_a_reversal_brings_the_sale_back() -> None:
    events = [sale("1", 500), reversed_("2", "1"), retracted("3", "sale.reversed", "2")]

    assert (500, 1) == number(company(SUM, "VND"), *events)


def test_a_retracted_sale_is_in_no_basis_and_keeps_no_row() -> None:
    events = [sale("1", 500), reversed_("2", "1", amount=100), retracted("3", "sale.closed", "1")]

    assert [None] * 3 == [number(company({**SUM, "basis": basis}), *events) for basis in ("net", "gross", "reversed")]
    assert None is number(company({"count": "sale.reversed"}), *events)


def test_a_correction_credits_owner_and_team_anew() -> None:
    events = [sale("1", 500), corrected("2", 200, "1", owner="binh")]

    assert None is number(company(SUM, "VND"), *events)
    assert (200, 1) == number(company(SUM, "VND"), *events, subject="binh")


def test_a_reversal_that_names_only_the_sale_hits_the_only_live_root_and_else_is_an_orphan() -> None:
    one = run(company(SUM, "VND"), sale("1", 500), reversed_("2"))
    two = run(company(SUM, "VND"), sale("1", 500), sale("3", 700), reversed_("2"))
    again = run(company(SUM, "VND"), sale("1", 5), sale("3", 700), reversed_("2"), retracted("4", "sale.closed", "1"))

    assert [0, 1200, 0] == [{v.subject: v.value for v in outcome.values}["an"] for outcome in (one, two, again)]
    assert [0, 1, 0] == [outcome.counts.get(("orphan", ""), 0) for outcome in (one, two, again)]


def test_what_may_not_supersede_is_a_dead_letter() -> None:
    bad = [
        call("9", supersedes="1"),  # another type
        event("9", "sale.corrected", "s1", 6, "2", sale_id="s1", owner="an", amount=1),  # a reversal is not corrected
        retracted("9", "sale.reversed", "3"),  # a retraction stays
    ]
    bad[0]["subject"] = "s1"
    history = [sale("1", 500), reversed_("2", "1", amount=100), retracted("3", "sale.reversed", "2")]

    got = [run(company(SUM, "VND"), *history, event_).counts for event_ in bad]

    assert [1, 1, 1] == [counts.get(("dead_lettered", "not_supersedable"), 0) for counts in got]


# -- credit


def test_credit_goes_to_owner_else_person_id_else_to_owner() -> None:
    handed = event("1", "lead.handed_over", "l1", 2, lead_id="l1", to_owner="an")
    left = event("2", "employee.left", "an", 2, person_id="an")

    assert (1, 1) == number(company({"count": "lead.handed_over"}), handed)
    assert (1, 1) == number(company({"count": "employee.left"}), left)


def test_membership_at_event_time_wins_over_the_stated_team() -> None:
    moves = [{"id": "an", "team": "hn-1"}, {"id": "an", "team": "hn-2", "from": "2026-11-10"}]
    events = [call("1", 9, team="hn-2"), call("2", 10, team="hn-1"), call("3", 11)]
    got = {v.subject: v.value for v in run(company(TALKS, people=moves), *events).values}

    assert {"an": 3, "hn-1": 1, "hn-2": 2, "sales": 3, "acme": 3} == got


def test_the_stated_team_serves_an_unknown_owner_with_its_department_else_only_the_organisation() -> None:
    outcome = run(company(TALKS), call("1", owner="zed", team="hn-2"), call("2", owner="zed"), call("3", owner="zed"))

    assert {"hn-2": 1, "sales": 1, "acme": 3} == {v.subject: v.value for v in outcome.values}
    assert ["zed"] == outcome.unknown_owners


def test_nobody_is_credited_before_their_first_or_after_their_last_day() -> None:
    dates = [{"id": "an", "team": "hn-1", "from": "2026-11-03", "to": "2026-11-05"}]
    got = {
        v.subject: v.value for v in run(company(TALKS, people=dates), *(call(str(d), d) for d in (2, 3, 4, 5))).values
    }

    assert {"an": 2, "hn-1": 2, "sales": 2, "acme": 4} == got


def test_distinct_keys_are_counted_per_subject_and_never_summed_over_members() -> None:
    catalogue = company({**TALKS, "distinct": "customer_id"})
    got = {
        v.subject: v.value
        for v in run(catalogue, call("1", customer_id="c"), call("2", owner="binh", customer_id="c")).values
    }

    assert {"an": 1, "binh": 1, "hn-1": 1, "sales": 1, "acme": 1} == got


# -- units


def test_a_percentage_is_of_a_hundred_and_a_ratio_over_nothing_says_nothing() -> None:
    share = company({"ratio": {"of": {**TALKS, "where": {"outcome": {"eq": "answered"}}}, "to": TALKS}}, "%")
    quotient = company({"ratio": {"of": SUM, "to": TALKS}}, "VND")

    assert (75, 4) == number(share, call("1"), call("2"), call("3"), call("4", outcome="busy"))
    assert (None, 0) == number(quotient, sale("1", 500))


# -- targets; November 2026 has 21 working days of 8 h here


def test_a_target_that_changes_in_mid_period_is_shared_by_working_time() -> None:
    # Mon 2 .. Fri 13 November are 10 of the 21 working days: 21 x 10/21 + 42 x 11/21 = 32.
    versions = [{"value": 21}, {"value": 42, "from": "2026-11-14"}]
    value = said(company(TALKS, targets=versions), call("1"))
    budget = said(company(SUM, "VND", direction="down", targets=versions), sale("1", 100))
    ratio = said(company({"ratio": {"of": SUM, "to": TALKS}}, "VND", targets=versions), call("1"))

    assert value is not None
    assert budget is not None
    assert ratio is not None
    assert [32, 32, 42] == [value.target, budget.target, ratio.target]


def test_a_member_counts_for_the_team_by_their_share_of_the_periods_working_time() -> None:
    # binh joins on Mon 16 November: 11 of 21 working days. 21 + 21 x 11/21 = 32; his own target stays whole.
    people = [{"id": "an", "team": "hn-1"}, {"id": "binh", "team": "hn-1", "from": "2026-11-16"}]
    got = {
        v.subject: v.target for v in run(company(TALKS, people=people, targets=[{"value": 21}]), call("1", 20)).values
    }

    assert {"an": 21, "binh": 21, "hn-1": 32, "sales": 32, "acme": 32} == got


def test_the_narrowest_target_wins_and_for_leaves_others_out() -> None:
    people = [{"id": "an", "team": "hn-1"}, {"id": "binh", "team": "hn-1"}, {"id": "chi", "team": "hn-2"}]
    targets = [{"value": 10}, {"value": 4, "subject": "binh"}]
    catalogue = company(TALKS, people=people, targets=targets, for_=["hn-1"])
    got = {v.subject: (v.value, v.target) for v in run(catalogue, call("1"), call("2", owner="chi")).values}

    assert {
        "an": (1, 10), "binh": (0, 4), "hn-1": (1, 14), "chi": (1, None), "hn-2": (1, None), "sales": (2, 14),
        "acme": (2, 14),
    } == got  # fmt: skip


def test_attainment_is_value_over_target_or_target_over_value_and_null_for_a_band_or_a_zero() -> None:
    def attained(direction: str, *events: Event) -> float | None:
        value = said(company(TALKS, direction=direction, targets=[{"value": 4}]), call("0", owner="binh"), *events)
        assert value is not None
        return value.attainment

    two = [call("1"), call("2")]
    assert [0.5, 2.0, None, None] == [
        attained("up", *two),
        attained("down", *two),
        attained("band", *two),
        attained("down"),
    ]
