import gc
import json
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Consumer, Message, Producer, TopicPartition

from streams.cli import main

TOPIC = "kpi.events"


@pytest.fixture
def broker() -> Iterator[str]:
    """librdkafka's embedded cluster: the Kafka protocol on loopback, gone with its producer."""
    owner = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    found = owner.list_topics(TOPIC, timeout=10)  # asking for the topic makes it, with 4 partitions
    (node,) = found.brokers.values()
    yield f"{node.host}:{node.port}"
    del owner
    gc.collect()


def emit(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner(env={"KPI_BROKER_URL": ""}).invoke(main, ["emit", *arguments], input=stdin)


def sent(broker: str) -> list[Message]:
    """Everything in the topic, partition by partition."""
    consumer = Consumer({"bootstrap.servers": broker, "group.id": "test", "log_level": 0})
    parts = [TopicPartition(TOPIC, number, 0) for number in consumer.list_topics(TOPIC).topics[TOPIC].partitions]
    expected = sum(consumer.get_watermark_offsets(part)[1] for part in parts)
    consumer.assign(parts)
    messages: list[Message] = []
    while len(messages) < expected:
        messages += consumer.consume(expected - len(messages), timeout=5)
    consumer.close()
    return messages


def lines(count: int) -> bytes:
    return b"".join(json.dumps({"subject": f"call-{i % 7}", "id": str(i)}).encode() + b"\n" for i in range(count))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "events.jsonl"
    path.write_bytes(lines(500))
    return path


def test_every_event_arrives_once_with_its_subject_as_key_and_in_order(broker: str, file: Path) -> None:
    result = emit(str(file), "--broker", broker)

    messages = sent(broker)
    values = [json.loads(message.value() or b"") for message in messages]
    assert [message.key() for message in messages] == [value["subject"].encode() for value in values]
    by_subject = {f"call-{i}": [str(j) for j in range(i, 500, 7)] for i in range(7)}
    assert {name: [v["id"] for v in values if v["subject"] == name] for name in by_subject} == by_subject
    assert result.stderr.startswith("500 events sent to kpi.events in ")
    assert result.stderr.endswith(" s, 0 skipped\n")
    assert result.exit_code == 0


def test_an_event_goes_where_kafkas_own_partitioner_puts_its_key(broker: str, file: Path) -> None:
    emit(str(file), "--broker", broker)
    placed = {message.key(): message.partition() for message in sent(broker)}

    java = Producer({"bootstrap.servers": broker, "partitioner": "murmur2_random", "log_level": 0})
    agreed: dict[bytes | None, int | None] = {}
    for key in placed:
        java.produce(
            TOPIC, b"{}", key, on_delivery=lambda _, message: agreed.update({message.key(): message.partition()})
        )
    java.flush(10)
    assert placed == agreed
    assert len(set(placed.values())) > 1


def test_what_is_no_event_is_reported_with_its_place_and_not_sent(broker: str, tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_bytes(b'{"subject":"a"}\nnot json\n\n{"x":1}\n{"subject":""}\n{"subject":3}\n[1]\n' + b"x" * 1_000_001)
    result = emit(str(path), "--broker", broker)

    assert result.stderr.splitlines()[:-1] == [
        f"{path}:2: not sent: JSON is malformed: invalid character (byte 4)",
        f"{path}:4: not sent: Object missing required field `subject`",
        f"{path}:5: not sent: the subject is empty",
        f"{path}:6: not sent: Expected `str`, got `int` - at `$.subject`",
        f"{path}:7: not sent: Expected `object`, got `array`",
        f"{path}:8: not sent: longer than the 1,000,000 bytes that Kafka takes",
    ]
    assert result.stderr.splitlines()[-1].endswith("6 skipped")
    assert [message.value() for message in sent(broker)] == [b'{"subject":"a"}']
    assert result.exit_code == 1


def test_raw_sends_broken_lines_as_they_are(broker: str, tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_bytes(b'not json\n{"subject":"a"}\n\xff\xfe\n')
    result = emit(str(path), "--broker", broker, "--raw")

    assert {(m.key(), m.value()) for m in sent(broker)} == {
        (None, b"not json"), (b"a", b'{"subject":"a"}'), (None, b"\xff\xfe")
    }  # fmt: skip
    assert result.exit_code == 0


def test_an_empty_file_sends_nothing_and_is_fine(broker: str, tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.touch()
    result = emit(str(path), "--broker", broker)

    assert result.stderr == "0 events sent to kpi.events in 0.0 s, 0 skipped\n"
    assert result.exit_code == 0


def test_events_may_come_through_a_pipe(broker: str) -> None:
    assert emit("-", "--broker", broker, stdin=lines(20)).exit_code == 0
    assert len(sent(broker)) == 20


def test_rate_spreads_events_over_time(broker: str, tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_bytes(lines(50))
    start = monotonic()
    emit(str(path), "--broker", broker, "--rate", "100")

    assert monotonic() - start >= 0.49


def test_an_unreachable_broker_is_one_line_within_ten_seconds(file: Path) -> None:
    start = monotonic()
    result = emit(str(file), "--broker", "127.0.0.1:1")

    assert result.stderr == (
        "error: Kafka at 127.0.0.1:1 does not answer; "
        "is it running, and is its address right (--broker, KPI_BROKER_URL)?\n"
    )
    assert result.exit_code == 1
    assert monotonic() - start < 10


def test_a_topic_that_cannot_be_made_is_a_clear_error(broker: str, file: Path) -> None:
    result = emit(str(file), "--broker", broker, "--topic-prefix", "other.")

    assert result.stderr == f"error: Kafka at {broker} has no topic other.kpi.events and cannot create it\n"
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["gone.jsonl", "--broker", "127.0.0.1:1"], 1, "error: gone.jsonl: cannot be read: No such file or directory"),
        (["gone.jsonl", "--broker", "a b:c"], 2, "expected kafka://host:port"),
        (["gone.jsonl", "--rate", "0"], 2, "0.0 is not in the range x>0"),
        ([], 2, "Missing argument 'EVENTS...'"),
    ],
)
def test_wrong_use_says_what(arguments: list[str], status: int, words: str) -> None:
    result = emit(*arguments)

    assert words in result.stderr
    assert result.exit_code == status
