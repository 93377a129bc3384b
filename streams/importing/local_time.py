"""Local times of an export to instants.

The rule for clock changes: a local time that occurs twice is the first of the two; one that does not occur is moved
forward by the length of the gap (02:30 on a night that jumps from 02:00 to 03:00 is 03:30).
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from streams.importing.mapping import SPECIAL_FORMATS

TimeCell = str | int | float | datetime | date | time | timedelta
"""A cell of a time: text, or what a spreadsheet already knows as a number, date or time of day."""

EXCEL_EPOCH = datetime(1899, 12, 30)


def instant(local: datetime, zone: tzinfo | None) -> datetime:
    """A naive local time as an aware one in `zone`; an aware time keeps its offset.

    Raises ValueError for a naive time where no zone is known.

    >>> from zoneinfo import ZoneInfo
    >>> instant(datetime(2021, 3, 28, 2, 30), ZoneInfo("Europe/Zurich")).isoformat()
    '2021-03-28T03:30:00+02:00'
    """
    if local.tzinfo is not None:
        return local
    if zone is None:
        raise ValueError(f"{local.isoformat(' ')!r} has no offset, and the mapping names no time_zone")
    # fold=0 reads a gap with the offset before it, which lands behind it, and a repeated hour as its first occurrence
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC).astimezone(zone)


def read_time(cells: Sequence[TimeCell], formats: Sequence[str], zone: tzinfo | None) -> datetime:
    """The instant that one or several cells (a date and a time of day) name together.

    Raises ValueError with the text and the formats it does not fit.
    """
    native = _from_spreadsheet(cells)
    if native is not None:
        return instant(native, zone)
    text = " ".join(_text(cell) for cell in cells)
    for form in formats:
        try:
            local = _parse(text, form)
        except (ValueError, OverflowError):
            continue
        return instant(local, zone)
    wanted = " or ".join(SPECIAL_FORMATS.get(form, form) for form in formats)
    raise ValueError(f"{text!r} is not {wanted}")


def _from_spreadsheet(cells: Sequence[TimeCell]) -> datetime | None:
    first, *rest = cells
    if not isinstance(first, date):
        return None
    day = first if isinstance(first, datetime) else datetime(first.year, first.month, first.day)
    for part in rest:
        if isinstance(part, time):
            day = datetime.combine(day.date(), part)
        elif isinstance(part, timedelta):
            day = datetime.combine(day.date(), time()) + part
        else:
            return None
    return day


def _text(cell: TimeCell) -> str:
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
    return cell.isoformat() if isinstance(cell, date | time) else str(cell).strip()


def _parse(text: str, form: str) -> datetime:
    match form:
        case "iso":
            return datetime.fromisoformat(text)
        case "excel":
            return EXCEL_EPOCH + timedelta(milliseconds=round(float(text) * 86_400_000))
        case "unix_s":
            return datetime.fromtimestamp(float(text), UTC)
        case "unix_ms":
            return datetime.fromtimestamp(float(text) / 1000, UTC)
    return datetime.strptime(text, form)
