"""The measure grammar (MEASURES.md section 1) as closed pydantic models: a tree without formulas.

Leaves that read events one by one, what is composed of them, and KPIs over KPIs; measures that join events are in
`measures_journeys`. A node is told from its brothers by its one leading key.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from schemas.catalogue.durations import OnCalendar
from schemas.catalogue.forms import refuse
from schemas.catalogue.measures_growth import Adjust, Baseline
from schemas.catalogue.measures_journeys import Conversion, Elapsed, Repeat, Retention
from schemas.catalogue.measures_parts import Basis, Condition, Names, Node, Select, Where

__all__ = [
    "LEADING_KEYS", "Attainment", "AttainmentParts", "Basis", "Condition", "Conversion", "Count", "Difference",
    "Elapsed", "Growth", "GrowthParts", "Latest", "Level", "Mean", "Measure", "Names", "Operands", "Quantile",
    "Quantity", "Ratio", "Repeat", "Retention", "Scoring", "Select", "Sides", "Sum", "SumOf", "Where", "leading_key",
]  # fmt: skip


class Count(Node):
    """Number of events, or of distinct keys among them."""

    count: Names
    where: Where = Field(default_factory=dict)
    distinct: Names | None = None
    basis: Basis = Basis.NET


class Sum(Node):
    """Sum of one field over events; an absent field adds nothing."""

    sum: str
    of: Names
    where: Where = Field(default_factory=dict)
    basis: Basis = Basis.NET


class Mean(Node):
    """Mean of the per-event sum of some fields; with `per`, the total divided by the distinct keys."""

    mean: Names
    of: Names
    where: Where = Field(default_factory=dict)
    per: Names | None = None


class Quantile(Node):
    """The value that a share `q` of the events stays within; with `per`, of the sums by key."""

    quantile: Names
    of: Names
    where: Where = Field(default_factory=dict)
    per: Names | None = None
    q: Annotated[float, Field(strict=True, gt=0, le=1)]


class Level(StrEnum):
    """Where in a period a level is read."""

    END = "end"
    START = "start"
    MEAN = "mean"  # weighted by time


class Latest(Node):
    """A level: the newest value by `per` key (default the event's subject), summed; it stands until the next one."""

    latest: str
    of: Names
    per: Names | None = None
    at: Level = Level.END


class SumOf(Node):
    """Sum of quantities of one unit."""

    sum_of: Annotated[tuple["Quantity", ...], Field(min_length=1)]


class Operands(Node):
    """The two sides of a difference."""

    of: "Quantity"
    minus: "Quantity"


class Difference(Node):
    """One quantity minus another of the same unit."""

    difference: Operands


class Sides(Node):
    """The two sides of a ratio."""

    of: "Quantity"
    to: "Quantity"


class Ratio(Node):
    """Ratio of two quantities; rolls up as a ratio of sums."""

    ratio: Sides


class GrowthParts(Node):
    """A measure over a period, against the same measure over another; `per` gives the mean growth of each such step."""

    of: "Measured"
    over: OnCalendar
    against: Baseline = "previous"
    per: OnCalendar | None = None
    adjust: Adjust = Adjust.NONE


class Growth(Node):
    """By how much a measure has grown."""

    growth: GrowthParts


class Scoring(StrEnum):
    """When a person has reached their KPIs: by the weighted score, or every single one."""

    SCORE = "score"
    EVERY = "every"


def _all_or_ids(value: Any) -> Any:
    if isinstance(value, str) or (isinstance(value, list | tuple) and value):
        return value
    raise refuse(
        f"`kpis` phải là `all` hoặc danh sách mã KPI, không phải `{value}`",
        f"`kpis` should be `all` or a list of KPI ids, not `{value}`",
    )


class AttainmentParts(Node):
    """Which KPIs of the persons in the subject, and the attainment `at` which they are reached."""

    kpis: Annotated[Literal["all"] | Names, BeforeValidator(_all_or_ids)] = "all"
    at: Annotated[float, Field(strict=True, gt=0, le=100)] = 1.0
    by: Scoring = Scoring.SCORE
    cap: Annotated[float, Field(strict=True, gt=0, le=100)] = 1.2


class Attainment(Node):
    """Share of the persons who reached their own KPIs."""

    attainment: AttainmentParts


LEADING_KEYS = (
    "count", "sum", "mean", "quantile", "latest", "sum_of", "difference", "ratio",
    "conversion", "elapsed", "retention", "repeat", "growth", "attainment",
)  # fmt: skip


def leading_key(value: Any) -> str | None:
    """The key that tells which measure a node is, written or read; None where it is none."""
    if isinstance(value, dict):
        return next((key for key in LEADING_KEYS if key in value), None)
    return next((key for key in LEADING_KEYS if key in getattr(type(value), "model_fields", ())), None)


Quantity = Annotated[
    Annotated[Count, Tag("count")]
    | Annotated[Sum, Tag("sum")]
    | Annotated[Latest, Tag("latest")]
    | Annotated[SumOf, Tag("sum_of")]
    | Annotated[Difference, Tag("difference")],
    Discriminator(leading_key),
]
"""What has a unit and can be added, subtracted and divided."""

Measured = Annotated[
    Annotated[Count, Tag("count")]
    | Annotated[Sum, Tag("sum")]
    | Annotated[Mean, Tag("mean")]
    | Annotated[Quantile, Tag("quantile")]
    | Annotated[Latest, Tag("latest")]
    | Annotated[SumOf, Tag("sum_of")]
    | Annotated[Difference, Tag("difference")]
    | Annotated[Ratio, Tag("ratio")]
    | Annotated[Conversion, Tag("conversion")]
    | Annotated[Elapsed, Tag("elapsed")]
    | Annotated[Retention, Tag("retention")]
    | Annotated[Repeat, Tag("repeat")],
    Discriminator(leading_key),
]
"""What is read from events, and so can grow."""

Measure = Annotated[
    Annotated[Count, Tag("count")]
    | Annotated[Sum, Tag("sum")]
    | Annotated[Mean, Tag("mean")]
    | Annotated[Quantile, Tag("quantile")]
    | Annotated[Latest, Tag("latest")]
    | Annotated[SumOf, Tag("sum_of")]
    | Annotated[Difference, Tag("difference")]
    | Annotated[Ratio, Tag("ratio")]
    | Annotated[Conversion, Tag("conversion")]
    | Annotated[Elapsed, Tag("elapsed")]
    | Annotated[Retention, Tag("retention")]
    | Annotated[Repeat, Tag("repeat")]
    | Annotated[Growth, Tag("growth")]
    | Annotated[Attainment, Tag("attainment")],
    Discriminator(leading_key),
]

for _model in (SumOf, Operands, Difference, Sides, Ratio, GrowthParts, Growth):
    _model.model_rebuild()
