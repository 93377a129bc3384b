"""A `where` against the event models: fields of every type, operands of their kind, nothing that no event passes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel

from schemas.catalogue.measures import Condition
from schemas.catalogue.problems import Finding, Loc
from schemas.catalogue.sentences import listed
from schemas.catalogue.slips import guess
from schemas.events.fields import EXACT
from schemas.events.people import ANONYMOUS_TYPES, PEOPLE
from schemas.events.registry import FieldKind, Registry

_NUMERIC = {FieldKind.INTEGER, FieldKind.MONEY, FieldKind.NUMBER, FieldKind.SECONDS}
_WHOLE = {FieldKind.INTEGER, FieldKind.MONEY}
_WORDS = {
    FieldKind.BOOLEAN: ("true hoặc false", "true or false"),
    FieldKind.ID: ("chữ", "text"),
    FieldKind.TEXT: ("chữ", "text"),
} | dict.fromkeys(_NUMERIC, ("số", "a number"))
_BOUNDS = ("ge", "gt", "le", "lt")
Said = tuple[str, Any, str, str]
"""Operator, value, Vietnamese and English sentence."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the model of an event says about one field."""

    kind: FieldKind
    required: bool
    choices: tuple[str, ...] | None
    low: float
    high: float


def check_where(
    where: Mapping[str, Condition], types: Sequence[str], loc: Loc, registry: Registry
) -> Iterator[Finding]:
    """What is wrong with a `where` over types that exist; at most one finding for each field."""
    for field, condition in where.items():
        missing = list(lacking(field, types, (*loc, field), registry))
        yield from missing
        if missing:
            continue
        for type_ in types:
            said = next(_objections(condition, facts_of(registry, type_, field)), None)
            if said is not None:
                operator, value, vi, en = said
                of = f" ({type_})" if len(types) > 1 else ""
                yield Finding("KPI022", (*loc, field, operator), value, f"`{field}`{of}: {vi}", f"`{field}`{of}: {en}")
                break


def lacking(field: str, types: Sequence[str], loc: Loc, registry: Registry) -> Iterator[Finding]:
    """The finding that some of the types have no such field, with the nearest one that they have, or that it names who
    gave an anonymous answer."""
    unnamed = [type_ for type_ in types if type_ in ANONYMOUS_TYPES]
    if field in PEOPLE and unnamed:
        yield Finding(
            "KPI021",
            loc,
            field,
            f"{listed(unnamed)} là ẩn danh: không đọc `{field}`, không biết ai đã trả lời",
            f"{listed(unnamed)} is anonymous: `{field}` is not read, nobody knows who answered",
        )
        return
    without = [type_ for type_ in types if field not in registry.fields_of(type_)]
    if without:
        vi, en = guess(field, registry.fields_of(without[0]))
        yield Finding(
            "KPI021",
            loc,
            field,
            f"không có trường `{field}` ở {listed(without)}{vi}",
            f"there is no field `{field}` in {listed(without)}{en}",
        )


def facts_of(registry: Registry, type_: str, field: str) -> Facts:
    """What is known of a field that the type has."""
    model = registry.types[type_]
    return _read_facts(model, field, registry.fields_of(type_)[field])


@lru_cache(maxsize=4096)
def _read_facts(model: type[BaseModel], field: str, kind: FieldKind) -> Facts:
    info = next(info for name, info in model.model_fields.items() if (info.alias or name) == field)
    parts = [*_parts(info.annotation), *info.metadata]
    choices = next((get_args(part) for part in parts if get_origin(part) is Literal), None)
    low = max((float(part.ge) for part in parts if isinstance(part, Ge)), default=float("-inf"))  # type: ignore[arg-type]
    high = min((float(part.le) for part in parts if isinstance(part, Le)), default=float("inf"))  # type: ignore[arg-type]
    return Facts(kind, info.is_required(), choices, low, high)


def _parts(annotation: Any) -> Iterator[Any]:
    """An annotation, its members and their metadata, `Field(ge=...)` opened."""
    yield annotation
    for part in (*get_args(annotation), *getattr(annotation, "__metadata__", ())):
        yield from getattr(part, "metadata", None) or _parts(part)


def _objections(condition: Condition, facts: Facts) -> Iterator[Said]:
    yield from _wrong_kind(condition, facts)
    yield from _unknown_choice(condition, facts)
    yield from _against_absence(condition, facts)
    yield from _against_itself(condition)
    yield from _empty_range(condition, facts)


def _wrong_kind(condition: Condition, facts: Facts) -> Iterator[Said]:
    for operator in _BOUNDS:
        bound = getattr(condition, operator)
        if bound is not None and facts.kind not in _NUMERIC:
            yield (
                operator,
                bound,
                f"`{operator}` chỉ so sánh số, trường này là {facts.kind}",
                f"`{operator}` compares numbers, this field is {facts.kind}",
            )
    for operator, operand in _operands(condition):
        if facts.kind not in _WORDS:
            yield (
                operator,
                operand,
                f"trường kiểu {facts.kind} chỉ hỏi được `exists`",
                f"a field of kind {facts.kind} can only be asked for `exists`",
            )
        elif not _fits(operand, facts.kind):
            vi, en = _WORDS[facts.kind]
            yield operator, operand, f"giá trị `{operand}` phải là {vi}", f"the value `{operand}` should be {en}"


def _operands(condition: Condition) -> Iterator[tuple[str, Any]]:
    for operator in ("eq", "ne"):
        if (operand := getattr(condition, operator)) is not None:
            yield operator, operand
    for operand in condition.in_ or ():
        yield "in", operand


def _fits(operand: Any, kind: FieldKind) -> bool:
    if kind is FieldKind.BOOLEAN:
        return isinstance(operand, bool)
    if kind in _NUMERIC:
        return isinstance(operand, int | float) and not isinstance(operand, bool)
    return isinstance(operand, str)


def _unknown_choice(condition: Condition, facts: Facts) -> Iterator[Said]:
    for operator, operand in _operands(condition):
        if facts.choices is not None and operand not in facts.choices:
            vi, en = guess(operand, facts.choices)
            yield (
                operator,
                operand,
                f"không có giá trị `{operand}`{vi}; các giá trị: {listed(facts.choices)}",
                f"there is no value `{operand}`{en}; values: {listed(facts.choices)}",
            )


def _against_absence(condition: Condition, facts: Facts) -> Iterator[Said]:
    if condition.exists is not False:
        return
    others = condition.model_fields_set - {"exists", "ne"}
    if others:
        yield (
            "exists",
            False,
            "vừa đòi không có giá trị vừa so sánh giá trị",
            "asks for an absent field and compares its value",
        )
    if facts.required:
        yield "exists", False, "trường này bắt buộc, không bao giờ vắng", "the field is required, it is never absent"


def _against_itself(condition: Condition) -> Iterator[Said]:
    if condition.in_ is not None and not condition.in_:
        yield "in", None, "danh sách `in` rỗng, không sự kiện nào đạt", "the list of `in` is empty, nothing passes"
    allowed = [value for value in condition.in_ or () if value != condition.ne]
    if condition.eq is not None and condition.eq == condition.ne:
        yield (
            "ne",
            condition.ne,
            "`eq` và `ne` cùng một giá trị, không sự kiện nào đạt",
            "`eq` and `ne` are the same value, nothing passes",
        )
    if condition.in_ and not allowed:
        yield "ne", condition.ne, "`ne` loại hết các giá trị của `in`", "`ne` leaves nothing of `in`"
    if condition.eq is not None and condition.in_ and condition.eq not in condition.in_:
        yield "eq", condition.eq, f"`{condition.eq}` không nằm trong `in`", f"`{condition.eq}` is not among `in`"


def _empty_range(condition: Condition, facts: Facts) -> Iterator[Said]:
    """A numeric condition that no value of the field can pass."""
    if facts.kind not in _NUMERIC:
        return
    wanted = [condition.eq] if condition.eq is not None else list(condition.in_ or ())
    if wanted:
        if not any(_inside(value, condition, facts) for value in wanted):
            operator = "eq" if condition.eq is not None else "in"
            yield operator, wanted[0], *_nothing(facts)
        return
    lows = [bound for bound in (condition.ge, condition.gt, facts.low) if bound is not None]
    highs = [bound for bound in (condition.le, condition.lt, facts.high) if bound is not None]
    low, high = max(lows), min(highs)
    if facts.kind in _WHOLE and abs(low) <= EXACT and abs(high) <= EXACT:
        low = floor(low) + 1 if low == condition.gt else ceil(low)
        high = ceil(high) - 1 if high == condition.lt else floor(high)
        empty = low > high
    else:
        empty = low > high or (low == high and low in (condition.gt, condition.lt))
    if empty:
        operator = next(name for name in _BOUNDS if getattr(condition, name) is not None)
        yield operator, getattr(condition, operator), *_nothing(facts)


def _inside(value: Any, condition: Condition, facts: Facts) -> bool:
    return (
        facts.low <= value <= facts.high
        and (condition.ge is None or value >= condition.ge)
        and (condition.gt is None or value > condition.gt)
        and (condition.le is None or value <= condition.le)
        and (condition.lt is None or value < condition.lt)
    )


def _nothing(facts: Facts) -> tuple[str, str]:
    low = f"{facts.low:g} " if abs(facts.low) < EXACT else ""
    high = f" {facts.high:g}" if abs(facts.high) < EXACT else ""
    span = f" (`{low}..{high}`)" if low or high else ""
    return f"không giá trị nào của trường{span} đạt", f"no value of the field{span} passes"
