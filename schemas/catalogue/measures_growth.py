"""What growth is measured against."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from schemas.catalogue.durations import OnCalendar
from schemas.catalogue.forms import Date, Number
from schemas.catalogue.measures_parts import Node


class Adjust(StrEnum):
    """How stretches of different length are made comparable."""

    NONE = "none"
    DAYS = "days"  # by local days
    WORKING_TIME = "working_time"  # by the tenant's working time


class Back(Node):
    """The same length, so much earlier."""

    back: OnCalendar


class Between(Node):
    """The local dates [from, to)."""

    from_: Date = Field(alias="from")
    to: Date


class Given(Node):
    """A number that somebody knows."""

    value: Annotated[Number, Field(ge=0)]


def _form(value: Any) -> str | None:
    if isinstance(value, dict):
        return next((tag for tag in ("back", "value", "from", "to") if tag in value), None)
    for tag, model in (("back", Back), ("value", Given), ("from", Between)):
        if isinstance(value, model):
            return tag
    return "previous" if value == "previous" else None


Baseline = Annotated[
    Annotated[Literal["previous"], Tag("previous")]
    | Annotated[Back, Tag("back")]
    | Annotated[Given, Tag("value")]
    | Annotated[Between, Tag("from")],
    Discriminator(
        lambda value: "from" if _form(value) == "to" else _form(value),
        custom_error_type="form",
        custom_error_message="unknown form",
        custom_error_context={
            "vi": "`against` phải là previous, {back: 3 months}, {from: ngày, to: ngày} hoặc {value: số}",
            "en": "`against` should be previous, {back: 3 months}, {from: date, to: date} or {value: number}",
        },
    ),
]
"""The period before, one further back, stated dates, or a stated value."""
