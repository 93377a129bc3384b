"""A KPI's measure against the event models: types that exist and count, fields that the types have, units that fit."""

from collections.abc import Iterator, Sequence

from schemas.catalogue.measures import Basis, Count, Difference, Mean, Measure, Quantity, Ratio, Sum, SumOf
from schemas.catalogue.models import Kpi
from schemas.catalogue.problems import Finding, Loc
from schemas.catalogue.sentences import guess
from schemas.catalogue.units import NUMERIC, check_unit
from schemas.catalogue.where_rules import check_where, lacking
from schemas.events.registry import FieldKind, Registry

Leaf = Count | Sum | Mean
_REVERSIBLE = "sale.closed"


def check_measure(kpi: Kpi, loc: Loc, registry: Registry, currency: str) -> Iterator[Finding]:
    """What is wrong with one KPI's measure and unit; `loc` is the KPI's."""
    found = [
        finding for leaf, at in leaves(kpi.measure, (*loc, "measure")) for finding in _check_leaf(leaf, at, registry)
    ]
    yield from found
    if not any(finding.code in ("KPI020", "KPI021") for finding in found):
        yield from check_unit(kpi.measure, kpi.unit, loc, registry, currency)
    if kpi.anonymous is not None and not isinstance(kpi.measure, Mean | Ratio | Count):
        yield Finding(
            "KPI025",
            (*loc, "anonymous"),
            kpi.anonymous,
            "`anonymous` chỉ dùng với mean, ratio hoặc count",
            "`anonymous` goes only with mean, ratio or count",
        )


def leaves(measure: Measure | Quantity, loc: Loc) -> Iterator[tuple[Leaf, Loc]]:
    """The parts of a measure that read events, each with its place."""
    if isinstance(measure, SumOf):
        parts: list[tuple[Quantity, Loc]] = [(part, (*loc, "sum_of", i)) for i, part in enumerate(measure.sum_of)]
    elif isinstance(measure, Difference):
        inside = (*loc, "difference")
        parts = [(measure.difference.of, (*inside, "of")), (measure.difference.minus, (*inside, "minus"))]
    elif isinstance(measure, Ratio):
        parts = [(measure.ratio.of, (*loc, "ratio", "of")), (measure.ratio.to, (*loc, "ratio", "to"))]
    else:
        yield measure, loc
        return
    for part, at in parts:
        yield from leaves(part, at)


def _check_leaf(leaf: Leaf, loc: Loc, registry: Registry) -> Iterator[Finding]:
    key, types = ("count", leaf.count) if isinstance(leaf, Count) else ("of", leaf.of)
    bad_types = list(_check_types(types, (*loc, key), registry))
    yield from bad_types
    if bad_types:
        return
    yield from _check_fields(leaf, types, loc, registry)
    yield from check_where(leaf.where, types, (*loc, "where"), registry)
    if not isinstance(leaf, Mean) and leaf.basis is not Basis.NET and _REVERSIBLE not in types:
        yield Finding(
            "KPI024",
            (*loc, "basis"),
            leaf.basis.value,
            f"chỉ `{_REVERSIBLE}` có thể bị hoàn, nên `basis: {leaf.basis.value}` ở đây không có nghĩa",
            f"only `{_REVERSIBLE}` can be reversed, so `basis: {leaf.basis.value}` means nothing here",
        )


def _check_types(types: Sequence[str], loc: Loc, registry: Registry) -> Iterator[Finding]:
    for number, type_ in enumerate(types):
        at = (*loc, number)
        if type_.endswith(".retracted") or (type_ in registry.types and not registry.countable(type_)):
            yield Finding(
                "KPI020",
                at,
                type_,
                f"không đếm được `{type_}`: nó sửa hoặc hủy sự kiện khác; hãy đo loại gốc",
                f"`{type_}` cannot be counted: it changes another event; measure that event's type",
            )
        elif type_ not in registry.types:
            vi, en = guess(type_, registry.types)
            yield Finding(
                "KPI020", at, type_, f"không có loại sự kiện `{type_}`{vi}", f"there is no event type `{type_}`{en}"
            )
        elif type_ in types[:number]:
            yield Finding(
                "KPI020", at, type_, f"loại sự kiện `{type_}` nêu hai lần", f"the event type `{type_}` is named twice"
            )


def _check_fields(leaf: Leaf, types: Sequence[str], loc: Loc, registry: Registry) -> Iterator[Finding]:
    if isinstance(leaf, Sum):
        yield from lacking(leaf.sum, types, (*loc, "sum"), registry)
        yield from _not_numeric(leaf.sum, types, (*loc, "sum"), registry)
    elif isinstance(leaf, Mean):
        for number, field in enumerate(leaf.mean):
            at = (*loc, "mean", number)
            # In a list an absent field counts 0; only one that no type has is a mistake.
            if not any(field in registry.fields_of(type_) for type_ in types) or len(leaf.mean) == 1:
                yield from lacking(field, types, at, registry)
            yield from _not_numeric(field, types, at, registry)
    keyed = (
        ("distinct", leaf.distinct)
        if isinstance(leaf, Count)
        else ("per", leaf.per if isinstance(leaf, Mean) else None)
    )
    for number, field in enumerate(keyed[1] or ()):
        at = (*loc, keyed[0], number)
        yield from lacking(field, types, at, registry)
        if any(registry.fields_of(type_).get(field) is FieldKind.LIST for type_ in types):
            yield Finding(
                "KPI021",
                at,
                field,
                f"`{field}` là danh sách, không dùng làm khóa được",
                f"`{field}` is a list and cannot be a key",
            )


def _not_numeric(field: str, types: Sequence[str], loc: Loc, registry: Registry) -> Iterator[Finding]:
    for type_ in types:
        kind = registry.fields_of(type_).get(field)
        if kind is not None and kind not in NUMERIC:
            yield Finding(
                "KPI021",
                loc,
                field,
                f"trường `{field}` của {type_} là {kind}, không phải số",
                f"the field `{field}` of {type_} is {kind}, not a number",
            )
            return
