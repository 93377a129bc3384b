"""When things happen: seeded randomness by day and subject, laid over working time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random
from typing import Any, TypeVar

from schemas.events.envelope import Event
from streams.core.calendar import WorkingTime
from streams.simulation.company import Company
from streams.simulation.stories import Story

HOUR_US = 3_600_000_000
MINUTE_US = 60_000_000
EVENNESS = 8.0
"""Shape of the Gamma gaps between events: people work steadily, so their gaps vary by a third (a Poisson process: by
all of the mean, which would make honest but unwanted stalls in a demo)."""
MOST_REMEMBERED = 20_000
"""Plans of (day, person) that are kept: half a year ahead and back, of a company ten times as large."""

Plan = TypeVar("Plan")
LocalDate = date


@dataclass(frozen=True, slots=True)
class Day:
    """One local date of a company: its dice, its hours and its stories."""

    company: Company
    date: date
    seed: int
    stories: tuple[Story, ...] = ()
    remembered: dict[tuple[str, ...], Any] = field(default_factory=dict, compare=False, repr=False)
    """Plans of this day and others, shared by all days of a run."""

    def on(self, other: LocalDate) -> "Day":
        """Another date of the same company, without its stories."""
        return replace(self, date=other, stories=())

    def plan(self, name: tuple[str, ...], make: Callable[[], Plan]) -> Plan:
        """What was planned for this date under a name, planned once: what begins today may have been decided by a day
        to come, as the lead whose sale it is."""
        key = (self.date.isoformat(), *name)
        if key not in self.remembered:
            if len(self.remembered) >= MOST_REMEMBERED:
                self.remembered.clear()
            self.remembered[key] = make()
        planned: Plan = self.remembered[key]
        return planned

    def works(self) -> bool:
        """Whether the company works on this date."""
        return self.plan(("works",), lambda: self.company.calendars.tenant.is_working_day(self.date))

    def dice(self, *names: str) -> Random:
        """Randomness of its own for each name, so that one stream's draws do not move another's."""
        return Random("/".join((str(self.seed), self.date.isoformat(), *names)))

    def traits(self, name: str) -> Random:
        """Randomness that is the same every day: what somebody is like."""
        return Random(f"{self.seed}/{name}")

    def shift(self, person: str | None = None) -> "Shift":
        """The working hours of a person, or of the company."""
        calendars = self.company.calendars
        working = calendars.tenant if person is None else calendars.person(person)
        window = self.company.windows.day(self.date)
        return Shift(working, window.start_us, working.between(window.start_us, window.end_us))

    def tag(self) -> str:
        """The date as ids carry it: `261123`."""
        return f"{self.date:%y%m%d}"

    def silenced(self, subject: str, time_us: int) -> bool:
        """Whether a story keeps a subject from working at an instant."""
        return any(story.subject == subject and story.from_us <= time_us < story.to_us for story in self.stories)


@dataclass(frozen=True, slots=True)
class Shift:
    """A day's working time: `length_us` of it from `start_us` (the day's first instant) on."""

    working: WorkingTime
    start_us: int
    length_us: int

    def times(self, dice: Random, per_hour: float) -> Iterator[int]:
        """Instants at which something happens about `per_hour` times a working hour."""
        if per_hour <= 0:
            return
        gap_us = HOUR_US / per_hour
        offset_us = dice.random() * dice.gammavariate(EVENNESS, gap_us / EVENNESS)
        while offset_us < self.length_us:
            yield self.at(offset_us)
            offset_us += dice.gammavariate(EVENNESS, gap_us / EVENNESS)

    def at(self, offset_us: float) -> int:
        """The instant by which so much of the day has been worked."""
        return self.later(self.start_us, max(offset_us, 1))

    def later(self, time_us: int, worked_us: float) -> int:
        """The instant so much working time after another; it may lie on a later day."""
        due_us = self.working.due(time_us, round(worked_us))
        return time_us if due_us is None else due_us


def event(source: str, type_: str, time_us: int, subject: str, **data: Any) -> Event:
    """An event that happens once to its subject; `id_` in `data` names it where it may happen again."""
    identity = data.pop("id_", None) or f"{subject}.{type_}"
    return Event(source, identity, type_, time_us, subject, data)
