"""Alertmanager sink: transitions as alerts of the v2 API, so that its routes, silences and inhibitions apply to KPIs.

Labels are `alertname` and `class` (the alert class), kpi, subject, period and severity: Alertmanager recognises an
alert by its labels, so a transition resolves the alert that fired with the same ones. Title and text go as
annotations.

Alertmanager forgets an alert that is not repeated (`resolve_timeout`, 5 min) unless it says when it ends; a firing
one therefore ends in the far future, and `resolved` or `expired` brings the end forward. It compares with its own wall
clock, so a transition of the future (a demo's speeded time) is given as of now. Alertmanager keeps alerts in memory
only: after its restart it learns of the next transition, not of those before.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from schemas.alerts import Alert, Transition
from streams.clock import Clock, SystemClock
from streams.core.stage import Delivered, Delivery
from streams.sinks.sink import TIMEOUT_S
from streams.sinks.webhook import HttpSink

LONGEST_PERIOD = timedelta(days=400)


class AlertmanagerSink(HttpSink):
    """Posts to `/api/v2/alerts` below the address of one Alertmanager."""

    def __init__(self, name: str, url: str, timeout_s: float = TIMEOUT_S, clock: Clock | None = None) -> None:
        super().__init__(name, f"{url.rstrip('/')}/api/v2/alerts", timeout_s)
        self._clock = clock or SystemClock()

    async def deliver(self, delivery: Delivery) -> Delivered:
        """Post the transition. A pending alert is no alert yet and is passed over."""
        alert = Alert.model_validate(delivery.body["alert"])
        if alert.transition is Transition.PENDING:
            return Delivered(delivery.id, None)
        return await self.post(delivery, [as_alertmanager(alert, delivery.body, self._clock.now_us())])


def as_alertmanager(alert: Alert, body: Mapping[str, object], now_us: int) -> dict[str, object]:
    """One `postableAlert` of the v2 API. Without `startsAt` Alertmanager keeps the one it has."""
    firing = alert.transition is Transition.FIRING
    now = datetime.fromtimestamp(now_us / 1_000_000, UTC)
    at = min(datetime.fromisoformat(alert.at).astimezone(UTC), now)
    ends = now + LONGEST_PERIOD if firing else at
    return {
        "labels": {
            "alertname": alert.cls.value,
            "class": alert.cls.value,
            "kpi": alert.kpi,
            "subject": alert.subject,
            "period": alert.period,
            "severity": alert.severity.value,
        },
        "annotations": {
            "title": str(body["title"]),
            "text": str(body["text"]),
            "transition": alert.transition.value,
            "fingerprint": alert.fingerprint,
        },
        **({"startsAt": at.isoformat()} if firing else {}),
        "endsAt": ends.isoformat(),
    }
