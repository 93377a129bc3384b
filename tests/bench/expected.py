"""What the values must be: an independent count beside the generator, and what differs from it.

No code of the product takes part: sums come from the dice (workload.py), and people's days are added up here.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.bench.catalogue import DEPARTMENT, TENANT, kpi_id
from tests.bench.measures import HEADLINE_SUMS, SUMS, chosen
from tests.bench.workload import Happening, Workload

Values = dict[str, int | float | None]
"""By `kpi|subject|period`, the key of kpi.values."""
SumRows = dict[str, list[int]]
"""Base sums by `subject|period`: what a peer keeps."""


@dataclass
class Expected:
    """Counts of one workload; `add` every event, then ask."""

    workload: Workload
    outcomes: Counter[str] = field(default_factory=Counter)
    _days: dict[tuple[int, int], list[int]] = field(default_factory=dict)

    def add(self, happening: Happening) -> None:
        """Takes one event."""
        self.outcomes[happening.outcome] += 1
        if happening.adds is None:
            return
        place = happening.person, happening.day
        sums = self._days.get(place)
        if sums is None:
            sums = self._days[place] = [0] * SUMS
        for number, amount in happening.adds:
            sums[number] += amount

    def sums(self) -> SumRows:
        """Base sums of every subject (department included) and period."""
        rows: SumRows = {}
        workload = self.workload
        for (person, day), sums in self._days.items():
            date = workload.days[day]
            for subject in (workload.person(person), workload.team(person), DEPARTMENT, TENANT):
                for period in (date, date[:7]):
                    row = rows.setdefault(f"{subject}|{period}", [0] * SUMS)
                    for number, amount in enumerate(sums):
                        row[number] += amount
        return rows

    def values(self) -> Values:
        """Value of every KPI, subject and period that has events at all."""
        found: Values = {}
        for place, sums in self.sums().items():
            grain = "month" if len(place.rpartition("|")[2]) == len("2026-10") else "day"
            for measure in chosen(self.workload.kpis):
                found[f"{kpi_id(measure, grain)}|{place}"] = measure.value(sums)
        return found

    def peer_sums(self) -> SumRows:
        """What a peer must have at the end: the sums of the headline, without departments."""
        return {
            place: sums[:HEADLINE_SUMS] for place, sums in self.sums().items() if not place.startswith(f"{DEPARTMENT}|")
        }


def wrong_values(expected: Values, found: Mapping[str, int | float | None]) -> list[str]:
    """One line a value that is missing, differs, or should not be there.

    A value of zero or nothing needs no row: a subject may have had no event of that kind.
    """
    wrong = []
    for key, value in expected.items():
        got = found.get(key)
        if not _same(value, got) and (value or got):
            wrong.append(f"{key}: {got}, expected {value}")
    wrong += [f"{key}: {value}, expected no row" for key, value in found.items() if key not in expected and value]
    return wrong


def wrong_sums(expected: SumRows, found: Mapping[str, list[int]]) -> list[str]:
    """One line a row of a peer that is missing, differs, or should not be there."""
    return [
        f"{key}: {found.get(key)}, expected {expected.get(key)}"
        for key in sorted({*expected, *found})
        if found.get(key) != expected.get(key)
    ]


def _same(expected: int | float | None, got: int | float | None) -> bool:
    if expected is None or got is None:
        return expected is got
    return math.isclose(expected, got, rel_tol=1e-9)
