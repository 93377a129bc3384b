"""What all partitions of OBSERVE share: the catalogue compiled, the decoder, and when a backlog is cut into slices."""

from functools import lru_cache
from hashlib import blake2b

from schemas.catalogue.models import Catalogue, Kind
from schemas.events.decode import Decoder
from schemas.events.registry import Registry
from streams.core.counted import COUNTING, Counted
from streams.core.policy import DAY_US, MINUTE_US, Policy
from streams.core.spread import Spread
from streams.core.stage import PartitionOf
from streams.core.store import OpenStore, in_memory
from streams.core.timers import minute_from
from streams.core.windows import Windows

MOST_PLACED = 50_000
"""Subjects and distinct keys whose partition is remembered: there may be more keys than fit into memory."""


class ObserveSpec:
    """What every partition of OBSERVE shares."""

    def __init__(
        self,
        catalogue: Catalogue,
        spread: Spread,
        windows: Windows,
        policy: Policy,
        partitions: int,
        of: PartitionOf,
        open_store: OpenStore = in_memory,
    ) -> None:
        self.open_store = open_store
        self.spread = spread
        self.windows = windows
        self.policy = policy
        self.partitions = partitions
        self.partition_of = lru_cache(MOST_PLACED)(of)
        self.org = catalogue.tenant.id
        self.registry = Registry.of(catalogue.event_types)
        self.decoder = Decoder(self.registry, catalogue.tenant.currency)
        self.fingerprint = blake2b(catalogue.model_dump_json().encode(), digest_size=8, person=COUNTING).hexdigest()
        self.counted = Counted.of(catalogue, spread)
        self._watched = any(plan.kpi.kind is not Kind.METRIC for plan in spread.plans.values())
        self._grains = sorted({plan.kpi.period for plan in spread.plans.values()})

    def stamp(self, time_us: int) -> tuple[int, int]:
        """When what happens at an instant of a backlog may be judged, and from when on something later is judged
        apart. Where a KPI can alert, each minute is; else only the closing of a period makes a difference, and the
        beginning of a day, on which something may be forgotten."""
        minute_us = time_us // MINUTE_US * MINUTE_US
        if self._watched:
            return minute_us, minute_us + MINUTE_US
        grace_us = self.policy.grace_us
        periods = [self.windows.period(grain, minute_us - grace_us) for grain in self._grains]
        day_us = minute_us // DAY_US * DAY_US
        return (
            max(day_us, *(minute_from(period.start_us + grace_us) for period in periods)),
            min(day_us + DAY_US, *(minute_from(period.end_us + grace_us) for period in periods)),
        )
