"""Which totals of LINK need not be told with every slice: those of KPIs of which nothing is decided while a period is
open. In a backlog a slice is a minute, and a month's total of a plain metric was told with each of them.

What changes such a total waits until its period closes, or to the end of the chunk: then it is told as it stands. A
period that is closed waits for nothing, because its row is restated.
"""

from collections.abc import Callable, Container, Iterable

from streams.core.journeys.contract import POOL
from streams.core.totals import Name


class Waits:
    """Names of totals that wait within one chunk."""

    def __init__(self, calm: Container[str], closes_us: Callable[[str], int]) -> None:
        """Args: `calm` are the KPIs that may wait; `closes_us` says when a period of that id closes."""
        self._calm = calm
        self._closes_us = closes_us
        self._waiting: dict[str, dict[Name, None]] = {}
        """By period."""

    def without(self, names: Iterable[Name], stamp_us: int) -> list[Name]:
        """Those of the names, of a slice of this stamp, that do not wait; the others do from now on."""
        told = []
        for name in names:
            kpi, _, period = name
            if kpi in self._calm and period != POOL and stamp_us < self._closes_us(period):
                self._waiting.setdefault(period, {})[name] = None
            else:
                told.append(name)
        return told

    def due(self, until_us: int) -> list[Name]:
        """Names of the periods that close until then, which wait no more."""
        over = [period for period in self._waiting if self._closes_us(period) <= until_us]
        return [name for period in over for name in self._waiting.pop(period)]
