"""What real sources do to a clean stream: repeats, late events, corrections, reversals and retractions."""

from collections.abc import Iterable, Iterator
from random import Random

from schemas.events.envelope import Event
from streams.simulation.rhythm import MINUTE_US, Day, Shift, event

REPEATED = 0.004
LATE = 0.004
RETRACTED_CALL = 0.003
CORRECTED_SALE = 0.03
REVERSED_SALE = 0.02


def arrivals_of(day: Day, department: str, events: Iterable[Event]) -> Iterator[tuple[int, Event]]:
    """(arrival, event) for each event, a second time for a repeat, and for what takes an event back.

    All of it falls into working time, so that nothing stirs at night.
    """
    dice, shift = day.dice(department, "disorder"), day.shift()
    for one in events:
        chance = dice.random()
        if chance < REPEATED:
            yield one.time_us, one
            yield shift.later(one.time_us, dice.uniform(1, 3) * MINUTE_US), one
        elif chance < REPEATED + LATE:
            yield shift.later(one.time_us, dice.uniform(8, 30) * MINUTE_US), one
        else:
            yield one.time_us, one
        for after in _changes(dice, shift, one):
            yield after.time_us, after


def _changes(dice: Random, shift: Shift, one: Event) -> Iterator[Event]:
    """At most one correction, reversal or retraction of an event, some working time after it."""
    later_us = shift.later(one.time_us, dice.uniform(20, 120) * MINUTE_US)
    chance = dice.random()
    superseded = (one.source, one.id)
    if one.type == "sale.closed" and chance < CORRECTED_SALE:
        data = {**one.data, "amount": int(round(one.data["amount"] * dice.uniform(0.9, 1.05), -3))}
        yield Event(one.source, f"{one.id}.corrected", "sale.corrected", later_us, one.subject, data, superseded)
    elif one.type == "sale.closed" and chance < CORRECTED_SALE + REVERSED_SALE:
        data = {"sale_id": one.subject, "owner": one.data["owner"], "reason": "return"}
        if dice.random() < 0.5:
            data["amount"] = one.data["amount"] // 4
        yield event(one.source, "sale.reversed", later_us, one.subject, **data)._replace(supersedes=superseded)
    elif one.type == "call.completed" and chance < RETRACTED_CALL:
        # Logged on the wrong person.
        yield Event(one.source, f"{one.id}.retracted", f"{one.type}.retracted", later_us, one.subject, {}, superseded)
