"""A small company and the records its worker would publish: what the tests of the wall feed a board with."""

import json
from typing import Any

from schemas.catalogue.models import Catalogue
from schemas.values import RowName
from streams.core.board import Board, Refusal

NOON_US = 1_795_410_000_000_000  # 2026-11-23T12:00:00+07:00
PERIODS = {
    "month": ("2026-11", "2026-11-01T00:00:00+07:00", "2026-12-01T00:00:00+07:00"),
    "week": ("2026-W48", "2026-11-23T00:00:00+07:00", "2026-11-30T00:00:00+07:00"),
}
LAST_MONTH = ("2026-10", "2026-10-01T00:00:00+07:00", "2026-11-01T00:00:00+07:00")


def kpi(id_: str, vi: str, en: str, unit: str, **more: Any) -> dict[str, Any]:
    given = {"kind": "lagging", "scope": "person", "period": "month", "measure": {"count": "call.completed"}, **more}
    return {"id": id_, "title": {"vi": vi, "en": en}, "unit": unit, **given}


def catalogue(**more: Any) -> Catalogue:
    """Two departments; team hn-1 of six people, hn-2 of two, solo of one; support of six."""
    crews = {"hn-1": 6, "hn-2": 2, "solo": 1, "cs-1": 6}
    return Catalogue.model_validate(
        {
            "version": 1,
            "tenant": {
                "id": "acme",
                "timezone": "Asia/Ho_Chi_Minh",
                "currency": "VND",
                "title": {"vi": "Công ty Sao Mai", "en": "Sao Mai Company"},
            },
            "teams": [
                {"id": "hn-1", "department": "sales"},
                {"id": "hn-2", "department": "sales", "title": {"vi": "Đội Hà Nội 2", "en": "Hanoi 2"}},
                {"id": "solo", "department": "sales"},
                {"id": "cs-1", "department": "service"},
            ],
            "people": [
                {"id": f"{team}-{i}", "name": f"Người {team}-{i}", "team": team}
                for team, heads in crews.items()
                for i in range(heads)
            ],
            "kpis": [
                kpi("revenue", "Doanh số", "Revenue", "VND", **{"for": ["sales"]}),
                kpi("calls", "Cuộc gọi trong tuần", "Calls this week", "calls", kind="leading", period="week"),
                kpi("handling", "Thời gian xử lý", "Handling time", "minutes", direction="down", **{"for": ["cs-1"]}),
                kpi("ad_cost", "Chi phí quảng cáo", "Ad cost", "VND", scope="org", direction="down"),
                kpi("visits", "Lượt ghé", "Visits", "visits", kind="metric", **{"for": ["sales"]}),
                *more.pop("kpis", []),
            ],
            **more,
        }
    )


def value(kpi_id: str, subject: str, scope: str, number: float | None, **more: Any) -> dict[str, Any]:
    """A row of `kpi.values`; `period` may be a (label, start, end)."""
    period, start, end = more.pop("period", PERIODS["week" if kpi_id == "calls" else "month"])
    target = more.get("target")
    return {
        "kind": "value",
        "kpi": kpi_id,
        "subject": subject,
        "scope": scope,
        "period": period,
        "start": start,
        "end": end,
        "value": number,
        "target": None,
        "expected": None,
        "attainment": number / target if target and number is not None else None,
        "n": 7,
        "status": "none",
        "version": 0,
        **more,
    }


def alert(fingerprint: str, kpi_id: str, subject: str, transition: str = "firing", **more: Any) -> dict[str, Any]:
    """A record of `kpi.alerts`."""
    return {
        "kind": "alert",
        "at": "2026-11-23T10:15:00+07:00",
        "fingerprint": fingerprint,
        "class": "stalled",
        "kpi": kpi_id,
        "subject": subject,
        "period": "2026-11",
        "transition": transition,
        "severity": "warning",
        "reason": f"Câu về {subject}",
        "evidence": {},
        **more,
    }


def put(board: Board, row: dict[str, Any], at_us: int = NOON_US) -> Refusal | None:
    """Feeds one record, as the topic would carry it."""
    raw = json.dumps(row).encode()
    if row["kind"] == "alert":
        return board.put_alert(row["fingerprint"], raw, at_us)
    return board.put_value(RowName(row["kpi"], row["subject"], row["period"], row.get("series")).key, raw, at_us)


def put_all(board: Board, *rows: dict[str, Any]) -> None:
    """Feeds records that must all be taken."""
    for row in rows:
        assert put(board, row) is None, row
