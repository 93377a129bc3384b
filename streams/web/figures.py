"""Numbers as a person across the room reads them: `12,5 triệu ₫`, `12.5M ₫`, `92,5%`, `Tháng 11/2026`.

Each function is pure; babel's formatting costs up to 0.1 ms, hence the caches.
"""

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.numbers import (
    format_compact_currency,
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
    get_currency_precision,
)

from streams.web.words import unit_word

_MONEY = re.compile(r"[A-Z]{3}")
_COMPACT_FROM = 1_000_000


class Shown(NamedTuple):
    """A number and the unit to set beside it, smaller; `unit` may be empty."""

    number: str
    unit: str

    def __str__(self) -> str:
        """Both in one line."""
        tight = not self.unit or self.unit == "%"
        return self.number + ("" if tight else " ") + self.unit


@lru_cache(maxsize=4096)
def quantity(value: int | float | None, unit: str, locale: str) -> Shown:
    """A value in its KPI's unit; money is in minor units, `%` is 0-100.

    >>> str(quantity(12_500_000, "VND", "vi"))
    '12,5 triệu ₫'
    >>> str(quantity(12_500_000, "VND", "en"))
    '12.5M ₫'
    >>> str(quantity(92.46, "%", "vi"))
    '92,5%'
    """
    if value is None:
        return Shown("–", "")
    if unit == "%":
        return Shown(format_decimal(value, "#,##0.#", locale=locale), "%")
    if _MONEY.fullmatch(unit):
        return _money(value, unit, locale)
    number, _, magnitude = _plain(value, locale).partition(" ")
    return Shown(number, f"{magnitude} {unit_word(unit, value, locale)}".strip())


def share(ratio: float, locale: str) -> str:
    """A ratio as whole percent: 0.874 -> `87%`."""
    return format_percent(ratio, "#,##0%", locale=locale)


def _plain(value: int | float, locale: str) -> str:
    if abs(value) >= _COMPACT_FROM:
        return _compact(value, locale)
    places = "##" if abs(value) < 10 else "#"
    return format_decimal(value, f"#,##0.{places}", locale=locale)


def _compact(value: int | float, locale: str) -> str:
    # Vietnamese short forms ("12,5 Tr", "2,45 T") are read wrong from afar; the words are short enough.
    form = "long" if locale == "vi" else "short"
    digits = 2 if abs(value) >= 1_000_000_000 else 1
    return format_compact_decimal(value, format_type=form, locale=locale, fraction_digits=digits)  # type: ignore[arg-type]


def _money(minor: int | float, currency: str, locale: str) -> Shown:
    amount = minor / 10 ** get_currency_precision(currency)
    if currency == "VND":  # the sign follows the number, in English too: that is how it is written in Việt Nam
        number = _compact(amount, locale) if abs(amount) >= _COMPACT_FROM else _whole(amount, locale)
        figure, _, magnitude = number.partition(" ")
        return Shown(figure, f"{magnitude} ₫".strip())
    if abs(amount) >= _COMPACT_FROM:
        return Shown(format_compact_currency(amount, currency, locale=locale, fraction_digits=1), "")
    return Shown(format_currency(amount, currency, locale=locale), "")


def _whole(amount: float, locale: str) -> str:
    return format_decimal(round(amount), "#,##0", locale=locale)


@lru_cache(maxsize=512)
def period_label(period: str, locale: str) -> str:
    """The name of a period, as on the wall.

    >>> period_label("2026-11", "vi"), period_label("2026-W48", "en"), period_label("2026-11-23", "vi")
    ('Tháng 11/2026', 'Week 48, 2026', '23/11/2026')
    """
    vi = locale == "vi"
    year, _, rest = period.partition("-")
    if not rest:
        return f"Năm {year}" if vi else year
    if rest.startswith("W"):
        return f"Tuần {int(rest[1:])}/{year}" if vi else f"Week {int(rest[1:])}, {year}"
    if rest.startswith("Q"):
        return f"Quý {rest[1:]}/{year}" if vi else f"Q{rest[1:]} {year}"
    if len(rest) == 2:
        return f"Tháng {int(rest)}/{year}" if vi else format_date(date(int(year), int(rest), 1), "MMMM y", locale="en")
    day = date.fromisoformat(period)
    return format_date(day, "dd/MM/y" if vi else "d MMM y", locale=locale)


def clock_time(at_us: int, zone: ZoneInfo, locale: str) -> str:
    """Time of day to the second in the tenant's zone, 24 hours."""
    return format_time(_local(at_us, zone), "HH:mm:ss", locale=locale)


def day_label(at_us: int, zone: ZoneInfo, locale: str) -> str:
    """Weekday and date in the tenant's zone."""
    text = format_date(_local(at_us, zone), "EEEE, d/M/y" if locale == "vi" else "EEEE d MMMM y", locale=locale)
    return text[0].upper() + text[1:]


def _local(at_us: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at_us / 1_000_000, UTC).astimezone(zone)
