import logging

import pytest
from pydantic import SecretStr

from streams.core.stage import Delivered, Delivery
from streams.sinks.alertmanager import AlertmanagerSink
from streams.sinks.chat import ChatSink
from streams.sinks.console import ConsoleSink
from streams.sinks.registry import Sinks, SinkSettingError, sinks_of
from streams.sinks.webhook import HttpSink

SECRET = "TIiajkdnlazkcOXrIdevi7FQ"
SLACK = f"slack://T1JJ3T3L2/A1BRTD4JD/{SECRET}"


def secrets(*urls: str) -> list[SecretStr]:
    return [SecretStr(url) for url in urls]


def test_a_sink_is_named_by_its_kind_and_its_place() -> None:
    sinks = sinks_of(
        secrets(
            "console://",
            SLACK,
            "webhook+https://example.com/hook",
            "alertmanager+http://127.0.0.1:9093",
            f"https://hooks.slack.com/services/T1JJ3T3L3/A1BRTD4JD/{SECRET}",
        )
    )

    assert {name: type(sink) for name, sink in sinks.items()} == {
        "console-1": ConsoleSink,
        "chat-2": ChatSink,
        "webhook-3": HttpSink,
        "alertmanager-4": AlertmanagerSink,
        "chat-5": ChatSink,
    }
    assert Sinks(sinks).names == tuple(sinks)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (f"nosuch://{SECRET}", r"KPI_CHAT_URLS item 2 \(nosuch://...\): apprise has no service for it"),
        (f"{SECRET}", r"KPI_CHAT_URLS item 2 \(no scheme://\): apprise has no service"),
        (f"{SLACK}/#a/#b", r"item 2 \(slack://...\): it names 2 targets \(allowed: 1"),
        (f"https://example.com/{SECRET}", r"for a JSON webhook write webhook\+https://"),
        (f"webhook+http:///{SECRET}", r"item 2 \(webhook\+http://...\): no host in the address"),
        (f"webhook+http://h:99999/{SECRET}", r"item 2 \(webhook\+http://...\): not a valid web address"),
        (f"webhook+ftp://h/{SECRET}", r"item 2 \(webhook\+ftp://...\): apprise has no service"),
        ("console://", r"item 2: the same address as item 1"),
    ],
)
def test_a_wrong_address_names_setting_item_and_rule_but_not_itself(
    url: str, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(SinkSettingError, match=message) as refused:
        sinks_of(secrets("console://", url))

    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None
    assert SECRET not in caplog.text


class Faulty:
    async def deliver(self, delivery: Delivery) -> Delivered:
        raise RuntimeError(f"token {SECRET}")

    async def close(self) -> None: ...


async def test_a_fault_in_a_sink_is_a_failed_delivery_and_tells_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    sinks = Sinks({"chat-1": Faulty()})
    outcome = await sinks.deliver(Delivery("n", "an", {"sink": "chat-1"}))

    assert outcome == Delivered("n", "chat-1 failed (RuntimeError)")
    assert "chat-1 raised RuntimeError on delivery n" in caplog.text
    assert SECRET not in caplog.text


async def test_a_sink_that_was_taken_out_of_the_settings_is_named() -> None:
    outcome = await Sinks({"chat-1": Faulty()}).deliver(Delivery("n", "an", {"sink": "chat-7"}))

    assert outcome.error == "no sink chat-7 (configured: chat-1)"
