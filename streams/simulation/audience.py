"""Who sees what marketing sends out: impressions, e-mails with opens by people and by machines, and social posts."""

from collections.abc import Iterator
from random import Random

from schemas.events.envelope import Event
from streams.simulation.rhythm import HOUR_US, MINUTE_US, Day, Shift, event

CAMPAIGNS = {"search-autumn": "paid", "social-video": "social", "newsletter": "email"}
IMPRESSIONS_PER_HOUR = 1.2  # a campaign: a sample, as ad networks give it
PEOPLE_REACHED = 4_000
LETTERS = 16  # a day, in one mailing
MACHINE_OPENS, OPENS, CLICKS, UNSUBSCRIBED = 0.3, 0.3, 0.25, 0.01
"""Of the letters: opened by a mail program at once, by their reader; of these: clicked; of all: never again."""
ENGAGEMENTS_PER_HOUR = 1.2
KINDS = ("like", "like", "like", "comment", "share", "click")


def audience(day: Day) -> Iterator[Event]:
    """All of it, in no order; letters are opened for days."""
    yield from _impressions(day)
    yield from _letters(day)
    yield from _posts(day)


def _impressions(day: Day) -> Iterator[Event]:
    for campaign, channel in CAMPAIGNS.items():
        dice = day.dice(campaign, "impressions")
        for number, time_us in enumerate(day.shift().times(dice, IMPRESSIONS_PER_HOUR)):
            yield event(
                "ads",
                "ad.impression",
                time_us,
                campaign,
                id_=f"{campaign}-seen-{day.tag()}-{number}",
                campaign_id=campaign,
                channel=channel,
                reach_hash=f"r{dice.randrange(PEOPLE_REACHED):06}",
                count=dice.randint(1, 4),
            )


def _letters(day: Day) -> Iterator[Event]:
    dice, shift = day.dice("letters"), day.shift()
    message = f"letter-{day.tag()}"
    sent_us = shift.at(dice.uniform(0.5, 2) * HOUR_US)
    for number in range(LETTERS):
        reader = f"e{dice.randrange(10**8):08}"
        delivered_us = shift.later(sent_us, number * 20_000_000)
        yield from _letter(dice, shift, message, reader, delivered_us)


def _letter(dice: Random, shift: Shift, message: str, reader: str, delivered_us: int) -> Iterator[Event]:
    def said(what: str, time_us: int, again: str = "", **more: bool) -> Event:
        identity = f"{message}.{reader}.{what}{again}"
        about = {"message_id": message, "recipient_hash": reader, "campaign_id": "newsletter"}
        return event("mail", f"email.{what}", time_us, message, id_=identity, **about, **more)

    yield said("delivered", delivered_us)
    if dice.random() < MACHINE_OPENS:
        yield said("opened", shift.later(delivered_us, dice.uniform(1, 60) * 1_000_000), ".machine", machine=True)
    if dice.random() < OPENS:
        opened_us = shift.later(delivered_us, min(dice.lognormvariate(1.0, 1.0), 40) * HOUR_US)
        yield said("opened", opened_us, machine=False)
        if dice.random() < CLICKS:
            yield said("clicked", shift.later(opened_us, dice.uniform(0.2, 4) * MINUTE_US), machine=False)
    if dice.random() < UNSUBSCRIBED:
        yield said("unsubscribed", shift.later(delivered_us, dice.uniform(1, 20) * HOUR_US))


def _posts(day: Day) -> Iterator[Event]:
    dice = day.dice("posts")
    post = f"post-{day.tag()}"
    for number, time_us in enumerate(day.shift().times(dice, ENGAGEMENTS_PER_HOUR)):
        yield event(
            "social",
            "social.engagement",
            time_us,
            post,
            id_=f"{post}.{number}",
            kind=dice.choice(KINDS),
            count=dice.randint(1, 30),
            sentiment=round(dice.uniform(-0.3, 0.9), 2),
            campaign_id="social-video",
        )
