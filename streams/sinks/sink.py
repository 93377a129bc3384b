"""What a sink is, and the answers they share: what a status code means for a repeat, how long a pause is asked for."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from streams.core.stage import Delivered, Delivery

TIMEOUT_S = 10.0
"""Longest one attempt may take, from the first byte sent to the last received."""

REFUSED = frozenset({400, 411, 413, 414, 415, 422, 431})
"""Statuses that are about this very message: a repeat would be refused as well, and hold up those behind it.

All other failures are tried again: 401, 403, 404 and 410 are about the address, which people mend; 408, 425, 429 and
5xx pass by themselves.
"""


class Sink(Protocol):
    """One destination. `deliver` is called concurrently, never raises and always ends.

    It sends one message, once: repeats are the outbox's business. A failure's `error` names the sink and says what
    happened, without address or token. `retry_after_s` is the least wait before another attempt; infinity says that
    none can help.
    """

    async def deliver(self, delivery: Delivery) -> Delivered:
        """Make one attempt."""
        ...

    async def close(self) -> None:
        """Free connections and threads. Deliveries under way may fail."""
        ...


def settled(delivery: Delivery, name: str, status: int, pause_s: float | None = None) -> Delivered:
    """The outcome of an attempt that an HTTP status answered. Only 2xx is success: a redirect did not take the body."""
    if 200 <= status < 300:
        return Delivered(delivery.id, None)
    return Delivered(delivery.id, f"{name} answered {status}", math.inf if status in REFUSED else pause_s)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that a `Retry-After` header asks for (RFC 9110, 10.2.3), None without one or with nonsense.

    A date is measured against the response's own `Date`, so that the clocks need not agree.

    >>> retry_after_s({"Retry-After": "3"})
    3.0
    >>> retry_after_s({"Retry-After": "Mon, 23 Nov 2026 10:00:05 GMT", "Date": "Mon, 23 Nov 2026 10:00:00 GMT"})
    5.0
    """
    asked = headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked[:9])
    try:
        wait = _instant(asked) - _instant(headers.get("Date", ""))
    except ValueError:
        return None
    return max(0.0, wait.total_seconds())


def _instant(text: str) -> datetime:
    instant = parsedate_to_datetime(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
