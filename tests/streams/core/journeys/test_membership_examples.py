"""`retention` and `latest`, worked by hand."""

from typing import Any

import pytest

from schemas.catalogue.models import Catalogue
from tests.streams.core.journeys.town import Event, company, event, of, told

CUSTOMERS = {
    "retention": {
        "base": ["customer.created", "customer.active"], "lost": "customer.churned", "key": "customer_id",
    }
}  # fmt: skip
STAFF = {"retention": {"base": "employee.hired", "lost": "employee.left", "key": "person_id"}}


def customer(verb: str, name: str, time: str, owner: str = "an") -> Event:
    return event(f"customer.{verb}", time, name, customer_id=name, owner=owner)


def test_new_customers_and_their_losses_are_in_neither_set() -> None:
    # 10 at the start of the quarter, 1 lost; 2 new of which 1 lost: 9 of 10.
    events = [customer("created", f"c{n}", "2026-01-05 10:00") for n in range(10)]
    events += [customer("churned", "c0", "2026-04-10 10:00")]
    events += [customer("created", name, "2026-05-01 10:00") for name in ("n1", "n2")]
    events += [customer("churned", "n1", "2026-05-20 10:00")]

    rows = told(company(CUSTOMERS, period="quarter"), events, "2026-06-30 10:00")

    # Q1 had nobody at its start and no row.
    assert {"2026-Q2": (90.0, 10)} == of(rows, "an")
    assert {"2026-Q2": (90.0, 10)} == of(rows, "acme")


def test_members_are_carried_over_into_every_later_period_however_far() -> None:
    events = [customer("created", "c", "2026-01-05 10:00"), customer("created", "x", "2027-12-31 10:00")]

    rows = told(company(CUSTOMERS), events, "2028-01-01 10:00")

    assert {f"{2026 + month // 12}-{month % 12 + 1:02d}" for month in range(1, 25)} == set(of(rows, "an"))
    assert (100.0, 2) == rows["an", "2028-01"]


def test_who_comes_back_in_the_period_is_there_still() -> None:
    events = [
        customer("created", "c", "2026-01-05 10:00"), customer("churned", "c", "2026-02-05 10:00"),
        customer("active", "c", "2026-02-20 10:00"),
    ]  # fmt: skip

    def february(until: str) -> tuple[Any, int]:
        return told(company(CUSTOMERS), events, until)["an", "2026-02"]

    assert [(100.0, 1), (0.0, 1), (100.0, 1)] == [
        february(until) for until in ("2026-02-05 09:00", "2026-02-05 10:00", "2026-02-28 10:00")
    ]


def test_idleness_loses_a_member_and_the_next_period_has_none() -> None:
    # 90 days after 5 January 10:00 is 5 April 10:00.
    measure = {"retention": {**CUSTOMERS["retention"], "idle": "90d"}}
    events = [customer("created", "c", "2026-01-05 10:00")]

    def rows(until: str) -> dict[str, tuple[Any, int]]:
        return of(told(company(measure), events, until), "an")

    assert (100.0, 1) == rows("2026-04-05 09:59")["2026-04"]
    assert (0.0, 1) == rows("2026-04-05 10:00")["2026-04"]
    assert ["2026-02", "2026-03", "2026-04"] == sorted(rows("2026-06-05 10:00"))


def test_a_member_belongs_to_the_owner_of_the_latest_base_event_before_the_period() -> None:
    events = [
        customer("created", "c", "2026-01-05 10:00"), customer("active", "c", "2026-02-10 10:00", owner="binh"),
        customer("churned", "c", "2026-03-10 10:00"),
    ]  # fmt: skip

    rows = told(company(CUSTOMERS), events, "2026-04-10 10:00")

    assert {"2026-02": (100.0, 1)} == of(rows, "an")
    assert {"2026-03": (0.0, 1)} == of(rows, "binh")
    assert {"2026-02": (100.0, 1), "2026-03": (0.0, 1)} == of(rows, "acme")


def test_the_employees_at_the_start_are_the_catalogue_s() -> None:
    # an in t1; binh and chi in t2, of whom chi leaves; a new one does not count.
    events = [
        event("employee.left", "2026-05-04 10:00", "chi", person_id="chi"),
        event("employee.hired", "2026-05-05 10:00", "dung", person_id="dung", team="t1"),
    ]

    rows = told(company(STAFF, period="year", scope="team"), events, "2026-12-30 10:00")

    assert {"2026": (100.0, 1)} == of(rows, "t1")
    assert {"2026": (50.0, 2)} == of(rows, "t2")
    assert {"2026": (pytest.approx(200 / 3), 3)} == of(rows, "acme")


def test_who_is_no_longer_in_the_catalogue_is_not_at_the_next_start() -> None:
    before = company(STAFF, scope="org")
    people = [{"id": "an", "team": "t1", "from": "2026-03-01"}, {"id": "binh", "team": "t2", "to": "2026-03-15"}]
    catalogue = Catalogue.model_validate({**before.model_dump(by_alias=True), "people": people})
    events = [event("employee.left", "2026-03-10 09:00", "an", person_id="an")]

    rows = told(catalogue, events, "2026-04-02 10:00")

    # an is in the catalogue at the start of April, whatever an event of March said
    assert {"2026-03": (50.0, 2), "2026-04": (100.0, 1)} == of(rows, "acme")


def headcount(number: int, team: str, time: str) -> Event:
    return event("headcount.snapshot", time, team, team=team, headcount=number)


def level(at: str) -> dict[str, Any]:
    return {"latest": "headcount", "of": "headcount.snapshot", "per": "team", "at": at}


MOVES = [
    headcount(10, "t1", "2026-03-01 00:00"), headcount(20, "t1", "2026-03-11 00:00"),
    headcount(5, "t2", "2026-03-21 00:00"), headcount(30, "t1", "2026-04-16 00:00"),
]  # fmt: skip


def test_a_level_at_the_end_is_the_newest_of_each_team_and_carries_over() -> None:
    rows = told(company(level("end"), unit="people", scope="team"), MOVES, "2026-05-02 00:00")

    assert {"2026-03": (20, 1), "2026-04": (30, 1), "2026-05": (30, 1)} == of(rows, "t1")
    assert {"2026-03": (25, 2), "2026-04": (35, 2), "2026-05": (35, 2)} == of(rows, "acme")


def test_a_level_at_the_start_is_the_last_before_the_period() -> None:
    rows = told(company(level("start"), unit="people", scope="team"), MOVES, "2026-05-02 00:00")

    # 1 March 00:00 is in March: before it nothing was known.
    assert {"2026-03": (None, 0), "2026-04": (20, 1), "2026-05": (30, 1)} == of(rows, "t1")


def test_the_mean_weighs_each_level_by_its_time_since_the_first_is_known() -> None:
    # t1 in March: 10 days of 10 and 21 of 20. t2: known for 11 days, 5 all the time. April: 15 of 20, 15 of 30.
    rows = told(company(level("mean"), unit="people", scope="team"), MOVES, "2026-05-02 00:00")

    march = (10 * 10 + 21 * 20) / 31
    assert {"2026-03": (pytest.approx(march), 1), "2026-04": (25, 1), "2026-05": (30, 1)} == of(rows, "t1")
    assert {"2026-03": (5, 1), "2026-04": (5, 1), "2026-05": (5, 1)} == of(rows, "t2")
    assert (pytest.approx(march + 5), 2) == rows["acme", "2026-03"]


def test_the_mean_of_a_running_period_is_that_up_to_the_clock() -> None:
    # On 16 March 00:00: 10 days of 10 and 5 of 20.
    rows = told(company(level("mean"), unit="people", scope="team"), MOVES[:2], "2026-03-16 00:00")

    assert {"2026-03": (pytest.approx(200 / 15), 1)} == of(rows, "t1")


def test_turnover_divides_leavers_by_the_mean_headcount() -> None:
    # H1: 20 heads all quarter long, of which one leaves and one has moved: 5 %.
    measure = {
        "ratio": {
            "of": {"count": "employee.left", "distinct": "person_id"},
            "to": {"latest": "headcount", "of": "headcount.snapshot", "per": "team", "at": "mean"},
        }
    }
    events = [
        headcount(20, "t1", "2026-03-31 12:00"),
        event("employee.left", "2026-05-04 10:00", "an", person_id="an"),
        event("employee.moved", "2026-05-04 10:00", "binh", person_id="binh", to_team="t1"),
    ]

    rows = told(company(measure, period="quarter", scope="team", direction="down"), events, "2026-06-01 00:00")

    assert {"2026-Q1": (0.0, 1), "2026-Q2": (5.0, 1)} == of(rows, "t1")


def test_a_quantile_is_of_the_sums_per_ticket_and_subject() -> None:
    # an: 60 + 60 s on ticket a. binh: 30 s on a, 300 s on b. For the company a is 150 s, b 300 s.
    def call(name: str, owner: str, seconds: int, ticket: str) -> Event:
        told = {"owner": owner, "duration_s": seconds, "outcome": "answered", "ticket_id": ticket}
        return event("call.completed", "2026-03-03 10:00", name, **told)

    events = [
        call("1", "an", 60, "a"),
        call("2", "an", 60, "a"),
        call("3", "binh", 30, "a"),
        call("4", "binh", 300, "b"),
    ]
    measure = {"quantile": ["duration_s", "hold_s"], "of": "call.completed", "per": "ticket_id", "q": 0.5}

    rows = told(company(measure, unit="minutes"), events)

    assert {"2026-03": (pytest.approx(2, rel=0.01), 1)} == of(rows, "an")
    assert {"2026-03": (pytest.approx(0.5, rel=0.01), 2)} == of(rows, "binh")
    assert {"2026-03": (pytest.approx(2.5, rel=0.01), 2)} == of(rows, "acme")
