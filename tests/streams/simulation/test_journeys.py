"""What takes days in the simulated company: every step in its order, at delays that real companies have."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from statistics import mean

import pytest

from schemas.events.envelope import Event
from streams.simulation.company import Company, demo_company
from streams.simulation.generate import Arrival, generate
from streams.simulation.human_resources import planned
from streams.simulation.rhythm import Day
from streams.simulation.staffing import staffing

FIRST, AFTER = date(2026, 8, 3), date(2026, 10, 26)
DAY_US, HOUR_US = 86_400_000_000, 3_600_000_000
READ = {
    "sale.closed", "lead.created", "customer.created", "call.completed", "meeting.held", "customer.active",
    "customer.churned", "opportunity.won", "opportunity.lost", "contract.signed", "contract.cancelled", "web.session",
    "lead.accepted", "email.delivered", "email.opened", "email.clicked", "ad.spend", "conversion.recorded",
    "social.engagement", "ad.impression", "lead.qualified", "lead.handed_over", "lead.rejected", "employee.left",
    "headcount.snapshot", "requisition.opened", "offer.accepted", "requisition.cancelled", "survey.esat.response",
    "training.invited", "training.attended", "cost.recorded", "employee.hired", "csat.sent", "csat.response",
    "ticket.opened", "ticket.first_response", "ticket.waiting_customer", "ticket.resumed", "complaint.opened",
    "complaint.resolved", "complaint.reopened", "ticket.work_ended",
}  # fmt: skip
"""Every type that a measure of MEASURES.md section 2 reads."""


@pytest.fixture(scope="module")
def company() -> Company:
    return demo_company()


def told(company: Company, first: date, after: date) -> list[Arrival]:
    return list(generate(company, company.windows.day(first).start_us, company.windows.day(after).start_us, 1))


@pytest.fixture(scope="module")
def summer(company: Company) -> list[Event]:
    """Twelve weeks, in the order of their times, repeats once."""
    events = {(one.event.source, one.event.id): one.event for one in told(company, FIRST, AFTER)}
    return sorted(events.values(), key=lambda event: event.time_us)


def by(events: list[Event], key: str) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if key in event.data:
            found[event.data[key]].append(event)
    return found


def times(events: list[Event], type_: str) -> list[int]:
    return [event.time_us for event in events if event.type == type_]


def test_every_type_that_a_template_reads_is_told(summer: list[Event]) -> None:
    assert set() == READ - {event.type for event in summer}


def test_one_own_lead_in_five_is_sold_about_three_weeks_later(summer: list[Event]) -> None:
    end_us = summer[-1].time_us
    delays, waiting = [], 0
    for steps in by(summer, "lead_id").values():
        created = [one for one in steps if one.type == "lead.created" and "owner" in one.data]
        if not created or created[0].time_us > end_us - 45 * DAY_US:
            continue
        sold = times(steps, "sale.closed")
        waiting += not sold
        delays += [sold[0] - created[0].time_us] if sold else []

    assert len(delays) + waiting > 200
    assert 0.12 < len(delays) / (len(delays) + waiting) < 0.28
    assert 14 < mean(delays) / DAY_US < 26
    assert min(delays) > 0


def test_marketing_leads_go_from_hand_to_hand(summer: list[Event]) -> None:
    steps = ("lead.created", "lead.qualified", "lead.handed_over", "lead.accepted")
    whole = 0
    for events in by(summer, "lead_id").values():
        order = [event.type for event in events if event.type in steps]
        if "lead.qualified" in order and "lead.created" in order:
            assert list(steps[: len(order)]) == order
            whole += len(order) == len(steps)

    assert whole > 1000


def test_tickets_wait_for_the_customer_and_come_back(summer: list[Event]) -> None:
    tickets = [events for events in by(summer, "ticket_id").values() if events[0].type == "ticket.opened"]
    waited = [events for events in tickets if times(events, "ticket.resumed")]
    reopened = [events for events in tickets if times(events, "ticket.reopened")]

    assert 0.1 < len(waited) / len(tickets) < 0.2
    for events in waited:
        resumed = times(events, "ticket.resumed")[0]
        assert times(events, "ticket.waiting_customer")[0] < resumed
        assert all(resumed < ended for ended in times(events, "ticket.work_ended"))
    assert 0.01 < len(reopened) / len(tickets) < 0.08
    assert all(times(one, "ticket.resolved")[0] < times(one, "ticket.reopened")[0] for one in reopened)


def test_people_are_invited_before_they_are_trained(summer: list[Event]) -> None:
    trainings = by(summer, "training_id")
    late = [events for events in trainings.values() if times(events, "training.attended")]
    absent = [events for events in trainings.values() if not times(events, "training.attended")]
    uninvited = [events for events in late if not times(events, "training.invited")]

    # Invited before the first day of all, and told to come after the last.
    assert len(uninvited) < 0.05 * len(late)
    assert 0.05 < len(absent) / len(trainings) < 0.2
    for events in late:
        assert all(one < times(events, "training.attended")[0] for one in times(events, "training.invited"))


def test_machines_open_letters_too(summer: list[Event]) -> None:
    opened = Counter(event.data["machine"] for event in summer if event.type == "email.opened")

    assert min(opened[True], opened[False]) > 100


def test_customers_buy_again_and_some_leave(summer: list[Event]) -> None:
    customers = by(summer, "customer_id")
    again = [one for one in customers.values() if len({time // DAY_US for time in times(one, "sale.closed")}) > 1]
    lost = {key for key, one in customers.items() if times(one, "customer.churned")}

    assert len(again) > 50
    assert len(lost) > 20


def test_positions_are_filled_after_weeks(summer: list[Event]) -> None:
    delays = []
    for events in by(summer, "requisition_id").values():
        opened, accepted = times(events, "requisition.opened"), times(events, "offer.accepted")
        delays += [accepted[0] - opened[0]] if accepted else []

    assert 10 < mean(delays) / DAY_US < 30


def test_tet_is_free_and_a_swapped_saturday_is_worked(company: Company) -> None:
    zone = company.windows.clock.zone

    def days(first: date, after: date) -> Counter[date]:
        arrivals = told(company, first, after)
        return Counter(datetime.fromtimestamp(one.at_us / 1e6, UTC).astimezone(zone).date() for one in arrivals)

    tet = days(date(2026, 2, 9), date(2026, 2, 27))
    summer = days(date(2026, 8, 17), date(2026, 8, 24))

    assert [] == [day for day in tet if date(2026, 2, 16) <= day <= date(2026, 2, 20)]
    assert {date(2026, 2, 13), date(2026, 2, 23)} <= tet.keys()
    assert date(2026, 8, 22) in summer  # a Saturday, for the Monday before the national holiday
    assert date(2026, 8, 23) not in summer


def test_a_day_far_ahead_does_not_change_by_where_the_run_begins(company: Company) -> None:
    late = date(2026, 10, 5)

    def of_the_day(first: date) -> list[Event]:
        start_us = company.windows.day(late).start_us
        made = (one.event for one in told(company, first, late + timedelta(1)) if one.at_us >= start_us)
        return [event for event in made if event.type in ("lead.created", "sale.closed", "training.invited")]

    repeats = {event.id for event in of_the_day(late - timedelta(20))} - {event.id for event in of_the_day(late)}

    assert len(of_the_day(late)) > 100
    assert all("sale" not in one for one in repeats)


def test_a_few_tickets_are_answered_only_after_hours(summer: list[Event]) -> None:
    waited = []
    for steps in by(summer, "ticket_id").values():
        opened = times(steps, "ticket.opened")
        answered = [one.time_us for one in steps if one.type == "ticket.first_response" and not one.data["automatic"]]
        waited += [answered[0] - opened[0]] if opened and answered else []

    assert 0.02 < sum(wait > 3 * HOUR_US for wait in waited) / len(waited) < 0.3  # some of them over night


def test_visits_bounce_and_do_not(summer: list[Event]) -> None:
    visits = [one.data["bounced"] for one in summer if one.type == "web.session"]

    assert 0.3 < mean(visits) < 0.5


def test_everyone_is_asked_how_they_are_once_a_quarter(company: Company) -> None:
    quarter = told(company, date(2026, 7, 1), date(2026, 10, 1))
    answers = Counter(one.event.data["team"] for one in quarter if one.event.type == "survey.esat.response")
    heads = Counter(row.team for row in company.catalogue.people)

    assert all(0 < answers[team] <= heads[team] for team in heads)


def test_one_trainer_leaves_in_a_year_and_trains_nobody_after(company: Company) -> None:
    year = [Day(company, date(2026, 1, 1) + timedelta(n), seed=1) for n in range(365)]
    known = {row.id for row in company.catalogue.people}
    left = [one for day in year if day.works() for one in staffing(day) if one.type == "employee.left"]
    ((trainer, time_us),) = {(one.data["person_id"], one.time_us) for one in left if one.data["person_id"] in known}

    trained = [one.time_us for day in year for one in planned(day) if one.trainer == trainer]
    assert 0 < max(trained, default=0) <= time_us
