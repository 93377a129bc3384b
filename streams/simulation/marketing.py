"""A day of marketing: web sessions, spending, conversions, and leads with what sales makes of them."""

from collections.abc import Iterator

from schemas.events.envelope import Event
from streams.simulation.rhythm import MINUTE_US, Day, event

CAMPAIGNS = {"search-autumn": "paid", "social-video": "social", "newsletter": "email"}
LEADS_PER_HOUR = 17.0
LEADS_IN_A_COLLAPSE = 3
CONVERSIONS_PER_HOUR = 12.0
SESSIONS_PER_HOUR = 8.0
SPEND_PER_HOUR = 32_000  # VND a campaign
CHANNELS = ("organic", "paid", "direct", "referral", "social", "email")


def marketing_day(day: Day) -> Iterator[Event]:
    """Everything the web site, the ad accounts and the lead form say on a day, in no order."""
    yield from _leads(day)
    yield from _campaigns(day)
    yield from _sessions(day)


def _leads(day: Day) -> Iterator[Event]:
    dice, shift = day.dice("leads"), day.shift()
    team, buyers = day.company.teams("marketing")[0], day.company.staff("sales")
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
        )
        answered_us = shift.later(time_us, dice.uniform(5, 60) * MINUTE_US)
        if dice.random() < 0.08:
            yield event("crm", "lead.rejected", answered_us, lead, lead_id=lead, team=team, reason="wrong_number")
        else:
            yield event("crm", "lead.accepted", answered_us, lead, lead_id=lead, owner=dice.choice(buyers))


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
            yield event("ads", "conversion.recorded", time_us, key, campaign_id=campaign)


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
        )
