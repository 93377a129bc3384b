"""NOTIFY without sinks: the outbox by itself, with outcomes made up by the test."""

import base64
import json
import math
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.alerts import Transition
from schemas.notices import Notice
from schemas.topics import DEAD_LETTER
from streams.core.notify import NotifyPartition, NotifyPolicy
from streams.core.outbox import Backoff
from streams.core.policy import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from streams.core.stage import Delivered, Delivery, Now, PlainRecord, Send, Step
from tests.streams.sinks.examples import START_US, notice

FIRING, RESOLVED = Transition.FIRING, Transition.RESOLVED


def raw(one: Notice) -> bytes:
    return one.model_dump_json(by_alias=True).encode()


class Partition:
    """A partition with its changelog and a clock moved by hand; outcomes come from the test."""

    def __init__(self, policy: NotifyPolicy) -> None:
        self.policy = policy
        self.us = START_US
        self.rows: dict[bytes, bytes] = {}
        self.sends: list[Send] = []
        self.restart()

    def restart(self) -> None:
        self.state = NotifyPartition(3, self.policy)
        # A compacted changelog gives rows in no useful order.
        for key, value in reversed(self.rows.items()):
            self.state.load(key, value)
        self.state.ready()

    def commit(self, step: Step) -> Step:
        self.sends.extend(step.sends)
        for key, value in step.rows.items():
            if value is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = value
        return step

    def feed(self, *values: Notice | bytes) -> Step:
        records = [
            PlainRecord(n, self.us // 1000, b"an", value if isinstance(value, bytes) else raw(value))
            for n, value in enumerate(values)
        ]
        return self.commit(self.state.feed(records, Now(self.us, True)))

    def due(self) -> list[Delivery]:
        return list(self.state.due(Now(self.us, True)))

    def settle(self, *outcomes: Delivered) -> Step:
        return self.commit(self.state.settle(outcomes, Now(self.us, True)))

    def count(self, name: str) -> int:
        return self.state.counts()[(name,)]


def one_sink(**changes: object) -> Partition:
    return Partition(NotifyPolicy(sinks=("chat-1",), **changes))  # type: ignore[arg-type]


def test_a_delivery_is_handed_out_once_until_it_is_settled() -> None:
    part = one_sink()
    part.feed(notice())

    assert [one.id for one in part.due()] == ["f1-0-firing@chat-1"]
    assert part.due() == []


def test_a_delivery_carries_the_words_and_the_alert() -> None:
    part = one_sink()
    part.feed(notice())
    [delivery] = part.due()

    assert delivery.recipient == "an"
    assert delivery.body["title"] == notice().title
    assert delivery.body["sink"] == "chat-1"
    assert delivery.body["id"] == delivery.id
    assert delivery.body["alert"]["class"] == "stalled"  # type: ignore[index]


def test_every_sink_gets_its_own_delivery() -> None:
    part = Partition(NotifyPolicy(sinks=("chat-1", "webhook-2")))
    part.feed(notice())

    assert {one.body["sink"] for one in part.due()} == {"chat-1", "webhook-2"}


def test_a_notice_for_one_sink_goes_to_that_one() -> None:
    part = Partition(NotifyPolicy(sinks=("chat-1", "webhook-2")))
    part.feed(notice(sink="webhook-2"))

    assert [one.body["sink"] for one in part.due()] == ["webhook-2"]


def test_a_notice_whose_recipient_is_a_sink_goes_to_that_one() -> None:
    part = Partition(NotifyPolicy(sinks=("chat-1", "webhook-2")))
    part.feed(notice(recipient="chat-1"))

    assert [one.body["sink"] for one in part.due()] == ["chat-1"]


def test_without_sinks_a_notice_is_counted_and_nothing_waits() -> None:
    part = Partition(NotifyPolicy())
    part.feed(notice())

    assert (part.count("no_sink"), part.count("pending")) == (1, 0)


def test_the_same_notice_twice_is_delivered_once_before_and_after_its_delivery() -> None:
    part = one_sink()
    part.feed(notice(), notice())
    [delivery] = part.due()
    part.settle(Delivered(delivery.id, None))
    part.feed(notice())
    part.restart()
    part.feed(notice())

    assert part.due() == []
    assert (part.count("delivered"), part.count("duplicate")) == (1, 3)


def test_delivered_ids_are_forgotten_after_a_week_and_their_rows_deleted() -> None:
    part = one_sink()
    empty = len(part.rows)
    part.feed(notice())
    [delivery] = part.due()
    part.settle(Delivered(delivery.id, None))
    kept = len(part.rows)
    part.us += 7 * DAY_US + 1
    part.commit(part.state.tick(Now(part.us, True)))

    assert kept == empty + 2  # the id and the counts
    assert len(part.rows) == 1


def test_no_more_ids_are_remembered_than_allowed() -> None:
    part = one_sink(max_remembered=3)
    for n in range(10):
        part.feed(notice(number=n))
        [delivery] = part.due()
        part.settle(Delivered(delivery.id, None))

    assert len(part.rows) == 3 + 1


@pytest.mark.parametrize(
    ("failures", "least_s", "most_s"), [(1, 1, 1.25), (2, 2, 2.5), (3, 4, 5), (9, 256, 320), (12, 300, 375)]
)
def test_the_wait_doubles_up_to_five_minutes(failures: int, least_s: float, most_s: float) -> None:
    waits = [Backoff().wait_us(f"n-{n}", failures, None) / SECOND_US for n in range(200)]

    assert least_s <= min(waits)
    assert max(waits) <= most_s
    assert len(set(waits)) > 50  # jitter


def test_the_sinks_own_pause_is_honoured_but_not_for_ever() -> None:
    assert Backoff().wait_us("n", 1, 90.0) == 90 * SECOND_US
    assert Backoff().wait_us("n", 1, 1e30) == HOUR_US
    assert Backoff().wait_us("n", 1, -5.0) == Backoff().wait_us("n", 1, None)
    assert Backoff().wait_us("n", 1, math.nan) == Backoff().wait_us("n", 1, None)


def test_a_failed_delivery_waits_for_its_time() -> None:
    part = one_sink()
    part.feed(notice())
    [delivery] = part.due()
    part.settle(Delivered(delivery.id, "answered 500", retry_after_s=30))
    part.us += 30 * SECOND_US - 1
    early = part.due()
    part.us += 1

    assert early == []
    assert [one.id for one in part.due()] == [delivery.id]


def test_after_a_restart_what_waits_is_due_at_once_in_its_old_order() -> None:
    part = one_sink()
    part.feed(notice("f1", FIRING), notice("f1", RESOLVED))
    [delivery] = part.due()
    part.settle(Delivered(delivery.id, "answered 500", retry_after_s=600))
    part.restart()

    assert [one.id for one in part.due()] == [delivery.id]


def test_the_order_holds_over_restarts_whatever_the_order_of_the_rows() -> None:
    part = one_sink()
    written = [notice("f1", number=n) for n in (9, 10, 2, 11)]
    for one in written:
        part.feed(one)
        part.restart()
    told = []
    while started := part.due():
        told += [one.id for one in started]
        part.settle(*(Delivered(one.id, None) for one in started))

    assert told == [f"{one.id}@chat-1" for one in written]


def test_a_delivery_is_given_up_after_a_day_with_a_dead_letter_of_the_notice() -> None:
    part = one_sink()
    part.feed(notice())
    for _ in range(2_000):
        for delivery in part.due():
            part.settle(Delivered(delivery.id, "chat-1 answered 500"))
        part.us += MINUTE_US
        if not part.count("pending"):
            break

    assert part.count("undeliverable") == 1
    assert part.us - START_US == pytest.approx(DAY_US, abs=10 * MINUTE_US)
    [letter] = part.sends
    assert letter.topic == DEAD_LETTER
    told = json.loads(letter.value or b"")
    assert told["reason"] == "undeliverable"
    assert base64.b64decode(told["value"]) == raw(notice())
    assert "the last: chat-1 answered 500" in told["sentence"]


def test_what_waited_behind_a_dead_head_still_gets_an_attempt() -> None:
    part = one_sink(max_age_us=HOUR_US)
    part.feed(notice("f1"), notice("f2"))
    part.us += 2 * HOUR_US
    [first] = part.due()
    part.settle(Delivered(first.id, "answered 500"))

    assert [one.id for one in part.due()] == ["f2-0-firing@chat-1"]


def test_a_replayed_dead_letter_is_delivered() -> None:
    part = one_sink()
    part.feed(notice())
    [delivery] = part.due()
    part.settle(Delivered(delivery.id, "answered 422", math.inf))
    part.feed(notice())

    assert [one.id for one in part.due()] == [delivery.id]


def test_an_outcome_that_nobody_waits_for_changes_nothing() -> None:
    part = one_sink()
    part.feed(notice())
    [delivery] = part.due()
    part.settle(Delivered(delivery.id, None))
    again = part.settle(Delivered(delivery.id, None), Delivered("unheard-of", "error"))

    assert again == Step([], {})
    assert part.count("delivered") == 1


def test_an_idle_tick_writes_nothing() -> None:
    assert one_sink().state.tick(Now(START_US, True)) == Step([], {})


def test_one_recipients_trouble_does_not_hold_up_another() -> None:
    part = one_sink()
    part.feed(notice("f1", recipient="an"), notice("f2", recipient="an"), notice("f3", recipient="binh"))

    assert [one.id for one in part.due()] == ["f1-0-firing@chat-1", "f3-0-firing@chat-1"]


def test_no_more_than_allowed_are_in_flight_at_one_sink() -> None:
    part = Partition(NotifyPolicy(sinks=("chat-1", "chat-2"), in_flight_per_sink=2))
    part.feed(*(notice(f"f{n}", recipient=f"p{n}") for n in range(5)))
    started = part.due()
    part.settle(Delivered(started[0].id, None))

    assert len(started) == 4
    assert len(part.due()) == 1


def test_a_full_outbox_drops_the_transition_that_the_new_one_supersedes() -> None:
    part = one_sink(max_pending=3)
    part.feed(notice("f1"), notice("f2"), notice("f3"), notice("f2", RESOLVED))

    assert (part.count("pending"), part.count("superseded"), part.count("undeliverable")) == (3, 1, 0)
    told = []
    while started := part.due():
        told += [one.id for one in started]
        part.settle(*(Delivered(one.id, None) for one in started))
    assert told == ["f1-0-firing@chat-1", "f3-0-firing@chat-1", "f2-0-resolved@chat-1"]


def test_a_full_outbox_without_anything_superseded_gives_up_what_waited_longest() -> None:
    part = one_sink(max_pending=2)
    part.feed(notice("f1"), notice("f2"), notice("f3"))

    assert (part.count("pending"), part.count("undeliverable")) == (2, 1)
    told = json.loads(part.sends[0].value or b"")["sentence"]
    assert told.startswith("notice f1-0-firing@chat-1 not delivered: 2 deliveries are waiting")


def test_what_is_in_flight_is_never_dropped() -> None:
    part = one_sink(max_pending=1)
    part.feed(notice("f1"))
    [flying] = part.due()
    part.feed(notice("f1", RESOLVED), notice("f2"))
    part.settle(Delivered(flying.id, None))

    assert part.count("delivered") == 1


@pytest.mark.parametrize(
    ("value", "reason", "words"),
    [
        (b"{not json", "bad_notice", "field value: Invalid JSON"),
        (b"", "bad_notice", "Invalid JSON"),
        (b"[]", "bad_notice", "field value"),
        (b'{"id": "a", "recipient": "an"}', "bad_notice", "field alert: Field required"),
        (b"x" * 70_000, "oversize", "notice of 70000 bytes (allowed: 65536)"),
        (raw(notice(sink="chat-9")), "unknown_sink", "chat-9 (configured: chat-1)"),
        (raw(notice()).replace(b'"f1-0', b'"f1\\n0'), "bad_notice", "field id"),
    ],
)
def test_a_bad_notice_is_a_dead_letter_and_the_next_one_is_delivered(value: bytes, reason: str, words: str) -> None:
    part = one_sink()
    part.feed(value, notice("f7"))

    [letter] = part.sends
    told = json.loads(letter.value or b"")
    assert (told["reason"], told["topic"], told["partition"], told["offset"]) == (reason, "kpi.notices", 3, 0)
    assert words in told["sentence"]
    assert [one.id for one in part.due()] == ["f7-0-firing@chat-1"]
    assert part.count("rejected") == 1


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
