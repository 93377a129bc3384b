"""The simulated company keeps office hours, moves every department, and is the same every time."""

from collections import Counter
from datetime import date

import pytest

from schemas.events.decode import Decoder
from schemas.events.envelope import Event, encode
from schemas.events.registry import Registry
from streams.simulation.company import Company, company_of, demo_company, with_short_targets_from
from streams.simulation.generate import Arrival, generate
from streams.simulation.stories import stories_from

MONDAY, THURSDAY = date(2026, 11, 16), date(2026, 11, 19)
MINUTE_US = 60_000_000


@pytest.fixture(scope="module")
def company() -> Company:
    return demo_company()


def told(company: Company, first: date, after: date, seed: int = 1) -> list[Arrival]:
    start_us, end_us = company.windows.day(first).start_us, company.windows.day(after).start_us
    return list(generate(company, start_us, end_us, seed, stories_from(company, first, seed)))


def test_the_same_seed_tells_the_same_and_another_seed_something_else(company: Company) -> None:
    assert told(company, MONDAY, THURSDAY) == told(company, MONDAY, THURSDAY)
    assert told(company, MONDAY, THURSDAY) != told(company, MONDAY, THURSDAY, seed=2)


def test_a_later_beginning_tells_the_rest_of_the_same_day(company: Company) -> None:
    start_us = company.windows.day(MONDAY).start_us
    noon_us, end_us = start_us + 720 * MINUTE_US, start_us + 1440 * MINUTE_US

    whole = list(generate(company, start_us, end_us, 1))
    rest = list(generate(company, noon_us, end_us, 1))

    assert rest == [arrival for arrival in whole if arrival.at_us >= noon_us]


def test_events_arrive_in_order_and_never_before_they_happen(company: Company) -> None:
    arrivals = told(company, MONDAY, THURSDAY)

    assert [one.at_us for one in arrivals] == sorted(one.at_us for one in arrivals)
    assert all(one.event.time_us <= one.at_us for one in arrivals)


def test_nothing_happens_outside_of_working_time(company: Company) -> None:
    working = company.calendars.tenant

    strays = [one for one in told(company, MONDAY, date(2026, 11, 26)) if not working.is_open(one.at_us - 1)]

    assert strays == []  # weekends and the holiday of 24 November among them


def test_every_event_is_valid(company: Company) -> None:
    decoder = Decoder(Registry.of(()), company.catalogue.tenant.currency)
    for _, event in told(company, MONDAY, THURSDAY):
        assert decoder.decode(event.subject.encode(), encode(event), ()) == event


def test_every_department_and_every_disorder_is_there(company: Company) -> None:
    arrivals = told(company, date(2026, 11, 2), date(2026, 11, 24))
    types = Counter(one.event.type for one in arrivals)
    identities = Counter((one.event.source, one.event.id) for one in arrivals)

    assert {"call.completed", "meeting.held", "opportunity.won", "contract.signed", "sale.closed"} <= types.keys()
    assert {"lead.created", "lead.rejected", "ad.spend", "conversion.recorded", "web.session"} <= types.keys()
    assert {"ticket.opened", "ticket.work_ended", "ticket.resolved", "csat.response"} <= types.keys()
    assert {"training.attended", "survey.esat.response", "cost.recorded"} <= types.keys()
    assert {"sale.corrected", "sale.reversed", "call.completed.retracted"} <= types.keys()
    assert max(identities.values()) == 2
    assert any(one.at_us - one.event.time_us > 5 * MINUTE_US for one in arrivals)
    assert max(types[one] for one in ("sale.reversed", "call.completed.retracted")) < types["call.completed"] / 50


def test_the_stalled_person_is_silent_and_comes_back_while_colleagues_go_on(company: Company) -> None:
    stall, _ = stories_from(company, MONDAY, 1)(MONDAY)
    calls = [one.event for one in told(company, MONDAY, date(2026, 11, 17)) if one.event.type == "call.completed"]

    def within(events: list[Event]) -> Counter[str]:
        return Counter(one.data["owner"] for one in events if stall.from_us <= one.time_us < stall.to_us)

    assert within(calls)[stall.subject] == 0
    assert len(within(calls)) >= 18
    assert sum(one.data["owner"] == stall.subject and one.time_us > stall.to_us for one in calls) > 15


def test_leads_dry_up_for_one_hour_but_not_quite(company: Company) -> None:
    _, collapse = stories_from(company, MONDAY, 1)(MONDAY)
    created = [one.event for one in told(company, MONDAY, date(2026, 11, 17)) if one.event.type == "lead.created"]
    leads = [event.time_us for event in created if event.data.get("team") == collapse.subject]

    assert len({one for one in leads if collapse.from_us <= one < collapse.to_us}) == 3
    assert len({one for one in leads if collapse.to_us <= one < collapse.to_us + 60 * MINUTE_US}) > 10


def test_days_before_the_detailed_ones_hold_only_deals_staffing_and_costs(company: Company) -> None:
    start_us, end_us = company.windows.day(MONDAY).start_us, company.windows.day(THURSDAY).start_us
    arrivals = list(generate(company, start_us, end_us, 1, detailed_from=date(2026, 11, 18)))
    early = {one.event.type for one in arrivals if one.at_us < company.windows.day(date(2026, 11, 18)).start_us}

    departments = {one.partition(".")[0] for one in early}
    assert departments <= {
        "opportunity",
        "sale",
        "contract",
        "customer",
        "lead",
        "requisition",
        "headcount",
        "offer",
        "employee",
        "cost",
    }
    assert len({one.event.type for one in arrivals}) > 15


def test_short_targets_begin_on_a_date_and_long_ones_stay(company: Company) -> None:
    kpis = {kpi.id: kpi for kpi in with_short_targets_from(company.catalogue, MONDAY).kpis}

    assert kpis["S7d"].targets[0].from_ == MONDAY
    assert kpis["S1"].targets[0].from_ == date(2026, 1, 1)


def test_a_catalogue_without_a_department_is_refused_by_name(company: Company) -> None:
    teams = tuple(team for team in company.catalogue.teams if team.department != "service")

    with pytest.raises(ValueError, match="nobody works in the department service"):
        company_of(company.catalogue.model_copy(update={"teams": teams}))
