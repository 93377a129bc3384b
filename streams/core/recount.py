"""Another catalogue: what of the cells of OBSERVE stays, what moves, and what is counted anew.

A KPI that counts as it did keeps its slots, also of what happened before the horizon. Events inside the horizon whose
people belong elsewhere now are taken from where they were and added where they belong; what happened before it stays
where it was counted. Of a KPI that is new, or counts otherwise, the events inside the horizon are all there is. It may
have been there before: stage LINK, which rests while no KPI joins anything, then knows parts that were amended since.
"""

from collections.abc import Callable, Iterable

from streams.core.cells import Cells
from streams.core.counted import Counted
from streams.core.facts import Crediting, Fact
from streams.core.membership import Membership
from streams.core.spread import Spread
from streams.core.windows import Windows

ALWAYS_US = 0
Facts = Callable[[], Iterable[Fact]]
"""Facts inside the horizon."""


def recount(
    cells: Cells,
    spread: Spread,
    windows: Windows,
    before: Counted | None,
    now: Counted,
    facts: Facts,
    amended: Facts,
    pane_us: int,
) -> None:
    """Take cells from what they were counted by to what a catalogue says; without `before` everything is counted anew.
    `facts` are those that stand, `amended` all that ever were of what is amended. Of hours before `pane_us` some are
    forgotten, so no event is taken from one."""
    if before is not None and before[:3] == now[:3]:
        return
    kept, begun = _kept(before, now)
    cells.rearrange({} if before is None else before.shape, kept)
    moved = None if before is None or before.directory == now.directory else _crediting(before, windows)
    fresh = spread.only(spread.counted.keys() - kept)
    old, hours = spread.only(kept), spread.only(begun)
    if not fresh.types and moved is None and not hours.types:
        return
    for fact in amended():
        cells.take_back_parts(fact, spread.crediting.of(fact), fresh)
    cells.follow_turns(facts())
    for told in facts():
        fact = cells.timed(told)
        credit = spread.crediting.of(fact)
        cells.meet(credit.unknown_owner)
        cells.change(fact, credit, 1, fresh, ALWAYS_US)
        was = credit if moved is None else moved.of(fact)
        cells.begin_hours(fact, was, hours)
        if was[:4] != credit[:4]:
            cells.change(fact, was, -1, old, pane_us)
            cells.change(fact, credit, 1, old, pane_us)


def _kept(before: Counted | None, now: Counted) -> tuple[set[str], set[str]]:
    """KPIs that count as they did; and those of them whose hours are kept only from now on."""
    if before is None:
        return set(), set()
    kept = {kpi for kpi, signature in now.signatures.items() if before.signatures.get(kpi) == signature}
    return kept, {kpi for kpi in kept if before.shape[kpi][3] < 0 <= now.shape[kpi][3]}


def _crediting(before: Counted, windows: Windows) -> Crediting:
    return Crediting(Membership(before.directory, windows), before.directory.tenant.id)
