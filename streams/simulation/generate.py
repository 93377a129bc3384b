"""All departments together, in the order in which their events arrive."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from schemas.events.envelope import Event
from streams.simulation.business import business_day
from streams.simulation.company import Company
from streams.simulation.deals import deals_day
from streams.simulation.disorder import arrivals_of
from streams.simulation.human_resources import people_day
from streams.simulation.marketing import marketing_day
from streams.simulation.rhythm import Day
from streams.simulation.sales import sales_day
from streams.simulation.service import service_day
from streams.simulation.staffing import staffing
from streams.simulation.stories import StoriesOf, no_stories

DEPARTMENTS: dict[str, Callable[[Day], Iterable[Event]]] = {
    "sales": sales_day,
    "marketing": marketing_day,
    "service": service_day,
    "people": people_day,
    "business": business_day,
}


class Arrival(NamedTuple):
    """An event and when it reaches Kafka: at its time, or later where the source was slow."""

    at_us: int
    event: Event


RESULTS_ONLY: dict[str, Callable[[Day], Iterable[Event]]] = {
    "sales": deals_day,
    "people": staffing,
    "business": business_day,
}


def generate(
    company: Company,
    start_us: int,
    end_us: int | None,
    seed: int,
    stories: StoriesOf = no_stories,
    detailed_from: date | None = None,
) -> Iterator[Arrival]:
    """Arrivals in [start_us, end_us) in order; without an end they never stop. The same arguments give the same events.

    Days are made whole, one at a time, so that an instant's events do not depend on where the range begins; only what
    follows from a day before `start_us` (a ticket answered the morning after) is missing. Days before `detailed_from`
    have nothing but deals, staffing and costs: enough for the results of a month, and a tenth of the events.
    """
    windows = company.windows
    waiting: list[tuple[int, int, Event]] = []
    made = 0
    remembered: dict[tuple[str, ...], Any] = {}
    on = windows.clock.date(start_us)
    while end_us is None or windows.day(on).start_us < end_us:
        day = Day(company, on, seed, stories(on), remembered)
        if company.calendars.tenant.is_working_day(on):
            departments = RESULTS_ONLY if detailed_from and on < detailed_from else DEPARTMENTS
            for name, department in departments.items():
                for at_us, event in arrivals_of(day, name, department(day)):
                    heapq.heappush(waiting, (at_us, made, event))
                    made += 1
        on += timedelta(1)
        until_us = windows.day(on).start_us
        while waiting and waiting[0][0] < until_us:
            at_us, _, event = heapq.heappop(waiting)
            if end_us is not None and at_us >= end_us:
                return
            if at_us >= start_us:
                yield Arrival(at_us, event)
