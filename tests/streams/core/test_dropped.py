"""A state that is dropped is freed by its references alone: what a restore has made is frozen for the collector."""

import gc
from collections.abc import Iterator
from weakref import ref

import pytest

from schemas import topics
from schemas.catalogue.models import Catalogue
from schemas.topics import Stage
from streams.core.pipeline import stages
from streams.core.policy import Policy
from streams.core.rows import Rows
from streams.core.stage import Now, PartitionState, PlainRecord
from tests.streams.core.test_remembered import CATALOGUE

NOW_US = 1_795_500_000_000_000
EVENT = (
    b'{"specversion":"1.0","id":"1","source":"crm","type":"call.completed","time":"2026-11-24T06:00:00Z",'
    b'"subject":"call-1","data":{"owner":"an","outcome":"answered","duration_s":60}}'
)


@pytest.fixture
def without_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def fed(catalogue: Catalogue) -> dict[Stage, PartitionState]:
    """States of one partition, after an event and a tick of each."""
    states = {spec.stage: spec.open(0) for spec in stages(catalogue, Policy(channels=("console",)), 1, lambda key: 0)}
    waiting = {topics.EVENTS.name: [PlainRecord(0, NOW_US // 1000, b"call-1", EVENT)]}
    for stage, state in states.items():
        state.ready()
        step = state.feed(waiting.get(topics.SOURCES[stage].name, []), Now(NOW_US, caught_up=True))
        for send in step.sends:
            waiting.setdefault(send.topic.name, []).append(PlainRecord(0, NOW_US // 1000, send.key, send.value))
        state.tick(Now(NOW_US + 60_000_000, caught_up=True))
    return states


def tables() -> int:
    """How many tables of rows there are: what a state is made of may outlive it, and has all that is big."""
    return sum(type(one) is Rows for one in gc.get_objects())


@pytest.mark.usefixtures("without_collector")
def test_no_state_needs_the_garbage_collector_to_be_freed() -> None:
    kpi = CATALOGUE.model_dump(mode="json", by_alias=True, exclude_unset=True)
    kpi["kpis"][1]["measure"] = {"count": "sale.closed", "distinct": "customer_id"}
    before = tables()
    states = fed(Catalogue.model_validate(kpi))
    kept = {stage: ref(state) for stage, state in states.items()}
    assert {Stage.OBSERVE, Stage.LINK, Stage.JUDGE, Stage.NOTIFY} == kept.keys()
    states.clear()

    assert [stage for stage, state in kept.items() if state() is not None] == []
    assert before == tables()
