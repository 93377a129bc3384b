"""A KPI's measure against the event models: types that exist and count, fields that the types have, units that fit.

Measures that join events are in `journey_rules`, growth and its baselines in `growth_rules`.
"""

from collections.abc import Iterator

from schemas.catalogue.field_rules import check_key, check_number, check_numbers, check_types
from schemas.catalogue.growth_rules import check_growth
from schemas.catalogue.journey_rules import Journey, check_journey
from schemas.catalogue.measures import (
    Attainment,
    Basis,
    Count,
    Difference,
    Growth,
    Latest,
    Mean,
    Measure,
    Quantile,
    Quantity,
    Ratio,
    Scoring,
    Sum,
    SumOf,
)
from schemas.catalogue.models import Kpi
from schemas.catalogue.problems import Finding, Loc
from schemas.catalogue.series_rules import check_series
from schemas.catalogue.units import check_unit
from schemas.catalogue.where_rules import check_where
from schemas.events.registry import Registry
from schemas.values import Scope

Leaf = Count | Sum | Mean | Quantile | Latest
_REVERSIBLE = "sale.closed"


def check_measure(kpi: Kpi, loc: Loc, registry: Registry, currency: str) -> Iterator[Finding]:
    """What is wrong with one KPI's measure, series and unit; `loc` is the KPI's."""
    parts = list(leaves(kpi.measure, (*loc, "measure")))
    found = [finding for part, at in parts for finding in _check_part(part, at, registry)]
    yield from found
    if not any(finding.code in ("KPI020", "KPI021") for finding in found):
        yield from check_unit(kpi.measure, kpi.unit, loc, registry, currency)
        yield from check_series(kpi, [part for part, _ in parts], loc, registry)
    if isinstance(kpi.measure, Growth):
        yield from check_growth(kpi.measure.growth, kpi.period, (*loc, "measure", "growth"))
    if isinstance(kpi.measure, Attainment):
        yield from _check_attainment(kpi.measure, kpi, loc)
    if kpi.anonymous is not None and not isinstance(kpi.measure, Mean | Quantile | Ratio | Count):
        yield Finding(
            "KPI025",
            (*loc, "anonymous"),
            kpi.anonymous,
            "`anonymous` chỉ dùng với mean, quantile, ratio hoặc count",
            "`anonymous` goes only with mean, quantile, ratio or count",
        )


def leaves(measure: Measure | Quantity, loc: Loc) -> Iterator[tuple[Leaf | Journey, Loc]]:
    """The parts of a measure that read events, each with its place."""
    if isinstance(measure, SumOf):
        parts: list[tuple[Measure | Quantity, Loc]] = [
            (part, (*loc, "sum_of", i)) for i, part in enumerate(measure.sum_of)
        ]
    elif isinstance(measure, Difference):
        inside = (*loc, "difference")
        parts = [(measure.difference.of, (*inside, "of")), (measure.difference.minus, (*inside, "minus"))]
    elif isinstance(measure, Ratio):
        parts = [(measure.ratio.of, (*loc, "ratio", "of")), (measure.ratio.to, (*loc, "ratio", "to"))]
    elif isinstance(measure, Growth):
        parts = [(measure.growth.of, (*loc, "growth", "of"))]
    elif isinstance(measure, Attainment):
        return
    else:
        yield measure, loc
        return
    for part, at in parts:
        yield from leaves(part, at)


def _check_part(part: Leaf | Journey, loc: Loc, registry: Registry) -> Iterator[Finding]:
    if not isinstance(part, Leaf):
        yield from check_journey(part, loc, registry)
        return
    key, types = ("count", part.count) if isinstance(part, Count) else ("of", part.of)
    bad_types = list(check_types(types, (*loc, key), registry))
    yield from bad_types
    if bad_types:
        return
    yield from _check_fields(part, types, loc, registry)
    if not isinstance(part, Latest):
        yield from check_where(part.where, types, (*loc, "where"), registry)
    if isinstance(part, Count | Sum) and part.basis is not Basis.NET and _REVERSIBLE not in types:
        yield Finding(
            "KPI024",
            (*loc, "basis"),
            part.basis.value,
            f"chỉ `{_REVERSIBLE}` có thể bị hoàn, nên `basis: {part.basis.value}` ở đây không có nghĩa",
            f"only `{_REVERSIBLE}` can be reversed, so `basis: {part.basis.value}` means nothing here",
        )


def _check_fields(leaf: Leaf, types: tuple[str, ...], loc: Loc, registry: Registry) -> Iterator[Finding]:
    if isinstance(leaf, Count):
        yield from check_key(leaf.distinct or (), types, (*loc, "distinct"), registry)
        return
    if isinstance(leaf, Sum):
        yield from check_number(leaf.sum, types, (*loc, "sum"), registry)
        return
    if isinstance(leaf, Mean):
        yield from check_numbers(leaf.mean, types, (*loc, "mean"), registry)
    elif isinstance(leaf, Quantile):
        yield from check_numbers(leaf.quantile, types, (*loc, "quantile"), registry)
    else:
        yield from check_number(leaf.latest, types, (*loc, "latest"), registry)
    yield from check_key(leaf.per or (), types, (*loc, "per"), registry)


def _check_attainment(measure: Attainment, kpi: Kpi, loc: Loc) -> Iterator[Finding]:
    parts = measure.attainment
    if kpi.scope is Scope.PERSON:
        yield Finding(
            "KPI030",
            (*loc, "scope"),
            kpi.scope.value,
            "`attainment` đếm số người đạt KPI, nên `scope` phải là team, department hoặc org",
            "`attainment` counts the persons who reach their KPIs, so `scope` should be team, department or org",
        )
    if parts.by is Scoring.SCORE and parts.cap < parts.at:
        yield Finding(
            "KPI030",
            (*loc, "measure", "attainment", "cap"),
            parts.cap,
            f"`cap` {parts.cap:g} thấp hơn `at` {parts.at:g}: không ai có thể đạt",
            f"`cap` {parts.cap:g} is below `at` {parts.at:g}: nobody can reach it",
        )
