"""The age of an event on its way down the road."""

from schemas.topics import ALERTS, DEAD_LETTER, LINKS, PARTIALS, VALUES, Stage
from streams.core.stage import PlainRecord, Record, Send, Step
from streams.origins import Origins


def arriving(step: Step) -> list[Record]:
    """What the next stage takes in."""
    return [PlainRecord(0, 9999, send.key, send.value, send.headers) for send in step.sends]


def test_values_are_as_old_as_the_oldest_event_behind_them() -> None:
    observe, link, judge = Origins(Stage.OBSERVE), Origins(Stage.LINK), Origins(Stage.JUDGE)
    observe.take([PlainRecord(0, 1000, b"k", b"v"), PlainRecord(1, 2000, b"k", b"v")])
    observe.take([PlainRecord(2, 3000, b"k", b"v")])
    sent = observe.stamp(Step([Send(LINKS, b"k", b"v"), Send(DEAD_LETTER, b"k", b"v")], {b"row": b"1"}))
    link.take(arriving(sent))
    passed_on = link.stamp(Step([Send(PARTIALS, b"k", b"v", 3, (("kind", b"frame"),))], {}))
    judge.take(arriving(passed_on))

    assert sent.sends[1].headers == ()
    assert sent.rows == {b"row": b"1"}
    assert passed_on.sends[0].partition == 3
    assert passed_on.sends[0].headers[0] == ("kind", b"frame")
    assert observe.committed(sent) is None
    assert judge.committed(Step([Send(VALUES, b"k", b"v")], {})) == 1000
    assert judge.committed(Step([Send(VALUES, b"k", b"v")], {})) is None


def test_what_is_published_later_keeps_its_age() -> None:
    judge = Origins(Stage.JUDGE)
    for origin in (b"500", b"700"):
        judge.take([PlainRecord(0, 9999, None, b"v", (("oldest", origin),))])

        assert judge.committed(Step([Send(ALERTS, b"k", b"v")], {})) is None
    assert judge.committed(Step([Send(VALUES, b"k", b"v")], {})) == 500


def test_what_was_told_is_not_stamped_on_the_next_chunk_and_a_tick_has_no_age() -> None:
    observe = Origins(Stage.OBSERVE)
    observe.take([PlainRecord(0, 1000, b"k", b"v")])
    observe.committed(observe.stamp(Step([Send(PARTIALS, b"k", b"v")], {})))
    tick = Step([Send(PARTIALS, b"k", b"v")], {})
    assert observe.stamp(tick) is tick
    observe.take([PlainRecord(1, 2000, b"k", b"v")])

    assert observe.stamp(tick).sends[0].headers == (("oldest", b"2000"),)


def test_a_dropped_state_takes_its_events_with_it() -> None:
    judge = Origins(Stage.JUDGE)
    judge.take([PlainRecord(0, 9999, None, b"v", (("oldest", b"500"),))])
    judge.forget()

    assert judge.committed(Step([Send(VALUES, b"k", b"v")], {})) is None
