"""The job as a user of another framework would write it: decode, validate, and what to add where.

It does less than the worker on purpose, so that the peers are not held back: it checks only the fields that are
summed, takes the local day from the text (events carry the tenant's offset), and knows no corrections.
"""

# mypy: disable-error-code="import-not-found"

from typing import Any, NamedTuple

import orjson

CALLS, ANSWERED, TALK_S, REAL_CALLS, MEETINGS, LEADS, SALES, REVENUE = range(8)
SUMS = 8
"""Base sums of the 20 KPIs; a subject and period has one row of them, which is less than a row a KPI."""
ORG = "bench"

Adds = list[tuple[int, int]]


class Event(NamedTuple):
    """A valid event. `identity` is source and id; `date` the local day."""

    identity: str
    owner: str
    date: str
    adds: Adds


def read(value: bytes) -> Event | None:
    """The event in a record; None for one that must not count."""
    try:
        event = orjson.loads(value)
        data = event["data"]
        adds = _READERS[event["type"]](data)
        if event["specversion"] != "1.0" or not isinstance(data["owner"], str) or not event["subject"]:
            return None
        return Event(f"{event['source']}/{event['id']}", data["owner"], event["time"][:10], adds)
    except (KeyError, TypeError, ValueError):
        return None


def subjects(owner: str, teams: int) -> tuple[str, str, str]:
    """Person, team and organisation that an event counts for (the catalogue's membership)."""
    return owner, f"t-{int(owner[2:]) % teams:03d}", ORG


def places(event: Event, teams: int) -> list[str]:
    """The six rows that an event adds to, as `subject|period`."""
    month = event.date[:7]
    return [f"{subject}|{period}" for subject in subjects(event.owner, teams) for period in (event.date, month)]


def _integer(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(value)
    return value


def _call(data: dict[str, Any]) -> Adds:
    seconds = _integer(data["duration_s"])
    if data["outcome"] not in ("answered", "no_answer", "voicemail", "busy", "abandoned"):
        raise ValueError(data["outcome"])
    adds = [(CALLS, 1), (TALK_S, seconds)]
    if data["outcome"] == "answered":
        adds.append((ANSWERED, 1))
        if seconds >= 30:
            adds.append((REAL_CALLS, 1))
    return adds


def _meeting(data: dict[str, Any]) -> Adds:
    _integer(data.get("duration_s", 0))
    return [(MEETINGS, 1)]


def _lead(data: dict[str, Any]) -> Adds:
    if not data["lead_id"] or not 0 <= data.get("score", 0) <= 100:
        raise ValueError(data)
    return [(LEADS, 1)]


def _sale(data: dict[str, Any]) -> Adds:
    if not data["sale_id"] or data.get("currency", "VND") != "VND":
        raise ValueError(data)
    return [(SALES, 1), (REVENUE, _integer(data["amount"]))]


_READERS = {"call.completed": _call, "meeting.held": _meeting, "lead.created": _lead, "sale.closed": _sale}
