"""Pydantic's errors as sentences that name the value, what was expected and, for a slip of the pen, what was meant."""

import re
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from schemas.catalogue import measures, measures_growth, measures_journeys, models
from schemas.catalogue.forms import IN_WORDS
from schemas.catalogue.problems import Loc
from schemas.catalogue.slips import guess, number_in_pieces, plain_number
from schemas.catalogue.yaml_tree import Node
from schemas.events.fields import EXACT

Said = tuple[str, str, str]
"""Code, Vietnamese sentence, English sentence."""

_LEAVES: dict[str, type[BaseModel]] = {
    "count": measures.Count,
    "sum": measures.Sum,
    "mean": measures.Mean,
    "quantile": measures.Quantile,
    "latest": measures.Latest,
    "sum_of": measures.SumOf,
    "difference": measures.Difference,
    "ratio": measures.Ratio,
    "conversion": measures.Conversion,
    "elapsed": measures.Elapsed,
    "retention": measures.Retention,
    "repeat": measures.Repeat,
    "growth": measures.Growth,
    "attainment": measures.Attainment,
}
_BLOCKS: dict[str, type[BaseModel]] = {
    "tenant": models.Tenant,
    "calendar": models.Calendar,
    "holidays": models.Holidays,
    "people": models.Person,
    "teams": models.Team,
    "goals": models.Goal,
    "leave": models.Leave,
    "event_types": models.EventType,
    "kpis": models.Kpi,
    "targets": models.Target,
    "roles": models.Roles,
    "ratio": measures.Sides,
    "difference": measures.Operands,
    "conversion": measures_journeys.ConversionParts,
    "elapsed": measures_journeys.ElapsedParts,
    "retention": measures_journeys.RetentionParts,
    "repeat": measures_journeys.RepeatParts,
    "growth": measures.GrowthParts,
    "attainment": measures.AttainmentParts,
}
"""The model that describes what stands under a key; a list's items under the list's key."""

_ALTERNATIVES: dict[str, tuple[dict[str, type[BaseModel]], type[BaseModel] | None]] = {
    "as": (
        {"quantile": measures_journeys.AsQuantile, "share_within": measures_journeys.AsShareWithin},
        None,
    ),
    "against": ({"back": measures_growth.Back, "value": measures_growth.Given}, measures_growth.Between),
}
"""Under some keys one of several blocks may stand: the model by a key of the block, and the one without."""


_SELECTING = ("conversion", "elapsed", "retention")


def listed(words: Iterable[str]) -> str:
    """Words with commas between them."""
    return ", ".join(words)


def where_it_stands(root: Node, loc: Loc) -> tuple[Loc, Node]:
    """The steps of a pydantic location that are really in the YAML, and the deepest node.

    Pydantic puts names of union members between the steps, and a measure's tag is also a key of it, so the walk tries
    both readings and keeps the one that takes more steps, of two alike the one that takes the last.
    """

    def walk(node: Node, rest: Loc) -> tuple[Loc, bool, Node]:
        if not rest:
            return (), True, node
        skipped, reached, bottom = walk(node, rest[1:])
        without = (skipped, reached and len(rest) > 1, bottom)
        child = node.child(rest[0])
        if child is None:
            return without
        steps, last, deepest = walk(child, rest[1:])
        taken = ((rest[0], *steps), last, deepest)
        return max(taken, without, key=lambda way: (len(way[0]), way[1]))

    steps, _, node = walk(root, loc)
    return steps, node


def _model_at(root: Node, block: Loc) -> type[BaseModel] | None:
    names = [step for step in block if isinstance(step, str)]
    if not names:
        return models.Catalogue
    if len(names) > 1 and names[-2] == "where":
        return measures.Condition
    if names[-1] in _BLOCKS:
        return _BLOCKS[names[-1]]
    node = list(root.trail(block))[-1]
    if len(names) > 1 and names[-2] in _SELECTING and node.child("of"):
        return measures.Select
    if names[-1] in _ALTERNATIVES:
        known, other = _ALTERNATIVES[names[-1]]
        return next((model for key, model in known.items() if node.child(key)), other)
    return next((model for key, model in _LEAVES.items() if node.child(key)), None)


def known_fields(model: type[BaseModel]) -> list[str]:
    """Field names as YAML writes them."""
    return [spec.alias or name for name, spec in model.model_fields.items()]


def explain(error: ErrorDetails, root: Node) -> tuple[Loc, Said]:
    """Where an error stands in the YAML and what to say about it."""
    steps, node = where_it_stands(root, tuple(step for step in error["loc"] if step != "[key]"))
    name = str(error["loc"][-1])
    kind = error["type"]
    if kind == "extra_forbidden":
        return steps, _unknown_field(root, steps)
    if kind == "missing":
        while not isinstance(list(root.trail(steps))[-1].value, dict):
            steps = steps[:-1]
        return steps, (
            "KPI005",
            f"thiếu trường bắt buộc `{name}`",
            f"the required field `{name}` is missing",
        )
    if kind.startswith("union_tag"):
        return steps, _unknown_measure(node, error)
    handler = _BY_TYPE.get(kind, _other)
    names = [step for step in steps if isinstance(step, str)] or ["catalogue"]
    value: Any = node.value
    if error["loc"][-1] == "[key]":  # the key itself is wrong, not what stands under it
        value = names.pop()
    return steps, handler(names[-1], value, error.get("ctx") or {}, error)


def _unknown_field(root: Node, steps: Loc) -> Said:
    if said := number_in_pieces(str(steps[-1])):
        return "KPI004", *said
    model = _model_at(root, steps[:-1])
    known = known_fields(model) if model else []
    vi, en = guess(steps[-1], known)
    if not en and known:
        vi, en = f"; các trường đã biết: {listed(known)}", f"; known: {listed(known)}"
    return "KPI004", f"không có trường `{steps[-1]}`{vi}", f"unknown field `{steps[-1]}`{en}"


def _unknown_measure(node: Node, error: ErrorDetails) -> Said:
    context = error.get("ctx") or {}
    expected = re.findall(r"'([^']+)'", str(context.get("expected_tags", ""))) or list(measures.LEADING_KEYS)
    found = str(context.get("tag") or next(iter(node.value), "") if isinstance(node.value, dict) else node.value)
    vi, en = guess(found, expected)
    if found in measures.LEADING_KEYS:
        return (
            "KPI007",
            f"`{found}` không thể là một phần của phép đo khác; dùng được: {listed(expected)}",
            f"`{found}` cannot be a part of another measure; allowed: {listed(expected)}",
        )
    return (
        "KPI007",
        f"không có phép đo `{found}`{vi}; đã biết: {listed(expected)}",
        f"unknown measure `{found}`{en}; known: {listed(expected)}",
    )


def _choice(field: str, value: Any, context: Mapping[str, Any], _: ErrorDetails) -> Said:
    known = re.findall(r"'([^']+)'", str(context.get("expected", ""))) or [str(context.get("expected"))]
    if str(value) in known:  # the quotes make it another value
        return (
            "KPI008",
            f"`{field}` không phải chữ; bỏ ngoặc kép: {value}",
            f"`{field}` is no text; write it without quotes: {value}",
        )
    vi, en = guess(value, known)
    return (
        "KPI008",
        f"`{field}` không thể là `{_shown(value)}`{vi}; chọn một trong: {listed(known)}",
        f"`{field}` cannot be `{_shown(value)}`{en}; choose one of: {listed(known)}",
    )


def _text(field: str, value: Any, _: Mapping[str, Any], __: ErrorDetails) -> Said:
    if isinstance(value, bool | int | float):
        written = str(value).lower() if isinstance(value, bool) else value
        return (
            "KPI006",
            f'`{field}` phải là chữ; hãy đặt trong ngoặc kép: "{written}"',
            f'`{field}` should be text; write it in quotes: "{written}"',
        )
    if isinstance(value, list):
        return _wanted("là một chữ, không phải danh sách", "be one text, not a list")(field, value, _, __)
    return _wanted("là chữ", "be text")(field, value, _, __)


def _number(field: str, value: Any, context: Mapping[str, Any], error: ErrorDetails) -> Said:
    if isinstance(value, float) and isfinite(value):
        limits = _wanted(f"nằm từ -{EXACT} đến {EXACT}", f"lie between -{EXACT} and {EXACT}")
        return (limits if abs(value) > EXACT else _WHOLE)(field, value, context, error)
    plain = plain_number(value) if isinstance(value, str) else None
    if plain is None:
        return _wanted("là số (hữu hạn)", "be a (finite) number")(field, value, context, error)
    return (
        "KPI006",
        f"`{field}` là chữ `{_shown(value)}`, phải là số; viết {plain}",
        f"`{field}` is the text `{_shown(value)}`, it should be a number; write {plain}",
    )


def _block(field: str, value: Any, context: Mapping[str, Any], error: ErrorDetails) -> Said:
    if error["loc"][-2:-1] == ("where",) and isinstance(value, str | int | float):
        written = str(value).lower() if isinstance(value, bool) else value
        return (
            "KPI006",
            f"điều kiện của `{field}` thiếu phép so sánh; viết `{field}: {{eq: {written}}}`",
            f"the condition on `{field}` lacks its comparison; write `{field}: {{eq: {written}}}`",
        )
    return _wanted("là một khối có các trường", "be a block of fields")(field, value, context, error)


def _wanted(vi: str, en: str) -> Callable[[str, Any, Mapping[str, Any], ErrorDetails], Said]:
    def say(field: str, value: Any, context: Mapping[str, Any], _: ErrorDetails) -> Said:
        limits = {key: _even(limit) for key, limit in context.items() if key != "error"}
        return (
            "KPI006",
            f"`{field}` là `{_shown(value)}`, phải {vi.format(**limits)}",
            f"`{field}` is `{_shown(value)}`, it should {en.format(**limits)}",
        )

    return say


def _pattern(field: str, value: Any, context: Mapping[str, Any], _: ErrorDetails) -> Said:
    pattern = str(context.get("pattern"))
    vi, en = IN_WORDS.get(pattern, (f"có dạng {pattern}", f"have the form {pattern}"))
    return "KPI006", f"`{field}` là `{_shown(value)}`, phải {vi}", f"`{field}` is `{_shown(value)}`, it should {en}"


def _form(_: str, __: Any, context: Mapping[str, Any], ___: ErrorDetails) -> Said:
    return "KPI006", str(context["vi"]), str(context["en"])


def _other(field: str, value: Any, _: Mapping[str, Any], error: ErrorDetails) -> Said:
    return (
        "KPI006",
        f"`{field}` là `{_shown(value)}`: {error['msg']}",
        f"`{field}` is `{_shown(value)}`: {error['msg']}",
    )


def _even(limit: Any) -> Any:
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "{...}" if isinstance(value, dict) else "[...]"
    text = "" if value is None else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


_LIST = _wanted("là danh sách", "be a list")
_WHOLE = _wanted("là số nguyên", "be a whole number")
_BY_TYPE: dict[str, Callable[[str, Any, Mapping[str, Any], ErrorDetails], Said]] = {
    "enum": _choice,
    "literal_error": _choice,
    "string_type": _text,
    "string_pattern_mismatch": _pattern,
    "form": _form,
    "int_type": _number,
    "int_parsing": _number,
    "int_from_float": _WHOLE,
    "float_type": _number,
    "float_parsing": _number,
    "finite_number": _wanted("là số hữu hạn", "be a finite number"),
    "bool_type": _wanted("là true hoặc false", "be true or false"),
    "bool_parsing": _wanted("là true hoặc false", "be true or false"),
    "tuple_type": _LIST,
    "list_type": _LIST,
    "dict_type": _block,
    "model_type": _block,
    "model_attributes_type": _block,
    "too_short": _wanted("có ít nhất {min_length} mục", "hold at least {min_length} item(s)"),
    "string_too_short": _wanted("có ít nhất {min_length} ký tự", "have at least {min_length} character(s)"),
    "string_too_long": _wanted("có tối đa {max_length} ký tự", "have at most {max_length} characters"),
    "greater_than": _wanted("lớn hơn {gt}", "be greater than {gt}"),
    "greater_than_equal": _wanted("từ {ge} trở lên", "be at least {ge}"),
    "less_than": _wanted("nhỏ hơn {lt}", "be less than {lt}"),
    "less_than_equal": _wanted("không quá {le}", "be at most {le}"),
}
