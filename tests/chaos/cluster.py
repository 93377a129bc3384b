"""The cluster that the faults happen to: a real Apache Kafka whose log cleaner never rests."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from deploy.kafka.broker import Broker, free_port
from schemas.topics import ALL, CHANGELOGS, Topic
from streams.cluster import ensure_topics
from streams.settings import load_settings

# Kafka 4.1 takes no smaller segments than 1 MiB; time closes them earlier. Tombstones stay for a day, as ever: a
# reader that is slower than `delete.retention.ms` may miss one, by Kafka's own contract.
HARD_COMPACTION = {
    "segment.bytes": str(1 << 20),
    "segment.ms": "1000",
    "min.cleanable.dirty.ratio": "0.01",
    "max.compaction.lag.ms": "2000",
}
LONG_TRANSACTION_S = 6 * 3600
SETTINGS = {"log.cleaner.backoff.ms": "200", "transaction.max.timeout.ms": str(LONG_TRANSACTION_S * 1000)}


class ChaosBroker(Broker):
    """A node that compacts all the time. With `wire_port`, clients are sent there, while it itself needs no wire."""

    def __init__(self, data_dir: Path, wire_port: int = 0) -> None:
        super().__init__(data_dir)
        self.wire_port = wire_port
        self._inside_port = free_port()

    @property
    def client_address(self) -> str:
        """Where clients should connect to."""
        return f"127.0.0.1:{self.wire_port or self.port}"

    @property
    def feed_address(self) -> str:
        """Where those connect to who need no wire: upstream systems, for whom the broker is always there."""
        return f"127.0.0.1:{self._inside_port if self.wire_port else self.port}"

    def _write_config(self) -> Path:
        config = super()._write_config()
        more = dict(SETTINGS)
        if self.wire_port:
            # Transaction markers are sent by the broker to itself: not over the wire, which is the clients'.
            inside = f"INSIDE://127.0.0.1:{self._inside_port}"
            listener = "PLAINTEXT://127.0.0.1:"
            more |= {
                "listeners": f"{listener}{self.port},{inside},CONTROLLER://127.0.0.1:{self._controller_port}",
                "advertised.listeners": f"{listener}{self.wire_port},{inside}",
                "inter.broker.listener.name": "INSIDE",
                "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,INSIDE:PLAINTEXT",
            }
        # In a Java properties file the last word counts.
        with config.open("a") as file:
            file.writelines(f"{name}={value}\n" for name, value in more.items())
        return config


async def create_topics(address: str, name: str) -> None:
    """The topics of a run, before a worker makes them: their changelogs are compacted all the time."""
    settings = load_settings(broker_url=address, topic_prefix=f"{name}.", app_id=name)
    await ensure_topics(settings, _hard(ALL))


def _hard(topics: Iterable[Topic]) -> list[Topic]:
    changelogs = {topic.name for topic in CHANGELOGS.values()}
    return [
        replace(topic, config={**topic.config, **HARD_COMPACTION}) if topic.name in changelogs else topic
        for topic in topics
    ]
