"""What the benchmark counts: base sums, and 10 measures (20 for the cost table) over them, each by day and by month.

A measure stands here twice, as catalogue YAML for the worker and as a function of base sums for the independent count.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

CALLS, ANSWERED, TALK_S, REAL_CALLS, MEETINGS, LEADS, SALES, REVENUE = range(8)
"""Base sums that the 20 KPIs of the headline need: what a peer keeps for a subject and period."""
HEADLINE_SUMS = 8
MEETING_S, INBOUND, LONG_CALLS, QUANTITY, COST, GOOD_LEADS, BIG_SALES, BUSY = range(8, 16)
SUMS = 16
REAL_CALL_S, LONG_CALL_S, GOOD_LEAD, BIG_SALE = 30, 300, 50, 5_000_000

Sums = Sequence[int]


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure. `value` is in `unit`, None where nothing can be said."""

    name: str
    unit: str
    kind: str
    """What it is where KPIs have targets."""
    daily_target: int
    """For a person; of plausible size, so that pace and stall detection have something to do."""
    definition: dict[str, Any]
    value: Callable[[Sums], int | float | None]


def _where(**conditions: dict[str, Any]) -> dict[str, Any]:
    return {"count": "call.completed", "where": conditions}


_ANSWERED = _where(outcome={"eq": "answered"})
_REAL = _where(outcome={"eq": "answered"}, duration_s={"ge": REAL_CALL_S})


def _share(sums: Sums) -> float | None:
    return 100 * sums[ANSWERED] / sums[CALLS] if sums[CALLS] else None


MEASURES = (
    Measure("calls", "calls", "leading", 250, {"count": "call.completed"}, lambda s: s[CALLS]),
    Measure("answered", "calls", "leading", 150, _ANSWERED, lambda s: s[ANSWERED]),
    Measure("talk", "s", "leading", 60_000, {"sum": "duration_s", "of": "call.completed"}, lambda s: s[TALK_S]),
    Measure("real_calls", "calls", "leading", 140, _REAL, lambda s: s[REAL_CALLS]),
    Measure("meetings", "meetings", "leading", 50, {"count": "meeting.held"}, lambda s: s[MEETINGS]),
    Measure(
        "contacts",
        "contacts",
        "leading",
        190,
        {"sum_of": [_REAL, {"count": "meeting.held"}]},
        lambda s: s[REAL_CALLS] + s[MEETINGS],
    ),
    Measure("leads", "leads", "leading", 100, {"count": "lead.created"}, lambda s: s[LEADS]),
    Measure("sales", "sales", "lagging", 100, {"count": "sale.closed"}, lambda s: s[SALES]),
    Measure("revenue", "VND", "lagging", 500_000_000, {"sum": "amount", "of": "sale.closed"}, lambda s: s[REVENUE]),
    Measure(
        "answered_share", "%", "leading", 60, {"ratio": {"of": _ANSWERED, "to": {"count": "call.completed"}}}, _share
    ),
)
MORE = (
    Measure(
        "meeting_time", "s", "leading", 90_000, {"sum": "duration_s", "of": "meeting.held"}, lambda s: s[MEETING_S]
    ),
    Measure("inbound", "calls", "leading", 120, _where(direction={"eq": "in"}), lambda s: s[INBOUND]),
    Measure("long_calls", "calls", "leading", 100, _where(duration_s={"ge": LONG_CALL_S}), lambda s: s[LONG_CALLS]),
    Measure("quantity", "pieces", "lagging", 300, {"sum": "quantity", "of": "sale.closed"}, lambda s: s[QUANTITY]),
    Measure("cost", "VND", "lagging", 300_000_000, {"sum": "cost", "of": "sale.closed"}, lambda s: s[COST]),
    Measure(
        "margin",
        "VND",
        "lagging",
        200_000_000,
        {"difference": {"of": {"sum": "amount", "of": "sale.closed"}, "minus": {"sum": "cost", "of": "sale.closed"}}},
        lambda s: s[REVENUE] - s[COST],
    ),
    Measure(
        "good_leads",
        "leads",
        "leading",
        50,
        {"count": "lead.created", "where": {"score": {"ge": GOOD_LEAD}}},
        lambda s: s[GOOD_LEADS],
    ),
    Measure(
        "big_sales",
        "sales",
        "lagging",
        50,
        {"count": "sale.closed", "where": {"amount": {"ge": BIG_SALE}}},
        lambda s: s[BIG_SALES],
    ),
    Measure("busy", "calls", "leading", 80, _where(outcome={"eq": "busy"}), lambda s: s[BUSY]),
    Measure(
        "activity",
        "events",
        "leading",
        500,
        {"count": ["call.completed", "meeting.held", "lead.created", "sale.closed"]},
        lambda s: s[CALLS] + s[MEETINGS] + s[LEADS] + s[SALES],
    ),
)
GRAINS = ("day", "month")


def chosen(kpis: int) -> tuple[Measure, ...]:
    """Measures of a catalogue with that many KPIs, half of them by day and half by month.

    Raises:
        ValueError: not an even number from 2 to 40.
    """
    known = MEASURES + MORE
    if kpis % 2 or not 2 <= kpis <= 2 * len(known):
        raise ValueError(f"{kpis} KPIs: expected an even number from 2 to {2 * len(known)}")
    return known[: kpis // 2]
