import pytest

from schemas.events.decode import Decoder
from schemas.events.envelope import Event
from schemas.events.reasons import Reason
from schemas.events.registry import Registry
from schemas.events.times import parse_us
from schemas.topics import EVENTS, NOTICES
from streams.core.policy import MINUTE_US
from streams.dead_letters.letters import Letter
from streams.dead_letters.replaying import SAME_AGAIN, Kept, Replaying, Resend
from tests.streams.dead_letters.letters import event, letter

NOW_US = parse_us("2026-11-23T03:00:00Z")
SHIPPED = Decoder(Registry.of(), "VND")


def test_a_wrong_key_is_mended_and_nothing_else_is() -> None:
    headers = (("trace", b"t-1"),)
    planned = Replaying(SHIPPED).plan(letter(Reason.KEY_MISMATCH, event(), key=b"wrong", headers=headers), NOW_US)

    assert isinstance(planned, Resend)
    assert (EVENTS, b"call-1", event()) == planned[:3]
    assert (
        ("trace", b"t-1"),
        ("kpi-replay-of", b"3:17"),
        ("kpi-replayed-at", b"2026-11-23T03:00:00Z"),
        ("kpi-replays", b"1"),
    ) == planned.headers


def test_an_event_without_a_key_gets_one_so_that_its_repeat_is_found() -> None:
    planned = Replaying().plan(letter(Reason.INTERNAL_ERROR, event(), key=None), NOW_US)

    assert isinstance(planned, Resend)
    assert planned.key == b"call-1"


@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_the_decoder_takes_a_replayed_record_like_any_other(mode: str) -> None:
    headers: tuple[tuple[str, bytes], ...]
    if mode == "structured":
        value, headers = event(), (("content-type", b"application/cloudevents+json"),)
    else:
        value = b'{"owner": "an", "duration_s": 60, "outcome": "answered"}'
        attributes = {"specversion": "1.0", "id": "1", "source": "pbx", "type": "call.completed", "subject": "call-1"}
        headers = (
            *((f"ce_{name}", text.encode()) for name, text in attributes.items()),
            ("ce_time", b"2026-11-23T02:00:00Z"),
        )
    planned = Replaying(SHIPPED).plan(letter(Reason.KEY_MISMATCH, value, headers=headers), NOW_US)

    assert isinstance(planned, Resend)
    decoded = SHIPPED.decode(planned.key, planned.value, planned.headers)
    assert isinstance(decoded, Event)
    assert decoded == SHIPPED.decode(b"call-1", value, headers)


def test_a_replay_that_was_rejected_again_tells_how_often() -> None:
    first = Replaying(anyway=True).plan(letter(Reason.BAD_JSON, b"{"), NOW_US)
    assert isinstance(first, Resend)
    again = letter(Reason.BAD_JSON, first.value, headers=first.headers)

    second = Replaying(anyway=True).plan(again, NOW_US)

    assert ("3:17", 1) == (again.replay_of, again.replays)
    assert isinstance(second, Resend)
    assert [("kpi-replays", b"2")] == [header for header in second.headers if header[0] == "kpi-replays"]


@pytest.mark.parametrize("reason", SAME_AGAIN)
def test_what_lies_in_the_record_is_kept_back_unless_wanted(reason: Reason) -> None:
    one = letter(reason, event())

    kept = Replaying().plan(one, NOW_US)

    assert isinstance(kept, Kept)
    assert kept.by_choice
    assert f"rejected again ({reason})" in kept.sentence
    assert isinstance(Replaying(anyway=True).plan(one, NOW_US), Resend)


def test_every_other_reason_may_pass_after_a_change_of_the_world() -> None:
    others = {reason: Replaying().plan(letter(reason, event()), NOW_US) for reason in set(Reason) - set(SAME_AGAIN)}

    assert {} == {reason: plan for reason, plan in others.items() if isinstance(plan, Kept)}


def test_with_the_catalogue_an_event_is_judged_by_what_it_is_now() -> None:
    unknown = Replaying(SHIPPED).plan(letter(Reason.UNKNOWN_TYPE, event(type="visit.made")), NOW_US)
    by_now_known = Replaying(SHIPPED).plan(letter(Reason.MISSING_FIELD, event()), NOW_US)

    assert isinstance(unknown, Kept)
    assert "rejected again (unknown_type): type: 'visit.made' is not a known event type" in unknown.sentence
    assert isinstance(by_now_known, Resend)


def test_an_event_of_the_future_waits_for_its_time() -> None:
    early = letter(Reason.FUTURE_TIME, event(time="2026-11-23T03:30:00Z"))

    kept = Replaying().plan(early, NOW_US)

    assert isinstance(kept, Kept)
    assert kept.sentence == "its time is still 30 min ahead (allowed: 5 min)"
    assert isinstance(Replaying().plan(early, NOW_US + 25 * MINUTE_US), Resend)


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (letter(Reason.OVERSIZE, b"x" * 70_000), "only the first 65,536 of 70,000 bytes"),
        (letter(Reason.INTERNAL_ERROR, b"frame", topic="kpi.partials"), "between two stages"),
        (letter(Reason.BAD_JSON, b"{", topic="other.kpi.events"), "no topic with the prefix 'a.'"),
    ],
    ids=["cut", "between stages", "of another prefix"],
)
def test_some_are_never_sent(one: Letter, said: str) -> None:
    kept = Replaying(prefix="a.", anyway=True).plan(one, NOW_US)

    assert isinstance(kept, Kept)
    assert not kept.by_choice
    assert said in kept.sentence


def test_the_cluster_s_name_of_a_topic_is_understood_too() -> None:
    of_the_shell = Replaying(prefix="a.").plan(letter(Reason.INTERNAL_ERROR, event(), topic="a.kpi.events"), NOW_US)

    assert isinstance(of_the_shell, Resend)
    assert of_the_shell.topic is EVENTS


def test_a_notice_goes_back_to_its_recipient() -> None:
    planned = Replaying(SHIPPED).plan(letter(Reason.UNDELIVERABLE, b"{}", topic="kpi.notices", key=b"an"), NOW_US)

    assert isinstance(planned, Resend)
    assert (NOTICES, b"an") == (planned.topic, planned.key)
