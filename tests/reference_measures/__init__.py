"""Every measure of MEASURES.md a second time: slow, plain, from the contract's sentences, without a line of the engine.

`rows(events, catalogue, until)` reads a list of event dicts and a catalogue as a plain dict, and says value and n of
every row that has an item behind it. Corrections, reversals, credit and periods come from tests/reference; targets,
status and versions are not said. Rows that stand only because of a target are not either.

Where the contract leaves something open, this is how it is read here:

 1. Ties. `within`, `hold` and the due instant are inclusive, and so is "not before": a `to` at the very instant of
    `from` counts. "After" is strict by time: an `undo` at the instant of `to` undoes nothing, a `stop` at the instant
    of `to` or of the due instant is not before it. An unanswered item is bad once clock >= due.
 2. Merges. Cycles are looked for among the merges that are followed (each lead's latest), and when a cycle's latest
    merge is rejected its lead falls back on the merge before. A merge holds for all of history, not from its time on.
 3. A count of `lead.created` by `distinct: lead_id` counts merged leads once in all: in the period and to the credit of
    the earliest one that passes `where`. Any other key only takes the lead's present name.
 4. `conversion`: n is the number of items in the value's denominator, for `projected` all items of the cohort. A
    converted item credited to `to` leaves no trace with `from`'s owner. A sale of amount 0 does not convert either.
    F(age) is estimated from all items of the KPI together, wherever they are credited; a share never exceeds 100 %.
 5. `repeat`: only a whole reversal takes a sale away; parts that add up to the whole do not (as in `count`).
 6. `elapsed`: the business clock is the tenant's calendar, not the owner's. Pauses do not nest: the first resumption
    ends them all. A pause that began before `from` is on at `from`. A pause that is still on lets no due instant come.
    A stop before `from` is ignored as a `to` is. After a stop that came past due, a later `to` neither turns the item
    good (`late: good`) nor takes over the credit.
 7. `elapsed` as mean or quantile with `hold`: an item undone after `hold` is over stays in.
 8. `elapsed` as share: an item answered early is counted in its due instant's period, even if that is yet to come.
 9. `latest`: a mean over no time at all (first level at the clock's instant) is the level. n is the number of levels. A
    key that turns up under another subject stays with the first one too.
10. `retention`: what happens at a period's first instant belongs to that period, also the lapse of `idle`. Staff at the
    start are those of the catalogue at that instant; only `lost` events lose them, not the catalogue's `to`.
11. `growth` to date: the baseline's events in the same share of its length, not the baseline times the share. Rows
    and n are those of the present period. `against: {from, to}` and `{value}` know no `per`.
12. `attainment`: only KPIs of scope person; only periods that have ended; a weight is split over all periods of the
    calendar that end inside, also those that a person has no row for (which leave with their part); a guardrail is read
    for the same person and its period that holds the last instant of the one scored, once that is over, and is red when
    its attainment is below 1; who has nothing to score is not counted. `every` knows no cap. A total's period without
    working time of the person asks nothing of them: it leaves with its part (PRODUCT 4.10: proration for leave).
13. `by`: the series is named by the item's `from` (first sale, event; of `retention` the base event that says whose a
    member is), and the whole has every item. Without `by`'s field an event is in the whole only. Nothing is folded.
14. `work_s` that is missing: from the owner's latest `ticket.work_started` of that ticket after their previous
    `ticket.work_ended` of it; without one it is absent.
15. `quantile` with `per`: of the totals per key. n counts the keys.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from tests.reference.events import Event
from tests.reference_measures import attainment, cohorts, elapsed, growth, quantities, retention
from tests.reference_measures.world import Node, Rows, Said, World, world

__all__ = ["Key", "Said", "rows"]


class Key(NamedTuple):
    """A row's name."""

    kpi: str
    subject: str
    period: str
    series: str | None = None


MEASURES: Mapping[str, Callable[[World, Node], Rows]] = {
    "conversion": cohorts.conversion,
    "repeat": cohorts.repeat,
    "elapsed": elapsed.rows,
    "retention": retention.rows,
    "growth": growth.rows,
}


def rows(events: Sequence[Event], catalogue: Mapping[str, Any], until: datetime | None = None) -> dict[Key, Said]:
    """Value and n of every row, at `until` or else at the last event."""
    known = world(catalogue, events, until)
    if known is None:
        return {}
    return {
        Key(kpi["id"], *cell): said for kpi in catalogue["kpis"] for cell, said in computed(known, kpi, events).items()
    }


def computed(known: World, kpi: Node, events: Sequence[Event]) -> Rows:
    if "attainment" in kpi["measure"]:
        return attainment.rows(known, kpi, events)
    for name, measure in MEASURES.items():
        if name in kpi["measure"]:
            return measure(known, kpi)
    return quantities.rows(known, kpi)
