"""What all partitions of LINK share: the leaves that join events, and whom the catalogue says is employed."""

from collections.abc import Iterator

from streams.core.calendar import WorkingTime
from streams.core.frames import Part, Payload
from streams.core.items import Place
from streams.core.journeys.contract import Chain, Ground
from streams.core.journeys.staff import JOINS, LEAVES, Staff
from streams.core.membership import FOREVER_US, Membership
from streams.core.observe import ObserveSpec

CATALOGUE = "\x1ecatalogue"
"""Source of what no event says; no source of events has this character."""


class LinkSpec:
    """What every partition of LINK shares."""

    def __init__(self, observe: ObserveSpec, working_time: WorkingTime, membership: Membership) -> None:
        self.observe = observe
        self._membership = membership
        self.places: dict[tuple[str, int], Place] = {}
        for plan in observe.spread.counted.values():
            ground = Ground(observe.windows, plan.kpi.period, plan.kpi.scope, observe.org, working_time)
            for leaf in plan.journeys:
                self.places[plan.tag, leaf.index] = Place(plan, leaf, ground)
        self.by_lead = frozenset(name for name, place in self.places.items() if place.by_lead)
        self.reaches_us = {plan.kpi.id: plan.reach_us for plan in observe.spread.counted.values()}

    def employed(self) -> Iterator[Part]:
        """Of every measure of who stays employed: people of the catalogue as if events told of them."""
        for (tag, index), place in self.places.items():
            for person in self._membership.everyone() if isinstance(place.leaf.journey, Staff) else ():
                for id_, payload in _stays(self._membership, person):
                    yield tag, index, person, CATALOGUE, id_, payload, ""


def _stays(membership: Membership, person: str) -> Iterator[tuple[str, Payload]]:
    """Where a stretch in a team begins, and where one ends and none follows at once."""
    stretches = membership.stretches(person)
    following = [start_us for start_us, _, _ in stretches[1:]] + [FOREVER_US]
    for (start_us, end_us, team), next_us in zip(stretches, following, strict=True):
        chain: Chain = (person, team, membership.department_of(team))
        yield f"{start_us} from", (start_us, JOINS, chain, 0)
        if end_us != next_us:
            yield f"{end_us} to", (end_us, LEAVES, chain, 0)
