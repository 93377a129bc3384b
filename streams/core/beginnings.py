"""From when on each KPI is counted, where events were forgotten before an edit of the catalogue asked for them.

A KPI that is new, or counts otherwise than before, is counted from the events inside the horizon (`recount`). Rows
whose period, or baseline, began before say so on kpi.values.
"""

from collections.abc import Mapping

from streams.core.measures.growing import BASE, reach_us
from streams.core.measures.plan import Plan
from streams.core.policy import DAY_US
from streams.core.rows import Key, Rows
from streams.core.windows import Window

BEGUN: Key = ("meta", "begun")


class Beginnings:
    """One row of a partition of JUDGE: of each KPI the signature of its counting, and from when on it is counted, None
    for always."""

    def __init__(self, rows: Rows, signatures: Mapping[str, str], horizon_us: int) -> None:
        self._rows = rows
        self._horizon_us = horizon_us
        own = {kpi: signature for kpi, signature in signatures.items() if not kpi.endswith(BASE)}
        self._signatures = {kpi: signature + signatures.get(kpi + BASE, "") for kpi, signature in own.items()}
        self._begun: dict[str, int] = {}

    def ready(self) -> None:
        """Take up what the row says."""
        known = self._rows.get(BEGUN) or {}
        self._begun = {kpi: from_us for kpi, (_, from_us) in known.items() if from_us is not None}

    def adopt(self, clock_us: int | None, first_us: int | None) -> set[str]:
        """Another catalogue, when the first event ever was at `first_us` and the newest may be at `clock_us`; the KPIs
        that are new or count otherwise."""
        known = self._rows.get(BEGUN) or {}
        # Whole UTC days go, so a day that the horizon cuts is still there.
        kept_us = None if clock_us is None else (clock_us - self._horizon_us) // DAY_US * DAY_US
        lacks = kept_us is not None and first_us is not None and first_us < kept_us
        begun = {}
        for kpi, signature in self._signatures.items():
            was, from_us = known.get(kpi, (None, None))
            begun[kpi] = [signature, from_us if was == signature else kept_us if lacks else None]
        self._rows.put(BEGUN, begun)
        self.ready()
        return {kpi for kpi, (signature, _) in begun.items() if known.get(kpi, (None,))[0] != signature}

    def save(self) -> None:
        """Have a new state say that it has counted everything."""
        if self._rows.get(BEGUN) is None:
            self._rows.put(BEGUN, {kpi: [signature, None] for kpi, signature in self._signatures.items()})

    def of(self, plan: Plan, window: Window) -> int | None:
        """From when on a row is counted that reads what was before; None where it lacks nothing, or is of before."""
        from_us = self._begun.get(plan.kpi.id)
        if from_us is None or window.end_us <= from_us:
            return None
        reach = 0 if plan.growing is None else reach_us(plan.kpi, plan.growing)
        return from_us if reach is None or window.start_us - reach < from_us else None
