"""JSON Schemas of every message and of the catalogue, made from the models that validate them.

What JSON Schema cannot say is left to the decoder: size, currency, Kafka key, days a month does not have, an event
that supersedes itself, and 5.0 where an integer is wanted (JSON Schema takes it for one).
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from schemas import topics
from schemas.alerts import Alert
from schemas.catalogue.models import Catalogue
from schemas.dead_letter import DeadLetter
from schemas.events.envelope import Envelope
from schemas.events.fields import EventData, Retraction
from schemas.events.registry import RETRACTED, Registry
from schemas.notices import Notice
from schemas.values import Value

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

RECORDS: dict[str, type[BaseModel]] = {
    topics.VALUES.name: Value,
    topics.ALERTS.name: Alert,
    topics.NOTICES.name: Notice,
    topics.DEAD_LETTER.name: DeadLetter,
}
"""Topic -> model of its JSON values, besides events."""

RETRACTION = "retracted"
"""Name of the one schema that serves the retractions of all types."""


def message_schemas(registry: Registry) -> dict[str, Schema]:
    """Event type (or RETRACTION) -> schema of its structured-mode message; its `data` alone is in `$defs`."""
    return {
        name: _document(title, schema, definitions)
        for (name, title, schema), definitions in _messages(registry, "#/$defs/{model}")
    }


def record_schema(model: type[BaseModel]) -> Schema:
    """Schema of a value that we write: fields with a default are always there."""
    return {"$schema": DIALECT, **model.model_json_schema(mode="serialization")}


class _Shorthands(GenerateJsonSchema):
    """Before-validators of the catalogue over a list or a map are shorthands: one text may stand for the whole."""

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        full = super().function_before_schema(schema)
        if schema["schema"]["type"] in ("tuple", "dict"):
            return {"anyOf": [{"type": "string"}, full]}
        return full


def catalogue_schema() -> Schema:
    """Schema of a catalogue file, for editors. No section is required: the files of a folder are one catalogue."""
    schema = Catalogue.model_json_schema(mode="validation", schema_generator=_Shorthands)
    del schema["required"]
    return {"$schema": DIALECT, **schema}


def components(registry: Registry, ref: str) -> tuple[dict[str, Schema], dict[str, Schema]]:
    """Schemas of all messages by name, and of the models they refer to as `ref` (with `{model}` in it) says."""
    messages: dict[str, Schema] = {}
    shared: dict[str, Schema] = {}
    for (name, title, schema), definitions in _messages(registry, ref):
        messages[name] = {"title": title, **schema}
        shared |= definitions
    refs, written = _schemas_of(list(RECORDS.values()), "serialization", ref)
    for topic, model in RECORDS.items():
        messages[topic] = {"title": model.__name__, **refs[model]}
    return messages, shared | written


def _messages(registry: Registry, ref: str) -> list[tuple[tuple[str, str, Schema], dict[str, Schema]]]:
    models: list[type[EventData]] = [*dict.fromkeys(registry.types.values()), Retraction]
    refs, definitions = _schemas_of(models, "validation", ref)
    listed: list[tuple[str, Schema, type[EventData]]] = [
        (type_, {"const": type_}, model) for type_, model in registry.types.items()
    ]
    listed.append((RETRACTION, {"enum": [type_ + RETRACTED for type_ in registry.types]}, Retraction))
    return [((name, *_message(name, type_, model, refs[model])), definitions) for name, type_, model in listed]


def _message(name: str, type_: Schema, model: type[EventData], data: Schema) -> tuple[str, Schema]:
    """Title and schema of one event in structured mode."""
    schema = Envelope.model_json_schema()
    properties = schema["properties"]
    properties["type"] = {"type": "string", **type_}
    if model.entity_field is not None:
        properties["subject"]["description"] = f"The entity, as in data.{model.entity_field}; also the Kafka key."
    required = any(info.is_required() for info in model.model_fields.values())
    properties["data"] = data if required else {"anyOf": [data, {"type": "null"}]}
    properties["data_base64"] = False  # data is JSON, never base64
    return name, {
        "description": model.__doc__,
        "type": "object",
        "properties": properties,
        "required": [*schema["required"], *(["data"] if required else [])],
    }


def _schemas_of(
    models: Sequence[type[BaseModel]], mode: JsonSchemaMode, ref: str
) -> tuple[dict[type[BaseModel], Schema], dict[str, Schema]]:
    """Reference of each model, and all definitions."""
    refs, whole = models_json_schema([(model, mode) for model in models], ref_template=ref)
    return {model: refs[model, mode] for model in models}, whole["$defs"]


def _document(title: str, schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """A schema that stands alone: with those definitions that it reaches."""
    reached: dict[str, Schema] = {}
    waiting = list(_refs(schema))
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached[name] = definitions[name]
            waiting += _refs(definitions[name])
    document = {"$schema": DIALECT, "title": title, **schema, "$defs": dict(sorted(reached.items()))}
    return deepcopy(document)


def _refs(node: Any) -> list[str]:
    """Names of the definitions that a schema refers to."""
    if isinstance(node, dict):
        own = [node["$ref"].rsplit("/", 1)[-1]] if isinstance(node.get("$ref"), str) else []
        return own + [name for child in node.values() for name in _refs(child)]
    return [name for child in node for name in _refs(child)] if isinstance(node, list) else []
