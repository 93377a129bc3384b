"""Rate limits of channels, kept by us: chat services cut off who exceeds them, and apprise does not know them all."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """Messages per second in the long run, and how many at once after a rest."""

    per_s: float
    burst: int = 1


LIMITS = {
    "slack": Rate(1, 3),  # 1 a second a channel, short bursts tolerated
    "tgram": Rate(1 / 3, 5),  # 20 a minute in a group, 1 a second in a chat
    "discord": Rate(0.5, 5),  # 30 a minute a webhook, 5 in 2 s
    "workflow": Rate(4, 4),  # Teams Workflows: 4 requests a second
    "workflows": Rate(4, 4),
    "gchat": Rate(1, 1),  # 60 a minute a space
    "zalo": Rate(0.5, 2),
    "ntfy": Rate(0.2, 30),  # ntfy.sh: bursts of 60, then one every 5 s
    "ntfys": Rate(0.2, 30),
    "mailto": Rate(0.5, 5),
    "mailtos": Rate(0.5, 5),
    "json": Rate(100, 100),  # somebody's own receiver
    "jsons": Rate(100, 100),
    "form": Rate(100, 100),
    "forms": Rate(100, 100),
    "xml": Rate(100, 100),
    "xmls": Rate(100, 100),
}
"""Published limits by scheme of the address, a little below where they are stated for a whole account.

Per process: n workers send up to n times as much, and the pause that a 429 asks for takes care of the rest.
"""

DEFAULT = Rate(1, 1)

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


class Bucket:
    """A token bucket. `turn` waits, in order of asking, until a message may be sent.

    The bucket is kept as one number (GCRA, ITU-T I.371): the time at which it would be full again.
    """

    def __init__(self, rate: Rate, clock: Clock | None = None, sleep: Sleep = asyncio.sleep) -> None:
        self._interval_s = 1 / rate.per_s
        self._slack_s = (rate.burst - 1) * self._interval_s
        self._full_at = float("-inf")
        self._held_until = float("-inf")
        self._clock = clock
        self._sleep = sleep

    async def turn(self, patience_s: float) -> float | None:
        """None when the turn has come; the wait in seconds, at once, where that is longer than `patience_s`."""
        now = self._now()
        at = max(now, self._full_at - self._slack_s, self._held_until)
        if at - now > patience_s:
            return at - now
        # The turn is taken before waiting for it, so those who ask later queue behind.
        self._full_at = max(at, self._full_at) + self._interval_s
        if at > now:
            await self._sleep(at - now)
        return None

    def hold(self, pause_s: float) -> None:
        """Nothing is sent for so long: the channel asked for it."""
        self._held_until = max(self._held_until, self._now() + pause_s)

    def _now(self) -> float:
        return self._clock() if self._clock is not None else asyncio.get_running_loop().time()
