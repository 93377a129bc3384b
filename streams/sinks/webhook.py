"""Our own webhook: the notice as JSON by POST, with an `Idempotency-Key`.

The key is the delivery's id, percent-encoded to ASCII, the same for every attempt: a receiver that remembers the keys
of a week gets each message exactly once, whatever crashes.
"""

from urllib.parse import quote

import aiohttp
from yarl import URL

from streams.core.stage import Delivered, Delivery
from streams.sinks.rate import LIMITS, Bucket
from streams.sinks.sink import TIMEOUT_S, retry_after_s, settled

PRINTABLE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "%")


class HttpSink:
    """Posts JSON to one address; user and password in the address become basic authentication."""

    def __init__(self, name: str, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self._name = name
        self._url = URL(url)
        self._timeout_s = timeout_s
        self._bucket = Bucket(LIMITS["json"])
        self._session: aiohttp.ClientSession | None = None

    async def deliver(self, delivery: Delivery) -> Delivered:
        """Send `body` and translate the answer."""
        return await self.post(delivery, dict(delivery.body))

    async def post(self, delivery: Delivery, payload: object) -> Delivered:
        """One POST of `payload`. 429 and 503 with `Retry-After` hold up the whole sink, not only this message."""
        wait_s = await self._bucket.turn(patience_s=self._timeout_s)
        if wait_s is not None:
            return Delivered(delivery.id, f"{self._name} asked for a pause", wait_s)
        try:
            async with self._opened().post(
                self._url,
                json=payload,
                headers={"Idempotency-Key": quote(delivery.id, safe=PRINTABLE)},
                # A redirected POST arrives as a GET without its body.
                allow_redirects=False,
            ) as response:
                pause_s = retry_after_s(response.headers) if response.status in (429, 503) else None
        except TimeoutError:
            return Delivered(delivery.id, f"{self._name} did not answer within {self._timeout_s:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The exception's own text may hold the address.
            return Delivered(delivery.id, f"{self._name} could not be reached ({type(error).__name__})")
        if pause_s is not None:
            self._bucket.hold(pause_s)
        return settled(delivery, self._name, response.status, pause_s)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        # A session belongs to the loop that it is made in, so it is made by the first delivery.
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._timeout_s))
        return self._session
