"""All documents of the contract by file name, as text that is the same on every run."""

import json
from typing import Any

from schemas.events.registry import Registry
from schemas.export.asyncapi import asyncapi
from schemas.export.json_schemas import RECORDS, catalogue_schema, message_schemas, record_schema


def documents(registry: Registry) -> dict[str, str]:
    """File name, relative and with `/`, -> its content."""
    files = {"asyncapi.json": _text(asyncapi(registry)), "catalogue.json": _text(catalogue_schema())}
    files |= {f"events/{name}.json": _text(schema) for name, schema in message_schemas(registry).items()}
    return files | {f"{topic}.json": _text(record_schema(model)) for topic, model in RECORDS.items()}


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
