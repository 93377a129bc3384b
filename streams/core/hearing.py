"""What slices tell JUDGE: cells and totals are merged into partials, and what that changes is settled, told and looked
at.

The measured hot path of JUDGE: what a KPI's value decides is found once for each group, or KPI, and subject.
"""

from collections.abc import Mapping
from typing import NamedTuple

from streams.core.frames import HOUR, Absent, Cell, Slice, Total
from streams.core.journeys.contract import POOL
from streams.core.judge_tables import JudgeTables
from streams.core.lookout import Heeded, Lookout
from streams.core.measures.plan import Plan
from streams.core.projections import Projections
from streams.core.row_lives import RowLives
from streams.core.scored_rows import ScoredRows
from streams.core.series import is_whole
from streams.core.watch import Watch
from streams.core.windows import Window


class _Linked(NamedTuple):
    """What a linked total of a KPI and subject is about. `kpis` has the KPI alone; `decides` is what else its value
    decides, if anything; an open row that grows needs no second look where it `stands_alone`."""

    plan: Plan
    number: int
    kpis: Mapping[str, None]
    decides: Heeded | None
    stands_alone: bool


class Hearing:
    """Takes slices in the order of event time."""

    def __init__(
        self,
        tables: JudgeTables,
        watch: Watch,
        lookout: Lookout,
        lives: RowLives,
        scored: ScoredRows,
        projections: Projections,
    ) -> None:
        self._spec = tables.spec
        self._share = tables.share
        self._progress = tables.progress
        self._earlier = tables.earlier
        self._attendance = tables.attendance
        self._partials = tables.partials
        self._values = tables.values
        self._watch = watch
        self._lookout = lookout
        self._lives = lives
        self._scored = scored
        self._projections = projections
        self._heeded: dict[tuple[int, str], list[Heeded]] = {}
        self._linked: dict[tuple[str, str], _Linked] = {}

    def take(self, source: str, slice_: Slice) -> None:
        """Everything that a slice tells."""
        stamp_us = slice_.stamp_us
        for told in slice_.absences:
            self._take_absence(told, stamp_us)
        is_ours = slice_.layout == self._spec.layout.fingerprint
        for cell in self._take_calm(source, slice_.cells) if is_ours else self._earlier.carry(source, slice_):
            if cell[2].startswith(HOUR):
                self._lookout.take_hour(source, cell, stamp_us)
            else:
                self._take_cell(source, cell, stamp_us)
        for total in slice_.totals:
            self._take_total(source, total, stamp_us)

    # -- of OBSERVE

    def _take_absence(self, told: Absent, stamp_us: int) -> None:
        """Somebody's leave: what is expected of them changes, and silence of theirs or their teams is judged anew."""
        for person, span in self._attendance.tell(told).items():
            self._watch.forget_presence()
            self._values.retime(self._spec.plans, person, *span)
            self._scored.score_anew(person, *span)
            teams = {row.team for row in self._spec.catalogue.people if row.id == person}
            for kpi, plan in self._spec.plans.items():
                period = self._spec.windows.period(plan.kpi.period, max(stamp_us, self._progress.at_us)).id
                for subject in (person, *sorted(teams)):
                    if self._values.version(kpi, subject, period) == 0:
                        self._lookout.look_soon(self._lookout.heeding(kpi, subject), stamp_us, less=True)

    def _take_calm(self, source: str, cells: list[Cell]) -> list[Cell]:
        """Take what changes open rows and nothing else; the cells that are left."""
        left, blocks = self._partials.put_calm(source, cells, self._values.blocks)
        self._values.have_changed(blocks)
        return left

    def _take_cell(self, source: str, cell: Cell, stamp_us: int) -> None:
        spec, (number, subject, period, _) = self._spec, cell
        if number >= spec.layout.first_base:
            self._take_base(source, cell, stamp_us)
            return
        grain, window = spec.windows.parse(period)
        # Of a period whose other partials are forgotten.
        if window.end_us < self._progress.oldest_us or grain is not spec.layout.groups[number].period:
            return
        changed, less = self._partials.put(source, cell)
        if not changed:
            return
        if spec.layout.groups[number].divided and not is_whole(subject):
            for kpi in changed:
                self._lives.count_series(spec.plans[kpi], subject, window)
            return
        if less or not self._values.touch_block(number, subject, period, changed):
            for kpi in changed:
                self._lives.count(spec.plans[kpi], subject, window)
        heeded = self._heeded.get((number, subject))
        if heeded is None:
            heeded = self._heeded[number, subject] = self._find_heeded(number, subject)
        for one in heeded:
            if one.kpi in changed:
                self._heed(one, stamp_us, less=one.kpi in less)
        if not heeded:
            self._values.calm(number, subject, period)

    def _take_base(self, source: str, cell: Cell, stamp_us: int) -> None:
        """A day, or the period, of a baseline."""
        spec, (number, subject, window_id, _) = self._spec, cell
        grain, window = spec.windows.parse(window_id)
        if window.end_us < self._progress.oldest_us or grain is not spec.layout.groups[number].period:
            return
        changed, _ = self._partials.put(source, cell)
        for base in changed:
            self._lives.rebase(spec.grown[base], subject, window, stamp_us)

    def _find_heeded(self, number: int, subject: str) -> list[Heeded]:
        """Of a group the KPIs whose values decide more than their own rows."""
        plans = self._spec.layout.groups[number].plans
        kpis = [plan.kpi.id for plan in plans if subject in self._spec.subjects[plan.kpi.id]]
        return [one for one in (self._lookout.heeding(kpi, subject) for kpi in kpis) if one.is_heeded]

    # -- of LINK

    def _take_total(self, source: str, total: Total, stamp_us: int) -> None:
        kpi, subject, period, _ = total
        if period == POOL and kpi in self._spec.plans:
            if self._partials.put_total(source, total) is not None:
                self._projections.pool_changed(kpi)
            return
        linked = self._linked.get((kpi, subject))
        grain, window = self._spec.windows.parse(period)
        if linked is None or grain is not linked.plan.kpi.period:
            if not self._share.fits(kpi, subject, period):
                return  # told before the catalogue changed
            linked = None
        is_over = window.end_us < self._progress.oldest_us - self._spec.reaches_us[kpi]
        less = None if is_over else self._partials.put_total(source, total)
        if less is None:
            return
        if kpi in self._spec.grown:
            self._lives.rebase(self._spec.grown[kpi], subject, window, stamp_us)
        elif not is_whole(subject):
            self._lives.count_series(self._spec.plans[kpi], subject, window)
        else:
            self._take_value(linked or self._find_linked(kpi, subject), subject, window, stamp_us, less=less)

    def _find_linked(self, kpi: str, subject: str) -> _Linked:
        plan, one = self._spec.plans[kpi], self._lookout.heeding(kpi, subject)
        known = self._linked[kpi, subject] = _Linked(
            plan,
            self._spec.layout.of(kpi).number,
            {kpi: None},
            one if one.is_heeded else None,
            plan.growing is None and not one.guarded,
        )
        return known

    def _take_value(self, linked: _Linked, subject: str, window: Window, stamp_us: int, *, less: bool) -> None:
        """A linked total has changed, and the KPI's value with it."""
        plan, number, kpis, decides, stands_alone = linked
        if less or not stands_alone or not self._values.touch_block(number, subject, window.id, kpis):
            self._lives.count(plan, subject, window)
        if decides is not None:
            self._heed(decides, stamp_us, less=less)

    def _heed(self, one: Heeded, stamp_us: int, *, less: bool) -> None:
        """What else depends on a KPI's value: rows that it guards, and alerts."""
        for guarded in one.guarded:
            self._lives.touch_guarded(guarded, one.subject)
        self._lookout.look_soon(one, stamp_us, less=less)
