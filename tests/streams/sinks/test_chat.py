"""What we keep apprise from doing."""

import logging

import pytest

from streams.core.stage import Delivery
from streams.sinks.chat import PAUSE_S, ChatSink, UnsupportedAddressError
from tests.streams.sinks.examples import notice
from tests.streams.sinks.receiver import Receiver

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


def delivery(number: int = 0) -> Delivery:
    one = notice(number=number)
    return Delivery(f"{one.id}@chat-1", one.recipient, one.model_dump(by_alias=True, mode="json"))


def address(receiver: Receiver, **query: str) -> str:
    return f"json://127.0.0.1:{receiver.port}/hook?format=text" + "".join(f"&{name}={query[name]}" for name in query)


async def test_title_and_text_arrive_with_their_diacritics(receiver: Receiver) -> None:
    sink = ChatSink("chat-1", address(receiver))
    outcome = await sink.deliver(delivery())
    await sink.close()

    [message] = receiver.accepted
    assert outcome.error is None
    assert message["title"] == notice().title
    assert message["message"] == notice().text
    assert message["type"] == "warning"


async def test_a_long_text_is_one_message_even_where_the_address_asks_for_pieces(receiver: Receiver) -> None:
    sink = ChatSink("chat-1", address(receiver, overflow="split"))
    long = notice().model_copy(update={"text": "chững lại " * 5_000})
    await sink.deliver(Delivery("n", "an", long.model_dump(by_alias=True, mode="json")))
    await sink.close()

    assert len(receiver.requests) == 1


async def test_retries_inside_apprise_are_off(receiver: Receiver) -> None:
    receiver.fail(3)
    sink = ChatSink("chat-1", address(receiver, retry="3"))
    outcome = await sink.deliver(delivery())
    await sink.close()

    assert outcome.error == "chat-1 answered 500"
    assert len(receiver.requests) == 1


async def test_a_429_holds_the_whole_channel(receiver: Receiver) -> None:
    receiver.fail(1, 429)
    sink = ChatSink("chat-1", address(receiver), timeout_s=1)
    first = await sink.deliver(delivery(1))
    second = await sink.deliver(delivery(2))
    await sink.close()

    assert (first.error, first.retry_after_s) == ("chat-1 answered 429", PAUSE_S)
    assert second.error == "chat-1 asked for a pause"
    assert second.retry_after_s == pytest.approx(PAUSE_S, abs=1)
    assert len(receiver.requests) == 1


async def test_no_log_and_no_error_holds_the_address(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "s3cr3t-t0ken"
    receiver.fail(1)
    sink = ChatSink("chat-1", f"json://127.0.0.1:{receiver.port}/{secret}?-token={secret}")
    failed = await sink.deliver(delivery(1))
    await sink.deliver(delivery(2))
    await sink.close()
    gone = ChatSink("chat-2", f"json://127.0.0.1:1/{secret}")
    unreachable = await gone.deliver(delivery(3))
    await gone.close()

    assert failed.error == "chat-1 answered 500"
    assert unreachable.error == "chat-2 could not be reached"
    assert secret not in caplog.text
    assert "127.0.0.1" not in caplog.text


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        (f"{SLACK}/#sales/#support", "it names 2 targets"),
        ("nosuchservice://token", "no service for it"),
        ("slack://", "no service for it"),
    ],
)
def test_an_address_that_cannot_work_is_refused_without_quoting_it(url: str, rule: str) -> None:
    with pytest.raises(UnsupportedAddressError, match=rule) as refused:
        ChatSink("chat-1", url)

    assert "T1JJ3T3L2" not in str(refused.value)
    assert "token" not in str(refused.value)


def test_apprises_own_throttle_is_off() -> None:
    assert ChatSink("chat-1", "mailto://an:secret@example.com")._plugin.request_rate_per_sec == 0
