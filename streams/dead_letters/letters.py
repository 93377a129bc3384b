"""Dead letters as an operator picks them: where each lies, what event it holds as far as that can be read, and which
are meant. No I/O; what is broken about a record never stops anybody from seeing its letter."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from schemas.dead_letter import DeadLetter, RawHeader
from schemas.events.decode import PREFIX
from schemas.events.reasons import Reason
from schemas.events.times import parse_us

REPLAY_OF, REPLAYED_AT, REPLAYS = "kpi-replay-of", "kpi-replayed-at", "kpi-replays"
"""Headers of a record that `kpi dead-letter replay` sent: the letter's place in kpi.dead-letter, when, and how many
times the record has been replayed by now. The decoder reads none of them."""

ATTRIBUTES = ("type", "source", "id", "subject", "time")

_PLACE = re.compile(r"(\d{1,9}):(\d{1,18})")


class Place(NamedTuple):
    """Where a letter lies in kpi.dead-letter; written `3:17`."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}"

    @classmethod
    def parse(cls, text: str) -> "Place":
        """The place that a text names.

        Raises:
            ValueError: the text is not PARTITION:OFFSET.

        >>> Place.parse("3:17")
        Place(partition=3, offset=17)
        """
        found = _PLACE.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is not PARTITION:OFFSET, as 3:17")
        return cls(int(found[1]), int(found[2]))


class Unreadable(NamedTuple):
    """A record of kpi.dead-letter that is no dead letter."""

    place: Place
    fault: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter at its place. `attributes` are those of the event that could be read, perhaps none."""

    place: Place
    content: DeadLetter
    attributes: Mapping[str, str]

    @classmethod
    def of(cls, place: Place, content: DeadLetter) -> "Letter":
        """With the attributes that can be read out of the record."""
        return cls(place, content, attributes_of(content.value, content.headers))

    @property
    def at_us(self) -> int:
        """When the record was rejected."""
        return parse_us(self.content.at)

    @property
    def replays(self) -> int:
        """How many times the record had been replayed when it was rejected; 0 for an original."""
        told = self._header(REPLAYS)
        return int(told) if told is not None and told.isdecimal() and len(told) < 10 else 0

    @property
    def replay_of(self) -> str | None:
        """Place of the letter that it is a replay of."""
        return self._header(REPLAY_OF)

    def _header(self, name: str) -> str | None:
        values = (header.value for header in self.content.headers if header.name == name)
        return next((value.decode("utf-8", "replace") for value in values), None)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which letters are meant; an empty field means all. Times are microseconds: from `since_us`, before `until_us`."""

    reasons: frozenset[Reason] = frozenset()
    types: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    since_us: int | None = None
    until_us: int | None = None

    def takes(self, letter: Letter) -> bool:
        """Whether the letter is one of them. What cannot be read of an event is like no type and no source."""
        return (
            (not self.reasons or letter.content.reason in self.reasons)
            and (not self.types or letter.attributes.get("type") in self.types)
            and (not self.sources or letter.attributes.get("source") in self.sources)
            and (self.since_us is None or letter.at_us >= self.since_us)
            and (self.until_us is None or letter.at_us < self.until_us)
        )


def attributes_of(value: bytes | None, headers: Sequence[RawHeader]) -> Mapping[str, str]:
    """CloudEvents attributes of a record in whichever of the two modes it came; what is no text is left out."""
    found = {header.name.removeprefix(PREFIX): header.value for header in headers if header.name.startswith(PREFIX)}
    content = next((header.value for header in headers if header.name.lower() == "content-type"), b"")
    if found and not content.lower().startswith(b"application/cloudevents"):
        texts = {name: raw.decode("utf-8", "replace") for name, raw in found.items()}
    else:
        try:
            message = json.loads(value or b"")
        except (ValueError, RecursionError):
            return {}
        texts = message if isinstance(message, dict) else {}
    return {name: texts[name] for name in ATTRIBUTES if isinstance(texts.get(name), str)}


def readable(raw: bytes | None) -> str:
    """Bytes for a terminal: their text where they are text, else `0x` and hexadecimal; `-` for none.

    Characters that would steer the terminal are escaped.
    """
    if raw is None:
        return "-"
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return f"0x{raw.hex()}"
    return "".join(one if one.isprintable() or one in "\n\t" else one.encode("unicode_escape").decode() for one in text)
