"""Which KPIs share one vector, and where each stands in it.

A person's chunk of events changes most KPIs of that person at once, so the KPIs of one period grain lie side by side in
one vector a (subject, window): one row to keep, one entry to send, one addition for all of them. A group is such a set
of KPIs. Its width is bounded, so that a tenant with hundreds of KPIs does not carry the zeros of another department:
KPIs that read the same event types are neighbours. KPIs of anonymous answers are judged in one place and never share a
row with others.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate

from schemas.catalogue.models import Kind, Period
from streams.core.measures.classes import MeasureClass
from streams.core.measures.plan import Plan

MOST_SLOTS = 64
"""Slots of one vector, unless a single KPI has more."""
COUNT, LAST = 0, 1
"""Slots of one KPI in the vector of an hour: events, and the time of the last one."""
HOUR_WIDTH = 2


def watches_hours(plan: Plan) -> bool:
    """Whether a KPI's hours are kept: activity counts, where silence and bursts mean something."""
    return plan.kpi.kind is not Kind.METRIC and plan.measure_class is MeasureClass.COUNT


@dataclass(frozen=True, slots=True)
class Group:
    """KPIs of one grain that share a vector.

    `offsets` is the first slot of each KPI; `hours` the first slot of each KPI whose hours are kept, in the vector of
    (subject, hour), which is HOUR_WIDTH slots for each of them; `divided` says that its one KPI has series.
    """

    number: int
    period: Period
    anonymous: bool
    plans: tuple[Plan, ...]
    offsets: Mapping[str, int]
    width: int
    hours: Mapping[str, int]
    divided: bool = False

    @property
    def hours_width(self) -> int:
        """Length of the vector of an hour."""
        return HOUR_WIDTH * len(self.hours)


class Layout:
    """The groups of a catalogue's KPIs. The same catalogue has the same layout everywhere."""

    def __init__(self, plans: Iterable[Plan], bases: Iterable[Plan] = ()) -> None:
        """Args: `bases` count baselines; their groups come last, from number `first_base` on."""
        packed = list(_packed(sorted(plans, key=_neighbourhood)))
        self.first_base = len(packed)
        packed += _packed(sorted(bases, key=_neighbourhood))
        self.groups: tuple[Group, ...] = tuple(_group(number, members) for number, members in enumerate(packed))
        self._of = {plan.kpi.id: group for group in self.groups for plan in group.plans}
        shape = [(plan.kpi.id, group.number, group.offsets[plan.kpi.id], plan.width) for group, plan in self._members()]
        hours = [sorted(group.hours.items()) for group in self.groups]
        by = [(plan.kpi.id, plan.kpi.by.field) for _, plan in self._members() if plan.kpi.by is not None]
        anonymous = [group.number for group in self.groups if group.anonymous]
        self.fingerprint = blake2b(repr((shape, hours, by, anonymous)).encode(), digest_size=6).hexdigest()
        """Says whether two vectors of a group's number have the same slots, and are judged in the same place."""

    def of(self, kpi: str) -> Group:
        """The group of a KPI. KeyError for a stranger."""
        return self._of[kpi]

    def _members(self) -> Iterable[tuple[Group, Plan]]:
        return ((group, plan) for group in self.groups for plan in group.plans)


def _neighbourhood(plan: Plan) -> tuple[str, bool, list[str], str]:
    return plan.kpi.period.value, plan.kpi.anonymous is not None, sorted(plan.types), plan.kpi.id


def _packed(plans: Iterable[Plan]) -> Iterable[list[Plan]]:
    """Neighbours together while they are of one kind and the vector has room. A KPI with series is alone: each of its
    series has a vector."""
    members: list[Plan] = []
    for plan in plans:
        kind = _neighbourhood(plan)[:2]
        room = MOST_SLOTS - sum(member.width for member in members)
        alone = any(member.kpi.by is not None for member in (plan, *members))
        if members and (_neighbourhood(members[0])[:2] != kind or plan.width > room or alone):
            yield members
            members = []
        members.append(plan)
    if members:
        yield members


def _group(number: int, plans: list[Plan]) -> Group:
    starts = accumulate((plan.width for plan in plans), initial=0)
    watched = [plan.kpi.id for plan in plans if watches_hours(plan)]
    return Group(
        number=number,
        period=plans[0].kpi.period,
        anonymous=plans[0].kpi.anonymous is not None,
        plans=tuple(plans),
        offsets={plan.kpi.id: start for plan, start in zip(plans, starts, strict=False)},
        width=sum(plan.width for plan in plans),
        hours={kpi: HOUR_WIDTH * place for place, kpi in enumerate(watched)},
        divided=plans[0].kpi.by is not None,
    )
