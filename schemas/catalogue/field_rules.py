"""Event types and fields that a measure names, against the event models."""

from collections.abc import Iterator, Sequence

from schemas.catalogue.problems import Finding, Loc
from schemas.catalogue.slips import guess
from schemas.catalogue.units import NUMERIC
from schemas.catalogue.where_rules import lacking
from schemas.events.registry import FieldKind, Registry


def check_types(types: Sequence[str], loc: Loc, registry: Registry) -> Iterator[Finding]:
    """Types that are not there, cannot be counted or are named twice; `loc` is the list's."""
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


def check_key(fields: Sequence[str], types: Sequence[str], loc: Loc, registry: Registry) -> Iterator[Finding]:
    """Parts of a key that some of the types lack, or that are lists; the types are known to exist."""
    for number, field in enumerate(fields):
        at = (*loc, number)
        yield from lacking(field, types, at, registry)
        if any(registry.fields_of(type_).get(field) is FieldKind.LIST for type_ in types):
            yield Finding(
                "KPI021",
                at,
                field,
                f"`{field}` là danh sách, không dùng làm khóa được",
                f"`{field}` is a list and cannot be a key",
            )


def check_number(field: str, types: Sequence[str], loc: Loc, registry: Registry) -> Iterator[Finding]:
    """A field that some of the types lack, or that is no number."""
    yield from lacking(field, types, loc, registry)
    yield from _not_numeric(field, types, loc, registry)


def check_numbers(fields: Sequence[str], types: Sequence[str], loc: Loc, registry: Registry) -> Iterator[Finding]:
    """Fields that are added, of which each must be a number of one of the types at least."""
    for number, field in enumerate(fields):
        at = (*loc, number)
        # In a list an absent field counts 0; only one that no type has is a mistake.
        if not any(field in registry.fields_of(type_) for type_ in types) or len(fields) == 1:
            yield from lacking(field, types, at, registry)
        yield from _not_numeric(field, types, at, registry)


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
