"""Event times read fast: most events of a while share their hour, and their minutes, seconds and offset recur."""

from schemas.events.times import parse_us

MOST = 16_384
"""Hours, and times within an hour, that are remembered: 4 MB at most."""


class Instants:
    """Remembers parts of RFC 3339 texts. `us` is `parse_us`, always."""

    def __init__(self) -> None:
        self.hours: dict[str, int] = {}
        """`2026-11-23T09` -> microseconds since the epoch, as if in UTC."""
        self.rests: dict[str, int] = {}
        """`:15:00+07:00` -> microseconds to add to the hour."""

    def us(self, text: str) -> int:
        """Microseconds since the epoch. Raises TimeFormatError.

        Ask it for what `hours` and `rests` do not know: it learns these parts, except fractions of a second.
        """
        if text[19:20] != ".":
            return self._learn(text, text)
        end = -1 if text[-1] in "Zz" else -6
        digits = text[20:end]
        if not (digits.isascii() and digits.isdecimal()):
            return parse_us(text)
        whole = text[:19] + text[end:]
        hour, rest = self.hours.get(whole[:13]), self.rests.get(whole[13:])
        whole_us = self._learn(whole, text) if hour is None or rest is None else hour + rest
        # As in parse_us, digits past the sixth are cut off.
        return whole_us + (int(digits) if len(digits) == 6 else int(digits[:6].ljust(6, "0")))

    def _learn(self, whole: str, text: str) -> int:
        whole_us = parse_us(whole) if whole is text else parse_us(text) // 1_000_000 * 1_000_000
        # Near the ends of the calendar a right hour and a right rest may be no instant together.
        if whole[0] in "12":
            hour_us = parse_us(whole[:13] + ":00:00Z")
            for parts in (self.hours, self.rests):
                if len(parts) >= MOST:
                    parts.clear()
            self.hours[whole[:13]] = hour_us
            self.rests[whole[13:]] = whole_us - hour_us
        return whole_us
