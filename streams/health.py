"""Whether this worker is alive and does its work, with reasons a person can act on. The web layer renders it."""

from dataclasses import dataclass

from streams.agents import Lanes
from streams.lane_parts import LoopTime, Phase

BEAT_LIMIT_S = 15.0
STALL_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Health:
    """`live` false: restart the process. `ready` false: send it no traffic and page after a while; reasons say why.

    A ready worker may have reasons too: being a standby without partitions, or a partition that waits for a person.
    """

    live: bool
    ready: bool
    reasons: tuple[str, ...]


class HealthModel:
    """Collects what the app notices; `snapshot` may be called from any thread."""

    def __init__(self, lanes: Lanes, loop: LoopTime, brokers: str) -> None:
        self._lanes = lanes
        self._loop = loop
        self._brokers = brokers
        self._beat_at = loop.time()
        self.broker_reachable = True
        self.stopping = False

    def beat(self) -> None:
        """The event loop runs."""
        self._beat_at = self._loop.time()

    def snapshot(self) -> Health:
        """Health as of now."""
        silent_s = self._loop.time() - self._beat_at
        live = silent_s < BEAT_LIMIT_S
        reasons = [] if live else [f"the event loop has not run for {silent_s:.0f} s"]
        if self.stopping:
            reasons.append("the worker is stopping")
        if not self.broker_reachable:
            reasons.append(f"Kafka at {self._brokers} does not answer")
        if self.stopping:  # lanes that are let go of neither restore nor wait for a person
            return Health(live, False, tuple(reasons))
        reasons += self._group_reasons()
        ready = not reasons
        reasons += [f"{lane.name} {lane.gate.sentence}" for lane in self._lanes if lane.gate.is_shut]
        if ready and not len(self._lanes):
            reasons.append("standby: the group has at least as many workers as partitions, none is left for this one")
        return Health(live, ready, tuple(reasons))

    def _group_reasons(self) -> list[str]:
        lanes = self._lanes
        if not lanes.rebalances:
            return ["no partition has been assigned yet"]
        if lanes.rebalancing:
            return ["the group is rebalancing"]
        now, reasons = self._loop.time(), []
        for lane in lanes:
            if lane.phase is Phase.RESTORING:
                how_far = f": {lane.progress}" if lane.progress else ", as soon as others have theirs"
                reasons.append(f"{lane.name} restores its state{how_far}")
            elif lane.phase is Phase.LOST:
                reasons.append(f"{lane.name} was taken over by another worker")
            elif lane.lag_records is None:
                reasons.append(f"{lane.name} has not heard from its partition yet")
            elif lane.gate.is_shut:
                continue  # it does what it should: a restart would not help
            elif lane.lag_records and now - lane.figures.progressed_at > STALL_LIMIT_S:
                stalled_s = now - lane.figures.progressed_at
                reasons.append(
                    f"{lane.name} has {lane.lag_records} records to read and made no progress for {stalled_s:.0f} s"
                )
        return reasons
