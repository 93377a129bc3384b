"""`where` of the measure grammar, compiled to one filter over an event's data."""

import json
from collections.abc import Mapping
from typing import Any

from schemas.catalogue.measures import Condition, Where

_ABSENT = object()


def same(left: Any, right: Any) -> bool:
    """Equality of JSON scalars: unlike Python's, `true` is not 1."""
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def passes(condition: Condition, value: Any) -> bool:
    """Whether a field's value (or `_ABSENT`) meets every operator that the condition sets."""
    absent = value is _ABSENT or value is None
    if condition.exists is not None and condition.exists is absent:
        return False
    if absent:
        asks_more = condition.model_fields_set - {"ne", "exists"}
        return not asks_more
    if condition.ne is not None and same(value, condition.ne):
        return False
    if condition.eq is not None and not same(value, condition.eq):
        return False
    if condition.in_ is not None and not any(same(value, choice) for choice in condition.in_):
        return False
    return _in_range(condition, value)


def _in_range(condition: Condition, value: Any) -> bool:
    bounds = (condition.ge, condition.gt, condition.le, condition.lt)
    if all(bound is None for bound in bounds):
        return True
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return (
        (condition.ge is None or value >= condition.ge)
        and (condition.gt is None or value > condition.gt)
        and (condition.le is None or value <= condition.le)
        and (condition.lt is None or value < condition.lt)
    )


class Filter:
    """A `where` as a predicate over an event's data; all fields must pass. Filters with one `name` are the same."""

    __slots__ = ("_tests", "fields", "name", "parts")

    def __init__(self, where: Where) -> None:
        self._tests = tuple(where.items())
        self.fields = tuple(where)
        self.name = repr(self._tests)
        self.parts = tuple(Filter({field: where[field]}) for field in where) if len(where) > 1 else ()
        """One filter for each field, all of which must pass; none where there is but one field."""

    def __call__(self, data: Mapping[str, Any]) -> bool:
        """Whether an event's data passes."""
        return all(passes(condition, data.get(field, _ABSENT)) for field, condition in self._tests)

    def failing(self, data: Mapping[str, Any]) -> str:
        """The conditions that an event's data does not meet, as the catalogue has them; empty where it passes."""
        return ", ".join(
            _said(field, condition)
            for field, condition in self._tests
            if not passes(condition, data.get(field, _ABSENT))
        )

    def __str__(self) -> str:
        """As the catalogue has it: `outcome eq answered, duration_s ge 30`; empty where everything passes."""
        return ", ".join(_said(field, condition) for field, condition in self._tests)


def _said(field: str, condition: Condition) -> str:
    return ", ".join(
        f"{field} {operator} {json.dumps(value, ensure_ascii=False) if isinstance(value, list | bool) else value}"
        for operator, value in condition.model_dump(mode="json", by_alias=True, exclude_unset=True).items()
    )
