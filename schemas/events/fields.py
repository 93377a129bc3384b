"""The kinds of field that `data` is made of, and the fields every event may carry (EVENTS.md).

A kind is declared once, as an annotated type: it validates, it exports to JSON Schema, and its FieldKind tells the
catalogue what can be summed, averaged or compared.
"""

import math
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from schemas.events.times import FULL_DATE, RFC3339, TimeFormatError, check_day_or_instant, parse_us

EXACT = 2**53 - 1
"""Numbers stay within +-EXACT: what every JSON reader keeps exactly (RFC 8259 section 6)."""

VISIBLE = (
    r"^[^\u0000-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
    r"\ufff0-\uffff]+$"
)
"""Letters of any script, digits and signs. No space, control or zero-width character: ids that look alike are alike."""


class FieldKind(StrEnum):
    """What a field holds, as far as a measure cares."""

    ID = "id"
    TEXT = "text"
    INTEGER = "integer"
    MONEY = "money"  # integer in minor units of the tenant's currency
    NUMBER = "number"
    SECONDS = "seconds"
    BOOLEAN = "boolean"
    TIME = "time"  # RFC 3339 text
    LIST = "list"  # of texts


def _instant(text: str) -> str:
    try:
        parse_us(text)
    except TimeFormatError as error:
        raise PydanticCustomError("time", "{fault}", {"fault": str(error)}) from None
    return text


def _day_or_instant(text: str) -> str:
    try:
        return check_day_or_instant(text)
    except TimeFormatError as error:
        raise PydanticCustomError("time", "{fault}", {"fault": str(error)}) from None


def _finite(value: Any) -> Any:
    # 1e999 is well-formed JSON and becomes an infinity, which could not be written as JSON again.
    if isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("finite_number", "is beyond the range of numbers")
    if isinstance(value, list):
        for item in value:
            _finite(item)
    elif isinstance(value, dict):
        for item in value.values():
            _finite(item)
    return value


Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=VISIBLE), FieldKind.ID]
Text = Annotated[str, FieldKind.TEXT]
Flag = Annotated[bool, FieldKind.BOOLEAN]
Integer = Annotated[int, Field(ge=-EXACT, le=EXACT), FieldKind.INTEGER]
Quantity = Annotated[int, Field(ge=0, le=EXACT), FieldKind.INTEGER]
Money = Annotated[int, Field(ge=-EXACT, le=EXACT), FieldKind.MONEY]
Number = Annotated[float, Field(ge=-EXACT, le=EXACT, allow_inf_nan=False), FieldKind.NUMBER]
Seconds = Annotated[float, Field(ge=0, le=EXACT, allow_inf_nan=False), FieldKind.SECONDS]
Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$"), FieldKind.TEXT]
Tags = Annotated[list[str], FieldKind.LIST]
Time = Annotated[
    str,
    AfterValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": RFC3339}),
    FieldKind.TIME,
]
DayOrTime = Annotated[
    str,
    AfterValidator(_day_or_instant),
    WithJsonSchema({"type": "string", "anyOf": [{"pattern": FULL_DATE}, {"format": "date-time", "pattern": RFC3339}]}),
    FieldKind.TIME,
]
"""A whole local day (`2026-11-23`, in the tenant's zone) or an instant: what HR systems send for leave."""


class Supersedes(BaseModel):
    """Identity of the event that this one corrects, reverses or retracts."""

    model_config = ConfigDict(strict=True, extra="allow")

    source: Id
    id: Id


class EventData(BaseModel):
    """Fields that every event may carry. JSON `null` means absent; unknown fields pass."""

    model_config = ConfigDict(strict=True, extra="allow", validate_by_name=False, validate_by_alias=True)
    __pydantic_extra__: dict[str, Annotated[Any, AfterValidator(_finite)]]

    entity_field: ClassVar[str | None] = None
    """The field that repeats the event's `subject`, where there is one."""

    owner: Id | None = None
    team: Id | None = None
    channel: Text | None = None
    campaign_id: Id | None = None
    product: Text | None = None
    tags: Tags | None = None
    note: Annotated[str, StringConstraints(max_length=1000), FieldKind.TEXT] | None = None
    manual: Flag | None = None
    currency: Currency | None = None
    supersedes: Supersedes | None = None


class Retraction(EventData):
    """The superseded event never happened."""

    supersedes: Supersedes


def kinds(model: type[EventData]) -> dict[str, FieldKind]:
    """Wire name -> kind of every declared field of `data`; `supersedes` is not one, it goes with the event."""
    found = {}
    for name, info in model.model_fields.items():
        # `Kind | None` keeps its mark inside the union, `Kind` loses it to the field's metadata.
        marks = [*info.metadata]
        for part in getattr(info.annotation, "__args__", ()):
            marks += getattr(part, "__metadata__", ())
        for mark in marks:
            if isinstance(mark, FieldKind):
                found[info.alias or name] = mark
    return found
