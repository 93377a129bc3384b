"""The small forms a catalogue is written in: numbers, dates, weekdays, opening spans. Strict, as YAML 1.2 has types.

Lax parsing would turn the text `off` into false, the number 0 into 1970-01-01 and the text `"80"` into a target.
"""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictFloat, StrictInt, StrictStr
from pydantic_core import PydanticCustomError

from schemas.events.fields import EXACT, VISIBLE

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([01]\d|2[0-3]):[0-5]\d-(?:([01]\d|2[0-3]):[0-5]\d|24:00)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def refuse(vi: str, en: str) -> PydanticCustomError:
    """The error of a form, with its sentence in both languages."""
    return PydanticCustomError("form", "{en}", {"vi": vi, "en": en})


def _date(value: Any) -> Any:
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise refuse(
        f"`{value}` không phải ngày có thật dạng YYYY-MM-DD", f"`{value}` is no real date of the form YYYY-MM-DD"
    )


def weekdays(key: str) -> list[str]:
    """The days that a well-formed key names, in its order: `sat-mon` is sat, sun, mon."""
    days: list[str] = []
    for part in key.split(","):
        ends = [WEEKDAYS.index(end.strip().lower()) for end in part.split("-")]
        days += [WEEKDAYS[(ends[0] + step) % 7] for step in range((ends[-1] - ends[0]) % 7 + 1)]
    return days


def _weekdays(key: str) -> str:
    for part in key.split(","):
        ends = [end.strip().lower() for end in part.split("-")]
        if len(ends) > 2 or any(end not in WEEKDAYS for end in ends):
            raise refuse(
                f"`{key}` không phải ngày trong tuần; viết như mon, mon-fri hoặc mon,wed ({' '.join(WEEKDAYS)})",
                f"`{key}` names no weekdays; write mon, mon-fri or mon,wed ({' '.join(WEEKDAYS)})",
            )
    return key


def _span(span: str) -> str:
    if not _SPAN.fullmatch(span):
        raise refuse(
            f"`{span}` không phải khung giờ dạng HH:MM-HH:MM (00:00 đến 24:00)",
            f"`{span}` is no opening span of the form HH:MM-HH:MM (00:00 to 24:00)",
        )
    return span


def _country(code: str) -> str:
    if not re.fullmatch("[A-Z]{2}", code):
        raise refuse(
            f"`{code}` không phải mã quốc gia hai chữ hoa như VN",
            f"`{code}` is no country code of two capitals, such as VN",
        )
    return code


def _closed_or_list(value: Any) -> Any:
    if value == "closed" or isinstance(value, list | tuple):
        return value
    raise refuse(
        f'`{value}` phải là closed hoặc danh sách khung giờ như ["08:00-12:00"]',
        f'`{value}` should be closed or a list of spans such as ["08:00-12:00"]',
    )


Number = (
    Annotated[StrictInt, Field(ge=-EXACT, le=EXACT)]
    | Annotated[StrictFloat, Field(ge=-EXACT, le=EXACT, allow_inf_nan=False)]
)
"""A finite number; a whole one stays an int, so money never passes through a float. Bounded as in events."""

Scalar = StrictBool | StrictInt | StrictFloat | StrictStr

Date = Annotated[date, BeforeValidator(_date)]
"""A local date, written YYYY-MM-DD."""

WeekdayKey = Annotated[str, AfterValidator(_weekdays)]
"""`mon`, `mon-fri`, `sat-mon` or a comma list of those."""

CountryCode = Annotated[str, AfterValidator(_country)]
"""ISO 3166 alpha-2. Whether its holidays are known is `kpi check`'s question."""

Spans = tuple[Annotated[str, AfterValidator(_span)], ...]
"""Opening spans of a day, `HH:MM-HH:MM`; one that ends at or before its start crosses midnight."""

ClosedOrSpans = Annotated[Spans | Literal["closed"], BeforeValidator(_closed_or_list)]

PRINTED = r"\S"
"""Text with something in it to read."""

IN_WORDS = {
    PRINTED: ("có chữ, không để trống", "hold some text"),
    VISIBLE: ("gồm các ký tự nhìn thấy được, không dấu cách", "be visible characters without spaces"),
    r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$": (
        "bắt đầu bằng chữ cái, rồi tới 63 chữ cái, chữ số hoặc _ . - (không dấu)",
        "begin with a letter, then up to 63 letters, digits or _ . -",
    ),
    "^[A-Z]{3}$": ("là mã ISO 4217 ba chữ hoa như VND", "be an ISO 4217 code of three capitals, such as VND"),
    r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$": (
        "gồm các từ chữ thường nối bằng dấu chấm, như visit.done",
        "be lower case words joined by dots, such as visit.done",
    ),
    r"^(id|text|number|integer|boolean)!?$": (
        "là id, text, number, integer hoặc boolean, thêm ! khi bắt buộc",
        "be id, text, number, integer or boolean, with ! where required",
    ),
}
"""What a pattern of the models asks for, in words."""
