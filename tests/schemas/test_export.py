"""The exported JSON Schemas accept and reject what the models do, as far as JSON Schema can say it."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas.catalogue.models import EventType
from schemas.catalogue.yaml_tree import parse
from schemas.events.reasons import Reason
from schemas.events.registry import RETRACTED, SHIPPED, Registry
from schemas.export.documents import documents
from schemas.export.json_schemas import RECORDS
from tests.schemas.events.golden import EVENTS, FOLDER, files, reason_of

TEMPLATES = FOLDER.parent / "templates"
BEYOND_JSON_SCHEMA = {Reason.BAD_JSON, Reason.OVERSIZE, Reason.FOREIGN_CURRENCY, Reason.NOT_SUPERSEDABLE}
ONLY_THE_DECODER_SEES = {
    # JSON Schema takes 5.0 for an integer and knows no calendar; 1e999 is a number to it.
    "sale.closed--amount-as-a-float",
    "sale.closed--unknown-field-beyond-numbers",
    "task.due--on-31-november",
    "time-on-30-february",
    "time-before-year-one-in-utc",
}


@cache
def files_written() -> dict[str, str]:
    return documents(Registry.of())


@cache
def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(files_written()[f"{name}.json"]))


def accepts(message: Any) -> bool:
    """Whether the schema of the message's type, if there is one, accepts it."""
    type_ = message.get("type") if isinstance(message, dict) else None
    if not isinstance(type_, str):
        return False
    name = "retracted" if type_.endswith(RETRACTED) else type_
    return f"events/{name}.json" in files_written() and validator(f"events/{name}").is_valid(message)


@pytest.mark.parametrize("path", files(EVENTS / "valid"))
def test_a_valid_event_passes_the_schema_of_its_type(path: Path) -> None:
    assert accepts(json.loads(path.read_bytes()))


@pytest.mark.parametrize(
    "path", [param for param in files(EVENTS / "invalid") if reason_of(param.values[0]) not in BEYOND_JSON_SCHEMA]
)
def test_an_invalid_event_fails_the_schema_where_json_schema_can_say_why(path: Path) -> None:
    assert (path.stem in ONLY_THE_DECODER_SEES) == accepts(json.loads(path.read_bytes()))


@pytest.mark.parametrize("reason", [Reason.OVERSIZE, Reason.FOREIGN_CURRENCY, Reason.NOT_SUPERSEDABLE])
def test_what_json_schema_cannot_say_passes_it(reason: Reason) -> None:
    assert all(accepts(json.loads(path.read_bytes())) for path in (EVENTS / "invalid" / reason).iterdir())


@pytest.mark.parametrize("topic", RECORDS)
def test_values_of_other_topics_pass_or_fail_as_their_model_says(topic: str) -> None:
    valid = sorted((FOLDER / topic / "valid").iterdir())
    invalid = sorted((FOLDER / topic / "invalid").iterdir())

    assert valid
    assert invalid
    assert [path.name for path in valid if not validator(topic).is_valid(json.loads(path.read_bytes()))] == []
    assert [path.name for path in invalid if validator(topic).is_valid(json.loads(path.read_bytes()))] == []


def test_every_file_is_a_schema_of_the_dialect_it_names() -> None:
    for name, content in files_written().items():
        if name != "asyncapi.json":
            schema = json.loads(content)
            assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
            Draft202012Validator.check_schema(schema)


def test_there_is_a_file_for_every_type_topic_and_the_catalogue() -> None:
    assert {
        "asyncapi.json",
        "catalogue.json",
        "events/retracted.json",
        *(f"events/{type_}.json" for type_ in SHIPPED),
        *(f"{topic}.json" for topic in RECORDS),
    } == set(files_written())


def test_two_runs_write_the_same_bytes() -> None:
    assert files_written() == documents(Registry.of())


def test_a_type_of_the_tenant_gets_its_schema_and_its_retraction() -> None:
    visit = EventType(type="visit.done", fields={"store": "id!", "minutes": "number"})
    written = documents(Registry.of([visit]))
    schema = json.loads(written["events/visit.done.json"])
    message = {
        "specversion": "1.0",
        "id": "v1",
        "source": "crm",
        "type": "visit.done",
        "time": "2026-11-23T09:15:00+07:00",
        "subject": "v1",
    }

    assert Draft202012Validator(schema).is_valid({**message, "data": {"store": "s1", "minutes": 2}})
    assert not Draft202012Validator(schema).is_valid({**message, "data": {"minutes": 2}})
    assert "visit.done.retracted" in json.loads(written["events/retracted.json"])["properties"]["type"]["enum"]


GOOD = Path(__file__).parent / "catalogue" / "good"


@pytest.mark.parametrize("path", [*TEMPLATES.glob("*.yaml"), *GOOD.glob("*.yaml")], ids=lambda path: path.stem)
def test_a_good_catalogue_passes_the_schema_of_the_catalogue(path: Path) -> None:
    written = parse(path.read_text(encoding="utf-8"), path.name).plain()

    assert [error.message for error in validator("catalogue").iter_errors(written)] == []


def test_one_text_may_stand_for_a_list_or_for_both_languages() -> None:
    kpi = {
        "id": "revenue",
        "title": "Doanh thu",
        "kind": "lagging",
        "unit": "VND",
        "scope": "person",
        "period": "month",
        "measure": {"sum": "amount", "of": "sale.closed"},
    }

    assert validator("catalogue").is_valid({"kpis": [kpi]})
    assert not validator("catalogue").is_valid({"kpis": [{**kpi, "title": 5}]})


def test_a_minimal_catalogue_passes_the_schema_and_an_unknown_field_does_not() -> None:
    tenant = {"id": "demo", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND"}

    assert validator("catalogue").is_valid({"version": 1, "tenant": tenant})
    assert not validator("catalogue").is_valid({"version": 1, "tenant": tenant, "colour": "red"})


def _measured(measure: object) -> dict[str, object]:
    kpi = {"id": "x", "title": "X", "kind": "metric", "unit": "%", "scope": "org", "period": "month"}
    return {"kpis": [{**kpi, "measure": measure}]}


def test_the_schema_knows_the_forms_of_a_selection_and_of_a_length_of_time() -> None:
    path = {"from": "lead.created", "to": ["sale.closed", "customer.created"], "key": "lead_id", "within": "60d"}
    chosen = {"of": "sale.closed", "where": {"amount": {"ge": 1}}}
    accepts = validator("catalogue").is_valid

    assert accepts(_measured({"conversion": path}))
    assert accepts(_measured({"conversion": {**path, "to": chosen}, "as": "raw"}))
    assert not accepts(_measured({"conversion": {**path, "within": "2 months"}}))
    assert not accepts(_measured({"conversion": {**path, "to": {"where": {}}}}))
    assert not accepts(_measured({"conversion": path, "as": "mean"}))
    assert not accepts(_measured({"convert": path}))


def test_the_schema_knows_the_forms_of_elapsed_and_of_a_baseline() -> None:
    path = {"from": "ticket.opened", "to": "ticket.resolved", "key": "ticket_id"}
    growth = {"of": {"count": "lead.created"}, "over": "1 month"}
    accepts = validator("catalogue").is_valid

    assert accepts(_measured({"elapsed": path, "as": {"share_within": "4h", "late": "good"}}))
    assert not accepts(_measured({"elapsed": path, "as": "median"}))
    assert not accepts(_measured({"elapsed": {**path, "pause": ["ticket.waiting_customer"]}}))
    assert accepts(_measured({"growth": {**growth, "against": {"from": "2026-01-01", "to": "2026-02-01"}}}))
    assert not accepts(_measured({"growth": {**growth, "against": "last_year"}}))
