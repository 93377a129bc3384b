"""Laws of NOTIFY: whatever happens in between, nothing is lost, repeated without need, or told out of order."""

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.notices import Notice
from streams.core.notify import NotifyPolicy
from streams.core.policy import DAY_US, SECOND_US
from streams.core.stage import Delivered, Delivery
from tests.streams.core.outbox import Partition, one_sink
from tests.streams.sinks.examples import notice

Happening = st.one_of(
    st.tuples(st.just("notice"), st.integers(0, 2), st.integers(0, 1)),
    st.tuples(st.just("repeat"), st.integers(0, 30), st.just(0)),
    st.tuples(st.just("start"), st.just(0), st.just(0)),
    st.tuples(st.sampled_from(["accept", "fail", "lose answer"]), st.integers(0, 7), st.just(0)),
    st.tuples(st.just("wait"), st.integers(1, 400), st.just(0)),
    st.tuples(st.just("restart"), st.just(0), st.just(0)),
)


class World:
    """A partition, two receivers that remember ids, and whatever the test lets happen to them."""

    def __init__(self) -> None:
        patient = 1000 * DAY_US
        self.part = Partition(NotifyPolicy(sinks=("chat-1", "webhook-2"), in_flight_per_sink=2, max_age_us=patient))
        self.written: dict[tuple[str, str], list[str]] = defaultdict(list)  # (recipient, fingerprint) -> ids
        self.records: list[Notice] = []
        self.flying: list[Delivery] = []
        self.sent: dict[tuple[str, str], list[str]] = defaultdict(list)  # (sink, fingerprint) -> ids, repeats included
        self.uncertain: set[str] = set()

    def happen(self, what: str, number: int, person: int) -> None:
        part = self.part
        if what == "notice":
            recipient, fingerprint = f"p{person}", f"f{number}-p{person}"
            one = notice(fingerprint, number=len(self.records), recipient=recipient)
            self.records.append(one)
            self.written[recipient, fingerprint].append(one.id)
            part.feed(one)
        elif what == "repeat" and self.records:
            part.feed(self.records[number % len(self.records)])
        elif what == "start":
            self.flying += part.due()
        elif what == "wait":
            part.us += number * SECOND_US
        elif what == "restart":
            # An accepted delivery whose outcome was not committed is made again.
            self.flying.clear()
            part.restart()
        elif what in ("accept", "fail", "lose answer") and self.flying:
            self.arrive(self.flying.pop(number % len(self.flying)), what)

    def arrive(self, delivery: Delivery, what: str) -> None:
        if what != "fail":
            alert = delivery.body["alert"]
            self.sent[str(delivery.body["sink"]), alert["fingerprint"]].append(delivery.id)  # type: ignore[index]
        if what == "lose answer":
            self.uncertain.add(delivery.id)
        self.part.settle(Delivered(delivery.id, None if what == "accept" else "answered 500"))

    def recover(self) -> None:
        """Everybody is well again: everything pending arrives."""
        for _ in range(10_000):
            for delivery in [*self.flying, *self.part.due()]:
                self.arrive(delivery, "accept")
            self.flying.clear()
            if not self.part.count("pending"):
                return
            self.part.us += 400 * SECOND_US


@given(st.lists(Happening, max_size=60))
@settings(max_examples=150, deadline=None)
def test_no_interleaving_loses_repeats_or_reorders_a_notice(happenings: list[tuple[str, int, int]]) -> None:
    world = World()
    for happening in happenings:
        world.happen(*happening)
    world.recover()

    for (_, fingerprint), ids in world.written.items():
        for sink in world.part.policy.sinks:
            arrived = world.sent[sink, fingerprint]
            assert [*dict.fromkeys(arrived)] == [f"{one}@{sink}" for one in ids]
            # Only what was in doubt came twice, and nothing else in between.
            assert sorted(arrived, key=arrived.index) == arrived
            assert all(one in world.uncertain for one in arrived if arrived.count(one) > 1)
    counts = world.part.state.counts()
    assert counts[("delivered",)] == 2 * len(world.records)
    assert counts[("pending",)] == 0


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=40))
@settings(max_examples=100, deadline=None)
def test_with_a_small_outbox_every_delivery_ends_in_one_count(story: list[tuple[int, bool]]) -> None:
    part = one_sink(max_pending=3)
    for n, (fingerprint, accepts) in enumerate(story):
        part.feed(notice(f"f{fingerprint}", number=n))
        for delivery in part.due() if n % 2 else []:
            part.settle(Delivered(delivery.id, None if accepts else "answered 500"))
        if n % 7 == 6:
            part.restart()
        part.us += SECOND_US

    ended = sum(part.count(name) for name in ("delivered", "undeliverable", "superseded", "pending"))
    assert ended == len(story)
    assert len(part.sends) == part.count("undeliverable")
