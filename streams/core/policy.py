"""The choices that the road is run with; settings make one of these, tests make others."""

from dataclasses import dataclass

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
PANE_HORIZON_US = 35 * DAY_US
"""Hours are kept this long behind the watermark: what the hourly baseline reads, and a month of restatements."""


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """When a partition of events is paused: more than `ratio` of its last `window` records were rejected, `least` or
    more of them seen. A `ratio` of 0 never pauses."""

    ratio: float = 0.5
    window: int = 1000
    least: int = 200


@dataclass(frozen=True, slots=True)
class Policy:
    """How late, how old and how far ahead an event may be, and who is told.

    `future_us` is None in replay, where no event can be ahead of anything. `channels` are sink names; every firing,
    resolved or expired alert makes one notice for each.
    """

    grace_us: int = 5 * MINUTE_US
    horizon_us: int = 100 * DAY_US
    future_us: int | None = 5 * MINUTE_US
    heartbeat_us: int = SECOND_US
    channels: tuple[str, ...] = ()
    locale: str | None = None
    guard: GuardPolicy = GuardPolicy()
