"""The Kafka cluster as a worker needs it: how to connect, and topics that exist as schemas/topics.py declares them."""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from schemas.topics import ALL, Topic
from streams.settings import Settings

CONNECT_S = 8.0
"""How long a start waits for the first broker, so that a worker and its broker may start together."""
CREATE_S = 10.0


class StartError(RuntimeError):
    """The worker cannot start; the message is one line for the operator."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """What the cluster can do. The embedded broker of `kpi demo` fences no producer and creates no topics."""

    transactions: bool = True
    creates_topics: bool = True


APACHE_KAFKA = Cluster()
EMBEDDED = Cluster(transactions=False, creates_topics=False)


def connection(settings: Settings) -> dict[str, Any]:
    """Arguments that every aiokafka client of this worker shares."""
    tls = settings.security_protocol.endswith("SSL")
    password = settings.sasl_password
    return {
        "bootstrap_servers": list(settings.broker_url),
        "security_protocol": settings.security_protocol,
        "ssl_context": _tls_context(settings) if tls else None,
        "sasl_mechanism": settings.sasl_mechanism or "PLAIN",
        "sasl_plain_username": settings.sasl_username,
        "sasl_plain_password": password.get_secret_value() if password else None,
        "client_id": settings.app_id,
        "request_timeout_ms": 10_000,
    }


def _tls_context(settings: Settings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.ssl_cafile)
    if settings.ssl_certfile:
        context.load_cert_chain(settings.ssl_certfile, settings.ssl_keyfile)
    return context


async def ensure_topics(settings: Settings, topics: Iterable[Topic] = ALL) -> None:
    """Creates what is missing and checks what is there.

    Raises:
        StartError: no broker answers, a topic cannot be created, or one differs in partitions or cleanup policy.
    """
    admin = await _connect(settings)
    try:
        await asyncio.wait_for(_ensure(admin, settings, tuple(topics)), CREATE_S)
    except TimeoutError:
        raise StartError(
            f"{_brokers(settings)} did not create or describe the topics within {CREATE_S:.0f} s"
        ) from None
    except KafkaError as error:
        raise StartError(f"{_brokers(settings)} refused: {error}") from None
    finally:
        await admin.close()


def _brokers(settings: Settings) -> str:
    return f"Kafka at {', '.join(settings.broker_url)} (KPI_BROKER_URL)"


async def _connect(settings: Settings) -> AIOKafkaAdminClient:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + CONNECT_S
    reason: object = "no answer"
    while (left := deadline - loop.time()) > 0:
        admin = AIOKafkaAdminClient(**connection(settings))
        try:
            await asyncio.wait_for(admin.start(), left)
        except (KafkaError, OSError, TimeoutError) as error:
            reason = error or reason
            await admin.close()
            await asyncio.sleep(min(0.5, left))
        else:
            return admin
    raise StartError(f"{_brokers(settings)} does not answer: {reason}")


async def _ensure(admin: AIOKafkaAdminClient, settings: Settings, topics: tuple[Topic, ...]) -> None:
    # All topics are listed: asking for one by name would make some brokers create it with their defaults.
    existing = {found["topic"]: found for found in await admin.describe_topics()}
    absent = [topic for topic in topics if settings.topic(topic.name) not in existing]
    if absent:
        await _create(admin, settings, absent)
        # A group that forms before its leader has heard of a new topic assigns nothing, and nobody looks again.
        while not all(_is_led(existing.get(settings.topic(topic.name))) for topic in topics):
            await asyncio.sleep(0.1)
            existing = {found["topic"]: found for found in await admin.describe_topics()}
    policies = await _cleanup_policies(admin, [settings.topic(topic.name) for topic in topics])
    for topic in topics:
        name = settings.topic(topic.name)
        partitions = len(existing[name]["partitions"])
        if partitions != settings.partitions:
            raise StartError(
                f"topic {name} has {partitions} partitions, expected {settings.partitions} (KPI_PARTITIONS): "
                "state and keys are bound to the count; set it to the topic's, or use another KPI_TOPIC_PREFIX"
            )
        expected = topic.config.get("cleanup.policy", "delete")
        if policies.get(name, expected) != expected:
            raise StartError(f"topic {name} has cleanup.policy {policies[name]}, expected {expected}")


def _is_led(topic: Mapping[str, Any] | None) -> bool:
    """Whether every partition of a described topic can be read and written."""
    partitions = topic["partitions"] if topic else ()
    return bool(partitions) and all(partition["leader"] >= 0 for partition in partitions)


async def _create(admin: AIOKafkaAdminClient, settings: Settings, topics: list[Topic]) -> None:
    wanted = [
        NewTopic(
            settings.topic(topic.name),
            settings.partitions,
            settings.replication,
            topic_configs=dict(topic.config),
        )
        for topic in topics
    ]
    response = await admin.create_topics(wanted)
    for name, code, *message in response.topic_errors:
        # Another worker that starts at the same time may have been quicker.
        if code not in (0, TopicAlreadyExistsError.errno):
            raise StartError(f"topic {name} cannot be created: {(message and message[0]) or for_code(code).__name__}")


async def _cleanup_policies(admin: AIOKafkaAdminClient, names: list[str]) -> Mapping[str, str]:
    """Cleanup policy of each topic that the cluster lets us describe."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, {"cleanup.policy": ""}) for name in names]
    policies = {}
    for response in await admin.describe_configs(resources):
        for _code, _message, _kind, name, entries in response.resources:
            for entry in entries:
                if entry[0] == "cleanup.policy":
                    policies[name] = entry[1]
    return policies
