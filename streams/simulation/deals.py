"""What comes of selling: leads that people find themselves, opportunities, sales, contracts, customers won and lost.

A lead is sold weeks after it came. So that every day has its sales, wherever a run begins, deals are planned by the day
on which they are closed, and a day's leads are those of the deals to come, with those that nothing comes of among them.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from random import Random
from typing import NamedTuple

from schemas.events.envelope import Event
from streams.simulation import names
from streams.simulation.rhythm import HOUR_US, MINUTE_US, Day, Shift, event

SOURCE = "crm"
SALES_PER_MONTH = 24
MEAN_SALE = 12_500_000  # VND
HIGHEST_DISCOUNT = 0.15
SLOW_SHARE = 0.12
"""Of the people whose sales stay below plan, so that the wall is not all green."""
LOST_PER_WON = 55 / 45
REASONS = ("budget", "timing", "competitor")
REPEAT_SHARE = 0.35
"""Of the sales to somebody who has bought before."""
MEMORY_DAYS = 120
LEAD_SHARE = 0.22
"""Of the sales to new customers that began as a lead of the seller's own."""
LEADS_WITHOUT_SALE_PER_DAY = 0.65
"""A person; with the others one lead in five is sold."""
DELAY_MU, DELAY_SIGMA, LONGEST_DAYS = 2.85, 0.65, 75
"""Days from lead to sale: lognormal with a mean of 21; some take longer than the 60 that a conversion is given."""
REJECTED_SHARE = 0.08
CONTRACT_SHARE, CANCELLED_SHARE = 0.5, 0.04
CHURNED_PER_DAY = 0.06
SEGMENTS = ("retail", "retail", "small_business", "enterprise")
CHANNELS = ("referral", "event", "phone", "walk_in")


class Deal(NamedTuple):
    """A sale to come: `lead_days` before it its lead came, if it had one; `is_new` says that the customer is."""

    key: str
    time_us: int
    amount: int
    is_new: bool
    lead_days: int | None


def deals_day(day: Day) -> Iterator[Event]:
    """Only what the results of a month are made of."""
    for person in day.company.staff("sales"):
        yield from deals(day, person)


def deals(day: Day, person: str) -> Iterator[Event]:
    """A person's deals of a day, their new leads, and the customers that they lose."""
    dice, shift = day.dice(person, "outcomes"), day.shift(person)
    for deal in planned(day, person):
        yield from _won(day, dice, shift, deal, person)
    for number, time_us in enumerate(shift.times(dice, LOST_PER_WON * _per_hour(day))):
        key = f"opp-{day.tag()}-{person}-l{number}"
        yield event(
            SOURCE, "opportunity.lost", time_us, key, opportunity_id=key, owner=person, reason=dice.choice(REASONS)
        )
    yield from _leads(day, person)
    yield from _churned(day, dice, shift, person)


def planned(day: Day, person: str) -> list[Deal]:
    """What a person will sell on a day."""
    return day.plan(("deals", person), lambda: list(_planned(day, person)))


def _planned(day: Day, person: str) -> Iterator[Deal]:
    if not day.works():
        return
    dice, shift, traits = day.dice(person, "deals"), day.shift(person), day.traits(f"{person}/deals")
    skill = 0.6 if traits.random() < SLOW_SHARE else traits.uniform(1.0, 1.25)
    for number, time_us in enumerate(shift.times(dice, _per_hour(day))):
        amount = int(round(dice.uniform(0.7, 1.3) * MEAN_SALE * skill, -4))
        is_new = dice.random() >= REPEAT_SHARE
        days = min(max(1, round(dice.lognormvariate(DELAY_MU, DELAY_SIGMA))), LONGEST_DAYS)
        has_lead = is_new and dice.random() < LEAD_SHARE
        yield Deal(f"{day.tag()}-{person}-{number}", time_us, amount, is_new, days if has_lead else None)


def _per_hour(day: Day) -> float:
    return SALES_PER_MONTH / day.company.month_hours(day.date)


def _won(day: Day, dice: Random, shift: Shift, deal: Deal, person: str) -> Iterator[Event]:
    """An opportunity that is won is sold; half of the sales come with a contract, and of these a few are cancelled."""
    key, amount = deal.key, deal.amount
    earlier = None if deal.is_new else _earlier(day, dice, person)
    customer = f"customer-{earlier.key if earlier else key}"
    lead = {} if deal.lead_days is None else {"lead_id": f"lead-{key}"}
    opportunity = f"opp-{key}"
    yield event(
        SOURCE,
        "opportunity.won",
        deal.time_us,
        opportunity,
        opportunity_id=opportunity,
        owner=person,
        amount=amount,
        **lead,
    )
    sold_us = shift.later(deal.time_us, 5 * MINUTE_US)
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
        discount_ratio=round(day.dice("discount", key).uniform(0, HIGHEST_DISCOUNT), 3),
        **lead,
    )
    whose = {"customer_id": customer, "owner": person}
    if earlier is None:
        known = {**whose, "segment": dice.choice(SEGMENTS), **lead}
        yield event(SOURCE, "customer.created", shift.later(sold_us, MINUTE_US), customer, **known)
    else:
        at_us = shift.later(sold_us, MINUTE_US)
        yield event(SOURCE, "customer.active", at_us, customer, id_=f"{customer}.active.{key}", **whose)
    if dice.random() < CONTRACT_SHARE:
        contract = f"contract-{key}"
        signed_us = shift.later(sold_us, 10 * MINUTE_US)
        yield event(SOURCE, "contract.signed", signed_us, contract, contract_id=contract, amount=amount, **whose)
        if dice.random() < CANCELLED_SHARE:
            cancelled_us = shift.later(signed_us, dice.uniform(4, 120) * HOUR_US)
            yield event(SOURCE, "contract.cancelled", cancelled_us, contract, contract_id=contract, **whose)


def _earlier(day: Day, dice: Random, person: str) -> Deal | None:
    """A deal of the last months with somebody who was new then; None where there was none on the days looked at."""
    for _ in range(5):
        before = day.date - timedelta(dice.randint(5, MEMORY_DAYS))
        new = [deal for deal in planned(day.on(before), person) if deal.is_new]
        if new:
            return dice.choice(new)
    return None


def _churned(day: Day, dice: Random, shift: Shift, person: str) -> Iterator[Event]:
    if dice.random() < CHURNED_PER_DAY and (lost := _earlier(day, dice, person)) is not None:
        customer, at_us = f"customer-{lost.key}", shift.at(dice.random() * shift.length_us)
        yield event(
            SOURCE, "customer.churned", at_us, customer, id_=f"{customer}.churned.{day.tag()}",
            customer_id=customer, owner=person,
        )  # fmt: skip


# -- leads


def _leads(day: Day, person: str) -> Iterator[Event]:
    """Leads that a person finds today: those of sales to come, and those that nothing comes of."""
    shift = day.shift(person)
    if not shift.length_us:
        return
    for key in _to_be_sold(day, person):
        dice = day.dice("lead", key)
        yield _created(dice, shift, f"lead-{key}", person)
    dice = day.dice(person, "own leads")
    number = 0
    while dice.random() < LEADS_WITHOUT_SALE_PER_DAY / (1 + LEADS_WITHOUT_SALE_PER_DAY):  # geometric
        lead = f"lead-{day.tag()}-{person}-u{number}"
        created = _created(dice, shift, lead, person)
        yield created
        if dice.random() < REJECTED_SHARE:
            rejected_us = shift.later(created.time_us, dice.uniform(1, 12) * HOUR_US)
            yield event(SOURCE, "lead.rejected", rejected_us, lead, lead_id=lead, owner=person, reason="no_need")
        number += 1


def _created(dice: Random, shift: Shift, lead: str, person: str) -> Event:
    return event(
        SOURCE,
        "lead.created",
        shift.at(dice.random() * shift.length_us),
        lead,
        lead_id=lead,
        owner=person,
        source_channel=dice.choice(CHANNELS),
        score=dice.randint(30, 95),
        note=f"Gặp {names.customer(dice)}",
    )


def _to_be_sold(day: Day, person: str) -> list[str]:
    """Keys of a person's deals to come whose lead came today."""
    return day.plan(("to be sold",), lambda: _sorted_out(day)).get(person, [])


def _sorted_out(day: Day) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for ahead in range(1, LONGEST_DAYS + 15):  # a lead moves back to the working day before, over Tết by nine days
        later = day.on(day.date + timedelta(ahead))
        for person, came_on, key in later.plan(("came",), partial(_came, later)):
            if came_on == day.date:
                found.setdefault(person, []).append(key)
    return found


def _came(sold: Day) -> list[tuple[str, date, str]]:
    """Of every deal of a day that had a lead: whose, when the lead came, and the deal's key."""
    return [
        (person, _came_on(sold, deal.lead_days), deal.key)
        for person in sold.company.staff("sales")
        for deal in planned(sold, person)
        if deal.lead_days is not None
    ]


def _came_on(sold: Day, days: int) -> date:
    """The working day on which a lead came so many days before its sale."""
    day = sold.on(sold.date - timedelta(days))
    while not day.works():
        day = day.on(day.date - timedelta(1))
    return day.date
