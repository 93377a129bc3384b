import math

import pytest

from streams.core.stage import Delivered, Delivery
from streams.sinks.sink import retry_after_s, settled
from streams.sinks.webhook import HttpSink
from tests.streams.sinks.receiver import Receiver

WORDS: dict[str, object] = {"title": "Chững lại", "alert": {"class": "stalled"}}


async def deliver(url: str, delivery: Delivery, timeout_s: float = 5) -> Delivered:
    sink = HttpSink("webhook-1", url, timeout_s)
    try:
        return await sink.deliver(delivery)
    finally:
        await sink.close()


async def test_the_body_is_the_notice_and_the_key_its_id(receiver: Receiver) -> None:
    await deliver(receiver.url, Delivery("f|Hải|1@webhook-1", "hải", WORDS))

    [request] = receiver.requests
    assert request.body == WORDS
    assert request.headers["Idempotency-Key"] == "f|H%E1%BA%A3i|1@webhook-1"
    assert request.headers["Content-Type"].startswith("application/json")


async def test_user_and_password_of_the_address_become_basic_authentication(receiver: Receiver) -> None:
    await deliver(f"http://an:bi-mat@127.0.0.1:{receiver.port}/hook", Delivery("n", "an", WORDS))

    assert receiver.requests[0].headers["Authorization"] == "Basic YW46YmktbWF0"


async def test_a_redirect_is_not_a_delivery(receiver: Receiver) -> None:
    receiver.fail(1, 302, Location="/elsewhere")
    outcome = await deliver(receiver.url, Delivery("n", "an", WORDS))

    assert outcome == Delivered("n", "webhook-1 answered 302")
    assert len(receiver.requests) == 1


async def test_a_pause_that_one_message_is_asked_for_holds_the_next(receiver: Receiver) -> None:
    receiver.fail(1, 429, Retry_After="60")
    sink = HttpSink("webhook-1", receiver.url)
    await sink.deliver(Delivery("n1", "an", WORDS))
    second = await sink.deliver(Delivery("n2", "binh", WORDS))
    await sink.close()

    assert second.error == "webhook-1 asked for a pause"
    assert second.retry_after_s == pytest.approx(60, abs=1)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_message_refused_for_itself_is_not_repeated(status: int) -> None:
    assert settled(Delivery("n", "an", {}), "webhook-1", status).retry_after_s == math.inf


@pytest.mark.parametrize("status", [301, 401, 403, 404, 408, 410, 429, 500, 503])
def test_other_failures_are_tried_again(status: int) -> None:
    outcome = settled(Delivery("n", "an", {}), "webhook-1", status)

    assert outcome.error == f"webhook-1 answered {status}"
    assert outcome.retry_after_s is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120.0),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "Mon, 23 Nov 2026 10:00:00 GMT", "Date": "Mon, 23 Nov 2026 10:01:00 GMT"}, 0.0),
        ({"Retry-After": "Mon, 23 Nov 2026 10:00:00 GMT"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "9" * 40}, 999_999_999.0),
        ({}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers) == seconds
