"""What sales and marketing cost beside advertising, as the accounts record it."""

from collections.abc import Iterator

from schemas.events.envelope import Event
from streams.simulation.rhythm import Day, event

COSTS = {"sales": ("sales", 0.13, 1_500_000), "marketing": ("marketing", 0.13, 1_000_000)}
"""Kind -> whose, how often an hour, and how much in VND on the average."""


def business_day(day: Day) -> Iterator[Event]:
    """A day of the accounts, in no order."""
    for kind, (department, per_hour, mean) in COSTS.items():
        dice, team = day.dice("accounts", kind), day.company.teams(department)[0]
        for number, time_us in enumerate(day.shift().times(dice, per_hour)):
            yield event(
                "accounts",
                "cost.recorded",
                time_us,
                f"cost-{kind}-{day.tag()}-{number}",
                kind=kind,
                amount=int(round(dice.uniform(0.4, 1.6) * mean, -4)),
                currency="VND",
                team=team,
            )
