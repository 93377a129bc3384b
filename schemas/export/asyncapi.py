"""The AsyncAPI 3.0 document: every public topic with its key, its messages and its Kafka settings."""

from collections.abc import Callable
from typing import Any

from schemas import topics
from schemas.events.registry import Registry
from schemas.export.json_schemas import RECORDS, components
from schemas.topics import Topic

CONTRACT_VERSION = "1.0.0"
"""Of the messages, not of the program: minor for what is added, major for what breaks a reader."""

KAFKA = {"bindingVersion": "0.5.0"}
REF = "#/components/schemas/{model}"
PACKED = "application/octet-stream"

_RECEIVED = (topics.EVENTS,)
_SENT = (topics.VALUES, topics.ALERTS, topics.DEAD_LETTER)


def asyncapi(registry: Registry) -> dict[str, Any]:
    """The document, as plain JSON values in a fixed order."""
    messages, shared = components(registry, REF)
    events = [name for name in messages if name not in RECORDS]
    carried = [(topic, _carried(topic, events)) for topic in topics.PUBLIC]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "kpi-streams",
            "version": CONTRACT_VERSION,
            "description": "Activity events in; KPI values, alerts and rejected records out. "
            "Topic names may carry a prefix, by setting.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic, names) for topic, names in carried},
        "operations": {
            f"{action}.{topic.name}": {
                "action": action,
                "channel": {"$ref": f"#/channels/{topic.name}"},
                "summary": f"{'Reads' if action == 'receive' else 'Writes'} {topic.holds}.",
            }
            for topic in topics.PUBLIC
            for action in _actions(topic)
        },
        "components": {
            "messages": {
                name: _message(name, topic, packed=name not in messages) for topic, names in carried for name in names
            },
            "schemas": {**messages, **dict(sorted(shared.items()))},
        },
    }


def _carried(topic: Topic, events: list[str]) -> list[str]:
    """Names of the messages of a topic; what is no JSON goes by the topic's own name."""
    return events if topic is topics.EVENTS else [topic.name]


def _actions(topic: Topic) -> list[str]:
    """What this application does with a topic: between its own stages, both."""
    if topic in _RECEIVED:
        return ["receive"]
    return ["send"] if topic in _SENT else ["send", "receive"]


def _channel(topic: Topic, names: list[str]) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": f"{topic.holds[0].upper()}{topic.holds[1:]}. Key: {topic.key}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"kafka": {"topic": topic.name, "topicConfiguration": _configuration(topic), **KAFKA}},
    }


def _configuration(topic: Topic) -> dict[str, Any]:
    known: dict[str, Callable[[str], Any]] = {"cleanup.policy": lambda text: text.split(","), "retention.ms": int}
    return {name: known[name](text) for name, text in topic.config.items() if name in known}


def _message(name: str, topic: Topic, packed: bool) -> dict[str, Any]:
    message: dict[str, Any] = {
        "name": name,
        "title": name,
        "contentType": "application/cloudevents+json" if topic is topics.EVENTS else "application/json",
        "payload": {"$ref": f"#/components/schemas/{name}"},
        "bindings": {"kafka": {"key": {"type": "string", "description": topic.key}, **KAFKA}},
    }
    if packed:
        message["contentType"] = PACKED
        message["description"] = "Packed, between the stages of one version; no contract for other readers."
        message["payload"] = {"type": "string", "format": "binary"}
    return message
