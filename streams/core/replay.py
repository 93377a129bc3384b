"""The road over recorded events, in event time and in one process: the same stages, one partition, no broker.

Events are taken in the order of their times; the clock runs with them and ends at `until`, else at the last event.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

from schemas import topics
from schemas.alerts import Alert
from schemas.catalogue.models import Catalogue
from schemas.dead_letter import DeadLetter
from schemas.events.decode import Decoder
from schemas.events.envelope import Event, Rejected
from schemas.events.registry import Registry
from schemas.topics import Stage
from schemas.values import RowName, Value
from streams.core.crowding import Crowded
from streams.core.explain.evidence import Kept
from streams.core.judge import Judge
from streams.core.link import Link
from streams.core.observe import Observe, outside_of_calendars
from streams.core.pipeline import stages
from streams.core.policy import Policy
from streams.core.stage import Now, PartitionState, PlainRecord, Send

CHUNK_RECORDS = 5000
Place = TypeVar("Place")


NOTHING_KEPT = Kept(0, (), None, {})


class Refusal(NamedTuple, Generic[Place]):
    """An event that was not taken, and where it stood."""

    place: Place
    rejected: Rejected


@dataclass
class Outcome(Generic[Place]):
    """What a replay says: final rows by kpi, subject, period, series, alert transitions in time order, the counts."""

    values: list[Value]
    alerts: list[Alert]
    counts: Mapping[tuple[str, ...], int]
    refusals: list[Refusal[Place]] = field(default_factory=list)
    unknown_owners: list[str] = field(default_factory=list)
    crowded: list[Crowded] = field(default_factory=list)
    ignored: int = 0  # events later than `until`
    misplaced: list[DeadLetter] = field(default_factory=list)  # corrections of what cannot be corrected so
    kept: Kept = NOTHING_KEPT  # what an explanation begins with


def replay(
    events: Iterable[tuple[Place, bytes]], catalogue: Catalogue, policy: Policy, until_us: int | None = None
) -> Outcome[Place]:
    """Replays structured CloudEvents, each with its place for messages. What waits at the end is an orphan."""
    decoder = Decoder(Registry.of(catalogue.event_types), catalogue.tenant.currency)
    refusals: list[Refusal[Place]] = []
    timed: list[tuple[int, bytes]] = []
    ignored = 0
    for place, value in events:
        decoded = decoder.decode(None, value)
        if isinstance(decoded, Event):
            decoded = outside_of_calendars(decoded) or decoded
        if isinstance(decoded, Rejected):
            refusals.append(Refusal(place, decoded))
        elif until_us is not None and decoded.time_us > until_us:
            ignored += 1
        else:
            timed.append((decoded.time_us, value))
    timed.sort(key=lambda item: item[0])
    road = _Road(catalogue, policy)
    road.run(timed)
    if until_us is None and timed:
        until_us = timed[-1][0]
    if until_us is not None:
        road.end(until_us)
    return road.outcome(refusals, ignored)


class _Road:
    """The stages with one partition each, joined by function calls instead of topics."""

    def __init__(self, catalogue: Catalogue, policy: Policy) -> None:
        states = {spec.stage: spec.open(0) for spec in stages(catalogue, policy, 1, lambda key: 0)}
        self._states: Mapping[str, PartitionState] = {
            topics.SOURCES[stage].name: state for stage, state in states.items() if stage is not Stage.NOTIFY
        }
        observe, link, judge = states[Stage.OBSERVE], states.get(Stage.LINK), states[Stage.JUDGE]
        assert isinstance(observe, Observe)
        assert isinstance(judge, Judge)
        self._observe, self._link, self._judge = observe, link, judge
        self._published: dict[bytes, bytes] = {}
        self._alerts: list[Alert] = []
        self._misplaced: list[DeadLetter] = []

    def run(self, timed: Iterable[tuple[int, bytes]]) -> None:
        """Feeds everything as a backlog, so that decisions are taken at event time."""
        source = iter(timed)
        backlog = Now(us=0, caught_up=False)
        while chunk := [
            PlainRecord(offset, time_us // 1000, None, value) for offset, (time_us, value) in _next(source)
        ]:
            self._pass_on(self._observe.feed(chunk, backlog).sends, backlog)

    def end(self, until_us: int) -> None:
        """Lets the clock run to its end."""
        now = Now(until_us, caught_up=True)
        self._pass_on(self._observe.tick(now).sends, now)

    def outcome(self, refusals: list[Refusal[Place]], ignored: int) -> Outcome[Place]:
        """Everything said."""
        final, sends = self._judge.final()
        self._hear(sends)
        published = map(Value.model_validate_json, self._published.values())
        rows = {RowName.of(value): value for value in (*published, *final)}
        counts = dict(self._observe.counts())
        pending = counts[("pending", "")]
        waiting = counts.pop(("pending", ""), 0)
        counts[("orphan", "")] = counts.get(("orphan", ""), 0) + waiting
        for refusal in refusals:
            key = ("dead_lettered", refusal.rejected.reason.value)
            counts[key] = counts.get(key, 0) + 1
        # A live state would still wait for what is an orphan at the end of a file.
        still = {**counts, ("orphan", ""): counts[("orphan", "")] - pending, ("pending", ""): pending}
        return Outcome(
            values=[rows[name] for name in sorted(rows, key=lambda name: name.order)],
            alerts=self._alerts,
            counts=counts,
            refusals=refusals,
            unknown_owners=self._observe.unknown_owners,
            crowded=self._link.crowded if isinstance(self._link, Link) else [],
            ignored=ignored,
            misplaced=self._misplaced,
            kept=Kept(0, self._observe.kept(), self._observe.watermark_us, still, self._observe.first_us),
        )

    def _pass_on(self, sends: Iterable[Send], now: Now) -> None:
        for topic in (topics.LINKS, topics.PARTIALS):
            sends = list(sends)
            records = [PlainRecord(0, 0, send.key, send.value) for send in sends if send.topic is topic]
            state = self._states.get(topic.name)
            if records and state is not None:
                sends += state.feed(records, now).sends
                while state is self._judge and self._judge.is_behind:
                    sends += state.tick(now).sends
        self._hear(sends)

    def _hear(self, sends: Iterable[Send]) -> None:
        for send in sends:
            if send.topic is topics.VALUES and send.key is not None:
                if send.value is None:
                    self._published.pop(send.key, None)
                else:
                    self._published[send.key] = send.value
            elif send.topic is topics.ALERTS and send.value is not None:
                self._alerts.append(Alert.model_validate_json(send.value))
            elif send.topic is topics.DEAD_LETTER and send.value is not None:
                self._misplaced.append(DeadLetter.model_validate_json(send.value))


def _next(source: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, tuple[int, bytes]]]:
    return enumerate(islice(source, CHUNK_RECORDS))
