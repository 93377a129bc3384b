"""The simulated company: its catalogue, its calendars and who works where."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from schemas.catalogue.load import load
from schemas.catalogue.models import Catalogue, Period
from streams.core.calendar import Calendars, build, zone_of
from streams.core.windows import Windows

CATALOGUE = Path(__file__).with_name("company")
"""The catalogue's folder, for `kpi check` and for reading."""


@dataclass(frozen=True, slots=True)
class Company:
    """A catalogue, understood. The simulator moves the departments sales, marketing, service and people."""

    catalogue: Catalogue
    calendars: Calendars
    windows: Windows

    def staff(self, department: str) -> list[str]:
        """Ids of a department's people, in the order of the catalogue."""
        teams = set(self.teams(department))
        return list(dict.fromkeys(row.id for row in self.catalogue.people if row.team in teams))

    def teams(self, department: str) -> list[str]:
        """Ids of a department's teams."""
        return [team.id for team in self.catalogue.teams if team.department == department]

    def working_day(self, not_before: date) -> date:
        """The first working day from a date on. ValueError where the calendar opens on none for a year."""
        for ahead in range(366):
            day = not_before + timedelta(ahead)
            if self.calendars.tenant.is_working_day(day):
                return day
        raise ValueError(f"no working day in the year after {not_before}; look at the catalogue's calendar")

    def opens_us(self, day: date) -> int:
        """When work begins on a working day."""
        return self.calendars.tenant.spans(day)[0][0]

    def month_hours(self, day: date) -> float:
        """Working hours of the month around a date."""
        month = self.windows.period(Period.MONTH, self.windows.day(day).start_us)
        return self.calendars.tenant.between(month.start_us, month.end_us) / 3_600_000_000


def with_short_targets_from(catalogue: Catalogue, day: date) -> Catalogue:
    """The catalogue with targets per day and week that hold from a date on, so that nobody is behind before it."""
    kpis = []
    for kpi in catalogue.kpis:
        if kpi.period in (Period.DAY, Period.WEEK):
            targets = tuple(target.model_copy(update={"from_": day}) for target in kpi.targets)
            kpi = kpi.model_copy(update={"targets": targets})
        kpis.append(kpi)
    return catalogue.model_copy(update={"kpis": tuple(kpis)})


def company_of(catalogue: Catalogue) -> Company:
    """A company over any catalogue that has people in the four departments.

    Raises:
        ValueError: a department without people: there is nobody to simulate.
    """
    company = Company(catalogue, build(catalogue), Windows(zone_of(catalogue.tenant)))
    for department in ("sales", "marketing", "service", "people"):
        if not company.staff(department):
            known = ", ".join(dict.fromkeys(team.department for team in catalogue.teams)) or "none"
            raise ValueError(f"nobody works in the department {department} (the catalogue has: {known})")
    return company


def demo_company() -> Company:
    """The company that ships with the package."""
    return company_of(load([CATALOGUE]))
