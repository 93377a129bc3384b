"""A small company for hand-worked examples: two teams, office hours with lunch, events written in local time."""

import json
from collections.abc import Mapping
from itertools import count
from typing import Any

from schemas.catalogue.models import Catalogue
from schemas.events.times import parse_us
from schemas.values import Value
from streams.core.policy import DAY_US, Policy
from streams.core.replay import replay

Event = dict[str, Any]
POLICY = Policy(future_us=None, horizon_us=100 * DAY_US)
OFFSET = "+07:00"
_numbers = count(1)


def company(
    measure: Mapping[str, Any], *, unit: str = "%", period: str = "month", scope: str = "person", **kpi: Any
) -> Catalogue:
    """One KPI over two teams of one department; work is Monday to Friday, 08:00-12:00 and 13:00-17:00."""
    return Catalogue.model_validate(
        {
            "version": 1,
            "tenant": {"id": "acme", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND", "locale": "en"},
            "calendar": {"hours": {"mon-fri": ["08:00-12:00", "13:00-17:00"]}},
            "teams": [{"id": "t1", "department": "d"}, {"id": "t2", "department": "d"}],
            "people": [{"id": "an", "team": "t1"}, {"id": "binh", "team": "t2"}, {"id": "chi", "team": "t2"}],
            "kpis": [
                {
                    "id": "k", "title": "K", "kind": "metric", "unit": unit, "direction": "up", "scope": scope,
                    "period": period, "measure": measure, **kpi,
                }
            ],
        }
    )  # fmt: skip


def event(type_: str, time: str, subject: str, **data: Any) -> Event:
    """`time` is local, such as `2026-03-02 08:00`."""
    return {
        "specversion": "1.0", "id": f"{next(_numbers)}", "source": "crm", "type": type_,
        "time": _stated(time), "subject": subject, "data": data,
    }  # fmt: skip


def instant(time: str) -> int:
    """Microseconds of a local time."""
    return parse_us(_stated(time))


def _stated(time: str) -> str:
    day, clock = time.split(" ")
    return f"{day}T{clock if clock.count(':') == 2 else clock + ':00'}{OFFSET}"


def replayed(catalogue: Catalogue, events: list[Event], until: str | None = None) -> dict[tuple[str, str], Value]:
    """Rows of the KPI `k` by (subject, period) at a local time."""
    lines = [(number, json.dumps(one).encode()) for number, one in enumerate(events)]
    outcome = replay(lines, catalogue, POLICY, None if until is None else instant(until))
    assert not outcome.refusals, outcome.refusals
    return {(value.subject, value.period): value for value in outcome.values}


def told(catalogue: Catalogue, events: list[Event], until: str | None = None) -> dict[tuple[str, str], tuple[Any, int]]:
    """Value and n by (subject, period)."""
    return {name: (value.value, value.n) for name, value in replayed(catalogue, events, until).items()}


def of(rows: Mapping[tuple[str, str], tuple[Any, int]], subject: str) -> dict[str, tuple[Any, int]]:
    """The rows of one subject, by period."""
    return {period: row for (who, period), row in rows.items() if who == subject}
