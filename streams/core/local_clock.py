"""What the clock on the wall of one time zone reads, in integers.

zoneinfo answers per datetime object; here its offsets become sorted tables, so that the first instant of a date, a
full hour or a change of offset is a lookup. Walls are microseconds too: the reading of the clock as if it were UTC.
"""

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_US = (date(2, 1, 1).toordinal() - EPOCH_ORDINAL) * DAY_US
LAST_US = (date(9999, 1, 1).toordinal() - EPOCH_ORDINAL) * DAY_US
"""Supported times are [FIRST_US, LAST_US): a year inside what datetime can hold, so that no zone leaves its range."""

_TABLE_US = 400 * DAY_US
_MARGIN_US = 2 * DAY_US  # a table answers for its neighbours' edges too: offsets are under 26 hours
_FURTHEST_US = 26 * HOUR_US
_MAX_TABLES = 128


class Stretch(NamedTuple):
    """A stretch [start_us, end_us) of one offset; ends further away than a day may be those of our tables."""

    start_us: int
    end_us: int
    offset_us: int


class LocalClock:
    """Offsets of one zone. The clock may jump: forward (readings are missing) or back (readings come twice)."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._tables: dict[int, tuple[list[int], list[int]]] = {}

    def stretch(self, time_us: int) -> Stretch:
        """The stretch of constant offset around an instant."""
        starts, offsets = self._table(time_us)
        index = bisect_right(starts, time_us) - 1
        return Stretch(starts[index], starts[index + 1], offsets[index])

    def offset_us(self, time_us: int) -> int:
        """Local minus UTC, positive in the east."""
        return self.stretch(time_us).offset_us

    def instant(self, wall_us: int) -> int:
        """The first instant at which the clock has reached this reading.

        A reading that the clock jumps over gives the instant of the jump; one that comes twice, its first time. So the
        result never falls while the reading rises, and what ends at a reading touches what starts there.
        """
        starts, offsets = self._table(wall_us)
        index = bisect_right(starts, wall_us - _FURTHEST_US) - 1
        while True:
            time_us = max(starts[index], wall_us - offsets[index])
            if time_us < starts[index + 1]:
                return time_us
            index += 1

    def start_of(self, day: date) -> int:
        """The first instant of a date; of a date that the zone skipped, the instant at which it was skipped."""
        return self.instant((day.toordinal() - EPOCH_ORDINAL) * DAY_US)

    def date(self, time_us: int) -> date:
        """The newest date that has begun; readings that come again after midnight stay with the new date."""
        day = (time_us + self.offset_us(time_us)) // DAY_US
        while self.instant((day + 1) * DAY_US) <= time_us:
            day += 1
        return date.fromordinal(EPOCH_ORDINAL + day)

    def _table(self, time_us: int) -> tuple[list[int], list[int]]:
        table = self._tables.get(time_us // _TABLE_US)
        if table is None:
            if not FIRST_US <= time_us < LAST_US:
                raise ValueError(f"time {time_us} us since 1970 is outside the supported years 2 to 9998")
            if len(self._tables) >= _MAX_TABLES:
                self._tables.clear()
            table = self._tables[time_us // _TABLE_US] = self._scan(time_us // _TABLE_US)
        return table

    def _scan(self, index: int) -> tuple[list[int], list[int]]:
        """Start and offset of each stretch, closed by an end without offset.

        One look a day finds every change that the tz database has between 1990 and 2037 (a test compares with it).
        """
        start_s = (index * _TABLE_US - _MARGIN_US) // 1_000_000
        end_s = ((index + 1) * _TABLE_US + _MARGIN_US) // 1_000_000
        starts, offsets = [start_s * 1_000_000], [self._ask(start_s)]
        for day_s in range(start_s, end_s, 86_400):
            offset_us = self._ask(day_s + 86_400)
            if offset_us != offsets[-1]:
                starts.append(self._change(day_s, day_s + 86_400) * 1_000_000)
                offsets.append(offset_us)
        return [*starts, end_s * 1_000_000], offsets

    def _change(self, before_s: int, after_s: int) -> int:
        offset_us = self._ask(before_s)
        while after_s - before_s > 1:
            middle_s = (before_s + after_s) // 2
            if self._ask(middle_s) == offset_us:
                before_s = middle_s
            else:
                after_s = middle_s
        return after_s

    def _ask(self, time_s: int) -> int:
        inside_s = min(max(time_s, FIRST_US // 1_000_000), LAST_US // 1_000_000)
        offset = (_EPOCH + timedelta(seconds=inside_s)).astimezone(self.zone).utcoffset()
        assert offset is not None  # a ZoneInfo always knows
        return offset // timedelta(microseconds=1)
