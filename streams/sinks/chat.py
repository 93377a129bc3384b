"""Chat through apprise: Slack, Teams Workflows, Telegram, Google Chat, Zalo, e-mail and some 170 others, one address
a sink.

apprise is used for what it knows, the services' formats, and for nothing else (apprise 2.2): it drops `Retry-After`,
spaces messages by sleeping in the caller (5.5 s a target by default), and answers one yes or no for an address with
several targets, so that a retry would repeat to those who have it. So: our own bucket, its throttle off, one target
an address, no splitting of long texts, and its log kept to itself, for that holds addresses and at debug level
tokens.
"""

import asyncio
import logging
import re
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType, OverflowMode

from streams.core.stage import Delivered, Delivery
from streams.sinks.rate import DEFAULT, LIMITS, Bucket
from streams.sinks.sink import TIMEOUT_S, settled

CONNECT_S, READ_S = 3.0, 6.0
"""Timeouts inside apprise, below ours, so that its thread ends before we stop waiting for it."""

PAUSE_S = 30.0
"""After a 429: apprise does not tell what the service asked for."""

TYPES = {"info": NotifyType.INFO, "warning": NotifyType.WARNING, "critical": NotifyType.FAILURE}


class UnsupportedAddressError(ValueError):
    """apprise cannot use this address. The text says why, without the address."""


class ChatSink:
    """One chat address. Messages go one at a time, in a thread: apprise blocks."""

    def __init__(self, name: str, url: str, timeout_s: float = TIMEOUT_S) -> None:
        statuses = _muted()
        # No logo of apprise under our messages.
        asset = AppriseAsset(app_id="kpi-streams", app_desc="kpi-streams", image_url_mask="", image_url_logo="")
        plugin = Apprise.instantiate(url, asset=asset)
        if plugin is None:
            raise UnsupportedAddressError("apprise has no service for it, or a part of it is missing")
        plugin.retry = 0  # counts in len, and is not used: only Apprise.notify repeats
        if len(plugin) != 1:
            raise UnsupportedAddressError(f"it names {len(plugin)} targets (allowed: 1, write one address for each)")
        plugin.request_rate_per_sec = 0
        plugin.socket_connect_timeout, plugin.socket_read_timeout = CONNECT_S, READ_S
        self._name = name
        self._plugin = plugin
        self._statuses = statuses
        self._timeout_s = timeout_s
        self._bucket = Bucket(next((LIMITS[scheme] for scheme in plugin.schemas() if scheme in LIMITS), DEFAULT))
        self._lock = asyncio.Lock()
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._running: Future[int | None] | None = None

    async def deliver(self, delivery: Delivery) -> Delivered:
        """Send title and text, when it is this message's turn."""
        wait_s = await self._bucket.turn(patience_s=self._timeout_s)
        if wait_s is not None:
            return Delivered(delivery.id, f"{self._name} asked for a pause", wait_s)
        busy = Delivered(delivery.id, f"{self._name} is still busy with earlier messages")
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._lock.acquire()
        except TimeoutError:
            return busy
        try:
            if self._running is not None and not self._running.done():
                # Queued behind it, this message might still go out after we had called it failed.
                return busy
            self._running = running = self._threads.submit(self._send, delivery.body)
            done, _ = await asyncio.wait({asyncio.wrap_future(running)}, timeout=self._timeout_s)
        finally:
            self._lock.release()
        if not done:
            return Delivered(delivery.id, f"{self._name} did not answer within {self._timeout_s:g} s")
        return self._outcome(delivery, running.result())

    async def close(self) -> None:
        """Let the thread end by itself; nothing more is sent."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _send(self, body: Mapping[str, object]) -> int | None:
        """The HTTP status that apprise met, 0 where it met none, None on success. Runs in the sink's thread."""
        self._statuses.heard.status = 0
        try:
            sent = self._plugin.notify(
                body=str(body["text"] or body["title"]),
                title=str(body["title"]) if body["text"] else "",
                notify_type=_notify_type(body),
                body_format=NotifyFormat.TEXT,
                # Pieces of a split message could be repeated one by one.
                overflow=OverflowMode.TRUNCATE,
            )
        except (
            Exception
        ):  # 170 services' code: whatever it raises, this message failed, and its text may hold the address
            sent = False
        return None if sent else int(self._statuses.heard.status)

    def _outcome(self, delivery: Delivery, status: int | None) -> Delivered:
        if status is None:
            return Delivered(delivery.id, None)
        if status == 429:
            self._bucket.hold(PAUSE_S)
            return settled(delivery, self._name, status, PAUSE_S)
        if status >= 300:
            return settled(delivery, self._name, status)
        # Some services say no with a 200.
        said = f"answered {status} but did not take the message" if status else "could not be reached"
        return Delivered(delivery.id, f"{self._name} {said}")


def _notify_type(body: Mapping[str, object]) -> NotifyType:
    """Colour of the message where a service has one: by severity while firing, green when resolved."""
    alert = body.get("alert")
    if not isinstance(alert, Mapping) or alert.get("transition") == "expired":
        return NotifyType.INFO
    if alert.get("transition") == "resolved":
        return NotifyType.SUCCESS
    return TYPES.get(str(alert.get("severity")), NotifyType.INFO)


class _Statuses(logging.Filter):
    """Reads the HTTP status out of apprise's warnings (`..., error=503.`), per thread; lets nothing through.

    A filter on the logger rather than a handler, so that it holds whoever else listens to it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.heard = threading.local()

    def filter(self, record: logging.LogRecord) -> bool:
        """Never true."""
        found = re.search(r"\berror=(\d{3})\b", record.getMessage())
        if found:
            self.heard.status = int(found[1])
        return False


@cache
def _muted() -> _Statuses:
    """Take apprise's log for ourselves, and urllib3's debug lines, which hold paths with tokens, from everybody."""
    statuses = _Statuses()
    log = logging.getLogger("apprise")
    log.setLevel(logging.WARNING)
    log.addFilter(statuses)
    logging.getLogger("urllib3").setLevel(logging.INFO)
    return statuses
