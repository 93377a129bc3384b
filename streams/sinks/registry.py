"""Sinks from settings: `KPI_CHAT_URLS` is a list of addresses, each one sink.

| address | sink |
|---|---|
| `console://` | lines on standard output |
| `webhook+https://...`, `webhook+http://...` | our own JSON webhook |
| `alertmanager+https://...`, `alertmanager+http://...` | Alertmanager's v2 API |
| anything else | a chat service, by apprise |

Addresses are secrets. A sink is known by its kind and its place in the list (`chat-2` is item 2), in logs, metrics
and the outbox alike: append to the list rather than insert into it while messages are waiting.
"""

import asyncio
import logging
import re
from collections.abc import Mapping, Sequence

from pydantic import SecretStr
from yarl import URL

from streams.core.stage import Delivered, Delivery
from streams.sinks.alertmanager import AlertmanagerSink
from streams.sinks.chat import ChatSink, UnsupportedAddressError
from streams.sinks.console import ConsoleSink
from streams.sinks.sink import TIMEOUT_S, Sink
from streams.sinks.webhook import HttpSink

log = logging.getLogger(__name__)

OURS: Mapping[str, type[HttpSink]] = {"webhook": HttpSink, "alertmanager": AlertmanagerSink}


class SinkSettingError(ValueError):
    """An item of the setting cannot be used. The text names setting, item and rule, never the address."""


def sinks_of(
    urls: Sequence[SecretStr], *, setting: str = "KPI_CHAT_URLS", timeout_s: float = TIMEOUT_S
) -> dict[str, Sink]:
    """Sinks by name, in order of the list.

    Raises:
        SinkSettingError: an address is unsupported, incomplete or given twice.
    """
    sinks: dict[str, Sink] = {}
    first: dict[str, int] = {}
    for number, secret in enumerate(urls, start=1):
        url = secret.get_secret_value().strip()
        if url in first:
            # Each would send every message, and all to the same place.
            raise SinkSettingError(f"{setting} item {number}: the same address as item {first[url]}")
        first[url] = number
        try:
            name, sink = _sink(number, url, timeout_s)
        except ValueError as error:
            raise SinkSettingError(f"{setting} item {number}{_scheme(url)}: {error}") from None
        sinks[name] = sink
    return sinks


def _sink(number: int, url: str, timeout_s: float) -> tuple[str, Sink]:
    if url.lower().startswith("console:"):
        return f"console-{number}", ConsoleSink(f"console-{number}")
    ours = re.fullmatch(r"(webhook|alertmanager)\+(https?://.*)", url, re.IGNORECASE)
    if ours:
        kind, address = ours[1].lower(), ours[2]
        return f"{kind}-{number}", OURS[kind](f"{kind}-{number}", _checked(address), timeout_s)
    if re.match(r"https?://", url, re.IGNORECASE):
        return f"chat-{number}", _native(number, url, timeout_s)
    return f"chat-{number}", ChatSink(f"chat-{number}", url, timeout_s)


def _native(number: int, url: str, timeout_s: float) -> Sink:
    """A web address: some services give one (hooks.slack.com), and apprise knows those."""
    try:
        return ChatSink(f"chat-{number}", url, timeout_s)
    except UnsupportedAddressError:
        raise UnsupportedAddressError(
            "no chat service that apprise knows; for a JSON webhook write webhook+https://"
        ) from None


def _checked(address: str) -> str:
    try:
        parsed = URL(address)
        port = parsed.port
    except ValueError:
        # yarl's own text quotes the address.
        raise ValueError("not a valid web address") from None
    if not parsed.host or port is None:
        raise ValueError("no host in the address")
    return address


def _scheme(url: str) -> str:
    """The address's scheme, which is no secret, for the error."""
    found = re.match(r"[a-z][a-z0-9+.-]*://", url, re.IGNORECASE)
    return f" ({found[0]}...)" if found else " (no scheme://)"


class Sinks:
    """All sinks as one: hands each delivery to the sink that its body names."""

    def __init__(self, sinks: Mapping[str, Sink], guard_s: float = 4 * TIMEOUT_S) -> None:
        self._sinks = dict(sinks)
        self._guard_s = guard_s

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all sinks: what `NotifyPolicy.sinks` wants."""
        return tuple(self._sinks)

    async def deliver(self, delivery: Delivery) -> Delivered:
        """Never raises and always ends, whatever a sink does; sinks themselves end within three of their timeouts."""
        name = str(delivery.body.get("sink", ""))
        sink = self._sinks.get(name)
        if sink is None:
            return Delivered(delivery.id, f"no sink {name} (configured: {', '.join(self._sinks) or 'none'})")
        try:
            async with asyncio.timeout(self._guard_s):
                return await sink.deliver(delivery)
        except TimeoutError:
            return Delivered(delivery.id, f"{name} did not end within {self._guard_s:g} s")
        except Exception as error:
            # Our own bug. No traceback: its frames' texts may hold the address.
            log.error("sink %s raised %s on delivery %s", name, type(error).__name__, delivery.id)
            return Delivered(delivery.id, f"{name} failed ({type(error).__name__})")

    async def close(self) -> None:
        """Close every sink."""
        for sink in self._sinks.values():
            await sink.close()
