"""A day of HR: trainings, the anonymous employee survey, and what replacing people costs."""

from collections.abc import Iterator

from schemas.events.envelope import Event
from streams.simulation.rhythm import Day, event

SOURCE = "hr"
TRAININGS_PER_HOUR = 3.7
ANSWERS_PER_HOUR = 1.2
COSTS_PER_HOUR = 0.4
SUBJECTS = ("onboarding", "consulting", "product", "safety")


def people_day(day: Day) -> Iterator[Event]:
    """Everything the HR system says on a day, in no order."""
    shift, trainers = day.shift(), day.company.staff("people")
    everybody = [row.id for row in day.company.catalogue.people]
    teams = [team.id for team in day.company.catalogue.teams]

    dice = day.dice("trainings")
    for number, time_us in enumerate(shift.times(dice, TRAININGS_PER_HOUR)):
        person, training = dice.choice(everybody), f"{dice.choice(SUBJECTS)}-{day.tag()}-{number}"
        yield event(
            SOURCE,
            "training.attended",
            time_us,
            person,
            id_=training,
            person_id=person,
            training_id=training,
            owner=dice.choice(trainers),
            passed=dice.random() < 0.9,
        )
    dice = day.dice("survey")
    for number, time_us in enumerate(shift.times(dice, ANSWERS_PER_HOUR)):
        score = min(10, max(0, round(dice.gauss(8.3, 1.1))))
        yield event(
            "survey",
            "survey.esat.response",
            time_us,
            f"answer-{day.tag()}-{number}",
            score=score,
            team=dice.choice(teams),
        )
    dice = day.dice("costs")
    for number, time_us in enumerate(shift.times(dice, COSTS_PER_HOUR)):
        yield event(
            SOURCE,
            "cost.recorded",
            time_us,
            f"cost-{day.tag()}-{number}",
            kind="recruiting",
            amount=int(round(dice.uniform(0.3, 2.0) * 1_000_000, -4)),
            currency="VND",
            team=teams[-1],
        )
