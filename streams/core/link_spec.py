"""What all partitions of LINK share: the leaves that join events, and whom the catalogue says is employed."""

from collections.abc import Iterator

from schemas.catalogue.models import Calendar, Kind
from streams.core.calendar import WorkingTime
from streams.core.counted import digest
from streams.core.frames import Part, Payload
from streams.core.items import Place
from streams.core.journeys.contract import Chain, Ground
from streams.core.journeys.distinct import HeldLeads
from streams.core.journeys.staff import JOINS, LEAVES, Staff
from streams.core.measures.journey_leaves import JourneyLeaf
from streams.core.measures.leaves import KeyLeaf
from streams.core.membership import FOREVER_US, Membership
from streams.core.observe_spec import ObserveSpec
from streams.core.timers import minute_from

CATALOGUE = "\x1ecatalogue"
"""Source of what no event says; no source of events has this character."""


class LinkSpec:
    """What every partition of LINK shares."""

    def __init__(
        self, observe: ObserveSpec, calendar: Calendar, working_time: WorkingTime, membership: Membership
    ) -> None:
        """Args: `working_time` is that of the tenant's `calendar`."""
        self.observe = observe
        self._membership = membership
        self.places: dict[tuple[str, int], Place] = {}
        self.held: dict[tuple[str, int], str] = {}
        """(kpi, leaf) -> tag, of distinct keys that may be merged: their reference counts are items."""
        for plan in observe.spread.counted.values():
            ground = Ground(observe.windows, plan.kpi.period, plan.kpi.scope, observe.org, working_time)
            for leaf in plan.journeys:
                self.places[plan.tag, leaf.index] = Place(plan, leaf, ground)
            for keys in plan.keys:
                if keys.by_lead:
                    self.places[plan.tag, keys.index] = Place(plan, _of_leads(keys), ground)
                    self.held[plan.kpi.id, keys.index] = plan.tag
        self.by_lead = frozenset(name for name, place in self.places.items() if place.leaf.by_lead)
        linked = [plan.kpi for plan in observe.spread.counted.values() if plan.linked]
        signatures = [(kpi.id, kpi.anonymous, observe.counted.signatures[kpi.id]) for kpi in linked]
        people = observe.counted.directory.model_dump_json()
        self.counting = digest(signatures, people, calendar.model_dump_json())
        """Says whether another catalogue joins and tells the same."""
        self.reaches_us = {plan.kpi.id: plan.reach_us for plan in observe.spread.counted.values()}

        guards = {plan.kpi.guardrail for plan in observe.spread.plans.values()}
        self.calm = frozenset(
            kpi
            for kpi, plan in observe.spread.plans.items()
            if plan.kpi.kind is Kind.METRIC and plan.growing is None and kpi not in guards
        )
        """KPIs of which nothing is decided while a period is open: no alert and no other KPI hangs on them."""

    def closes_us(self, period: str) -> int:
        """When the rows of a period close."""
        return minute_from(self.observe.windows.parse(period)[1].end_us + self.observe.policy.grace_us)

    def employed(self) -> Iterator[Part]:
        """Of every measure of who stays employed: people of the catalogue as if events told of them."""
        for (tag, index), place in self.places.items():
            for person in self._membership.everyone() if isinstance(place.leaf.journey, Staff) else ():
                for id_, payload in _stays(self._membership, person):
                    yield tag, index, person, CATALOGUE, id_, payload, ""


def _of_leads(keys: KeyLeaf) -> JourneyLeaf:
    """No fact is told for it: OBSERVE counts how often each lead is held."""
    return JourneyLeaf(keys.index, HeldLeads(), (), keys.fields)


def _stays(membership: Membership, person: str) -> Iterator[tuple[str, Payload]]:
    """Where a stretch in a team begins, and where one ends and none follows at once."""
    stretches = membership.stretches(person)
    following = [start_us for start_us, _, _ in stretches[1:]] + [FOREVER_US]
    for (start_us, end_us, team), next_us in zip(stretches, following, strict=True):
        chain: Chain = (person, team, membership.department_of(team))
        yield f"{start_us} from", (start_us, JOINS, chain, 0)
        if end_us != next_us:
            yield f"{end_us} to", (end_us, LEAVES, chain, 0)
