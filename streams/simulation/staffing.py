"""Who is there: headcounts of every team, positions that are opened and filled, people who come and go."""

from collections.abc import Iterator
from datetime import date, timedelta

from schemas.events.envelope import Event
from streams.simulation.rhythm import HOUR_US, MINUTE_US, Day, event

SOURCE = "hr"
POSITIONS_PER_DAY = 0.5
CANCELLED_SHARE = 0.12
HIRED_SHARE = 0.9
"""Of the offers that are accepted; the others do not come after all."""
LEFT_PER_DAY = 0.04
LEFT_SOON_SHARE = 0.08
"""Of those hired: gone within their first 60 days."""
NAMELESS = "staff"
"""Who comes and goes here is nobody of the catalogue, but for one trainer a year (`trainer_leaving`)."""


def staffing(day: Day) -> Iterator[Event]:
    """A day's staffing, in no order; a position is filled weeks later."""
    yield from headcounts(day)
    yield from positions(day)
    dice, shift = day.dice("leavers"), day.shift()
    if dice.random() < LEFT_PER_DAY:
        person, team = f"{NAMELESS}-{day.tag()}", dice.choice(_teams(day))
        at_us = shift.at(dice.random() * shift.length_us)
        yield event(SOURCE, "employee.left", at_us, person, person_id=person, team=team, voluntary=dice.random() < 0.7)
    trainer, last = trainer_leaving(day)
    if last == day.date:
        at_us = shift.at(shift.length_us)
        yield event(
            SOURCE, "employee.left", at_us, trainer, id_=f"left-{trainer}-{last}", person_id=trainer, voluntary=True
        )


def trainer_leaving(day: Day) -> tuple[str, date]:
    """Who of HR leaves in the year of a date, and their last day; the next year has somebody in their place."""
    trainers, year = day.company.staff("people"), day.date.year
    last = day.on(date(year, 1, 1) + timedelta(day.traits(f"trainer leaving/{year}").randrange(30, 330)))
    while not last.works():
        last = last.on(last.date + timedelta(1))
    return trainers[year % len(trainers)], last.date


def still_there(day: Day, trainers: list[str]) -> list[str]:
    """Those of HR who have not left; the last one stays."""
    gone, last = trainer_leaving(day)
    return [one for one in trainers if one != gone or day.date <= last] or trainers


def headcounts(day: Day) -> Iterator[Event]:
    """What the payroll says of every team as the day begins."""
    company, shift = day.company, day.shift()
    for number, team in enumerate(_teams(day)):
        heads = sum(1 for row in company.catalogue.people if row.team == team)
        at_us = shift.at((number + 1) * MINUTE_US)
        yield event(
            SOURCE, "headcount.snapshot", at_us, team, id_=f"heads-{team}-{day.tag()}", team=team, headcount=heads
        )


def positions(day: Day) -> Iterator[Event]:
    """Positions opened today, with what becomes of them: three weeks until an offer is accepted, two more until the
    person is there."""
    dice, shift = day.dice("positions"), day.shift()
    if dice.random() >= POSITIONS_PER_DAY:
        return
    position, team = f"req-{day.tag()}", dice.choice(_teams(day))
    about = {"requisition_id": position, "team": team}
    opened_us = shift.at(dice.random() * shift.length_us)
    yield event(SOURCE, "requisition.opened", opened_us, position, **about)
    # Fifteen working days of seven and a half hours; the deadline of the template is 20 days by the calendar.
    decided_us = shift.later(opened_us, min(dice.lognormvariate(4.5, 0.45), 300) * HOUR_US)
    if dice.random() < CANCELLED_SHARE:
        yield event(SOURCE, "requisition.cancelled", decided_us, position, **about)
        return
    yield event(SOURCE, "offer.accepted", decided_us, position, **about)
    if dice.random() < HIRED_SHARE:
        person, begins_us = f"{NAMELESS}-{position}", shift.later(decided_us, dice.uniform(50, 100) * HOUR_US)
        yield event(SOURCE, "employee.hired", begins_us, person, person_id=person, team=team)
        soon = day.dice("gone soon")
        if soon.random() < LEFT_SOON_SHARE:
            left_us = shift.later(begins_us, soon.uniform(20, 250) * HOUR_US)
            yield event(SOURCE, "employee.left", left_us, person, person_id=person, team=team, voluntary=True)


def _teams(day: Day) -> list[str]:
    return [team.id for team in day.company.catalogue.teams]
