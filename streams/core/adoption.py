"""A restored partition of JUDGE under another catalogue: what that does not have goes, and all else is told anew."""

from collections.abc import Container

from streams.core.decisions import OPENED
from streams.core.journeys.contract import POOL
from streams.core.judge_tables import JudgeTables
from streams.core.partials import KEYS
from streams.core.relayout import Shape, rearrange
from streams.core.row_lives import RowLives
from streams.core.series import is_whole
from streams.core.value_rows import ROW
from streams.core.watch import ALERT, BASELINE


def forget_strangers(tables: JudgeTables, shape: Shape, others: Container[str]) -> None:
    """Rows of KPIs, subjects and grains that the catalogue does not have are withdrawn, and vectors of `shape` moved.
    Baselines of the `others`, which count otherwise than before, are forgotten: they would be of another measure. What
    another partition judges from now on goes without a word: its rows have the same keys, and may be there already."""
    rows, spec, share = tables.rows, tables.spec, tables.share
    before = {kpi: at for kpi, at in shape.items() if kpi not in spec.grown or spec.grown[kpi].kpi.id not in others}
    rearrange(rows, before, spec.layout, share.fits)
    for key, _ in rows.items(ROW):
        name = str(key[1]), str(key[2]), str(key[3])
        if not spec.fits(*name):
            tables.values.forget(*name)
        elif not share.fits(*name):
            rows.drop(key)
    for key, sources in rows.items(KEYS):
        kpi, subject, period = map(str, key[1:])
        plan = spec.observe.spread.counted.get(kpi)
        # What is read no more goes: LINK does not tell of its end, and another catalogue may read it again.
        alike = plan is not None and all(len(vectors) == plan.linked for vectors in sources.values())
        if not alike or (period != POOL and not share.fits(kpi, subject, period)):
            rows.drop(key)
    for table in (BASELINE, OPENED, ALERT):
        for key, _ in rows.items(table):
            plan = spec.plans.get(str(key[1]))
            if plan is None or (len(key) > 2 and not share.judges(plan, str(key[2]))):
                rows.drop(key)


def adopt_rows(tables: JudgeTables, lives: RowLives) -> None:
    """Rows without events or a target go, those with a target begin, all are told anew. OBSERVE counts the events anew
    and sends what has changed."""
    spec, rows, values, progress = tables.spec, tables.rows, tables.values, tables.progress
    windows, targets = spec.windows, spec.targets
    for (kpi, subject, period), _ in values.names():
        plan, window = spec.plans[kpi], windows.parse(period)[1]
        if not is_whole(subject):  # whether there should be a row is settled with the next publication
            values.tell_again(plan, subject, window)
            continue
        aimed = window.end_us > lives.first_us(plan) and targets.of(kpi, subject, window) is not None
        if aimed or tables.partials.has_facts(plan, subject, period):
            values.tell_again(plan, subject, window)
        else:
            values.withdraw(plan, subject, window)
    for plan in spec.plans.values():
        rows.drop((OPENED, plan.kpi.id))
        first_us = lives.first_us(plan)
        for window in windows.between(plan.kpi.period, first_us, progress.at_us + 1) if plan.kpi.targets else ():
            if window.end_us >= progress.oldest_us:  # what is forgotten stays as it was told
                lives.begin_all(plan, window)
            rows.put((OPENED, plan.kpi.id), window.id)
