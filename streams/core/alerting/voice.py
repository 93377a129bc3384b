"""How numbers, money, working time and moments are said in Vietnamese and English.

Babel formats the numbers; what it does not know (working days, units of KPIs, period ids) is said here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal, NamedTuple

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, get_currency_precision

HOUR_US = 3_600_000_000

Lang = Literal["vi", "en"]


class Noun(NamedTuple):
    """What is counted: Vietnamese (which has no plural), English for one and for many."""

    vi: str
    one: str
    many: str

    def of(self, lang: Lang, number: float) -> str:
        """The form that goes with `number`."""
        if lang == "vi":
            return self.vi
        return self.one if number == 1 else self.many


ENTRY = Noun("ghi nhận", "entry", "entries")
"""For the silence of a KPI whose unit is not a thing that happens (money, minutes, a percentage)."""

EVENT_NOUNS: Mapping[str, Noun] = {
    "calls": Noun("cuộc gọi", "call", "calls"),
    "campaigns": Noun("chiến dịch", "campaign", "campaigns"),
    "complaints": Noun("khiếu nại", "complaint", "complaints"),
    "contacts": Noun("lượt liên hệ", "contact", "contacts"),
    "contracts": Noun("hợp đồng", "contract", "contracts"),
    "conversions": Noun("lượt chuyển đổi", "conversion", "conversions"),
    "customers": Noun("khách hàng", "customer", "customers"),
    "deals": Noun("hợp đồng", "deal", "deals"),
    "leads": Noun("khách hàng tiềm năng", "lead", "leads"),
    "meetings": Noun("cuộc gặp", "meeting", "meetings"),
    "orders": Noun("đơn hàng", "order", "orders"),
    "people": Noun("người", "person", "people"),
    "responses": Noun("phản hồi", "response", "responses"),
    "sales": Noun("đơn hàng", "sale", "sales"),
    "sessions": Noun("lượt truy cập", "session", "sessions"),
    "tickets": Noun("yêu cầu", "ticket", "tickets"),
}
MEASURE_NOUNS: Mapping[str, Noun] = {
    "days": Noun("ngày", "day", "days"),
    "hours": Noun("giờ", "hour", "hours"),
    "minutes": Noun("phút", "minute", "minutes"),
    "seconds": Noun("giây", "second", "seconds"),
    "score": Noun("điểm", "point", "points"),
}
NOUNS = {**EVENT_NOUNS, **MEASURE_NOUNS}

PERIODS: Mapping[Lang, Mapping[str, str]] = {
    "vi": {"day": "ngày {day}", "week": "tuần {n}/{year}", "quarter": "quý {n}/{year}", "year": "năm {year}"},
    "en": {"day": "{day}", "week": "week {n} of {year}", "quarter": "Q{n} {year}", "year": "{year}"},
}
PERIOD_ID = re.compile(r"(?P<year>\d{4})(?:-W(?P<week>\d\d)|-Q(?P<quarter>\d)|-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?")


@dataclass(frozen=True, slots=True)
class Voice:
    """A language, the reader's time zone, the tenant's currency, and the length of a working day for "1.5 days"."""

    lang: Lang
    zone: tzinfo
    currency: str
    working_day_us: int = 8 * HOUR_US

    def number(self, value: float) -> str:
        """A number as short as it is useful: whole from 100 on, else with one decimal at most."""
        return format_decimal(
            round(value) if abs(value) >= 100 else round(value, 1), format="#,##0.#", locale=self.lang
        )

    def amount(self, value: float, unit: str) -> str:
        """A value with its unit. Money comes in minor units; `%` is 0-100; an unknown unit is said as it is written."""
        if unit in (self.currency, "%"):
            return self.bare(value, unit)
        return f"{self.bare(value, unit)} {NOUNS[unit].of(self.lang, value) if unit in NOUNS else unit}"

    def bare(self, value: float, unit: str) -> str:
        """A value where the noun was or will be said in the same sentence: `30` of 80 calls, but `30%` and `30 ₫`."""
        if unit == self.currency:
            return format_currency(value / 10 ** get_currency_precision(unit), unit, locale=self.lang)
        return f"{self.number(value)}%" if unit == "%" else self.number(value)

    def moment(self, t_us: int, now_us: int) -> str:
        """`09:12 hôm nay`, `09:12 yesterday`, `09:12 thứ Sáu 20/11`."""
        at, now = self._local(t_us), self._local(now_us)
        if at.date() == now.date():
            return f"{at:%H:%M} {'hôm nay' if self.lang == 'vi' else 'today'}"
        if at.date() == now.date() - timedelta(days=1):
            return f"{at:%H:%M} {'hôm qua' if self.lang == 'vi' else 'yesterday'}"
        if self.lang == "vi":
            return f"{at:%H:%M} {format_date(at, 'EEEE d/M', locale='vi').replace('Thứ', 'thứ')}"
        return f"{at:%H:%M} on {format_date(at, 'EEE, MMM d', locale='en')}"

    def hour(self, start_us: int, end_us: int, now_us: int) -> str:
        """`14:00–15:00 hôm nay`."""
        clock = format_datetime(self._local(start_us), "HH:mm", locale=self.lang)
        return f"{clock}–{self.moment(end_us, now_us)}"

    def work(self, worked_us: int) -> str:
        """A stretch of working time: `1,4 ngày làm việc`, `3.5 working hours`, `45 phút làm việc`."""
        for size_us, vi, one, many in (
            (self.working_day_us, "ngày làm việc", "working day", "working days"),
            (HOUR_US, "giờ làm việc", "working hour", "working hours"),
        ):
            if worked_us >= size_us:
                number = round(worked_us / size_us, 1)
                return f"{self.number(number)} {Noun(vi, one, many).of(self.lang, number)}"
        number = round(worked_us / HOUR_US * 60)
        return f"{number} {Noun('phút làm việc', 'working minute', 'working minutes').of(self.lang, number)}"

    def rate(self, per_hour: float, noun: Noun) -> str:
        """How often something happens: `4 cuộc gọi mỗi giờ làm việc`, `1 sale every 2.5 working days`."""
        per_day = per_hour * self.working_day_us / HOUR_US
        hourly = per_hour >= 1
        if per_day >= 1:
            number = round(per_hour if hourly else per_day, 1)
            each = (
                " mỗi giờ làm việc" if hourly else " mỗi ngày làm việc",
                " a working hour" if hourly else " a working day",
            )
            return f"{self.number(number)} {noun.of(self.lang, number)}{each[self.lang == 'en']}"
        gap = self.work(round(HOUR_US / per_hour))
        return f"1 {noun.vi} mỗi {gap}" if self.lang == "vi" else f"1 {noun.one} every {gap}"

    def period(self, period: str) -> str:
        """A period id as people say it: `tháng 11/2026`, `Q4 2026`; anything else as it is."""
        found = PERIOD_ID.fullmatch(period)
        if found is None:
            return period
        year, week, quarter, month, day = found.group("year", "week", "quarter", "month", "day")
        if day is not None:
            on = date(int(year), int(month), int(day))
            said = f"{on.day}/{on.month}/{year}" if self.lang == "vi" else format_date(on, "MMM d, y", locale="en")
            return PERIODS[self.lang]["day"].format(day=said)
        if month is not None:
            first = date(int(year), int(month), 1)
            return f"tháng {int(month)}/{year}" if self.lang == "vi" else format_date(first, "MMMM y", locale="en")
        kind = "week" if week else "quarter" if quarter else "year"
        return PERIODS[self.lang][kind].format(n=int(week or quarter or 0), year=year)

    def _local(self, t_us: int) -> datetime:
        return datetime.fromtimestamp(t_us / 1e6, UTC).astimezone(self.zone)
