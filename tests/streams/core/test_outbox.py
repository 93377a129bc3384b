"""Deliveries that wait: for another attempt, behind one another, or in vain."""

import base64
import json
import math

import pytest

from schemas.alerts import Transition
from schemas.topics import DEAD_LETTER
from streams.core.notify import NotifyPolicy
from streams.core.outbox import Backoff
from streams.core.policy import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from streams.core.stage import Delivered
from tests.streams.core.outbox import Partition, one_sink, raw
from tests.streams.sinks.examples import START_US, notice

FIRING, RESOLVED = Transition.FIRING, Transition.RESOLVED


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
