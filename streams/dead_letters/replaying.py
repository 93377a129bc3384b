"""What becomes of a dead letter that is replayed: the record to send, or why it is not sent. No I/O.

A record goes back to the topic it was rejected from, unchanged but for its key and three headers that say that it is a
replay. The key is the event's `subject`: there the worker looks for the identity, so that an event counts once however
often it is replayed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from schemas.events.decode import Decoder
from schemas.events.envelope import Rejected
from schemas.events.reasons import Reason
from schemas.events.times import TimeFormatError, format_us, parse_us
from schemas.topics import EVENTS, NOTICES, PUBLIC, Topic
from streams.core.policy import MINUTE_US, Policy
from streams.dead_letters.letters import REPLAY_OF, REPLAYED_AT, REPLAYS, Letter

SAME_AGAIN: Mapping[Reason, str] = {
    Reason.BAD_JSON: "the bytes stay what they are",
    Reason.BAD_ENVELOPE: "the envelope stays what it is",
    Reason.MISSING_FIELD: "the field stays missing",
    Reason.WRONG_FIELD: "the field stays wrong",
    Reason.OVERSIZE: "the value stays too large",
    Reason.FOREIGN_CURRENCY: "the currency stays foreign",
    Reason.NOT_SUPERSEDABLE: "what it supersedes stays what it is",
    Reason.BAD_NOTICE: "the record stays no notice",
}
"""Reasons that lie in the record itself: without another catalogue or another program it is rejected again."""

REPLAYED_TO = (EVENTS, NOTICES)


class Resend(NamedTuple):
    """A record to send."""

    topic: Topic
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Kept(NamedTuple):
    """A letter that is not replayed, and why. Where `by_choice`, `anyway` sends it all the same."""

    sentence: str
    by_choice: bool


@dataclass(frozen=True, slots=True)
class Replaying:
    """How letters are replayed. With a `decoder` (of the catalogue as it is now) each event is judged by its own bytes;
    without one, by the reason it was rejected for. `prefix` is that of topic names on the cluster."""

    decoder: Decoder | None = None
    prefix: str = ""
    anyway: bool = False

    def plan(self, letter: Letter, now_us: int) -> Resend | Kept:
        """What to do with one letter at `now_us`."""
        content = letter.content
        topic = self._topic_of(content.topic)
        if topic is None:
            return Kept(f"{content.topic} is no topic with the prefix {self.prefix!r} (KPI_TOPIC_PREFIX)", False)
        if topic not in REPLAYED_TO:
            # Older sums would be laid over newer ones.
            return Kept(f"{content.topic} is between two stages and is not replayed; replay the events", False)
        if content.value_bytes > len(content.value or b""):
            kept = f"only the first {len(content.value or b''):,} of {content.value_bytes:,} bytes are in the letter"
            return Kept(f"{kept}; the record is at {content.topic} {content.partition}:{content.offset}", False)
        hopeless = None if self.anyway else self._hopeless(letter, topic, now_us)
        if hopeless is not None:
            return Kept(hopeless, True)
        subject = letter.attributes.get("subject") if topic is EVENTS else None
        key = subject.encode() if subject else content.key
        return Resend(topic, key, content.value, _headers(letter, now_us))

    def _topic_of(self, name: str) -> Topic | None:
        known = {topic.name: topic for topic in PUBLIC}
        return known.get(name) or known.get(name.removeprefix(self.prefix))

    def _hopeless(self, letter: Letter, topic: Topic, now_us: int) -> str | None:
        """Why the record would only be rejected again; None where it has a chance."""
        content, reason = letter.content, letter.content.reason
        if self.decoder is None or topic is not EVENTS or reason is Reason.NOT_SUPERSEDABLE:
            if reason in SAME_AGAIN:
                return f"it would be rejected again ({reason}): {SAME_AGAIN[reason]}"
        else:
            headers = [(header.name, header.value) for header in content.headers]
            decoded = self.decoder.decode(None, content.value, headers)
            if isinstance(decoded, Rejected):
                return f"it would be rejected again ({decoded.reason}): {decoded.sentence}"
        return _too_early(letter, now_us) if reason is Reason.FUTURE_TIME else None


def _too_early(letter: Letter, now_us: int) -> str | None:
    allowed_us = Policy().future_us
    try:
        ahead_us = parse_us(letter.attributes.get("time", "")) - now_us
    except TimeFormatError:
        return None
    if allowed_us is None or ahead_us <= allowed_us:
        return None
    return f"its time is still {ahead_us / MINUTE_US:.0f} min ahead (allowed: {allowed_us / MINUTE_US:g} min)"


def _headers(letter: Letter, now_us: int) -> tuple[tuple[str, bytes], ...]:
    ours = {REPLAY_OF: str(letter.place), REPLAYED_AT: format_us(now_us), REPLAYS: str(letter.replays + 1)}
    theirs = ((header.name, header.value) for header in letter.content.headers if header.name not in ours)
    return (*theirs, *((name, text.encode()) for name, text in ours.items()))
