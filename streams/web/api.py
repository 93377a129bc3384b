"""JSON for programs: `/api/values`, `/api/alerts`, `/livez`, `/readyz`.

There is no login here, so rows and alerts about single people are left out unless the application is built to show
them; alerts about people then appear as counts, as on the wall.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from aiohttp import web
from pydantic import BaseModel

from schemas.alerts import Alert
from schemas.values import Scope
from streams.core.board import Board


class HealthSnapshot(Protocol):
    """State of the process at one moment; `reasons` say why it is not live or not ready."""

    @property
    def live(self) -> bool:
        """False when only a restart helps."""
        ...

    @property
    def ready(self) -> bool:
        """Assigned, recovered and progressing."""
        ...

    @property
    def reasons(self) -> Sequence[str]:
        """Sentences; empty when all is well."""
        ...


class Health(Protocol):
    """Where the pages ask how the process is."""

    def snapshot(self) -> HealthSnapshot:
        """How the process is now."""
        ...


class Api:
    """Handlers over a board and the process's health."""

    def __init__(self, board: Board, health: Health, *, people: bool) -> None:
        self._board = board
        self._health = health
        self._people = people

    async def values(self, request: web.Request) -> web.Response:
        """Newest rows; filters `kpi`, `subject`, `series`, `scope`, and `since` (a `seq` answered before)."""
        board = self._board
        try:
            scope = Scope(request.query["scope"]) if "scope" in request.query else None
        except ValueError:
            return _refused(f"scope={request.query['scope']!r}: expected one of {', '.join(Scope)}")
        since = request.query.get("since", "")
        if since and not (since.isascii() and since.isdigit()):
            return _refused(f"since={since!r}: expected a seq, a whole number from an earlier answer")
        rows = board.changes_since(int(since)).values if since else board.values()
        wanted = [
            row
            for row in rows
            if scope in (None, row.scope)
            and request.query.get("kpi", row.kpi) == row.kpi
            and request.query.get("subject", row.subject) == row.subject
            and request.query.get("series", row.series) == row.series
            and (self._people or not board.floor.names_person(row))
        ]
        return self._answer({"values": [_plain(row) for row in wanted]})

    async def alerts(self, request: web.Request) -> web.Response:
        """Firing alerts, the last transitions, and how many people of each place have an alert."""
        firing = self._board.firing()
        crews = [
            {"scope": crew.scope, "place": crew.place, "people": crew.people}
            for crew in self._board.floor.crews(firing)
        ]
        shown = {"firing": self._shown(firing), "transitions": self._shown(self._board.transitions())}
        return self._answer({**shown, "people": crews})

    async def livez(self, request: web.Request) -> web.Response:
        """200 while the process can still do its work, 503 when only a restart helps."""
        now = self._health.snapshot()
        return _json({"live": now.live, "reasons": list(now.reasons)}, status=200 if now.live else 503)

    async def readyz(self, request: web.Request) -> web.Response:
        """200 when assigned, recovered and progressing, else 503 with the reasons."""
        now = self._health.snapshot()
        return _json({"ready": now.ready, "reasons": list(now.reasons)}, status=200 if now.ready else 503)

    def _shown(self, alerts: Sequence[Alert]) -> list[dict[str, object]]:
        personal = self._board.floor.is_personal
        return [_plain(alert) for alert in alerts if self._people or not personal(alert.subject, alert.at)]

    def _answer(self, body: dict[str, object]) -> web.Response:
        at_us = self._board.updated_us
        updated = None if at_us is None else datetime.fromtimestamp(at_us / 1_000_000, UTC).isoformat()
        return _json({"seq": self._board.seq, "updated": updated, "people_shown": self._people, **body})


def _plain(row: BaseModel) -> dict[str, object]:
    return row.model_dump(mode="json", by_alias=True)


def _refused(sentence: str) -> web.Response:
    return _json({"error": sentence}, status=400)


def _json(body: dict[str, object], status: int = 200) -> web.Response:
    return web.json_response(body, status=status)
