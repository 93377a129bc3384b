"""A day of the sales department: calls and meetings; what comes of them is in `deals`."""

from collections.abc import Iterator

from schemas.events.envelope import Event
from streams.simulation.deals import deals
from streams.simulation.rhythm import HOUR_US, MINUTE_US, Day, Shift, event

SOURCE = "crm"
CALLS_PER_HOUR = 2.67  # good ones, 20 a day
MISSED_PER_HOUR = 0.4
SHORT_PER_HOUR = 0.12
MEETINGS_PER_HOUR = 0.13
CATCH_UP_US = 3 * HOUR_US


def sales_day(day: Day) -> Iterator[Event]:
    """Everything the CRM and the telephone system say on a day, in no order."""
    for person in day.company.staff("sales"):
        yield from _calls(day, person)
        yield from _meetings(day, person)
        yield from deals(day, person)


def _calls(day: Day, person: str) -> Iterator[Event]:
    dice, shift = day.dice(person, "calls"), day.shift(person)
    pace = day.traits(person).uniform(1.0, 1.15)
    times = [(time, "good") for time in shift.times(dice, CALLS_PER_HOUR * pace)]
    times += [(time, "missed") for time in shift.times(dice, MISSED_PER_HOUR)]
    times += [(time, "short") for time in shift.times(dice, SHORT_PER_HOUR)]
    times += [(time, "good") for time in _catching_up(day, person, shift)]
    for number, (time_us, kind) in enumerate(times):
        if day.silenced(person, time_us):
            continue
        answered = kind != "missed"
        talk_s = (
            0 if not answered else dice.randint(5, 25) if kind == "short" else round(dice.lognormvariate(5.2, 0.6)) + 30
        )
        yield event(
            "pbx",
            "call.completed",
            time_us,
            f"call-{day.tag()}-{person}-{number}",
            owner=person,
            duration_s=talk_s,
            direction="out",
            purpose="consult",
            outcome="answered" if answered else dice.choice(("no_answer", "busy", "voicemail")),
        )


def _catching_up(day: Day, person: str, shift: Shift) -> Iterator[int]:
    """After a quiet stretch somebody calls twice as often, for as long as it takes to be back on pace."""
    for story in day.stories:
        if story.subject == person:
            end_us = shift.later(story.to_us, CATCH_UP_US)
            times = shift.times(day.dice(person, "catch up"), CALLS_PER_HOUR)
            yield story.from_us - MINUTE_US  # the last one before: the silence is as long as the story
            yield shift.later(story.to_us, 4 * MINUTE_US)
            yield from (time for time in times if story.to_us <= time < end_us)


def _meetings(day: Day, person: str) -> Iterator[Event]:
    dice = day.dice(person, "meetings")
    for number, time_us in enumerate(day.shift(person).times(dice, MEETINGS_PER_HOUR)):
        if not day.silenced(person, time_us):
            yield event(
                SOURCE,
                "meeting.held",
                time_us,
                f"meeting-{day.tag()}-{person}-{number}",
                owner=person,
                duration_s=60 * dice.randint(20, 75),
                purpose="consult",
            )
