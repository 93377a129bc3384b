"""One cell, or several, to one typed value, as a field of the mapping says. Pure; errors say the value and the rule."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from streams.importing.local_time import TimeCell, read_time
from streams.importing.mapping import FieldSpec, FieldType
from streams.importing.mapping import Mapping as TableMapping

Cell = TimeCell | bool | None
"""What a table holds: text (all of a CSV file), or the types of a spreadsheet."""

Value = str | int | float | bool | datetime
"""What a field gives; times are aware."""

TRUE = frozenset({"true", "t", "yes", "y", "1", "x"})
FALSE = frozenset({"false", "f", "no", "n", "0"})
DURATION = re.compile(r"(\d{1,6}):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?")
MAX_EXPONENT = 30  # the int of a Decimal 1E9999999 has ten million digits
GROUPED = {
    ".": re.compile(r"[+-]?\d{1,3}(?:[, \u00a0\u202f]\d{3})+(?:\.\d+)?"),
    ",": re.compile(r"[+-]?\d{1,3}(?:[. \u00a0\u202f]\d{3})+(?:,\d+)?"),
}


class Reader(NamedTuple):
    """Reads one field of a row; `read` gives None where the field is absent and raises ValueError on a bad value."""

    columns: tuple[str, ...]
    read: Callable[[Mapping[str, Cell]], Value | None]


def slug(name: str) -> str:
    """A name as an id: lower case ASCII, other marks become one hyphen.

    >>> slug("Nguyễn Thị Đào")
    'nguyen-thi-dao'
    """
    plain = unicodedata.normalize("NFKD", name.replace("đ", "d").replace("Đ", "D"))
    letters = plain.encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")


def read_number(text: str, decimal: str) -> Decimal:
    """A number as people write it: `1,234.5` with decimal `.`, `1.234,5` with decimal `,`."""
    plain = text
    if GROUPED[decimal].fullmatch(text):
        plain = re.sub("[, \u00a0\u202f]" if decimal == "." else "[. \u00a0\u202f]", "", text)
    elif decimal == "," and "." in text:
        raise ValueError(f"{text!r} is not a number (decimal mark ',')")
    try:
        number = Decimal(plain.replace(",", ".") if decimal == "," else plain)
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a number") from None
    if not number.is_finite() or abs(number.adjusted()) > MAX_EXPONENT:
        raise ValueError(f"{text!r} is not a number that can be counted with")
    return number


def read_duration_s(cell: Cell) -> Decimal:
    """Seconds of `h:mm:ss`, or of a spreadsheet's time or duration."""
    if isinstance(cell, timedelta):
        return Decimal(cell // timedelta(microseconds=1)) / 1_000_000
    if isinstance(cell, time):
        return Decimal(cell.hour * 3600 + cell.minute * 60 + cell.second)
    found = DURATION.fullmatch(as_text(cell))
    if not found:
        raise ValueError(f"{as_text(cell)!r} is not a duration h:mm:ss")
    hours, minutes, seconds, fraction = found.groups()
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + Decimal(f"0.{fraction or 0}")


def as_text(cell: Cell) -> str:
    """A cell as the text a person sees; a spreadsheet's whole numbers have no `.0`."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, date | time):
        return cell.isoformat()
    return "" if cell is None else str(cell).strip()


def reader(spec: FieldSpec, mapping: TableMapping, note_slug: Callable[[str, str], None]) -> Reader:
    """The reader of one field. `note_slug(name, id)` hears of every id made from a name."""
    convert = _converter(spec, mapping, note_slug)
    nulls = frozenset(mapping.nulls) | {""}
    mapped_to = {key.casefold(): value for key, value in (spec.map or {}).items()}

    def read(row: Mapping[str, Cell]) -> Value | None:
        cells = [row[column] for column in spec.column]
        texts = [as_text(cell) for cell in cells]
        if any(text in nulls for text in texts):
            return spec.default
        if spec.map is not None:
            text = " ".join(texts)
            mapped = mapped_to.get(text.casefold(), spec.otherwise)
            if mapped is None:
                if text.casefold() in mapped_to:
                    return spec.default
                raise ValueError(f"{text!r} is not one of {', '.join(spec.map)}")
            cells = [mapped]
        return convert(cells)

    return Reader(spec.column, read)


def _converter(
    spec: FieldSpec, mapping: TableMapping, note_slug: Callable[[str, str], None]
) -> Callable[[Sequence[Cell]], Value]:
    decimal = mapping.file.decimal
    scale = spec.scale
    zone_name = spec.time_zone or mapping.time_zone
    zone = ZoneInfo(zone_name) if zone_name else None
    formats = spec.formats or mapping.time_formats

    def text(cells: Sequence[Cell]) -> str:
        return " ".join(as_text(cell) for cell in cells)

    def name(cells: Sequence[Cell]) -> str:
        seen = text(cells)
        made = slug(seen)
        if not made:
            raise ValueError(f"{seen!r} has no letter or digit to make an id of")
        note_slug(seen, made)
        return made

    def number(cells: Sequence[Cell]) -> Decimal:
        (cell,) = cells
        plain = Decimal(repr(cell)) if isinstance(cell, float) else read_number(as_text(cell), decimal)
        return plain if scale is None else plain * scale

    def integer(cells: Sequence[Cell]) -> int:
        exact = number(cells)
        if exact != exact.to_integral_value():
            raise ValueError(f"{text(cells)!r} is not a whole number{'' if scale is None else f' when times {scale}'}")
        return int(exact)

    def duration(cells: Sequence[Cell]) -> float | int:
        (cell,) = cells
        seconds = read_duration_s(cell)
        return _shortest(seconds if scale is None else seconds * scale)

    def moment(cells: Sequence[Any]) -> datetime:
        return read_time(cells, formats, zone)

    converters: dict[FieldType, Callable[[Sequence[Cell]], Value]] = {
        FieldType.ID: name if spec.slug else text,
        FieldType.TEXT: name if spec.slug else text,
        FieldType.INTEGER: integer,
        FieldType.NUMBER: lambda cells: _shortest(number(cells)),
        FieldType.BOOLEAN: lambda cells: _boolean(text(cells)),
        FieldType.DURATION: duration,
        FieldType.TIME: moment,
    }
    return converters[spec.type]


def _shortest(number: Decimal) -> float | int:
    return int(number) if number == number.to_integral_value() else float(number)


def _boolean(text: str) -> bool:
    if text.casefold() in TRUE:
        return True
    if text.casefold() in FALSE:
        return False
    raise ValueError(f"{text!r} is neither yes nor no")
