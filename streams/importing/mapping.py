"""What a user writes in a mapping: how a table is read, what its columns mean, which events a row makes.

Shapes and the rules between them; YAML and line numbers are in `load.py`.
"""

import codecs
import re
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from schemas.catalogue.forms import Scalar
from schemas.catalogue.measures import Where

TEMPLATE = re.compile(r"\{([^{}]*)\}")
"""A field's place in an `id`, `subject` or `supersedes` template."""

LINE = "line"
"""The one field that every row has: its line. An id made of it changes when rows are added above."""

SPECIAL_FORMATS = {
    "iso": "an ISO 8601 time",
    "excel": "an Excel serial number",
    "unix_s": "seconds since 1970",
    "unix_ms": "milliseconds since 1970",
}


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{name!r} is not a time zone (such as Asia/Ho_Chi_Minh or UTC)") from error
    return name


def _time_format(text: str) -> str:
    if text in SPECIAL_FORMATS:
        return text
    if "%" not in text:
        raise ValueError(f"{text!r} is neither a format such as %d/%m/%Y %H:%M nor one of {', '.join(SPECIAL_FORMATS)}")
    sample = datetime(2021, 12, 31, 23, 59, 58)
    try:
        datetime.strptime(sample.strftime(text), text)
    except (ValueError, re.error) as error:
        raise ValueError(f"{text!r} is not a time format: {error}") from error
    return text


def _encoding(name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError as error:
        raise ValueError(f"{name!r} is not an encoding (auto, utf-8, utf-8-sig, cp1252, utf-16)") from error
    return name


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _text_keys(value: Any) -> Any:
    return {str(key).strip(): entry for key, entry in value.items()} if isinstance(value, dict) else value


Zone = Annotated[str, AfterValidator(_zone)]
TimeFormat = Annotated[str, AfterValidator(_time_format)]
Names = Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
FieldName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class _Node(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileFormat(_Node):
    """How the file is read. `auto` encoding: a byte order mark, else UTF-8, else cp1252."""

    encoding: Annotated[str, AfterValidator(lambda name: name if name == "auto" else _encoding(name))] = "auto"
    delimiter: Literal["auto", ",", ";", "\t", "|"] = "auto"
    decimal: Literal[".", ","] = "."  # the other of the two, and spaces, may group thousands
    sheet: str | None = None  # XLSX; default the first
    header_line: Annotated[int, Field(ge=1)] = 1


class FieldType(StrEnum):
    """What a column's text is turned into."""

    ID = "id"  # as text
    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"  # true/false, yes/no, y/n, 1/0
    DURATION = "duration"  # h:mm:ss -> seconds
    TIME = "time"


class FieldSpec(_Node):
    """One value read from one column, or from several joined by a space.

    The steps, in this order: null markers give `default` (else the field is absent); `map` replaces the text (in upper
    or lower case), and what it does not name is an error unless `otherwise` says what it becomes; the type converts;
    `scale` multiplies; `slug` makes an id of a name.
    """

    column: Names
    type: FieldType = FieldType.TEXT
    default: Scalar | None = None
    map: Annotated[dict[str, Scalar | None], BeforeValidator(_text_keys)] | None = None
    otherwise: Scalar | None = None
    scale: Decimal | None = None
    slug: bool = False
    formats: Annotated[tuple[TimeFormat, ...], BeforeValidator(_as_tuple)] = ()
    time_zone: Zone | None = None

    @model_validator(mode="after")
    def _options_fit(self) -> "FieldSpec":
        numeric = self.type in (FieldType.INTEGER, FieldType.NUMBER, FieldType.DURATION)
        if self.scale is not None and not numeric:
            raise ValueError("scale multiplies numbers: it needs type integer, number or duration")
        if len(self.column) > 1 and (numeric or self.type is FieldType.BOOLEAN):
            raise ValueError(f"several columns together make a text or a time, not a value of type {self.type}")
        if self.slug and self.type not in (FieldType.ID, FieldType.TEXT):
            raise ValueError("slug makes an id of a name: it needs type id or text")
        if (self.formats or self.time_zone) and self.type is not FieldType.TIME:
            raise ValueError("formats and time_zone need type time")
        if self.otherwise is not None and self.map is None:
            raise ValueError("otherwise says what map does not name: it needs map")
        folded = [key.casefold() for key in self.map or ()]
        if twice := next((key for key in folded if folded.count(key) > 1), None):
            raise ValueError(f"map names {twice!r} twice: upper and lower case are the same")
        return self


class Constant(_Node):
    """A value that is the same in every event."""

    value: Scalar


def _kind(value: Any) -> str:
    if isinstance(value, dict | Constant):
        return "constant"
    return "fields" if isinstance(value, list | tuple) else "field"


Datum = Annotated[
    Annotated[str, Tag("field")] | Annotated[Constant, Tag("constant")] | Annotated[tuple[str, ...], Tag("fields")],
    Discriminator(_kind),
]
"""One field of an event's `data`: a field's name, `{value: constant}`, or a list of fields (those present)."""


class EventSpec(_Node):
    """One event that a row makes when its `when` holds.

    Without `id` the identity is a hash of the event's content: the same row again is the same event. With `first_per`
    only one row of each key makes the event: the first in the file, or the least by `order_by`.
    """

    type: str
    when: Where = {}
    time: str
    subject: str
    id: str | None = None
    data: dict[str, Datum]
    supersedes: str | None = None  # id template of the event (same source) that this one replaces or retracts
    first_per: Names | None = None
    order_by: Names | None = None

    @model_validator(mode="after")
    def _order_needs_a_key(self) -> "EventSpec":
        if self.order_by and not self.first_per:
            raise ValueError("order_by chooses among the rows of one key: it needs first_per")
        return self

    def field_names(self) -> list[tuple[str, str]]:
        """(where in the event, field) of every field that it reads."""
        found = [("time", self.time)]
        for place in ("subject", "id", "supersedes"):
            found += [(place, name) for name in TEMPLATE.findall(getattr(self, place) or "")]
        found += [("when", name) for name in self.when]
        for datum in self.data.values():
            names = () if isinstance(datum, Constant) else _as_tuple(datum)
            found += [("data", name) for name in names]
        found += [("first_per", name) for name in self.first_per or ()]
        return found + [("order_by", name) for name in self.order_by or ()]


class Mapping(_Node):
    """How the rows of one kind of table become events."""

    version: Literal[1]
    source: Annotated[str, Field(min_length=1, max_length=128)]
    file: FileFormat = FileFormat()
    time_zone: Zone | None = None
    time_formats: Annotated[tuple[TimeFormat, ...], BeforeValidator(_as_tuple), Field(min_length=1)] = ("iso",)
    nulls: tuple[str, ...] = ("",)
    fields: Annotated[dict[FieldName, FieldSpec], Field(min_length=1)]
    events: Annotated[tuple[EventSpec, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_are_declared(self) -> "Mapping":
        if LINE in self.fields:
            raise ValueError(f"fields.{LINE}: the name {LINE!r} is taken by the row's line")
        for index, event in enumerate(self.events):
            for place, name in event.field_names():
                if name not in self.fields and name != LINE:
                    raise ValueError(
                        f"events.{index}.{place}: there is no field {name!r} (declared: {', '.join(self.fields)})"
                    )
            if event.time == LINE or self.fields[event.time].type is not FieldType.TIME:
                raise ValueError(f"events.{index}.time: field {event.time!r} is not of type time")
        return self

    def columns(self) -> list[str]:
        """Every column that a field reads, once, in the mapping's order."""
        return list(dict.fromkeys(column for field in self.fields.values() for column in field.column))
