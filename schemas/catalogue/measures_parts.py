"""What measures are made of: names, keys, conditions on fields, and selections of events."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StrictBool,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from schemas.catalogue.forms import Number, Scalar, refuse


class Basis(StrEnum):
    """Which side of reversals a count or sum reads."""

    NET = "net"  # after corrections and reversals
    GROSS = "gross"  # after corrections, before reversals
    REVERSED = "reversed"  # what reversals took away, in the root's own period


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
"""One name or a list of names: event types, fields or the parts of a key."""


class Node(BaseModel):
    """A closed, frozen part of a measure."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(Node):
    """Test on one field of `data`. An absent field passes `ne` and `exists: false`, nothing else."""

    eq: Scalar | None = None
    ne: Scalar | None = None
    in_: tuple[Scalar, ...] | None = Field(default=None, alias="in")
    ge: Number | None = None
    gt: Number | None = None
    le: Number | None = None
    lt: Number | None = None
    exists: StrictBool | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> "Condition":
        if not self.model_fields_set or any(getattr(self, name) is None for name in self.model_fields_set):
            raise refuse(
                "điều kiện trống: cần ít nhất một trong eq, ne, in, ge, gt, le, lt, exists, kèm giá trị",
                "an empty condition: it needs one of eq, ne, in, ge, gt, le, lt, exists, with a value",
            )
        return self


Where = dict[str, Condition]


class Select(Node):
    """Events of some types that pass a `where`. One type, or a list of types, may stand for the whole."""

    of: Names
    where: Where = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _types_alone(cls, given: Any) -> Any:
        if not isinstance(given, str | list | tuple | dict | Select):
            raise refuse(
                f"`{given}` phải là một loại sự kiện, một danh sách, hoặc {{of: loại, where: điều kiện}}",
                f"`{given}` should be an event type, a list of them, or {{of: types, where: conditions}}",
            )
        return {"of": given} if isinstance(given, str | list | tuple) else given

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The block, or what may stand for it."""
        types: JsonSchemaValue = {"type": "array", "items": {"type": "string"}, "minItems": 1}
        return {"anyOf": [{"type": "string"}, types, handler(core)]}
