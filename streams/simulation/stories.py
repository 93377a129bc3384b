"""What goes wrong on purpose: a salesperson goes quiet, and the leads of marketing dry up for an hour; both recover."""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from streams.simulation.company import Company

MINUTE_US = 60_000_000
STALL_FROM, STALL_TO = 40 * MINUTE_US, 126 * MINUTE_US
"""Working time of the day. At 20 calls a day a silence of 83 minutes is a stall; in a week's calls it takes 110."""
COLLAPSE_HOURS = (1, 2, 5, 6)
"""Working hour of the day without leads, day after day: 09, 10, 14:30 and 15:30, so that history does not learn it."""


class Story(NamedTuple):
    """`subject` (a person or a team) does next to nothing from `from_us` to `to_us`."""

    kind: str  # stall | collapse
    subject: str
    from_us: int
    to_us: int


StoriesOf = Callable[[date], tuple[Story, ...]]


def no_stories(day: date) -> tuple[Story, ...]:
    """An ordinary day."""
    return ()


def stories_from(company: Company, first: date, seed: int) -> StoriesOf:
    """Both stories on every working day from `first` on, with somebody else each day."""
    working = company.calendars.tenant
    closers = company.staff("sales")

    def stories(day: date) -> tuple[Story, ...]:
        if day < first or not working.is_working_day(day):
            return ()
        start_us = company.windows.day(day).start_us
        who = Random(f"{seed}/{day.isoformat()}/stall").choice(closers)
        hour = COLLAPSE_HOURS[working.working_days(first, day) % len(COLLAPSE_HOURS)]
        return (
            _story("stall", who, company, start_us, STALL_FROM, STALL_TO),
            _story(
                "collapse",
                company.teams("marketing")[0],
                company,
                start_us,
                hour * 60 * MINUTE_US,
                (hour + 1) * 60 * MINUTE_US,
            ),
        )

    return stories


def last_working_day(company: Company, start: date, end: date) -> date | None:
    """The last working day of [start, end)."""
    for back in range(1, (end - start).days + 1):
        if company.calendars.tenant.is_working_day(end - timedelta(back)):
            return end - timedelta(back)
    return None


def _story(kind: str, subject: str, company: Company, day_us: int, from_us: int, to_us: int) -> Story:
    due = company.calendars.tenant.due
    return Story(kind, subject, due(day_us, from_us) or day_us, due(day_us, to_us) or day_us)
