"""Which series of a KPI have a row of their own: the `most` largest by n, ties by name. The others are one, `other`.

Decided when rows are published, from what is known then and nothing else: neither the order of events nor a restart
has a part in it. A series that is no longer among the largest has its row withdrawn. `other` is read from the partials
of its series added up. Where they do not add up, because several of them may know one key, it has no value, and its n
counts such a key once in each.

A share or mean keeps the target of the whole and has a status, a part of a total has none; no series alerts anybody.
What is kept is n of each series of a period that JUDGE knows: no more of them than events inside the horizon.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from heapq import nsmallest

from streams.core.measures.plan import Plan
from streams.core.partials import Partials
from streams.core.series import OTHER, joined, parted
from streams.core.value_rows import ValueRows
from streams.core.windows import Windows

Name = tuple[str, str, str]
"""(kpi, subject, period)."""


class SeriesRows:
    """The series of one partition of JUDGE. Everything is rebuilt from the rows of partials and values."""

    def __init__(self, plans: Mapping[str, Plan], partials: Partials, values: ValueRows, windows: Windows) -> None:
        self._plans = plans
        self._partials = partials
        self._values = values
        self._windows = windows
        self._n: dict[Name, dict[str, int]] = defaultdict(dict)
        self._shown: dict[Name, set[str]] = defaultdict(set)
        self._touched: dict[Name, set[str]] = defaultdict(set)

    def ready(self) -> None:
        """Take up what the rows say."""
        for (kpi, name, period), _ in self._values.names():
            subject, series = parted(name)
            if series is not None:
                self._shown[kpi, subject, period].add(series)
                self._touched.setdefault((kpi, subject, period), set())  # also where nothing tells of it any more
        for kpi, name, period in self._partials.series():
            if kpi in self._plans:
                self.touch(kpi, name, period)

    def touch(self, kpi: str, name: str, period: str) -> None:
        """A series may have changed."""
        subject, series = parted(name)
        assert series is not None
        self._touched[kpi, subject, period].add(series)

    def names(self, kpi: str, subject: str, period: str) -> list[str]:
        """Names of the series that have a row, and of `other`."""
        return [joined(subject, series) for series in sorted(self._shown.get((kpi, subject, period), ()))]

    def settle_open(self) -> None:
        """Decide for periods that are open; what is closed is restated in its own time (`settle`)."""
        for name in list(self._touched):
            if not self._values.version(*name):
                self.settle(*name)

    def settle_withdrawn(self) -> None:
        """Withdraw what is left where the whole was withdrawn, before it is forgotten."""
        for name in list(self._touched):
            if self._values.version(*name) is None:
                self.settle(*name)

    def settle_all(self, kpi: str | None = None, period: str | None = None) -> None:
        """Decide for everything that has changed, or for that of one KPI and period."""
        for name in list(self._touched):
            if kpi in (None, name[0]) and period in (None, name[2]):
                self.settle(*name)

    def settle(self, kpi: str, subject: str, period: str) -> None:
        """Have the rows that there should be, and those of an open period published with the next."""
        name, plan = (kpi, subject, period), self._plans[kpi]
        touched = self._touched.pop(name, None)
        if touched is None or plan.kpi.by is None:
            return
        self._count(plan, name, touched)
        known, version = self._n[name], self._values.version(kpi, subject, period)
        own = set(_largest(known, plan.kpi.by.most))
        rest = tuple(joined(subject, series) for series in sorted(known.keys() - own))
        self._fold((kpi, joined(subject, OTHER), period), rest)
        wanted = (own | {OTHER} if rest else own) if version is not None else set()
        shown, window = self._shown.pop(name, set()), self._windows.parse(period)[1]
        for series in sorted(shown - wanted):
            if self._values.version(kpi, joined(subject, series), period) is not None:  # not forgotten meanwhile
                self._values.withdraw(plan, joined(subject, series), window)
        for series in sorted(wanted - shown):
            self._values.begin(plan, joined(subject, series), window, closed=bool(version))
        for series in wanted & shown & (touched | {OTHER}) if version == 0 else ():
            self._values.touch(kpi, joined(subject, series), period)
        if wanted:
            self._shown[name] = wanted
        if not known:
            del self._n[name]

    def sweep(self) -> None:
        """Forget periods that no row of values knows any more, but those whose rows are yet to be withdrawn."""
        for name in [name for name in self._n if self._values.version(*name) is None and name not in self._touched]:
            del self._n[name]
            self._shown.pop(name, None)
            self._fold((name[0], joined(name[1], OTHER), name[2]), ())

    def _count(self, plan: Plan, name: Name, touched: Iterable[str]) -> None:
        _, subject, period = name
        known = self._n[name]
        for series in touched:
            whose = joined(subject, series)
            if self._partials.has_facts(plan, whose, period):
                known[series] = self._partials.n(plan, whose, period)
            else:
                known.pop(series, None)

    def _fold(self, name: Name, rest: tuple[str, ...]) -> None:
        if rest:
            self._partials.folded[name] = rest
        else:
            self._partials.folded.pop(name, None)


def _largest(known: Mapping[str, int], most: int) -> list[str]:
    own = (series for series in known if series != OTHER)
    return nsmallest(most, own, key=lambda series: (-known[series], series))
