"""Logs, once a worker, what somebody has to mend: owners whom the catalogue does not know, and keys that join more
events than one thing has. The metrics have the numbers."""

# mypy: allow-subclassing-any, allow-untyped-decorators
import asyncio
import logging
from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple

from mode import Service

from streams.core.link import Link
from streams.core.observe import Observe
from streams.core.stage import PartitionState
from streams.metrics.definitions import KEY_EVENTS, UNKNOWN_OWNERS
from streams.metrics.view import Worker

log = logging.getLogger("streams")

LOOK_S = 2.0
MOST_TOLD = 100
"""Of one kind. Ids from another system, or a feed whose every key is one, must not flood the log."""


class Fault(NamedTuple):
    """A sentence is told again only under another name."""

    name: Hashable
    sentence: str


class Kind(NamedTuple):
    """The faults that a state knows of, and what is said in place of all beyond MOST_TOLD."""

    find: Callable[[PartitionState], Iterable[Fault]]
    rest: str


def unknown_owners(state: PartitionState) -> Iterable[Fault]:
    """Owners whom events credit and the catalogue does not know."""
    for owner in state.unknown_owners if isinstance(state, Observe) else ():
        yield Fault(owner, f"owner {owner!r} is not among the catalogue's people: credited to no person")


def crowded_keys(state: PartitionState) -> Iterable[Fault]:
    """Keys that join more than one thing has; once more those that take no more."""
    for one in state.crowded if isinstance(state, Link) else ():
        yield Fault((one.kpi, one.field, one.key, one.is_full), one.sentence)


KINDS = (
    Kind(unknown_owners, f"more than {MOST_TOLD} unknown owners: {UNKNOWN_OWNERS.name} counts them"),
    Kind(crowded_keys, f"more than {MOST_TOLD} crowded keys: {KEY_EVENTS.name} has the largest"),
)


class FaultLog(Service):
    """Looks at the states of this worker every few seconds."""

    def __init__(self, worker: Worker) -> None:
        super().__init__()
        self._worker = worker
        self._told: dict[Kind, set[Hashable]] = {kind: set() for kind in KINDS}

    @Service.task
    async def _look(self) -> None:
        while not self.should_stop:
            self.log_new()
            await asyncio.sleep(LOOK_S)

    def log_new(self) -> None:
        """Logs what has not been told yet."""
        for kind, told in self._told.items():
            for fault in (fault for state in self._worker.states().values() for fault in kind.find(state)):
                if fault.name in told or len(told) > MOST_TOLD:
                    continue
                told.add(fault.name)
                log.warning(kind.rest if len(told) > MOST_TOLD else fault.sentence)
