"""RFC 3339 instants to exact integer microseconds since the epoch (UTC) and back.

Stricter than `datetime.fromisoformat`: an offset is required, and week dates, basic forms and leap seconds are refused.
"""

import re
from datetime import UTC, date, datetime, timedelta

RFC3339 = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
"""RFC 3339 section 5.6 without the leap second; days a month does not have are left to the calendar."""

FULL_DATE = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"

_INSTANT = re.compile(RFC3339)
_DATE = re.compile(FULL_DATE)
_LEAP_SECOND = re.compile(r"^.{10}[Tt][0-9]{2}:[0-9]{2}:60")
_NAIVE = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?)?$")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MIN_US = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_MAX_US = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


class TimeFormatError(ValueError):
    """A text that is not an instant we accept; the message says why and does not repeat the text."""


def parse_us(text: str) -> int:
    """Microseconds since the epoch. Digits past the sixth of a fraction are cut off, never rounded.

    Raises TimeFormatError.

    >>> parse_us("2026-11-23T09:15:00.5+07:00") - parse_us("2026-11-23T02:15:00Z")
    500000
    """
    # fullmatch: `$` alone would let a trailing newline through.
    if _INSTANT.fullmatch(text) is None:
        raise TimeFormatError(_fault(text))
    try:
        since = datetime.fromisoformat(text) - _EPOCH
    except ValueError:
        # A lower-case t or z is RFC 3339 but not Python's ISO 8601; rare enough to pay for here.
        try:
            since = datetime.fromisoformat(text.upper()) - _EPOCH
        except ValueError:
            raise TimeFormatError("is no day of the calendar") from None
    us = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    if not _MIN_US <= us <= _MAX_US:
        raise TimeFormatError("lies outside the years 1 to 9999 in UTC")
    return us


def check_day_or_instant(text: str) -> str:
    """The text itself when it is an RFC 3339 date or instant, else TimeFormatError."""
    if _DATE.fullmatch(text) is None:
        parse_us(text)
        return text
    try:
        date.fromisoformat(text)
    except ValueError:
        raise TimeFormatError("is no day of the calendar") from None
    return text


def format_us(us: int) -> str:
    """RFC 3339 in UTC with as many fraction digits as are needed (0 or 6).

    >>> format_us(1_795_400_100_000_000)
    '2026-11-23T02:15:00Z'
    """
    return (_EPOCH + timedelta(microseconds=us)).replace(tzinfo=None).isoformat() + "Z"


def _fault(text: str) -> str:
    if _NAIVE.match(text):
        return "has no time of day or no offset (write 2026-11-23T09:15:00+07:00)"
    if _LEAP_SECOND.match(text):
        return "is a leap second, which no clock here counts (write :59)"
    return "is not an RFC 3339 time (write 2026-11-23T09:15:00+07:00)"
