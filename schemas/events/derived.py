"""msgspec types derived from the pydantic models: they accept a part of what the models accept, and nothing else.

Derived from the schema that pydantic itself validates by. A model that holds anything not understood here gets no type
and its events take pydantic's way. What msgspec cannot say (visible characters, times) is listed, for
`schemas.events.quick` to check.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from math import ceil, floor
from operator import attrgetter
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from pydantic import BaseModel

from schemas.events.envelope import Envelope
from schemas.events.fields import EXACT, VISIBLE, EventData

Schema = Mapping[str, Any]

USUAL_CONTENT = tuple(
    "application/json" + charset
    for charset in ("", "; charset=utf-8", ";charset=utf-8", "; charset=UTF-8", ";charset=UTF-8")
)
"""Some of what JSON_CONTENT allows; the rest is left to pydantic."""


class NotUnderstoodError(Exception):
    """A model holds what has no exact counterpart here."""


class Derived(NamedTuple):
    """A model's struct, and what is still to be checked of the object that it becomes."""

    struct: Any
    visible: Callable[[Any], Iterable[str | None]]  # struct -> its texts that hold visible characters only
    visible_names: frozenset[str]  # the fields that these are
    checks: tuple[tuple[str, Callable[[Any], object]], ...]  # field -> raises ValueError where its value is refused
    defaults: Mapping[str, Any]


@lru_cache(maxsize=512)
def data_of(model: type[EventData], currency: str, forbid_unknown: bool) -> Derived:
    """The struct of `data`. An absent field and a null one are alike None. Raises NotUnderstoodError."""
    schema = _resolved(model)
    if schema["type"] != "model" or schema["config"].get("strict") is not True or _has_validators(model):
        raise NotUnderstoodError(model.__name__)
    fields: list[Any] = []
    renamed, visible, checks, defaults = {}, [], [], {}
    for position, (own_name, field) in enumerate(schema["schema"]["fields"].items()):
        name = field.get("validation_alias", own_name)
        inner, default, optional = _unwrapped(field["schema"])
        if inner["type"] == "function-after" and inner["function"]["type"] == "no-info":
            checks.append((name, inner["function"]["function"]))
            inner = inner["schema"]
        if name == "currency":
            kind = _currency(inner, currency)
        elif name == "supersedes":
            kind = _supersedes(inner, forbid_unknown)
        else:
            kind = _kind(inner)
        # A wire name may be no Python name; `supersedes` is read from the struct by its own.
        attribute = name if name == "supersedes" else f"field_{position}"
        if inner.get("pattern") == VISIBLE:
            visible.append(attribute)
        if default is not None:
            defaults[name] = default
        renamed[attribute] = name
        fields.append((attribute, kind | None, None) if optional else (attribute, kind))
    try:
        struct = msgspec.defstruct(
            model.__name__, fields, rename=renamed, omit_defaults=True, **_options(forbid_unknown)
        )
    except ValueError as error:  # a name with a quote in it
        raise NotUnderstoodError(str(error)) from None
    if len(visible) < 2:  # attrgetter of one name gives no tuple
        raise NotUnderstoodError(f"{model.__name__}: {visible}")
    names = frozenset(renamed[attribute] for attribute in visible)
    return Derived(struct, attrgetter(*visible), names, tuple(checks), defaults)


def envelope_of(type_: str, data: Derived, forbid_unknown: bool) -> Any:
    """The struct of a whole message of one type. The class also says `type_`, and `derived` of its data."""
    fields: list[Any] = []
    for name, field in _resolved(Envelope)["schema"]["fields"].items():
        if name == "time":
            fields.append((name, str))  # read by `quick`
        elif name == "datacontenttype":
            fields.append((name, Literal[USUAL_CONTENT] | None, None))
        elif name != "type":
            fields.append((name, _kind(field["schema"])))
    required = any(info.default is msgspec.NODEFAULT for info in msgspec.structs.fields(data.struct))
    fields.append(("data", data.struct, msgspec.NODEFAULT if required else msgspec.field(default_factory=data.struct)))
    return msgspec.defstruct(
        "Message",
        fields,
        tag_field="type",
        tag=type_,
        **_options(forbid_unknown),
        namespace={"type_": type_, "derived": data, "is_special": bool(data.checks or data.defaults)},
    )


def _options(forbid_unknown: bool) -> dict[str, Any]:
    return {"forbid_unknown_fields": forbid_unknown, "gc": False, "kw_only": True}


def _resolved(model: type[BaseModel]) -> Schema:
    schema: Schema = model.__pydantic_core_schema__
    return schema


def _has_validators(model: type[BaseModel]) -> bool:
    found = model.__pydantic_decorators__
    return bool(found.validators or found.field_validators or found.root_validators or found.model_validators)


def _unwrapped(schema: Schema) -> tuple[Schema, Any, bool]:
    """The schema within `default` and `nullable`, the default, and whether the field may be absent."""
    if schema["type"] != "default":
        return schema, None, False
    inner = schema["schema"]
    if inner["type"] != "nullable" or "default" not in schema:
        raise NotUnderstoodError(schema["type"])
    return inner["schema"], schema["default"], True


_KEYS: Mapping[str, frozenset[str]] = {
    "str": frozenset({"min_length", "max_length", "pattern"}),
    "int": frozenset({"ge", "le"}),
    "float": frozenset({"ge", "le", "allow_inf_nan"}),
    "bool": frozenset(),
    "literal": frozenset({"expected"}),
    "list": frozenset({"items_schema"}),
}
"""What a kind of schema may hold to be understood."""


def _kind(schema: Schema) -> Any:
    kind = schema["type"]
    if kind not in _KEYS or not schema.keys() - {"type", "metadata", "strict"} <= _KEYS[kind]:
        raise NotUnderstoodError(f"{kind} {sorted(schema)}")
    if kind == "str":
        return _text(schema)
    if kind == "int":
        return _bounded(int, schema.get("ge"), schema.get("le"))
    if kind == "float":
        # A number keeps its JSON form: 5 is an int, 5.0 a float. What a float cannot hold exactly is left to pydantic.
        low, high = max(schema.get("ge", -EXACT), -EXACT), min(schema.get("le", EXACT), EXACT)
        return _bounded(int, ceil(low), floor(high)) | _bounded(float, float(low), float(high))
    if kind == "literal":
        if not all(isinstance(text, str) for text in schema["expected"]):
            raise NotUnderstoodError(f"literal {schema['expected']}")
        return Literal[tuple(schema["expected"])]
    return bool if kind == "bool" else list[_kind(schema["items_schema"])]  # type: ignore[misc]


def _text(schema: Schema) -> Any:
    if schema.get("pattern", VISIBLE) != VISIBLE:
        raise NotUnderstoodError(f"pattern {schema['pattern']}")
    lengths = {name: schema[name] for name in ("min_length", "max_length") if name in schema}
    return Annotated[str, msgspec.Meta(**lengths)] if lengths else str


def _bounded(number: Any, low: Any, high: Any) -> Any:
    bounds = {name: bound for name, bound in (("ge", low), ("le", high)) if bound is not None}
    return Annotated[number, msgspec.Meta(**bounds)] if bounds else number


def _currency(schema: Schema, currency: str) -> Any:
    if schema["type"] != "str" or schema.keys() - {"type", "metadata"} != {"pattern"}:
        raise NotUnderstoodError("currency")
    # Any other one is refused, by pydantic's pattern or as foreign. The pattern: three capital letters.
    known = len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()
    return Literal[currency] if known else Annotated[str, msgspec.Meta(pattern="(?!)")]  # matches nothing


def _supersedes(schema: Schema, forbid_unknown: bool) -> Any:
    if schema["type"] != "model":
        raise NotUnderstoodError("supersedes")
    fields = [(name, _kind(field["schema"])) for name, field in schema["schema"]["fields"].items()]
    if [name for name, _ in fields] != ["source", "id"]:
        raise NotUnderstoodError("supersedes")
    return msgspec.defstruct("Supersedes", fields, **_options(forbid_unknown))
