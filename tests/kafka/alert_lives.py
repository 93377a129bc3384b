"""What the transitions of one alert may look like on kpi.alerts."""

from collections import defaultdict
from collections.abc import Iterable

from tests.kafka.product import Row

FOLLOWS = {
    "pending": {"firing", "resolved", "expired"},
    "firing": {"resolved", "expired"},
}
BEGINS = {"pending", "firing"}


def illegal_lives(alerts: Iterable[Row]) -> list[str]:
    """One line for each fingerprint whose transitions are no life: from pending or firing to resolved or expired, after
    which it may begin again. A lost or repeated transition breaks it."""
    lives: dict[str, list[str]] = defaultdict(list)
    for alert in alerts:
        lives[alert["fingerprint"]].append(alert["transition"])
    return [
        f"alert {fingerprint} went {' > '.join(transitions)}"
        for fingerprint, transitions in lives.items()
        if any(
            after not in FOLLOWS.get(before, BEGINS)
            for before, after in zip(["", *transitions], transitions, strict=False)
        )
    ]
