"""From events in Kafka to messages at a receiver: each alert transition is told once, in order, also on a bad day.

The events are a backlog of one week in 2025, judged at its own time: the alerts are those of `kpi replay`.
"""

import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.kafka.alert_lives import illegal_lives
from tests.kafka.product import Product, Row
from tests.streams.sinks.receiver import receiving

CATALOGUE = """
version: 1
tenant: {id: demo, timezone: Asia/Ho_Chi_Minh, currency: VND, locale: en}
calendar: {country: VN, hours: {mon-fri: ["08:00-12:00", "13:00-17:00"]}}
teams: [{id: hn-1, department: sales}]
people: [{id: an, name: An, team: hn-1}, {id: binh, name: Binh, team: hn-1}]
kpis:
  - id: calls
    title: Calls
    kind: leading
    unit: calls
    scope: person
    period: week
    measure: {count: call.completed}
    targets: [{value: 20, per: person, from: 2025-03-03, to: 2025-03-10}]
    roles: {accountable: subject}
"""
MONDAY = datetime.fromisoformat("2025-03-03T08:30:00+07:00")
CALLS = {"an": (4, 0, 0, 8, 4), "binh": (4, 4, 4, 4, 0)}
"""Calls by day: An is silent on Tuesday and Wednesday and recovers, Binh never comes back after Thursday."""
TOLD = ("firing", "resolved", "expired")


@pytest.fixture
def week(product: Product, tmp_path: Path) -> Path:
    """The event file, with the catalogue given to the product."""
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(CATALOGUE)
    product.catalogue = [catalogue]
    times = sorted(
        (MONDAY + timedelta(days=day, minutes=50 * number + 7 * (who == "an")), who)
        for who, days in CALLS.items()
        for day, calls in enumerate(days)
        for number in range(calls)
    )
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps(_call(number, at, who)) + "\n" for number, (at, who) in enumerate(times)))
    return path


def _call(number: int, at: datetime, owner: str) -> Row:
    return {
        "specversion": "1.0",
        "id": str(number),
        "source": "pbx",
        "type": "call.completed",
        "time": at.isoformat(),
        "subject": f"call-{number}",
        "data": {"owner": owner, "duration_s": 60, "outcome": "answered"},
    }


def story(alerts: list[Row]) -> list[tuple[Any, ...]]:
    """Alerts of one minute have no order among them."""
    names = ("at", "fingerprint", "class", "kpi", "subject", "period", "transition", "severity", "reason")
    return sorted(tuple(alert[name] for name in names) for alert in alerts)


async def test_each_transition_is_told_once_and_in_order_though_a_receiver_fails_twice(
    product: Product, week: Path
) -> None:
    _, replayed = await product.replay(week)
    await product.emit(week)
    told = [alert for alert in replayed if alert["transition"] in TOLD]
    async with receiving() as hook, receiving() as chat, receiving() as dead:
        hook.fail(2)
        chat.fail(2)
        dead.fail(10_000, status=500)
        urls = f"webhook+{hook.url} json://127.0.0.1:{chat.port}/chat webhook+{dead.url}"
        worker = product.worker(KPI_CHAT_URLS=urls)

        records = await product.read_until("kpi.alerts", lambda records: len(records) >= len(replayed), 60)
        await product.until(lambda: len(hook.accepted) >= len(told) <= len(chat.accepted), 60, "all messages")
        assert await product.stop(worker) == 0

    alerts = [json.loads(record.value) for record in records]
    assert {"pending", *TOLD} == {alert["transition"] for alert in alerts}
    assert story(alerts) == story(replayed)
    assert not illegal_lives(alerts)
    heard = [body["alert"] for body in hook.accepted]
    assert story(heard) == story(told)
    for fingerprint in {alert["fingerprint"] for alert in told}:
        own = [alert["transition"] for alert in told if alert["fingerprint"] == fingerprint]
        assert [alert["transition"] for alert in heard if alert["fingerprint"] == fingerprint] == own
    assert Counter(body["title"] for body in chat.accepted) == Counter(body["title"] for body in hook.accepted)
    assert dead.requests
    assert not dead.accepted
