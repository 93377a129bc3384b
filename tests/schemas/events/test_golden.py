"""Every golden message meets its fate; every event type has a valid and an invalid one."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from schemas.alerts import Alert
from schemas.dead_letter import DeadLetter
from schemas.events.decode import Decoder
from schemas.events.envelope import Event, Rejected, encode
from schemas.events.registry import SHIPPED, Registry
from schemas.notices import Notice
from schemas.values import Value
from tests.schemas.events.golden import EVENTS, FOLDER, files, reason_of, record, type_of

REGISTRY = Registry.of()
DECODER = Decoder(REGISTRY, "VND")
MODELS: dict[str, type[BaseModel]] = {
    "kpi.values": Value,
    "kpi.alerts": Alert,
    "kpi.notices": Notice,
    "kpi.dead-letter": DeadLetter,
}


@pytest.mark.parametrize("path", files(EVENTS / "valid"))
def test_a_valid_event_decodes_to_its_type_and_survives_a_round_trip(path: Path) -> None:
    event = DECODER.decode(None, path.read_bytes())

    assert isinstance(event, Event), event
    assert type_of(path) == event.type
    assert event == DECODER.decode(event.subject.encode(), encode(event))


@pytest.mark.parametrize("path", files(EVENTS / "valid"))
def test_the_subject_of_a_valid_event_is_its_entity(path: Path) -> None:
    event = DECODER.decode(None, path.read_bytes())

    assert isinstance(event, Event)
    model = REGISTRY.model_of(event.type)
    assert model is not None
    if model.entity_field is not None:
        assert event.subject == event.data[model.entity_field]


@pytest.mark.parametrize("path", files(EVENTS / "invalid"))
def test_an_invalid_event_is_rejected_for_its_reason_in_one_short_line(path: Path) -> None:
    rejected = DECODER.decode(None, path.read_bytes())

    assert isinstance(rejected, Rejected), rejected
    assert reason_of(path) == rejected.reason, rejected.sentence
    assert len(rejected.sentence) < 300
    assert rejected.sentence.isprintable()


@pytest.mark.parametrize("path", files(EVENTS / "records" / "valid"))
def test_a_valid_record_decodes_in_both_modes(path: Path) -> None:
    assert isinstance(event := DECODER.decode(*record(path)), Event), event


@pytest.mark.parametrize("path", files(EVENTS / "records" / "invalid"))
def test_an_invalid_record_is_rejected_for_its_reason(path: Path) -> None:
    rejected = DECODER.decode(*record(path))

    assert isinstance(rejected, Rejected), rejected
    assert reason_of(path) == rejected.reason, rejected.sentence


@pytest.mark.parametrize("type_", sorted(SHIPPED))
def test_every_type_has_a_valid_and_an_invalid_example(type_: str) -> None:
    assert (EVENTS / "valid" / f"{type_}.json").is_file()
    assert list((EVENTS / "invalid").glob(f"*/{type_}--*.json"))


@pytest.mark.parametrize("path", [param for topic in MODELS for param in files(FOLDER / topic / "valid")])
def test_a_valid_value_of_another_topic_passes_its_model(path: Path) -> None:
    model = MODELS[path.parents[1].name]
    found = model.model_validate_json(path.read_bytes())

    assert found == model.model_validate_json(found.model_dump_json(by_alias=True))


@pytest.mark.parametrize("path", [param for topic in MODELS for param in files(FOLDER / topic / "invalid")])
def test_an_invalid_value_of_another_topic_fails_its_model(path: Path) -> None:
    with pytest.raises(ValidationError):
        MODELS[path.parents[1].name].model_validate_json(path.read_bytes())
