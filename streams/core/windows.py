"""Periods and panes of one time zone: which windows an instant belongs to, what they are called, where they end.

Windows are [start, end) and tile time. A local day starts at the first instant of its date (some zones have no 00:00 on
some days, and a few have skipped whole dates); longer periods are unions of days, weeks are ISO weeks.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.catalogue.models import Period
from streams.core.local_clock import HOUR_US, MINUTE_US, LocalClock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_SLOT_US = 15 * MINUTE_US
_MAX_SLOTS = 16_384  # 170 days of quarter hours


class Window(NamedTuple):
    """A stretch of time [start_us, end_us) and its name, unique in its grain."""

    id: str
    start_us: int
    end_us: int


class Windows:
    """Periods and panes of one zone.

    A lookup of a known quarter of an hour takes a third of a microsecond, a new one some 10 us; memory is bounded.
    Times outside the years 2 to 9998 raise ValueError.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self.clock = LocalClock(zone)
        self._periods: dict[Period, dict[int, Window]] = {grain: {} for grain in Period}
        self._panes: dict[int, Window] = {}
        self._parsed: dict[str, tuple[Period, Window]] = {}

    def period(self, grain: Period, time_us: int) -> Window:
        """The period around an instant; ids read 2026-11-23, 2026-W48, 2026-11, 2026-Q4 or 2026."""
        known = self._periods[grain]
        window = known.get(time_us // _SLOT_US)
        if window is None:
            window = self._around(grain, self.clock.date(time_us))
            _remember(known, time_us, window)
        return window

    def pane(self, time_us: int) -> Window:
        """The stretch between two neighbouring instants at which the clock reads a full hour or changes its offset.

        Its id is its start as `h` and whole minutes since the epoch.
        """
        window = self._panes.get(time_us // _SLOT_US)
        if window is None:
            stretch = self.clock.stretch(time_us)
            hour_us = time_us - (time_us + stretch.offset_us) % HOUR_US
            start_us = max(hour_us, stretch.start_us)
            window = Window(f"h{start_us // MINUTE_US}", start_us, min(hour_us + HOUR_US, stretch.end_us))
            _remember(self._panes, time_us, window)
        return window

    def day(self, day: date) -> Window:
        """The window of a date. ValueError for a date that the zone skipped."""
        window = self._around(Period.DAY, day)
        if window.start_us == window.end_us:
            raise ValueError(f"{day} does not exist in {self.clock.zone.key}: its clocks skipped that date")
        return window

    def parse(self, period_id: str) -> tuple[Period, Window]:
        """Grain and window of a period id, the inverse of `period`. ValueError for anything else."""
        known = self._parsed.get(period_id)
        if known is None:
            known = self._parse(period_id)
            if len(self._parsed) >= _MAX_SLOTS:
                self._parsed.clear()
            self._parsed[period_id] = known
        return known

    def _parse(self, period_id: str) -> tuple[Period, Window]:
        for grain, (pattern, first_date) in _IDS.items():
            if match := re.fullmatch(pattern, period_id, re.ASCII):
                try:
                    first = first_date(*map(int, match.groups()))
                    return grain, self.day(first) if grain is Period.DAY else self._around(grain, first)
                except (ValueError, OverflowError) as error:
                    raise ValueError(f"period {period_id!r} does not exist: {error}") from None
        raise ValueError(f"period {period_id!r} reads like none of 2026-11-23, 2026-W48, 2026-11, 2026-Q4, 2026")

    def next(self, grain: Period, window: Window) -> Window:
        """The period that starts where `window` ends."""
        return self.period(grain, window.end_us)

    def between(self, grain: Period, from_us: int, to_us: int) -> Iterator[Window]:
        """The periods that share an instant with [from_us, to_us), in order."""
        if from_us < to_us:
            window = self.period(grain, from_us)
            yield window
            while window.end_us < to_us:
                window = self.next(grain, window)
                yield window

    def rfc3339(self, time_us: int) -> str:
        """An instant in the zone's offset, in whole seconds where exact, else with microseconds.

        Offsets of other than whole minutes (local mean time, before 1972) cannot be written so: such times are in UTC.
        """
        offset_us = self.clock.offset_us(time_us)
        offset = timedelta(microseconds=0 if offset_us % MINUTE_US else offset_us)
        return (_EPOCH + timedelta(microseconds=time_us)).astimezone(timezone(offset)).isoformat()

    def _around(self, grain: Period, day: date) -> Window:
        period_id, first, after = _DATES[grain](day)
        return Window(period_id, self.clock.start_of(first), self.clock.start_of(after))


def _remember(known: dict[int, Window], time_us: int, window: Window) -> None:
    slot = time_us // _SLOT_US
    # A slot that a window's edge cuts (America/St_Johns changed its clocks at 00:01) has no single answer.
    if window.start_us <= slot * _SLOT_US and (slot + 1) * _SLOT_US <= window.end_us:
        if len(known) >= _MAX_SLOTS:
            known.clear()
        known[slot] = window


def _day(day: date) -> tuple[str, date, date]:
    return day.isoformat(), day, day + _DAY


def _week(day: date) -> tuple[str, date, date]:
    year, week, weekday = day.isocalendar()
    monday = day - (weekday - 1) * _DAY
    return f"{year:04d}-W{week:02d}", monday, monday + 7 * _DAY


def _month(day: date) -> tuple[str, date, date]:
    return f"{day.year:04d}-{day.month:02d}", _first(day.year, day.month), _first(day.year, day.month + 1)


def _quarter(day: date) -> tuple[str, date, date]:
    number = (day.month + 2) // 3
    return f"{day.year:04d}-Q{number}", _first(day.year, 3 * number - 2), _first(day.year, 3 * number + 1)


def _year(day: date) -> tuple[str, date, date]:
    return f"{day.year:04d}", date(day.year, 1, 1), date(day.year + 1, 1, 1)


def _first(year: int, month: int) -> date:
    return date(year + month // 13, (month - 1) % 12 + 1, 1)


_DATES: dict[Period, Callable[[date], tuple[str, date, date]]] = {
    Period.DAY: _day,
    Period.WEEK: _week,
    Period.MONTH: _month,
    Period.QUARTER: _quarter,
    Period.YEAR: _year,
}
"""A date to the id of its period, the period's first date and the first date after it."""

_IDS: dict[Period, tuple[str, Callable[..., date]]] = {
    Period.DAY: (r"(\d{4})-(\d\d)-(\d\d)", date),
    Period.WEEK: (r"(\d{4})-W(\d\d)", lambda year, week: date.fromisocalendar(year, week, 1)),
    Period.MONTH: (r"(\d{4})-(\d\d)", lambda year, month: date(year, month, 1)),
    Period.QUARTER: (r"(\d{4})-Q([1-4])", lambda year, quarter: date(year, 3 * quarter - 2, 1)),
    Period.YEAR: (r"(\d{4})", lambda year: date(year, 1, 1)),
}
"""How an id reads, and its numbers to the period's first date."""
