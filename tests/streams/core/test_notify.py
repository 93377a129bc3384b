"""NOTIFY without sinks: what is handed out, to whom, and what is remembered of it."""

import json

import pytest

from streams.core.notify import NotifyPolicy
from streams.core.policy import DAY_US
from streams.core.stage import Delivered, Now, Step
from tests.streams.core.outbox import Partition, one_sink, raw
from tests.streams.sinks.examples import START_US, notice


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
