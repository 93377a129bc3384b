"""Names, once a worker, the owners whom events credit and the catalogue does not know: somebody has to add them."""

# mypy: allow-subclassing-any, allow-untyped-decorators
import asyncio
import logging

from mode import Service

from streams.core.observe import Observe
from streams.metrics.view import Worker

log = logging.getLogger("streams")

LOOK_S = 2.0
MOST_NAMED = 100
"""A feed of ids from another system must not flood the log; the metric has the whole number."""


class UnknownOwners(Service):
    """Looks at the states of this worker every few seconds."""

    def __init__(self, worker: Worker) -> None:
        super().__init__()
        self._worker = worker
        self._named: set[str] = set()

    @Service.task
    async def _look(self) -> None:
        while not self.should_stop:
            self.name_new()
            await asyncio.sleep(LOOK_S)

    def name_new(self) -> None:
        """Logs those not named yet."""
        for state in self._worker.states().values():
            for owner in state.unknown_owners if isinstance(state, Observe) else ():
                if owner in self._named or len(self._named) > MOST_NAMED:
                    continue
                self._named.add(owner)
                if len(self._named) > MOST_NAMED:
                    log.warning("more than %d unknown owners: kpi_unknown_owners counts them", MOST_NAMED)
                else:
                    log.warning("owner %r is not among the catalogue's people: credited to no person", owner)
