"""The AsyncAPI document: structure of AsyncAPI 3.0, every public topic, every reference resolved."""

from collections.abc import Iterator
from typing import Any

import pytest

from schemas import topics
from schemas.events.registry import SHIPPED, Registry
from schemas.export.asyncapi import asyncapi

DOCUMENT = asyncapi(Registry.of())


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def resolve(reference: str) -> Any:
    found: Any = DOCUMENT
    assert reference.startswith("#/")
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def test_it_is_asyncapi_3_with_its_required_fields() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(DOCUMENT["info"])
    assert set(DOCUMENT) <= {
        "asyncapi",
        "id",
        "info",
        "servers",
        "defaultContentType",
        "channels",
        "operations",
        "components",
    }


@pytest.mark.parametrize("topic", topics.PUBLIC, ids=lambda topic: topic.name)
def test_every_public_topic_is_a_channel_with_messages_and_operations(topic: topics.Topic) -> None:
    channel = DOCUMENT["channels"][topic.name]
    actions = {
        operation["action"]
        for operation in DOCUMENT["operations"].values()
        if operation["channel"] == {"$ref": f"#/channels/{topic.name}"}
    }

    assert topic.name == channel["address"] == channel["bindings"]["kafka"]["topic"]
    assert channel["messages"]
    assert actions
    assert actions <= {"send", "receive"}


def test_no_changelog_is_published() -> None:
    assert {topic.name for topic in topics.PUBLIC} == set(DOCUMENT["channels"])


def test_the_events_channel_carries_every_type_and_the_retractions() -> None:
    assert {*SHIPPED, "retracted"} == set(DOCUMENT["channels"]["kpi.events"]["messages"])


def test_this_application_receives_events_and_sends_the_rest() -> None:
    operations = set(DOCUMENT["operations"])

    assert {"receive.kpi.events", "send.kpi.values", "send.kpi.alerts", "send.kpi.dead-letter"} <= operations
    assert {"send.kpi.events", "receive.kpi.values", "receive.kpi.alerts"}.isdisjoint(operations)


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))

    assert len(found) > 100
    assert all(isinstance(resolve(reference), dict) for reference in found)


def test_every_message_has_a_payload_and_the_key_of_its_topic() -> None:
    for name, channel in DOCUMENT["channels"].items():
        key = next(topic.key for topic in topics.PUBLIC if topic.name == name)
        for reference in channel["messages"].values():
            message = resolve(reference["$ref"])
            assert message["payload"]
            assert key == message["bindings"]["kafka"]["key"]["description"]


def test_kafka_settings_are_typed_as_the_binding_asks() -> None:
    configurations = [channel["bindings"]["kafka"]["topicConfiguration"] for channel in DOCUMENT["channels"].values()]

    assert any(configuration.get("cleanup.policy") == ["compact"] for configuration in configurations)
    assert all(isinstance(configuration.get("retention.ms", 0), int) for configuration in configurations)
