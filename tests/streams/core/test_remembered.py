"""What is remembered beside the rows is bounded: every day brings new periods, and every event may bring a new key."""

import pytest

from schemas.catalogue.models import Catalogue
from streams.core import observe_spec, targets
from streams.core.judge_spec import JudgeSpec
from streams.core.pipeline import compiled
from streams.core.policy import DAY_US, Policy

CATALOGUE = Catalogue.model_validate(
    {
        "version": 1,
        "tenant": {"id": "acme", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND"},
        "teams": [{"id": "t1", "department": "sales"}],
        "people": [{"id": "an", "team": "t1"}],
        "goals": [{"id": "grow", "title": "Grow"}],
        "kpis": [
            {
                "id": kpi,
                "title": kpi,
                "kind": kind,
                "unit": "calls",
                "scope": "person",
                "period": "day",
                "measure": {"count": "call.completed"},
                **aims,
            }
            for kpi, kind, aims in (
                ("aimed", "leading", {"goal": "grow", "targets": [{"value": 8, "per": "person"}]}),
                ("plain", "metric", {}),
            )
        ],
    }
)
DAYS = 40


@pytest.fixture
def spec() -> JudgeSpec:
    return compiled(CATALOGUE, Policy(), 4, len)


def test_targets_of_ever_new_days_are_not_all_remembered(spec: JudgeSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "MOST_KNOWN", 10)
    days = [spec.windows.day(spec.windows.clock.date(number * DAY_US)) for number in range(DAYS)]
    asked = [spec.targets.of("aimed", "an", day) for day in days]

    assert [8] * DAYS == asked
    assert 0 < len(spec.targets._known) <= 10


def test_nothing_is_remembered_of_a_kpi_without_a_target(spec: JudgeSpec) -> None:
    assert spec.targets.of("plain", "an", spec.windows.day(spec.windows.clock.date(0))) is None
    assert not spec.targets._known


def test_partitions_of_ever_new_keys_are_not_all_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe_spec, "MOST_PLACED", 10)
    spec = compiled(CATALOGUE, Policy(), 4, len)

    assert list(range(1, DAYS)) == [spec.observe.partition_of("x" * number) for number in range(1, DAYS)]
    assert spec.observe.partition_of.cache_info().currsize == 10
