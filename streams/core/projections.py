"""Rows that are projected from a pool of items: they change with it, with the day or by late events, though no event of
their own comes."""

from streams.core.judge_tables import JudgeTables
from streams.core.policy import SECOND_US
from streams.core.stage import Now

PAUSE_US = 5 * SECOND_US
"""What is projected from a pool that has changed is told this often at most."""


class Projections:
    """The KPIs of one partition whose pool has changed since their rows were told."""

    def __init__(self, tables: JudgeTables) -> None:
        self._spec = tables.spec
        self._progress = tables.progress
        self._values = tables.values
        self._changed: dict[str, None] = {}
        self._told_us = 0
        """Wall time."""

    def ready(self) -> None:
        """Nobody knows what was held back: every pool counts as changed."""
        self._changed = {kpi: None for kpi, plan in self._spec.plans.items() if plan.ages}

    def pool_changed(self, kpi: str) -> None:
        """Have the KPI's rows told soon."""
        self._changed[kpi] = None

    def tell(self, now: Now) -> None:
        """Open rows are told anew with the next, closed ones that are not mature are restated. Of the past each is
        looked at once a day."""
        if not self._changed or now.us < self._told_us + PAUSE_US:
            return
        for (kpi, subject, period), version in list(self._values.names()):
            plan = self._spec.plans[kpi]
            if kpi not in self._changed:
                continue
            if version == 0:
                self._values.touch(kpi, subject, period)
            elif self._progress.at_us < (window := self._spec.windows.parse(period)[1]).end_us + plan.reach_us:
                self._values.restate(plan, [subject], window)
        self._changed, self._told_us = {}, now.us
