"""A day of marketing: web sessions, spending, conversions, and leads with what marketing and sales make of them."""

from collections.abc import Iterator
from random import Random

from schemas.events.envelope import Event
from streams.simulation import names
from streams.simulation.audience import CAMPAIGNS, audience
from streams.simulation.rhythm import HOUR_US, MINUTE_US, Day, Shift, event

LEADS_PER_HOUR = 17.0
LEADS_IN_A_COLLAPSE = 3
CONVERSIONS_PER_HOUR = 12.0
SESSIONS_PER_HOUR = 8.0
BOUNCED_SHARE = 0.38
SPEND_PER_HOUR = 32_000  # VND a campaign
CHANNELS = ("organic", "paid", "direct", "referral", "social", "email")
INTERESTS = ("hỏi giá", "xin dùng thử", "hỏi bảo hành", "cần báo giá số lượng lớn")
WRONG_SHARE, QUALIFIED_SHARE, TWICE_SHARE = 0.05, 0.42, 0.008
"""Of the leads: thrown away at once, good enough for sales, and entered a second time by the same person."""
REFUSED_SHARE = 0.08
"""Of what is handed over."""


def marketing_day(day: Day) -> Iterator[Event]:
    """Everything the web site, the ad accounts and the lead form say on a day, in no order."""
    yield from _leads(day)
    yield from _campaigns(day)
    yield from _sessions(day)
    yield from audience(day)


def _leads(day: Day) -> Iterator[Event]:
    dice, shift = day.dice("leads"), day.shift()
    team = day.company.teams("marketing")[0]
    times = [time for time in shift.times(dice, LEADS_PER_HOUR) if not day.silenced(team, time)]
    for story in day.stories:
        if story.subject == team:  # a trickle, spread over the hour: the form works, its traffic is gone
            step_us = (story.to_us - story.from_us) // (LEADS_IN_A_COLLAPSE + 1)
            times += [story.from_us + step_us * (n + 1) for n in range(LEADS_IN_A_COLLAPSE)]
    for number, time_us in enumerate(times):
        lead = f"lead-{day.tag()}-{number}"
        yield event(
            "web/form",
            "lead.created",
            time_us,
            lead,
            lead_id=lead,
            team=team,
            source_channel=dice.choice(CHANNELS),
            score=dice.randint(20, 95),
            note=f"{names.customer(dice)} {dice.choice(INTERESTS)}",
        )
        yield from _followed_up(day, dice, shift, lead, time_us)


def _followed_up(day: Day, dice: Random, shift: Shift, lead: str, created_us: int) -> Iterator[Event]:
    """Thrown away, qualified and handed over to somebody in sales who takes it or not, or nothing."""
    team, chance = day.company.teams("marketing")[0], dice.random()
    looked_us = shift.later(created_us, dice.uniform(5, 60) * MINUTE_US)
    if chance < WRONG_SHARE:
        yield event("crm", "lead.rejected", looked_us, lead, lead_id=lead, team=team, reason="wrong_number")
    elif chance < WRONG_SHARE + QUALIFIED_SHARE:
        yield from _handed_over(day, dice, shift, lead, looked_us)
    elif chance > 1 - TWICE_SHARE and int(lead.rpartition("-")[2]) > 0:
        stem, _, number = lead.rpartition("-")
        into = f"{stem}-{int(number) - 1}"
        yield event("crm", "lead.merged", looked_us, lead, lead_id=lead, into_lead_id=into)


def _handed_over(day: Day, dice: Random, shift: Shift, lead: str, qualified_us: int) -> Iterator[Event]:
    company = day.company
    marketer, seller = dice.choice(company.staff("marketing")), dice.choice(company.staff("sales"))
    yield event("crm", "lead.qualified", qualified_us, lead, lead_id=lead, owner=marketer)
    handed_us = shift.later(qualified_us, dice.uniform(3, 40) * MINUTE_US)
    team = company.teams("marketing")[0]
    yield event(
        "crm", "lead.handed_over", handed_us, lead, lead_id=lead, from_owner=marketer, to_owner=seller, from_team=team
    )
    answered_us = shift.later(handed_us, min(dice.lognormvariate(0.2, 0.9), 30) * HOUR_US)
    if dice.random() < REFUSED_SHARE:
        yield event("crm", "lead.rejected", answered_us, lead, lead_id=lead, owner=seller, reason="not_a_fit")
    else:
        yield event("crm", "lead.accepted", answered_us, lead, lead_id=lead, owner=seller)


def _campaigns(day: Day) -> Iterator[Event]:
    shift = day.shift()
    for campaign, channel in CAMPAIGNS.items():
        dice = day.dice(campaign)
        for number, time_us in enumerate(shift.times(dice, 1)):
            yield event(
                "ads",
                "ad.spend",
                time_us,
                campaign,
                id_=f"{campaign}-{day.tag()}-{number}",
                campaign_id=campaign,
                channel=channel,
                amount=int(round(SPEND_PER_HOUR * dice.uniform(0.8, 1.2), -2)),
            )
        for number, time_us in enumerate(shift.times(dice, CONVERSIONS_PER_HOUR / len(CAMPAIGNS))):
            key = f"conv-{campaign}-{day.tag()}-{number}"
            value = int(round(dice.lognormvariate(12.3, 0.5), -3))  # some 250,000 VND
            yield event("ads", "conversion.recorded", time_us, key, campaign_id=campaign, value=value)


def _sessions(day: Day) -> Iterator[Event]:
    dice = day.dice("sessions")
    for number, time_us in enumerate(day.shift().times(dice, SESSIONS_PER_HOUR)):
        key = f"session-{day.tag()}-{number}"
        yield event(
            "web",
            "web.session",
            time_us,
            key,
            visitor_hash=f"v{dice.randrange(10**9):09}",
            channel=dice.choice(CHANNELS),
            duration_s=dice.randint(3, 600),
            bot=dice.random() < 0.05,
            bounced=dice.random() < BOUNCED_SHARE,
        )
