"""The registry: shipped types, fields and kinds, and what a tenant may declare."""

import re

import pytest

from schemas.catalogue.models import EventType
from schemas.events.fields import EventData, FieldKind, kinds
from schemas.events.reasons import MEANINGS, Reason
from schemas.events.registry import SHIPPED, Registry


def declare(type_: str = "visit.done", **fields: str) -> Registry:
    return Registry.of([EventType(type=type_, fields=fields)])


def test_all_62_types_are_shipped_and_each_class_explains_itself() -> None:
    assert len(SHIPPED) == 62
    assert all(re.fullmatch(r"[a-z]+(\.[a-z_]+)+", type_) for type_ in SHIPPED)
    assert all(model.__doc__ for model in SHIPPED.values())


@pytest.mark.parametrize("type_", sorted(SHIPPED))
def test_every_field_but_supersedes_has_a_kind(type_: str) -> None:
    model = SHIPPED[type_]
    names = {info.alias or name for name, info in model.model_fields.items()}

    assert names - {"supersedes"} == set(Registry.of().fields_of(type_))


def test_kinds_tell_money_seconds_and_integers_apart() -> None:
    call, sale = Registry.of().fields_of("call.completed"), Registry.of().fields_of("sale.closed")

    assert call["duration_s"] is FieldKind.SECONDS
    assert call["outcome"] is FieldKind.TEXT
    assert call["manual"] is FieldKind.BOOLEAN
    assert call["tags"] is FieldKind.LIST
    assert sale["amount"] is sale["cost"] is FieldKind.MONEY
    assert sale["quantity"] is FieldKind.NUMBER
    assert sale["sale_id"] is FieldKind.ID
    assert Registry.of().fields_of("social.engagement")["count"] is FieldKind.INTEGER
    assert Registry.of().fields_of("target.changed")["from"] is FieldKind.TIME


@pytest.mark.parametrize("type_", sorted(SHIPPED))
def test_the_entity_field_of_a_type_is_one_of_its_fields(type_: str) -> None:
    entity_field = SHIPPED[type_].entity_field

    assert entity_field is None or entity_field in Registry.of().fields_of(type_)


def test_corrections_and_retractions_are_not_countable() -> None:
    registry = declare()

    assert registry.countable("sale.closed")
    assert registry.countable("sale.reversed")
    assert registry.countable("visit.done")
    assert not registry.countable("sale.corrected")
    assert not registry.countable("sale.closed.retracted")
    assert not registry.countable("visit.undone")


def test_only_one_retraction_of_a_known_type_is_known() -> None:
    registry = declare()

    assert registry.model_of("visit.done.retracted") is not None
    assert registry.model_of("visit.done.retracted.retracted") is None
    assert registry.model_of("visit.undone.retracted") is None
    with pytest.raises(KeyError, match=r"visit\.undone"):
        registry.fields_of("visit.undone")


def test_a_tenant_adds_fields_of_every_kind_under_any_name() -> None:
    registry = declare(**{"store": "id!", "json": "text", "_x": "number", "n": "integer", "model_fields": "boolean!"})

    own = {name: kind for name, kind in registry.fields_of("visit.done").items() if name not in kinds(EventData)}
    assert own == {
        "store": FieldKind.ID,
        "json": FieldKind.TEXT,
        "_x": FieldKind.NUMBER,
        "n": FieldKind.INTEGER,
        "model_fields": FieldKind.BOOLEAN,
    }


@pytest.mark.parametrize(
    ("type_", "fields", "rule"),
    [
        ("sale.closed", {}, "shipped event type"),
        ("visit.retracted", {}, r"ends in \.retracted"),
        ("visit.done", {"owner": "number"}, "owner is not number, every event may carry it as id"),
        ("visit.done", {"tags": "text"}, "tags is not text, every event may carry it as list"),
        ("visit.done", {"supersedes": "id"}, "identity of another event"),
    ],
)
def test_a_declaration_that_shadows_what_is_shipped_is_refused(type_: str, fields: dict[str, str], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        declare(type_, **fields)


def test_a_type_declared_twice_is_refused() -> None:
    visit = EventType(type="visit.done")

    with pytest.raises(ValueError, match=r"visit\.done is declared twice"):
        Registry.of([visit, visit])


def test_a_tenant_may_require_a_common_field_and_it_keeps_its_limits() -> None:
    model = declare(note="text!", owner="id!").model_of("visit.done")

    assert model is not None
    assert model.model_fields["note"].is_required()
    with pytest.raises(ValueError, match="1000 characters"):
        model.model_validate({"owner": "an", "note": "x" * 1001})


def test_the_shipped_registry_is_not_changed_by_a_tenants() -> None:
    declare()

    assert Registry.of().model_of("visit.done") is None


def test_every_reason_has_its_meaning_in_both_languages() -> None:
    assert set(MEANINGS) == set(Reason)
    assert all(meaning.en and meaning.vi and meaning.en != meaning.vi for meaning in MEANINGS.values())
