"""The first fault of a record as one sentence: place, value, rule, and which event.

A sentence is read by many and kept for weeks, so free text, hashes of people and who sent an anonymous event are never
quoted in it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from schemas.events.people import PEOPLE
from schemas.events.unnamed import is_unnamed

LONGEST = 40
"""Characters of a value that a sentence may quote."""

PRIVATE = frozenset({"note", "reason", "tags"})

_RULES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "string_type": lambda ctx: "is not text",
    "int_type": lambda ctx: "is not an integer",
    "float_type": lambda ctx: "is not a number",
    "bool_type": lambda ctx: "is not true or false",
    "list_type": lambda ctx: "is not a list of texts",
    "model_type": lambda ctx: "is not a JSON object",
    "finite_number": lambda ctx: "is beyond the range of numbers",
    "greater_than_equal": lambda ctx: f"is below {_number(ctx['ge'])}",
    "less_than_equal": lambda ctx: f"is above {_number(ctx['le'])}",
    "string_too_short": lambda ctx: "is empty",
    "string_too_long": lambda ctx: f"is longer than {ctx['max_length']:,} characters",
    "literal_error": lambda ctx: f"is not {ctx['expected']}",
    "time": lambda ctx: str(ctx["fault"]),
}

_PATTERNS: Mapping[str, str] = {
    "currency": "is not a currency code of three capital letters (ISO 4217)",
    "datacontenttype": "is not JSON",
}


def shown(value: object) -> str:
    """A value short enough for a sentence; of lists and objects only the fact."""
    if isinstance(value, str):
        return repr(value if len(value) <= LONGEST else value[:LONGEST] + "…")
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        # The text of an integer of thousands of digits costs seconds, or is refused by Python.
        return str(value) if abs(value) < 10**LONGEST else "an integer of more than 40 digits"
    if isinstance(value, float):
        return repr(value)
    return "a list" if isinstance(value, list) else "an object"


def of_event(message: Mapping[str, Any]) -> str:
    """` (source id X)`, as far as the envelope says it; ready to be put behind a sentence."""
    source, id_ = message.get("source"), message.get("id")
    named = [_cut(source)] if isinstance(source, str) else []
    if isinstance(id_, str):
        named.append(f"id {_cut(id_)}")
    return f" ({' '.join(named)})" if named else ""


def of_fault(error: ValidationError, message: Mapping[str, Any], within: str = "") -> tuple[bool, str]:
    """Whether something is missing (else it is wrong), and the sentence of the first fault."""
    fault = error.errors(include_url=False)[0]
    place = within
    for step in fault["loc"]:
        place += f"[{step}]" if isinstance(step, int) else f".{_cut(step)}" if place else _cut(step)
    if fault["type"] == "missing":
        return True, f"{place}: missing{of_event(message)}"
    field = str(fault["loc"][0]) if fault["loc"] else ""
    private = PRIVATE | PEOPLE if is_unnamed(message) else PRIVATE
    value = _kind(fault["input"]) if field in private or field.endswith("_hash") else shown(fault["input"])
    if fault["type"] == "string_pattern_mismatch":
        rule = _PATTERNS.get(field, "is not 1-128 visible characters (no space, no control character)")
    else:
        rule_of = _RULES.get(fault["type"])
        rule = rule_of(fault.get("ctx", {})) if rule_of else fault["msg"]
    return False, f"{place}: {value} {rule}{of_event(message)}"


def _cut(text: str) -> str:
    # repr without its quotes: a line break or control character must not break a log line.
    return repr(text[:LONGEST] + ("…" if len(text) > LONGEST else ""))[1:-1]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else str(value)


def _kind(value: object) -> str:
    if isinstance(value, str):
        return f"a text of {len(value):,} characters"
    return "a list" if isinstance(value, list) else "an object" if isinstance(value, dict) else "this value"
