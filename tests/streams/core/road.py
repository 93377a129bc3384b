"""The real stages over several partitions, in memory: topics are lists, a changelog is a dict, a seed deals the work.

What Kafka may do, this does: any chunk sizes, any order between partitions and stages, a restart of any state from its
changelog at any time. What Kafka does not do, this does not: the order within a topic's partition holds.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from random import Random

from schemas import topics
from schemas.alerts import Alert
from schemas.catalogue.models import Catalogue
from schemas.topics import Stage
from schemas.values import RowName, Value
from streams.core.pipeline import stages
from streams.core.policy import Policy
from streams.core.stage import Now, PartitionState, PlainRecord, Record, Send, StageSpec, Step
from streams.core.store import OpenStore, in_memory
from streams.routing import partition_of
from tests.streams.core.worlds import Event

Seat = tuple[Stage, int]
TORN = 0.05
"""Chance that a state comes back from its changelog between two turns of one jump of the clock."""
MORE = 0.3
"""Chance that a chunk is not the last of its transaction."""
STAGE_OF = {topics.LINKS.name: Stage.LINK, topics.PARTIALS.name: Stage.JUDGE}


class Road:
    """Stages OBSERVE, LINK and JUDGE of a catalogue. `random` None takes everything in order and in whole chunks.

    `open_store` says where events are kept; a test may set it for every road (tests/streams/core/conftest.py).
    """

    open_store: OpenStore = staticmethod(in_memory)

    def __init__(self, catalogue: Catalogue, policy: Policy, partitions: int, random: Random | None = None) -> None:
        self._random, self._policy, self._partitions = random, policy, partitions
        self._place = partition_of(partitions)
        self._specs = self._specs_of(catalogue)
        self.states: dict[Seat, PartitionState] = {
            (stage, part): spec.open(part) for stage, spec in self._specs.items() for part in range(partitions)
        }
        self.changelogs: dict[Seat, dict[bytes, bytes]] = defaultdict(dict)
        self._queues: dict[Seat, list[Record]] = {(stage, part): [] for stage in Stage for part in range(partitions)}
        self.values: dict[tuple[str, ...], Value] = {}
        self.alerts: list[Alert] = []
        self.letters: list[Send] = []
        self.fed = 0

    def _specs_of(self, catalogue: Catalogue) -> dict[Stage, StageSpec]:
        specs = stages(catalogue, self._policy, self._partitions, self._place, self.open_store)
        return {spec.stage: spec for spec in specs if spec.stage is not Stage.NOTIFY}

    def adopt(self, catalogue: Catalogue) -> None:
        """Start every stage anew from its changelog, under another catalogue."""
        self._specs = self._specs_of(catalogue)
        self.states = {}
        for stage in self._specs:
            for part in range(self._partitions):
                self.restart((stage, part))

    def put(self, events: Sequence[Event]) -> None:
        """Events onto kpi.events, in this order."""
        for event in events:
            key, value = event["subject"].encode(), json.dumps(event).encode()
            self._queues[Stage.OBSERVE, self._place(event["subject"])].append(PlainRecord(self.fed, 0, key, value))
            self.fed += 1

    def run(self, now: Now, *, restarts: float = 0.0, early_ticks: float = 0.0) -> None:
        """Until nothing is left. `restarts` and `early_ticks` are chances a step: a state comes back from its
        changelog; a partition believes for a moment that it is read to its end."""
        random = self._random or Random(0)
        while ready := [seat for seat, queue in self._queues.items() if queue and seat in self.states]:
            seat = random.choice(ready) if self._random else ready[0]
            chunk = self._next_chunk(seat, least=1)
            while self._random and random.random() < MORE:  # several chunks of one transaction, the last may be empty
                self._take(seat, self.states[seat].feed(chunk, now._replace(caught_up=False, more=True)))
                chunk = self._next_chunk(seat, least=0)
            self._take(seat, self.states[seat].feed(chunk, now))
            self._go_on(seat, now)
            if random.random() < restarts:
                self.restart(random.choice(list(self.states)))
            if random.random() < early_ticks:
                early = random.choice([seat for seat in self.states if seat[0] is Stage.OBSERVE])
                self._take(early, self.states[early].tick(Now(now.us, caught_up=True)))

    def _go_on(self, seat: Seat, now: Now) -> None:
        """Tick a state that had more to decide than goes into one feed."""
        while getattr(self.states[seat], "is_behind", False):
            self._take(seat, self.states[seat].tick(now))
            if self._random and self._random.random() < TORN:
                self.restart(seat)

    def _next_chunk(self, seat: Seat, least: int) -> list[Record]:
        queue = self._queues[seat]
        size = self._random.randint(least, len(queue)) if self._random else len(queue)
        self._queues[seat] = queue[size:]
        return queue[:size]

    def tick(self, now_us: int) -> None:
        """Wall time for every partition, read to its end."""
        for seat, state in self.states.items():
            self._take(seat, state.tick(Now(now_us, caught_up=True)))
        self.run(Now(now_us, caught_up=True))

    def restart(self, seat: Seat) -> None:
        """Open a state anew from its changelog, whose rows come in any order."""
        state, rows = self._specs[seat[0]].open(seat[1]), list(self.changelogs[seat].items())
        Random(len(rows)).shuffle(rows)
        for key, value in rows:
            state.load(key, value)
        state.ready()
        self.states[seat] = state

    def counts(self) -> dict[tuple[str, ...], int]:
        """Outcomes of all partitions of OBSERVE."""
        total: dict[tuple[str, ...], int] = {}
        for (stage, _), state in self.states.items():
            for name, number in state.counts().items() if stage is Stage.OBSERVE else ():
                total[name] = total.get(name, 0) + number
        return total

    def _take(self, seat: Seat, step: Step) -> None:
        sends, rows = step
        for key, value in rows.items():
            if value is None:
                self.changelogs[seat].pop(key, None)
            else:
                self.changelogs[seat][key] = value
        for send in sends:
            self._deliver(send)

    def _deliver(self, send: Send) -> None:
        stage = STAGE_OF.get(send.topic.name)
        if stage is not None:
            assert send.partition is not None
            self._queues[stage, send.partition].append(PlainRecord(0, 0, send.key, send.value))
        elif send.topic is topics.VALUES:
            assert send.key is not None
            name = tuple(part for part in RowName.parse(send.key.decode()) if part is not None)
            self.values.pop(name, None)
            if send.value is not None:
                self.values[name] = Value.model_validate_json(send.value)
        elif send.topic is topics.ALERTS:
            assert send.value is not None
            self.alerts.append(Alert.model_validate_json(send.value))
        elif send.topic is topics.DEAD_LETTER:
            self.letters.append(send)
