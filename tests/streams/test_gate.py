import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from streams.core.intake import KEY, Intake
from streams.core.policy import GuardPolicy
from streams.core.stage import Now, PartitionState, Send, Step
from streams.gate import Gate

NOW = Now(0, False)


class Counting:
    """A state as far as a gate looks at it."""

    def __init__(self) -> None:
        self.rejected = 0

    def counts(self) -> Mapping[tuple[str, ...], int]:
        return {("applied", ""): 7, ("dead_lettered", "bad_json"): self.rejected, ("pending", ""): 0}


def gate(policy: GuardPolicy | None = None) -> tuple[Gate, Any]:
    made = Gate(Intake(3, policy or GuardPolicy(least=10), lambda *_: []), asyncio.Event())
    state: Any = Counting()
    made.load(None, state)
    return made, state


def feed(made: Gate, state: Any, records: int, rejected: int, offset: int = 0, failed: int = 0) -> None:
    state.rejected += rejected
    made.note(records, state, offset, NOW, failed)


def test_what_a_state_had_rejected_before_it_was_restored_is_not_this_chunk_s() -> None:
    made, state = gate()
    state.rejected = 500
    made.load(None, state)

    feed(made, state, 20, 0)
    assert not made.is_shut
    feed(made, state, 20, 20)
    feed(made, state, 20, 20)
    assert made.is_shut


def test_the_pause_is_committed_with_the_chunks_it_comes_from_and_only_once() -> None:
    made, state = gate()
    feed(made, state, 5, 5)
    feed(made, state, 20, 20, offset=25)
    ours = Step([], {b"row": b"1"})

    sealed = made.seal(ours)

    assert {b"row", KEY} == set(sealed.rows)
    assert made.seal(Step([], {})) == Step([], {})
    assert made.sentence is not None
    assert "is paused at offset 25: 25 of its last 25 records were rejected, most as bad_json" in made.sentence


def test_a_lost_commit_opens_it_again() -> None:
    made, state = gate()
    feed(made, state, 20, 20)

    made.load(None, state)

    assert not made.is_shut
    assert made.seal(Step([], {})) == Step([], {})


def test_records_on_which_the_program_fails_count_over_every_restore() -> None:
    made, state = gate()
    for offset in range(10):
        assert not made.is_shut
        feed(made, state, 1, 0, offset, failed=1)
        row = made.seal(Step([], {})).rows.get(KEY)
        made.load(row, state)

    assert made.is_shut
    assert "internal_error" in str(made.sentence)


async def test_it_opens_when_a_person_asks_and_tells_them_once_that_is_committed() -> None:
    made, state = gate()
    feed(made, state, 20, 20)
    assert not made.is_to_open

    answer = made.ask(0)
    assert made.is_to_open
    step = made.open(NOW)
    assert not answer.done()
    made.opened()

    assert step.rows == {KEY: None}
    assert answer.done()
    assert not made.is_shut
    assert not made.is_to_open


def test_it_opens_by_itself_when_the_guard_is_switched_off() -> None:
    paused, state = gate()
    feed(paused, state, 20, 20)
    row = paused.seal(Step([], {})).rows[KEY]
    made, state = gate(GuardPolicy(ratio=0))

    made.load(row, state)
    assert made.is_to_open
    made.open(NOW)
    made.opened()

    assert not made.is_shut


@pytest.mark.parametrize("state", [None])
def test_a_lane_without_a_guard_is_always_open(state: PartitionState) -> None:
    made = Gate(None, asyncio.Event())
    made.load(None, state)
    made.note(1000, state, 0, NOW, failed=1000)

    sends: list[Send] = []
    assert not made.is_shut
    assert not made.is_to_open
    assert made.sentence is None
    assert made.seal(Step(sends, {})) == Step([], {})
