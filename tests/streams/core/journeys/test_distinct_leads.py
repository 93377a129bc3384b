"""Distinct leads of events that come for longer than the horizon: a merge changes what is inside it, and no more."""

from datetime import date, timedelta

from streams.core.policy import MINUTE_US
from streams.core.stage import Now
from tests.streams.core.journeys.town import POLICY, company, event, instant
from tests.streams.core.road import Road

CALLED = {"count": "call.completed", "distinct": "lead_id"}
DAYS = [str(date(2026, 1, 1) + timedelta(day)) for day in range(150)]


def test_a_merge_makes_one_lead_of_two_that_are_called_each_day_and_leaves_what_is_settled() -> None:
    road = Road(company(CALLED, unit="leads", period="day"), POLICY, 2)
    for day in DAYS:
        called = {"owner": "an", "duration_s": 60, "outcome": "answered"}
        road.put([event("call.completed", f"{day} 10:00", f"{day}-{lead}", **called, lead_id=lead) for lead in "xy"])
        road.run(Now(instant(f"{day} 11:00"), caught_up=False))

    road.put([event("lead.merged", f"{DAYS[-1]} 12:00", "x", lead_id="x", into_lead_id="y")])
    road.run(Now(instant(f"{DAYS[-1]} 13:00"), caught_up=False))
    road.tick(instant(f"{DAYS[-1]} 13:00") + MINUTE_US)

    values = {day: road.values["k", "an", day].value for day in DAYS}
    assert {1} == {values[day] for day in DAYS[-100:]}
    assert {2} == {values[day] for day in DAYS[:30]}
