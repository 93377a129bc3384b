"""A day of HR: trainings, to which people are invited some days before, the anonymous survey, and what replacing people
costs."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from schemas.events.envelope import Event
from streams.simulation.rhythm import Day, event
from streams.simulation.staffing import staffing, still_there

SOURCE = "hr"
TRAININGS_PER_HOUR = 4.1
ATTENDED_SHARE, PASSED_SHARE = 0.9, 0.9
INVITED_DAYS = (1, 2, 3, 4)
"""Working days before the training."""
ANSWERED_SHARE = 0.8
"""Of the people, each quarter."""
COSTS_PER_HOUR = 0.4
SUBJECTS = ("onboarding", "consulting", "product", "safety")


class Training(NamedTuple):
    """One person's training on a day; `invited` is the date of the invitation."""

    training: str
    person: str
    trainer: str
    time_us: int
    invited: date
    attended: bool
    passed: bool


def people_day(day: Day) -> Iterator[Event]:
    """Everything the HR system says on a day, in no order."""
    yield from _trainings(day)
    yield from _answers(day)
    yield from _costs(day)
    yield from staffing(day)


def _trainings(day: Day) -> Iterator[Event]:
    for one in planned(day):
        if one.attended:
            about = {"person_id": one.person, "training_id": one.training, "owner": one.trainer}
            yield event(
                SOURCE, "training.attended", one.time_us, one.person, id_=one.training, **about, passed=one.passed
            )
    shift = day.shift()
    for ahead in range(1, 16):  # four working days are less, but for Tết
        for one in planned(day.on(day.date + timedelta(ahead))):
            if one.invited == day.date:
                about = {"person_id": one.person, "training_id": one.training, "owner": one.trainer}
                at_us = shift.at(day.dice("invited", one.training).random() * shift.length_us)
                yield event(SOURCE, "training.invited", at_us, one.person, id_=f"{one.training}.invited", **about)


def planned(day: Day) -> list[Training]:
    """The trainings of a day."""
    return day.plan(("trainings",), lambda: list(_planned(day)))


def _planned(day: Day) -> Iterator[Training]:
    if not day.works():
        return
    trainers, dice = still_there(day, day.company.staff("people")), day.dice("trainings")
    everybody = [row.id for row in day.company.catalogue.people]
    for number, time_us in enumerate(day.shift().times(dice, TRAININGS_PER_HOUR)):
        yield Training(
            training=f"{dice.choice(SUBJECTS)}-{day.tag()}-{number}",
            person=dice.choice(everybody),
            trainer=dice.choice(trainers),
            time_us=time_us,
            invited=_working_days_before(day, dice.choice(INVITED_DAYS)),
            attended=dice.random() < ATTENDED_SHARE,
            passed=dice.random() < PASSED_SHARE,
        )


def _working_days_before(day: Day, days: int) -> date:
    while days:
        day = day.on(day.date - timedelta(1))
        days -= day.works()
    return day.date


def _answers(day: Day) -> Iterator[Event]:
    """Once a quarter everyone is asked, each on a day of their own, and on the next working day after it."""
    dice, shift = day.dice("survey"), day.shift()
    if not day.works():
        return
    since = day.on(day.date - timedelta(1))
    while not since.works():
        since = since.on(since.date - timedelta(1))
    for number, row in enumerate(day.company.catalogue.people):
        dates = (since.date + timedelta(n) for n in range(1, (day.date - since.date).days + 1))
        if any(_is_asked(day.on(one), row.id) for one in dates):
            score = min(10, max(0, round(dice.gauss(8.3, 1.1))))
            at_us = shift.at(dice.random() * shift.length_us)
            answer = f"answer-{day.tag()}-{number}"
            yield event("survey", "survey.esat.response", at_us, answer, score=score, team=row.team)


def _is_asked(day: Day, person: str) -> bool:
    """Whether a date is the one in its quarter on which somebody is asked, and will answer."""
    first = date(day.date.year, (day.date.month - 1) // 3 * 3 + 1, 1)
    dice = day.traits(f"survey/{first}/{person}")
    return dice.random() < ANSWERED_SHARE and day.date == first + timedelta(dice.randrange(90))


def _costs(day: Day) -> Iterator[Event]:
    dice, team = day.dice("costs"), day.company.teams("people")[-1]
    for number, time_us in enumerate(day.shift().times(dice, COSTS_PER_HOUR)):
        yield event(
            SOURCE,
            "cost.recorded",
            time_us,
            f"cost-{day.tag()}-{number}",
            kind="recruiting",
            amount=int(round(dice.uniform(0.3, 2.0) * 1_000_000, -4)),
            currency="VND",
            team=team,
        )
