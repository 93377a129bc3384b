"""The promise of issue 2: exactly one message per transition, in order, whatever the receiver does."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from schemas.alerts import Transition
from streams.core.notify import NotifyPolicy
from streams.core.policy import SECOND_US
from streams.sinks.registry import Sinks, sinks_of
from tests.streams.sinks.examples import notice
from tests.streams.sinks.receiver import Answer, Receiver
from tests.streams.sinks.shell import Shell

FIRING, RESOLVED, EXPIRED = Transition.FIRING, Transition.RESOLVED, Transition.EXPIRED


def webhook(receiver: Receiver) -> str:
    return f"webhook+{receiver.url}"


def chat(receiver: Receiver) -> str:
    return f"json://127.0.0.1:{receiver.port}/hook"


KINDS = [pytest.param(webhook, id="webhook"), pytest.param(chat, id="apprise")]
Address = Callable[[Receiver], str]


@asynccontextmanager
async def shell_with(*urls: str, timeout_s: float = 5.0, policy: NotifyPolicy | None = None) -> AsyncIterator[Shell]:
    sinks = Sinks(sinks_of([SecretStr(url) for url in urls], timeout_s=timeout_s))
    try:
        yield Shell(sinks, policy)
    finally:
        await sinks.close()


def titles(receiver: Receiver) -> list[str]:
    return [body["title"] for body in receiver.accepted]


@pytest.mark.parametrize("address", KINDS)
async def test_each_transition_arrives_once_and_in_order(address: Address, receiver: Receiver) -> None:
    story = [notice("f1", FIRING), notice("f2", FIRING), notice("f1", RESOLVED), notice("f2", EXPIRED)]
    async with shell_with(address(receiver)) as shell:
        shell.feed(*story)
        await shell.run(for_s=10)

    assert [one.title for one in story] == titles(receiver)


@pytest.mark.parametrize("address", KINDS)
async def test_a_receiver_that_fails_twice_gets_each_transition_once(address: Address, receiver: Receiver) -> None:
    story = [notice("f1", FIRING), notice("f1", RESOLVED)]
    async with shell_with(address(receiver)) as shell:
        receiver.fail(2)
        shell.feed(story[0])
        await shell.run(for_s=30)
        receiver.fail(2)
        shell.feed(story[1])
        await shell.run(for_s=30)

        assert [one.title for one in story] == titles(receiver)
        assert shell.state.counts()[("failed",)] == 4
        assert shell.state.counts()[("delivered",)] == 2
    assert len(receiver.requests) == 6


@pytest.mark.parametrize("address", KINDS)
async def test_a_resolved_waits_behind_its_failing_firing(address: Address, receiver: Receiver) -> None:
    async with shell_with(address(receiver)) as shell:
        receiver.fail(1)
        shell.feed(notice("f1", FIRING), notice("f1", RESOLVED))
        await shell.round()

        assert await shell.round() == []
        await shell.run(for_s=5)
    assert titles(receiver) == [notice("f1", FIRING).title, notice("f1", RESOLVED).title]


async def test_a_receiver_that_is_not_there_at_first_gets_the_message_later(receiver: Receiver) -> None:
    async with shell_with(f"webhook+http://127.0.0.1:{receiver.port}/hook", "webhook+http://127.0.0.1:1/hook") as shell:
        shell.feed(notice())
        [here, nowhere] = sorted(await shell.round(), key=lambda one: one.id)

    assert here.error is None
    assert nowhere.error == "webhook-2 could not be reached (ClientConnectorError)"
    assert len(receiver.accepted) == 1


@pytest.mark.parametrize("address", KINDS)
async def test_a_dead_sink_does_not_stop_another(address: Address, receiver: Receiver, other: Receiver) -> None:
    story = [notice(f"f{n}") for n in range(5)]
    async with shell_with(address(receiver), address(other)) as shell:
        receiver.fail(10_000)
        shell.feed(*story)
        await shell.run(for_s=20)

        assert titles(other) == [one.title for one in story]
        assert titles(receiver) == []
        assert shell.pending == 5


@pytest.mark.parametrize("address", KINDS)
async def test_a_hanging_sink_times_out_and_the_other_has_its_message(
    address: Address, receiver: Receiver, other: Receiver
) -> None:
    async with shell_with(address(receiver), address(other), timeout_s=0.3) as shell:
        receiver.script.append(Answer(hang=True))
        shell.feed(notice())
        outcomes = await shell.round()

    assert {one.id[-1]: one.error for one in outcomes}.get("2") is None
    [failed] = [one for one in outcomes if one.error]
    assert failed.error is not None
    assert failed.error.endswith("did not answer within 0.3 s")
    assert len(other.accepted) == 1


async def test_one_of_two_receivers_failing_is_no_second_message_for_the_other(
    receiver: Receiver, other: Receiver
) -> None:
    async with shell_with(chat(receiver), chat(other)) as shell:
        receiver.fail(3)
        shell.feed(notice())
        await shell.run(for_s=30)

    assert len(other.requests) == 1
    assert len(receiver.accepted) == 1


@pytest.mark.parametrize("address", KINDS)
async def test_a_restart_between_failure_and_success_delivers_once(address: Address, receiver: Receiver) -> None:
    async with shell_with(address(receiver)) as shell:
        receiver.fail(1)
        shell.feed(notice("f1", FIRING), notice("f1", RESOLVED))
        await shell.round()
        shell.restart()
        await shell.run(for_s=10)
        shell.restart()
        await shell.run(for_s=10)

        assert shell.state.counts()[("delivered",)] == 2
    assert titles(receiver) == [notice("f1", FIRING).title, notice("f1", RESOLVED).title]


async def test_a_crash_after_acceptance_and_before_the_commit_repeats_with_the_same_key(receiver: Receiver) -> None:
    async with shell_with(webhook(receiver)) as shell:
        shell.feed(notice())
        [outcome] = await shell.attempt()  # the receiver has it, and the worker dies here
        shell.restart()
        await shell.run(for_s=3)

    assert outcome.error is None
    assert len(receiver.accepted) == 2
    assert len({request.headers["Idempotency-Key"] for request in receiver.requests}) == 1


async def test_a_lost_answer_repeats_with_the_same_key(receiver: Receiver) -> None:
    async with shell_with(webhook(receiver)) as shell:
        receiver.script.append(Answer(then_drop=True))
        shell.feed(notice())
        await shell.run(for_s=3)

    assert [request.accepted for request in receiver.requests] == [True, True]
    assert len({request.headers["Idempotency-Key"] for request in receiver.requests}) == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_of_the_webhook_is_waited_for(status: int, receiver: Receiver) -> None:
    async with shell_with(webhook(receiver)) as shell:
        receiver.fail(1, status, Retry_After="7")
        shell.feed(notice())
        [outcome] = await shell.round()
        shell.us += 6 * SECOND_US
        early = shell.state.due(shell.now)
        shell.us += 1 * SECOND_US
        late = shell.state.due(shell.now)

    assert outcome.retry_after_s == 7
    assert list(early) == []
    assert [one.id for one in late] == [outcome.id]


@pytest.mark.parametrize("address", KINDS)
async def test_a_message_refused_for_itself_makes_room_for_the_next(address: Address, receiver: Receiver) -> None:
    async with shell_with(address(receiver)) as shell:
        receiver.fail(1, 422)
        shell.feed(notice("f1"), notice("f2"))
        await shell.run(for_s=3)

        assert shell.state.counts()[("undeliverable",)] == 1
        [letter] = shell.sends
        assert b"answered 422" in (letter.value or b"")
    assert titles(receiver) == [notice("f2").title]


async def test_a_missing_address_is_tried_again(receiver: Receiver) -> None:
    async with shell_with(webhook(receiver)) as shell:
        receiver.fail(1, 404)
        shell.feed(notice())
        await shell.run(for_s=5)

    assert len(receiver.accepted) == 1
