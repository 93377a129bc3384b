"""The measure grammar (MEASURES.md section 1) as closed pydantic models: a tree without formulas.

`count`, `sum`, `mean`, `sum_of`, `difference` and `ratio`. A node is told from its brothers by its one leading key.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, StrictBool, Tag, model_validator

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


class _Node(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(_Node):
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


class Count(_Node):
    """Number of events, or of distinct keys among them."""

    count: Names
    where: Where = {}
    distinct: Names | None = None
    basis: Basis = Basis.NET


class Sum(_Node):
    """Sum of one field over events; an absent field adds nothing."""

    sum: str
    of: Names
    where: Where = {}
    basis: Basis = Basis.NET


class Mean(_Node):
    """Mean of the per-event sum of some fields; with `per`, the total divided by the distinct keys."""

    mean: Names
    of: Names
    where: Where = {}
    per: Names | None = None


class SumOf(_Node):
    """Sum of quantities of one unit."""

    sum_of: Annotated[tuple["Quantity", ...], Field(min_length=1)]


class Operands(_Node):
    """The two sides of a difference."""

    of: "Quantity"
    minus: "Quantity"


class Difference(_Node):
    """One quantity minus another of the same unit."""

    difference: Operands


class Sides(_Node):
    """The two sides of a ratio."""

    of: "Quantity"
    to: "Quantity"


class Ratio(_Node):
    """Ratio of two quantities; rolls up as a ratio of sums."""

    ratio: Sides


LEADING_KEYS = ("count", "sum", "mean", "sum_of", "difference", "ratio")


def _leading_key(value: Any) -> str | None:
    if isinstance(value, dict):
        return next((key for key in LEADING_KEYS if key in value), None)
    return next((key for key in LEADING_KEYS if hasattr(value, key) and not callable(getattr(value, key))), None)


Quantity = Annotated[
    Annotated[Count, Tag("count")]
    | Annotated[Sum, Tag("sum")]
    | Annotated[SumOf, Tag("sum_of")]
    | Annotated[Difference, Tag("difference")],
    Discriminator(_leading_key),
]

Measure = Annotated[
    Annotated[Count, Tag("count")]
    | Annotated[Sum, Tag("sum")]
    | Annotated[Mean, Tag("mean")]
    | Annotated[SumOf, Tag("sum_of")]
    | Annotated[Difference, Tag("difference")]
    | Annotated[Ratio, Tag("ratio")],
    Discriminator(_leading_key),
]

for _model in (SumOf, Operands, Difference, Sides, Ratio):
    _model.model_rebuild()
