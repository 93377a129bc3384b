"""The compiled way of OBSERVE does to every chunk what taking each event by itself does."""

import json
from random import Random
from unittest.mock import Mock

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core import observe
from streams.core.pipeline import compiled
from streams.core.policy import DAY_US, MINUTE_US, Policy
from streams.core.stage import Now, PlainRecord, Step
from streams.core.store import MemoryStore
from streams.routing import partition_of
from tests.streams.core import worlds

seeds = st.integers(0, 2**32)
NOW_US = int(worlds.START.timestamp() * 1e6) + worlds.DAYS * DAY_US


class Each(MemoryStore):
    """A store that the compiled way does not know."""


def records(seed: int, size: int, in_order: bool) -> list[PlainRecord]:
    """Events of a small company, in the order of their times or in none, appended up to a month after their first."""
    random = Random(seed)
    events = worlds.events(seed, size)
    if in_order:
        events.sort(key=lambda event: str(event["time"]))
    for event in events:
        if random.random() < 0.1:
            event["data"] = {**event["data"], "note": "free text"}
    # Each goes where it is drawn, so that a repeat may come before what it repeats.
    for event in random.sample(events, len(events) // 10):
        events.insert(random.randint(0, len(events)), amending(event, random.choice(events)))
    lines = [line for _, line in worlds.lines(events)]
    append_ms = NOW_US // 1000 - random.randint(0, 30) * DAY_US // 1000
    return [PlainRecord(place, append_ms, None, line) for place, line in enumerate(lines)]


def amending(event: worlds.Event, above: worlds.Event) -> worlds.Event:
    """The same event under the same name, which now says that it supersedes another."""
    return {**event, "data": {**event["data"], "supersedes": {"source": above["source"], "id": above["id"]}}}


def unpacked(step: Step) -> dict[bytes, object]:
    """Rows as what they say: the order of names in a row is nobody's business."""
    return {key: None if row is None else msgspec.msgpack.decode(row) for key, row in step.rows.items()}


@settings(max_examples=40)
@given(seeds, seeds, st.integers(1, 120), st.booleans(), st.sampled_from([1, 20, 100]))
def test_both_ways_send_and_keep_the_same(company: int, week: int, size: int, in_order: bool, horizon: int) -> None:
    catalogue, random = worlds.catalogue(company), Random(week)
    policy = Policy(horizon_us=horizon * DAY_US)
    states = [
        observe.Observe(compiled(catalogue, policy, 2, partition_of(2), store).observe, 0)
        for store in (lambda _: MemoryStore(), lambda _: Each())
    ]
    waiting = records(week, size, in_order)

    while waiting:
        cut = random.randint(1, len(waiting))
        chunk, waiting = waiting[:cut], waiting[cut:]
        now = Now(NOW_US, random.random() < 0.5, random.random() < 0.3)
        ways = [state.feed(chunk, now) for state in states]

        assert ways[0].sends == ways[1].sends
        assert unpacked(ways[0]) == unpacked(ways[1])
        assert states[0].counts() == states[1].counts()


def test_a_repeat_that_now_supersedes_something_is_a_conflict() -> None:
    state = observe.Observe(compiled(worlds.callers(), Policy(), 1, partition_of(1)).observe, 0)
    first, second, *_ = worlds.calls_with_silences(1)
    calls = [line for _, line in worlds.lines([first, second, second, amending(second, first)])]

    state.feed([PlainRecord(place, NOW_US // 1000, None, call) for place, call in enumerate(calls)], Now(NOW_US, True))

    assert state.counts() == {
        ("pending", ""): 0,
        ("applied", ""): 2,
        ("duplicate", ""): 1,
        ("duplicate", "conflict"): 1,
    }


def test_an_event_that_nothing_is_about_and_its_repeat_go_the_compiled_way(monkeypatch: pytest.MonkeyPatch) -> None:
    assert vars(observe)["Ordinary"] is not None, (
        "not compiled: a compiler or Cython was missing when the package was installed"
    )
    state = observe.Observe(compiled(worlds.callers(), Policy(), 1, partition_of(1)).observe, 0)
    calls = [line for _, line in worlds.lines(worlds.calls_with_silences(1))]
    first, *others = [PlainRecord(place, NOW_US // 1000, None, call) for place, call in enumerate(calls)]
    state.feed([first], Now(NOW_US, True))
    take_each = Mock(side_effect=vars(observe.Observe)["_take_each"].__get__(state))
    monkeypatch.setattr(state, "_take_each", take_each)

    state.feed([*others, *others], Now(NOW_US + MINUTE_US, True))

    days = {json.loads(record.value or b"")["time"][: len("2026-03-06")] for record in [first, *others]}
    each = [record for call in take_each.call_args_list for record in call.args[0]]
    assert len(each) == len(days) - 1  # the first event of a day is where the day before the horizon is forgotten
    assert len(others) == state.counts()["applied", ""] - 1
    assert len(others) == state.counts()["duplicate", ""]
