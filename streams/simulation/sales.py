"""A day of the sales department: calls, meetings, and what comes of them."""

from collections.abc import Iterator
from random import Random

from schemas.events.envelope import Event
from streams.simulation.rhythm import HOUR_US, MINUTE_US, Day, Shift, event

SOURCE = "crm"
CALLS_PER_HOUR = 2.67  # good ones, 20 a day
MISSED_PER_HOUR = 0.4
SHORT_PER_HOUR = 0.12
MEETINGS_PER_HOUR = 0.13
SALES_PER_MONTH = 24
MEAN_SALE = 12_500_000  # VND
SLOW_SHARE = 0.12
"""Of the people whose sales stay below plan, so that the wall is not all green."""
CATCH_UP_US = 3 * HOUR_US
REASONS = ("budget", "timing", "competitor")


def sales_day(day: Day) -> Iterator[Event]:
    """Everything the CRM and the telephone system say on a day, in no order."""
    for person in day.company.staff("sales"):
        yield from _calls(day, person)
        yield from _meetings(day, person)
        yield from _deals(day, person)


def deals_day(day: Day) -> Iterator[Event]:
    """Only what the results of a month are made of."""
    for person in day.company.staff("sales"):
        yield from _deals(day, person)


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


def _deals(day: Day, person: str) -> Iterator[Event]:
    """Opportunities: 45 % won; what is won is sold, and half of the sales come with a contract."""
    dice, shift = day.dice(person, "deals"), day.shift(person)
    traits = day.traits(f"{person}/deals")
    skill = 0.6 if traits.random() < SLOW_SHARE else traits.uniform(1.0, 1.25)
    won_per_hour = SALES_PER_MONTH / day.company.month_hours(day.date)
    for number, time_us in enumerate(shift.times(dice, won_per_hour)):
        key = f"{day.tag()}-{person}-{number}"
        amount = round(dice.uniform(0.7, 1.3) * MEAN_SALE * skill, -4)
        yield from _won(dice, shift, time_us, key, person, int(amount))
    for number, time_us in enumerate(shift.times(dice, won_per_hour * 55 / 45)):
        yield event(
            SOURCE,
            "opportunity.lost",
            time_us,
            f"opp-{day.tag()}-{person}-l{number}",
            opportunity_id=f"opp-{day.tag()}-{person}-l{number}",
            owner=person,
            reason=dice.choice(REASONS),
        )


def _won(dice: Random, shift: Shift, time_us: int, key: str, person: str, amount: int) -> Iterator[Event]:
    customer = f"customer-{key}"
    yield event(
        SOURCE, "opportunity.won", time_us, f"opp-{key}", opportunity_id=f"opp-{key}", owner=person, amount=amount
    )
    sold_us = shift.later(time_us, 5 * MINUTE_US)
    yield event(
        SOURCE,
        "sale.closed",
        sold_us,
        f"sale-{key}",
        sale_id=f"sale-{key}",
        owner=person,
        customer_id=customer,
        amount=amount,
        currency="VND",
        cost=int(round(amount * dice.uniform(0.58, 0.68), -3)),
    )
    if dice.random() < 0.5:
        yield event(
            SOURCE,
            "contract.signed",
            shift.later(sold_us, 10 * MINUTE_US),
            f"contract-{key}",
            contract_id=f"contract-{key}",
            owner=person,
            customer_id=customer,
            amount=amount,
        )
