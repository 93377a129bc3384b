"""Against the real Alertmanager."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from schemas.alerts import Alert, AlertClass, Severity, Transition
from schemas.notices import Notice
from streams.core.stage import Delivered, Delivery
from streams.sinks.alertmanager import AlertmanagerSink, as_alertmanager
from tests import needs
from tests.streams.sinks.examples import START_US, notice

CONFIG = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\nglobal: {resolve_timeout: 1s}\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest_asyncio.fixture
async def alertmanager(tmp_path: Path) -> AsyncIterator[str]:
    """Address of a running Alertmanager."""
    binary = needs.alertmanager()
    (tmp_path / "alertmanager.yml").write_text(CONFIG)
    address = f"127.0.0.1:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        str(binary),
        f"--config.file={tmp_path / 'alertmanager.yml'}",
        f"--storage.path={tmp_path}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await _ready(f"http://{address}/-/ready")
        yield f"http://{address}"
    finally:
        process.terminate()
        await process.wait()


async def _ready(url: str) -> None:
    async with asyncio.timeout(20), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(url) as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.05)


async def alerts(address: str, active: str = "true") -> list[dict[str, Any]]:
    async with aiohttp.ClientSession() as session, session.get(f"{address}/api/v2/alerts?active={active}") as response:
        found: list[dict[str, Any]] = await response.json()
        return found


def at(transition: Transition, time: str) -> Notice:
    one = notice(transition=transition)
    return one.model_copy(update={"alert": one.alert.model_copy(update={"at": time})})


async def deliver(sink: AlertmanagerSink, one: Notice) -> Delivered:
    return await sink.deliver(Delivery(one.id, one.recipient, one.model_dump(by_alias=True, mode="json")))


@pytest.mark.prometheus
async def test_an_alert_appears_stays_and_resolves(alertmanager: str) -> None:
    sink = AlertmanagerSink("alertmanager-1", alertmanager)
    # Real instants of the past: Alertmanager judges ends by its own clock.
    fired = await deliver(sink, at(Transition.FIRING, "2024-11-25T09:15:00+07:00"))
    await asyncio.sleep(1.2)  # longer than resolve_timeout
    firing = await alerts(alertmanager)
    resolved = await deliver(sink, at(Transition.RESOLVED, "2024-11-25T10:05:00+07:00"))
    after = await alerts(alertmanager)
    await sink.close()

    assert (fired.error, resolved.error) == (None, None)
    [alert] = firing
    assert alert["labels"] == {
        "alertname": "stalled",
        "class": "stalled",
        "kpi": "contacts",
        "subject": "an",
        "period": "2026-11",
        "severity": "warning",
    }
    assert alert["annotations"]["text"] == notice().text
    assert alert["startsAt"] == "2024-11-25T02:15:00.000Z"
    assert after == []


@pytest.mark.prometheus
async def test_an_alert_that_fires_again_after_it_resolved_is_active_again(alertmanager: str) -> None:
    sink = AlertmanagerSink("alertmanager-1", alertmanager)
    for transition, time in (
        (Transition.FIRING, "2024-11-25T09:15:00+07:00"),
        (Transition.EXPIRED, "2024-11-25T10:05:00+07:00"),
        (Transition.FIRING, "2024-11-26T09:00:00+07:00"),
    ):
        assert (await deliver(sink, at(transition, time))).error is None
    [alert] = await alerts(alertmanager)
    await sink.close()

    assert alert["startsAt"] == "2024-11-26T02:00:00.000Z"


@pytest.mark.prometheus
async def test_a_demo_that_runs_ahead_of_the_wall_clock_fires_and_resolves(alertmanager: str) -> None:
    sink = AlertmanagerSink("alertmanager-1", alertmanager)
    fired = await deliver(sink, at(Transition.FIRING, "2099-11-25T09:15:00+07:00"))
    firing = await alerts(alertmanager)
    resolved = await deliver(sink, at(Transition.RESOLVED, "2099-11-25T10:05:00+07:00"))
    after = await alerts(alertmanager)
    await sink.close()

    assert (fired.error, resolved.error) == (None, None)
    assert (len(firing), len(after)) == (1, 0)


@pytest.mark.prometheus
async def test_what_alertmanager_refuses_is_told(alertmanager: str) -> None:
    sink = AlertmanagerSink("alertmanager-1", f"{alertmanager}/no/such/prefix")
    outcome = await deliver(sink, notice())
    await sink.close()

    assert outcome.error == "alertmanager-1 answered 404"


async def test_a_pending_alert_is_passed_over() -> None:
    sink = AlertmanagerSink("alertmanager-1", "http://127.0.0.1:1")

    assert (await deliver(sink, notice(transition=Transition.PENDING))).error is None


@pytest.mark.parametrize("transition", [Transition.RESOLVED, Transition.EXPIRED])
def test_firing_and_its_end_have_the_same_labels(transition: Transition) -> None:
    def posted(one: Transition) -> dict[str, object]:
        alert = Alert(
            at="2026-11-23T08:45:00+07:00",
            fingerprint="f",
            cls=AlertClass.BEHIND,
            kpi="revenue",
            subject="hn-1",
            period="2026-11",
            transition=one,
            severity=Severity.CRITICAL,
            reason="",
        )
        return as_alertmanager(alert, {"title": "t", "text": ""}, now_us=START_US)

    assert posted(Transition.FIRING)["labels"] == posted(transition)["labels"]
    assert posted(transition)["endsAt"] == "2026-11-23T01:45:00+00:00"
