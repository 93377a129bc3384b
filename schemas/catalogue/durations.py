"""Lengths of time as a catalogue writes them: `4h` or `60d` where the clock runs, `3 months` on the calendar."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from schemas.catalogue.forms import refuse

Unit = Literal["min", "h", "d", "months"]
_UNITS: dict[str, tuple[int, Unit]] = {
    "min": (1, "min"), "minute": (1, "min"), "minutes": (1, "min"),
    "h": (1, "h"), "hour": (1, "h"), "hours": (1, "h"),
    "d": (1, "d"), "day": (1, "d"), "days": (1, "d"),
    "w": (7, "d"), "week": (7, "d"), "weeks": (7, "d"),
    "month": (1, "months"), "months": (1, "months"),
    "quarter": (3, "months"), "quarters": (3, "months"),
    "year": (12, "months"), "years": (12, "months"),
}  # fmt: skip
_US = {"min": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_MOST = {"min": 5_270_400, "h": 87_840, "d": 3_660, "months": 120}
_WRITTEN = re.compile(r"(\d{1,9}) ?([a-z]+)")


@dataclass(frozen=True, slots=True)
class Duration:
    """A whole number of minutes, hours, days or months; weeks are written out as days, quarters and years as months."""

    amount: int
    unit: Unit

    @property
    def us(self) -> int:
        """Microseconds; a day is 24 hours. Raises ValueError for months, which have no one length."""
        if self.unit == "months":
            raise ValueError(f"{self} has no fixed length")
        return self.amount * _US[self.unit]

    def __str__(self) -> str:
        if self.unit == "months":
            return f"{self.amount} month{'s' if self.amount > 1 else ''}"
        return f"{self.amount}{self.unit}"


def _read(value: Any, example: str) -> Duration:
    if isinstance(value, Duration):
        return value
    found = _WRITTEN.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is not None and found[2] == "m":
        raise refuse(
            f"`{value}` có thể là phút hay tháng; hãy viết `{found[1]}min` hoặc `{found[1]} months`",
            f"`{value}` may be minutes or months; write `{found[1]}min` or `{found[1]} months`",
        )
    if found is None or found[2] not in _UNITS:
        raise refuse(
            f"`{value}` không phải khoảng thời gian; viết như {example}",
            f"`{value}` is no length of time; write it like {example}",
        )
    times, unit = _UNITS[found[2]]
    amount = int(found[1]) * times
    if amount == 0:
        raise refuse(f"`{value}` phải dài hơn 0", f"`{value}` should be longer than 0")
    if amount > _MOST[unit]:
        raise refuse(f"`{value}` dài quá 10 năm", f"`{value}` is longer than ten years")
    return Duration(amount, unit)


def _elapsing(value: Any) -> Duration:
    duration = _read(value, "30min, 4h, 60d")
    if duration.unit == "months":
        raise refuse(
            f"`{value}` không có độ dài cố định (tháng dài ngắn khác nhau); hãy viết bằng ngày như 90d",
            f"`{value}` has no fixed length, months differ; write it in days, such as 90d",
        )
    return duration


def _on_the_calendar(value: Any) -> Duration:
    duration = _read(value, "7d, 1 month, 3 months")
    if duration.unit in ("min", "h"):
        raise refuse(
            f"`{value}` phải là ngày hoặc tháng theo lịch, như 7d hoặc 3 months",
            f"`{value}` should be calendar days or months, such as 7d or 3 months",
        )
    return duration


def _schema(units: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": rf"^\s*[0-9]{{1,9}} ?({units})\s*$"})


_SHOWN = PlainSerializer(str, return_type=str)
_CLOCK = "min|minutes?|h|hours?|d|days?|w|weeks?"
_CALENDAR = "d|days?|w|weeks?|months?|quarters?|years?"

Elapsing = Annotated[Duration, PlainValidator(_elapsing), _SHOWN, _schema(_CLOCK)]
"""Minutes, hours or days of 24 hours: has a length in microseconds."""

OnCalendar = Annotated[Duration, PlainValidator(_on_the_calendar), _SHOWN, _schema(_CALENDAR)]
"""Local days or months: a length that only the calendar knows."""
