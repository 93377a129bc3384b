"""Working time of a tenant, its teams and its people: hours, holidays, swapped days, overrides, leave.

The arithmetic is in `working_time`, what a date's hours are in `schedule`, whose they are in `build`.
"""

from streams.core.calendar.build import Calendars, build, check_calendars, zone_of
from streams.core.calendar.text import CalendarError, Problem, check_calendar
from streams.core.calendar.working_time import WorkingTime, expected_share

__all__ = [
    "CalendarError",
    "Calendars",
    "Problem",
    "WorkingTime",
    "build",
    "check_calendar",
    "check_calendars",
    "expected_share",
    "zone_of",
]
