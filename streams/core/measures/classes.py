"""MEASURES.md section 3: what a target, a pace and a team total mean for a KPI, by the form of its measure."""

from enum import StrEnum

from schemas.catalogue.measures import (
    Attainment,
    Count,
    Difference,
    Growth,
    Latest,
    Mean,
    Measure,
    Quantile,
    Quantity,
    Ratio,
    Sum,
    SumOf,
)
from schemas.catalogue.measures_journeys import AsShareWithin, Conversion, Elapsed, Repeat, Retention
from schemas.catalogue.models import Direction, Kpi


class MeasureClass(StrEnum):
    """The class of a KPI."""

    COUNT = "count"
    MONEY = "money"
    DISTINCT = "distinct"
    COST = "cost"
    DIFFERENCE = "difference"
    PROPORTION = "proportion"
    QUOTIENT = "quotient"
    TURNOVER = "turnover"
    SHARE_WITHIN = "share_within"
    CONVERSION = "conversion"
    RETENTION = "retention"
    GROWTH = "growth"
    MEAN = "mean"
    LEVEL = "level"
    ATTAINMENT = "attainment"

    @property
    def is_total(self) -> bool:
        """Whether the value grows from nothing: its target is shared out by working time."""
        return self in _TOTALS

    @property
    def paced(self) -> bool:
        """Whether a share of the target is due, or may be used up, by a share of the working time. Growth is where it
        has a volume (`Plan.is_paced`)."""
        return self in _TOTALS or self in (MeasureClass.TURNOVER, MeasureClass.RETENTION)

    @property
    def holds_for_parts(self) -> bool:
        """Whether each series is held to the target of the whole: a share or a mean is, a part of a total is not."""
        return self not in _TOTALS and self is not MeasureClass.LEVEL

    @property
    def sums_over_members(self) -> bool:
        """Whether a team's target is the sum of its members'."""
        return self in (MeasureClass.COUNT, MeasureClass.MONEY, MeasureClass.DIFFERENCE)


_TOTALS = frozenset(
    {MeasureClass.COUNT, MeasureClass.MONEY, MeasureClass.DISTINCT, MeasureClass.COST, MeasureClass.DIFFERENCE}
)


def class_of(kpi: Kpi) -> MeasureClass:
    """The class of a KPI."""
    measure = kpi.measure
    if isinstance(measure, Ratio):
        return _class_of_ratio(measure, kpi.direction)
    if isinstance(measure, Elapsed):
        return MeasureClass.SHARE_WITHIN if isinstance(measure.as_, AsShareWithin) else MeasureClass.MEAN
    for kind, found in _BY_FORM:
        if isinstance(measure, kind):
            return found
    assert isinstance(measure, Count | Sum | Latest | SumOf | Difference)
    return _class_of_quantity(measure, kpi.direction)


_BY_FORM: tuple[tuple[type[Measure], MeasureClass], ...] = (
    (Mean, MeasureClass.MEAN),
    (Quantile, MeasureClass.MEAN),
    (Conversion, MeasureClass.CONVERSION),
    (Repeat, MeasureClass.CONVERSION),
    (Retention, MeasureClass.RETENTION),
    (Growth, MeasureClass.GROWTH),
    (Attainment, MeasureClass.ATTAINMENT),
)


def _class_of_quantity(measure: Quantity, direction: Direction) -> MeasureClass:
    if _has(measure, Latest):
        return MeasureClass.LEVEL
    if _has(measure, Difference):
        return MeasureClass.DIFFERENCE
    if _has_foreign_distinct(measure):
        return MeasureClass.DISTINCT
    if not _leading(measure, Sum):
        return MeasureClass.COUNT
    return MeasureClass.COST if direction is Direction.DOWN else MeasureClass.MONEY


def _class_of_ratio(measure: Ratio, direction: Direction) -> MeasureClass:
    of, to = measure.ratio.of, measure.ratio.to
    if _is_part(of, to):
        return MeasureClass.PROPORTION
    # Leavers by headcount: each of few events uses up a part of what the target allows.
    if isinstance(of, Count) and isinstance(to, Latest) and direction is Direction.DOWN:
        return MeasureClass.TURNOVER
    return MeasureClass.QUOTIENT


def _is_part(of: Quantity, to: Quantity) -> bool:
    """Whether what is counted above is provably among what is counted below: types, key and basis, and the conditions
    below are all made above too."""
    if not isinstance(of, Count) or not isinstance(to, Count):
        return False
    same = (of.distinct, of.basis) == (to.distinct, to.basis)
    return same and set(of.count) <= set(to.count) and to.where.items() <= of.where.items()


def _leading(node: Quantity, kind: type) -> bool:
    return _leading(node.sum_of[0], kind) if isinstance(node, SumOf) else isinstance(node, kind)


def _has(node: Quantity, kind: type) -> bool:
    if isinstance(node, SumOf):
        return any(_has(part, kind) for part in node.sum_of)
    if isinstance(node, Difference) and kind is not Difference:
        return _has(node.difference.of, kind) or _has(node.difference.minus, kind)
    return isinstance(node, kind)


def _has_foreign_distinct(node: Quantity) -> bool:
    """Counts by an id that each event owns once sum over members; other distinct counts never do."""
    if isinstance(node, SumOf):
        return any(_has_foreign_distinct(part) for part in node.sum_of)
    if not isinstance(node, Count) or node.distinct is None:
        return False
    return any(node.distinct != (type_.partition(".")[0] + "_id",) for type_ in node.count)
