"""What the collector reads of a running worker, and of the states whose figures are more than counts."""

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any, Protocol

from schemas.alerts import AlertClass
from schemas.topics import Stage
from schemas.values import Value
from streams.core.stage import PartitionState
from streams.metrics.timings import Timings


class Lane(Protocol):
    """One partition of one stage (streams.lanes.Lane)."""

    @property
    def spec(self) -> Any:
        """With `stage` and `guard`."""

    @property
    def tp(self) -> Any:
        """With `partition`."""

    @property
    def phase(self) -> str:
        """Such as `running`."""

    @property
    def gate(self) -> Any:
        """With `is_shut`."""

    @property
    def lag_records(self) -> int | None:
        """Records to read; None while nobody knows."""

    @property
    def buffered(self) -> tuple[int, int]:
        """Records and bytes fetched and not processed."""

    @property
    def state_rows(self) -> int:
        """Live rows of its changelog."""

    @property
    def progress(self) -> Any:
        """With `share`; None unless it restores."""


class Lanes(Protocol):
    """All lanes of the worker (streams.agents.Lanes)."""

    rebalances: int

    @property
    def timings(self) -> Timings:
        """Since the worker started."""

    def __iter__(self) -> Iterator[Lane]: ...


class Worker(Protocol):
    """A worker (streams.app.Worker)."""

    @property
    def lanes(self) -> Lanes:
        """Its lanes."""

    @property
    def health(self) -> Any:
        """With `snapshot()`."""

    @property
    def clock(self) -> Any:
        """With `now_us()`."""

    def states(self) -> Mapping[tuple[Stage, int], PartitionState]:
        """Live states by stage and partition."""


class Judged(Protocol):
    """A partition of JUDGE (streams.core.judge.Judge)."""

    @property
    def clock_us(self) -> int | None:
        """Time that it has reached."""

    @property
    def held(self) -> int:
        """Slices that wait for a slower source."""

    def counts(self) -> Mapping[tuple[str, ...], int]:
        """Of them ("transitions", class, transition)."""

    def current(self, subjects: Container[str]) -> Iterable[Value]:
        """Rows of these subjects for the periods open at its clock."""

    def firing(self) -> Iterable[tuple[str, str, AlertClass, str, str]]:
        """(kpi, subject, class, severity, "pending" or "firing") of every alert there is now."""
