"""Worked examples: small histories in tests/data/measures/*.yaml, each with a rule, the arithmetic and the rows.

    - rule: what it shows
      kpi: {unit, scope, period, measure}
      events:                       # ids are e1, e2, ... in this order; times without offset are local
        - [2026-11-02T09:00, sale.closed, {sale_id: s1, owner: an, amount: 100}]
        - [2026-11-03T09:00, sale.corrected, {sale_id: s1, owner: an, amount: 90}, {of: e1, id: x9, source: shop}]
      until: 2026-12-01T00:00
      rows: {an 2026-11: [90, 1], hn-1 2026-11: [90, 1], binh 2026-11: absent}

A row is [value, n] or only its value, `absent` says that there must be none; other rows are not looked at. `zone`,
`calendar`, `people` and further `kpis` may be given; `open: N` names the reading of tests/reference_measures that the
example rests on, `within` a tolerance.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from ruamel.yaml import YAML

from tests.reference.events import Event
from tests.reference_measures import Key
from tests.reference_measures.quantities import QUANTILE_ERROR

FOLDER = Path(__file__).parent.parent / "data" / "measures"
ZONE = "Asia/Ho_Chi_Minh"
OFFICE = {"hours": {"mon-fri": ["08:00-12:00", "13:00-17:00"]}}
TEAMS = [
    {"id": "hn-1", "department": "sales"}, {"id": "hn-2", "department": "sales"},
    {"id": "care", "department": "service"},
]  # fmt: skip
PEOPLE = [{"id": "an", "team": "hn-1"}, {"id": "binh", "team": "hn-1"}, {"id": "chi", "team": "hn-2"}]
ENTITY = {
    "email": "message_id", "employee": "person_id", "training": "person_id", "headcount": "team", "csat": "about_id",
    "offer": "requisition_id", "ad": "campaign_id",
}  # fmt: skip


class Example(NamedTuple):
    """A catalogue, its events up to `until`, and what must come out."""

    name: str
    catalogue: dict[str, Any]
    events: list[Event]
    until: datetime
    rows: dict[Key, Any]
    within: float  # relative, where the contract leaves the method open

    def assert_says(self, got: Mapping[Key, tuple[float | None, int]]) -> None:
        """Each row of the example against what was computed."""
        for key, said in self.rows.items():
            if said == "absent":
                assert key not in got, f"{self.name}: no row {key}"
                continue
            assert key in got, f"{self.name}: no row {key} in {sorted(map(str, got))}"
            value, n = said if isinstance(said, list) else (said, None)
            assert got[key][0] == (None if value is None else pytest.approx(value, rel=self.within)), key
            assert n is None or got[key][1] == n, key


def load(name: str) -> list[Example]:
    """The examples of one file."""
    written = YAML(typ="safe").load(FOLDER / f"{name}.yaml")
    return [example(f"{name} {number}: {given['rule']}", given) for number, given in enumerate(written, start=1)]


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def example(name: str, given: Mapping[str, Any]) -> Example:
    zone = ZoneInfo(given.get("zone", ZONE))
    kpis = [{"id": "k", **given["kpi"]}, *given.get("kpis", [])]
    catalogue = company(kpis, given.get("zone", ZONE), given.get("calendar", OFFICE), given.get("people", PEOPLE))
    events = [event(number, line, zone) for number, line in enumerate(given["events"], start=1)]
    rows = {Key("k", *row.split(" ")): said for row, said in given["rows"].items()}
    return Example(
        name, catalogue, events, instant(given["until"], zone), rows, given.get("within", _within(catalogue))
    )


def company(kpis: list[dict[str, Any]], zone: str = ZONE, calendar: Any = None, people: Any = None) -> dict[str, Any]:
    """A catalogue as written in YAML."""
    return {
        "version": 1,
        "tenant": {"id": "acme", "timezone": zone, "currency": "VND", "locale": "en"},
        "calendar": calendar or OFFICE,
        "teams": TEAMS,
        "people": people or PEOPLE,
        "kpis": [{"title": kpi["id"], "kind": "lagging", "direction": "up", **kpi} for kpi in kpis],
    }


def event(number: int, line: list[Any], zone: ZoneInfo) -> Event:
    at, type_, data, *more = line
    said = more[0] if more else {}
    if "of" in said:
        data = {**data, "supersedes": {"source": said.get("of_source", "crm"), "id": said["of"]}}
    id_ = said.get("id", f"e{number}")
    source = said.get("source", "crm")
    return {
        "specversion": "1.0", "id": id_, "source": source, "type": type_, "time": instant(at, zone).isoformat(),
        "subject": said.get("subject") or subject(type_, data, id_), "data": data,
    }  # fmt: skip


def _within(catalogue: Mapping[str, Any]) -> float:
    """A quantile is an estimate, everything else is exact."""
    return QUANTILE_ERROR if "quantile" in str(catalogue["kpis"][0]["measure"]) else 1e-6


def entity_field(type_: str) -> str:
    """The field of `data` that repeats the event's subject, where the type has one."""
    kind = type_.split(".")[0]
    return ENTITY.get(kind, f"{kind}_id")


def subject(type_: str, data: Mapping[str, Any], id_: str) -> str:
    return str(data.get(entity_field(type_), id_))


def instant(said: Any, zone: ZoneInfo) -> datetime:
    moment = datetime.fromisoformat(str(said))
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
