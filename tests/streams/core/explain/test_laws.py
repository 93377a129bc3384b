"""What an explanation counts anew is what was published, for every value of random worlds, over several partitions."""

import json
from datetime import timedelta
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any

import pytest

from schemas.catalogue.measures import Basis
from schemas.catalogue.models import Catalogue
from schemas.topics import Stage
from schemas.values import Value
from streams.core.explain.evidence import Kept, gather
from streams.core.explain.explaining import Explanation, Note, explain
from streams.core.explain.working_time import Odd
from streams.core.judge_spec import JudgeSpec
from streams.core.observe import Observe
from streams.core.pipeline import compiled
from streams.core.policy import DAY_US, HOUR_US, MINUTE_US, SECOND_US, Policy
from streams.core.replay import replay
from streams.core.series import OTHER
from streams.core.stage import Now
from streams.routing import partition_of
from tests.streams.core import worlds
from tests.streams.core.road import Road

POLICY = Policy(future_us=None)
PARTITIONS = 3
UNTIL_US = int((worlds.START + timedelta(days=worlds.DAYS + 4, hours=12, seconds=17)).timestamp()) * SECOND_US


@cache
def settled(seed: int) -> tuple[JudgeSpec, Road]:
    catalogue = worlds.catalogue(seed, kpis=6)
    road = Road(catalogue, POLICY, PARTITIONS, Random(seed))
    road.put(worlds.events(seed, 60))
    road.run(Now(UNTIL_US - SECOND_US, caught_up=False))
    for now_us in (UNTIL_US, UNTIL_US + 2 * SECOND_US, UNTIL_US + 2 * MINUTE_US):
        road.tick(now_us)
    return compiled(catalogue, POLICY, PARTITIONS, partition_of(PARTITIONS)), road


def kept_of(road: Road) -> list[Kept]:
    states = [(part, road.states[Stage.OBSERVE, part]) for part in range(PARTITIONS)]
    return [
        Kept(part, one.kept(), one.watermark_us, one.counts(), one.first_us)
        for part, one in states
        if isinstance(one, Observe)
    ]


@cache
def explained(seed: int) -> list[Explanation]:
    spec, road = settled(seed)
    kept = kept_of(road)
    return [of(spec, kept, value) for value in road.values.values() if value.series != OTHER]


def of(spec: JudgeSpec, kept: list[Kept], value: Value) -> Explanation:
    window = spec.windows.parse(value.period)[1]
    return explain(spec, value.kpi, value.subject, window, UNTIL_US, kept, value, value.series)


@pytest.mark.parametrize("seed", range(6))
def test_what_is_counted_anew_is_what_was_published(seed: int) -> None:
    told = [one for one in explained(seed) if Note.ANONYMOUS not in one.notes and one.account is not None]

    assert told
    for one in told:
        assert one.account is not None
        assert one.published is not None
        assert (one.published.value, one.published.n) == (one.account.value, one.account.n), one.scene.plan.kpi
        assert Note.DIFFERS not in one.notes


@pytest.mark.parametrize("seed", range(6))
def test_days_add_up_to_their_leaf_and_pieces_to_their_target(seed: int) -> None:
    for one in explained(seed):
        for leaf in one.leaves:
            assert leaf.integer == sum(day.integer for day in leaf.days)
            assert leaf.events == sum(day.events for day in leaf.days)
        if one.target is not None:
            total = sum((piece.value * piece.share for piece in one.target.pieces), Fraction())
            assert float(one.target.value) == float(total)


@pytest.mark.parametrize("seed", range(6))
def test_every_fact_of_a_type_is_counted_or_left_out_once(seed: int) -> None:
    for one in explained(seed):
        for leaf, told in zip(one.scene.plan.leaves, one.leaves, strict=False):
            if leaf.basis is Basis.REVERSED:  # most sales are not
                continue
            reads = [fact for fact in one.scene.mine if fact.type in leaf.types]
            assert len(reads) == told.events + sum(excluded.events for excluded in told.excluded)


def test_partitions_of_other_workers_are_named_and_their_events_missing() -> None:
    spec, road = settled(1)
    kept = kept_of(road)[:1]

    told = [of(spec, kept, value) for value in road.values.values() if value.series != OTHER]

    assert {(1, 2)} == {one.elsewhere for one in told}
    assert all(Note.ELSEWHERE in one.notes for one in told)
    assert any(Note.DIFFERS in one.notes for one in told)


@pytest.mark.parametrize("seed", range(4))
def test_evidence_of_files_is_evidence_of_partitions(seed: int) -> None:
    catalogue = worlds.catalogue(seed, kpis=6)
    spec, road = settled(seed)
    outcome = replay(
        ((number, json.dumps(event).encode()) for number, event in enumerate(worlds.events(seed, 60))),
        catalogue, POLICY, UNTIL_US,
    )  # fmt: skip

    for plan in spec.plans.values():
        assert gather([outcome.kept], plan.types, DAY_US) == gather(kept_of(road), plan.types, DAY_US)


LEAVE = {"person_id": "an", "start": "2026-11-05", "end": "2026-11-07"}
COMPANY: dict[str, Any] = {
    "version": 1,
    "tenant": {"id": "acme", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND", "locale": "en"},
    "calendar": {"hours": {"mon-fri": ["08:00-16:00"]}},
    "teams": [{"id": "hn-1", "department": "sales"}],
    "people": [{"id": "an", "team": "hn-1"}],
    "kpis": [
        {"id": "calls", "title": "Calls", "kind": "metric", "unit": "calls", "scope": "person", "period": "month",
         "measure": {"count": "call.completed"}},
    ],
}  # fmt: skip


def test_leave_told_by_an_event_is_no_working_time() -> None:
    def of(*types: tuple[str, dict[str, Any]]) -> Explanation:
        events = [
            {"specversion": "1.0", "id": str(number), "source": "hr", "type": type_, "subject": f"x{number}",
             "time": f"2026-11-0{number + 2}T09:00:00+07:00", "data": data}
            for number, (type_, data) in enumerate(types)
        ]  # fmt: skip
        catalogue = Catalogue.model_validate(COMPANY)
        outcome = replay(worlds.lines(events), catalogue, POLICY)
        spec = compiled(catalogue, POLICY, 1, lambda key: 0)
        window = spec.windows.parse("2026-11")[1]
        return explain(spec, "calls", "an", window, window.end_us, [outcome.kept], None)

    call = ("call.completed", {"owner": "an", "duration_s": 60, "outcome": "answered"})
    with_leave = of(call, ("employee.leave", LEAVE)).time

    assert 16 * HOUR_US == of(call).time.whole_us - with_leave.whole_us
    assert ["2026-11-05", "2026-11-06"] == [odd.day for odd in with_leave.odd_days if odd.why is Odd.LEAVE]
