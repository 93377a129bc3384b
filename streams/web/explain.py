"""`GET /api/explain/{kpi}/{subject}`: how a value came about, from the partitions that this worker has.

The same object as `kpi explain --json`. Events of partitions that other workers hold are missing: the answer names
these partitions and says so in a note. There is no login here, so nothing is told of single people.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from schemas.topics import Stage
from schemas.values import RowName, Scope, Value
from streams.core.board import Board
from streams.core.explain.evidence import Kept
from streams.core.explain.explaining import explain
from streams.core.judge import Judge
from streams.core.judge_spec import JudgeSpec
from streams.core.observe import Observe
from streams.core.stage import PartitionState
from streams.core.windows import Window
from streams.inspection.asked import Asked, NotAskableError, check
from streams.inspection.explain_words import LOCALES
from streams.inspection.explained import as_object

MOST_EVENTS = 2_000_000
"""Kept events of this worker. To list a million takes it some 25 ms, in which it does nothing else; looking through
them goes on beside its work."""

States = Callable[[], Mapping[tuple[Stage, int], PartitionState]]
"""The states of this worker, by stage and partition."""


class Explaining:
    """The handler. `spec_of` compiles the catalogue; it is called once, with the first question."""

    def __init__(self, spec_of: Callable[[], JudgeSpec], states: States, board: Board, *, people: bool) -> None:
        self._spec_of = spec_of
        self._spec: JudgeSpec | None = None
        self._states = states
        self._board = board
        self._people = people
        # One at a time: an explanation is work beside the worker's own, and the compiled catalogue has caches.
        self._turn = asyncio.Lock()

    async def serve(self, request: web.Request) -> web.Response:
        """`?period=` as 2026-11 (default the one that the clock is in), `?series=` of a KPI with `by`, `?lang=` vi or
        en."""
        locale = request.query.get("lang", self._board.locale)
        if locale not in LOCALES:
            return _said(f"lang={locale!r}: expected one of {', '.join(LOCALES)}", 400)
        async with self._turn:
            if self._spec is None:
                self._spec = self._spec_of()
            period, series, name = request.query.get("period"), request.query.get("series"), request.match_info
            try:
                asked = check(Asked(self._spec, name["kpi"], name["subject"], period, series), guessing=self._people)
            except NotAskableError as error:
                return _said(str(error), 404)
            return await self._answer(asked, locale)

    async def _answer(self, asked: Asked, locale: str) -> web.Response:
        states = self._states()
        observing = {part: one for (stage, part), one in sorted(states.items()) if isinstance(one, Observe)}
        judge = states.get((Stage.JUDGE, asked.judge_partition))
        clock_us = _clock_of(observing, judge)
        if clock_us is None:
            return _said("there is no event yet, and so no clock", 404)
        window = _window(asked, clock_us)
        start = asked.spec.windows.rfc3339(window.start_us)
        scopes = self._board.floor.scopes
        named = scopes.get(asked.series or "") is Scope.PERSON
        if not self._people and (named or self._board.floor.is_personal(asked.subject, start)):
            return _said(f"{asked.subject} is a single person: of people nothing is told here; use `kpi explain`", 403)
        events = sum(one.events_kept for one in observing.values())
        if events > MOST_EVENTS:
            return _said(f"{events:,} events are kept here (most: {MOST_EVENTS:,}): use `kpi explain`", 503)
        # Between two steps of the lanes, so that events and value are of one moment.
        kept = [
            Kept(part, one.kept(), one.watermark_us, dict(one.counts()), one.first_us)
            for part, one in observing.items()
        ]
        row = self._published(asked, window, judge)
        about = (asked.spec, asked.kpi, asked.subject, window, clock_us, kept, row, asked.series)
        told = await asyncio.to_thread(explain, *about)
        body = as_object(told, locale, people=self._people)
        here = isinstance(judge, Judge)
        return web.json_response(body | {"judge": {"partition": asked.judge_partition, "here": here}})

    def _published(self, asked: Asked, window: Window, judge: PartitionState | None) -> Value | None:
        """The row where it is judged; else as kpi.values says, which tells every worker of the newest period."""
        if isinstance(judge, Judge):
            return judge.value(asked.kpi, asked.name, window.id)
        name = RowName(asked.kpi, asked.subject, window.id, asked.series)
        return next((row for row in self._board.values() if RowName.of(row) == name), None)


def _clock_of(observing: Mapping[int, Observe], judge: PartitionState | None) -> int | None:
    if isinstance(judge, Judge) and judge.clock_us is not None:
        return judge.clock_us
    return max((one.watermark_us for one in observing.values() if one.watermark_us is not None), default=None)


def _window(asked: Asked, clock_us: int) -> Window:
    windows = asked.spec.windows
    return windows.period(asked.plan.kpi.period, clock_us) if asked.period is None else windows.parse(asked.period)[1]


def _said(sentence: str, status: int) -> web.Response:
    body: dict[str, Any] = {"error": sentence}
    return web.json_response(body, status=status)
