"""Event times read fast: the parts of a time - hour, rest of it, fraction, offset - recur from event to event."""

from schemas.events.times import parse_us

MOST = 16_384
"""Hours that are remembered, 2 MB at most; of the other parts there are a few thousand."""


class Instants:
    """Remembers parts of RFC 3339 texts. `us` is `parse_us`, always.

    Three parts that were met in valid texts, put together, are a valid text, and their instant is the sum of theirs:
    no part of one kind can be taken for one of another. `schemas.events.quick` looks them up by itself, as `us` does.
    """

    def __init__(self) -> None:
        self.hours: dict[str, int] = {}
        """Hour and offset: `2026-11-23T09+07:00` -> microseconds since the epoch."""
        self.rests: dict[str, int] = {}
        """`:15:00` -> microseconds to add to the hour."""
        self.fractions: dict[str, int] = {"": 0}
        """`.123` -> microseconds; those of more than three digits are too many."""

    def us(self, text: str) -> int:
        """Microseconds since the epoch. Raises TimeFormatError."""
        end = -1 if text[-1:] == "Z" else -6
        hour_us = self.hours.get(text[:13] + text[end:])
        rest_us = self.rests.get(text[13:19])
        if hour_us is None or rest_us is None:
            return self._learn(text, end)
        fraction = text[19:end]
        fraction_us = self.fractions.get(fraction)
        if fraction_us is not None:
            return hour_us + rest_us + fraction_us
        digits = fraction[1:]
        if fraction[0] != "." or not (digits.isascii() and digits.isdecimal()):
            return parse_us(text)
        # As in parse_us, digits past the sixth are cut off.
        fraction_us = int(digits[:6].ljust(6, "0"))
        if len(digits) <= 3:
            self.fractions[fraction] = fraction_us
        return hour_us + rest_us + fraction_us

    def _learn(self, text: str, end: int) -> int:
        us = parse_us(text)
        # Near the ends of the calendar a right hour and a right rest may be no instant together.
        if text[0] in "12" and text[end] in "Z+-":
            if len(self.hours) >= MOST:
                self.hours.clear()
            self.hours[text[:13] + text[end:]] = hour_us = parse_us(text[:13] + ":00:00" + text[end:])
            self.rests[text[13:19]] = (us - hour_us) // 1_000_000 * 1_000_000
        return us
