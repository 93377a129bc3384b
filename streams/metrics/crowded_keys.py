"""Tells, once a worker and size, of keys that join more events than one thing has: their source has to be mended."""

# mypy: allow-subclassing-any, allow-untyped-decorators
import asyncio
import logging

from mode import Service

from streams.core.link import Link
from streams.metrics.view import Worker

log = logging.getLogger("streams")

LOOK_S = 2.0
MOST_TOLD = 100
"""A feed whose every key is one must not flood the log; the metric has the largest."""


class CrowdedKeys(Service):
    """Looks at the states of this worker every few seconds."""

    def __init__(self, worker: Worker) -> None:
        super().__init__()
        self._worker = worker
        self._told: set[tuple[str, str, str, bool]] = set()

    @Service.task
    async def _look(self) -> None:
        while not self.should_stop:
            self.tell_new()
            await asyncio.sleep(LOOK_S)

    def tell_new(self) -> None:
        """Logs those not told of yet, and once more those that take no more."""
        for state in self._worker.states().values():
            for one in state.crowded if isinstance(state, Link) else ():
                name = (one.kpi, one.field, one.key, one.is_full)
                if name not in self._told and len(self._told) < MOST_TOLD:
                    self._told.add(name)
                    log.warning(one.sentence)
