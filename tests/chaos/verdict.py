"""What must hold at the end of a run, whatever happened in it.

Values equal the replay's. Every event has one outcome, every bad one is one dead letter with its reason. On kpi.alerts
every fingerprint lives a legal life, and the watched team's transitions are the replay's, each once. Every transition
that somebody is to be told of is one notice, and every notice reaches the receiver, in the order of its alert.

How often may it arrive there? The receiver and Kafka share no transaction: what the receiver took before the worker
could commit that it did is sent once more, with the same Idempotency-Key. Rows without a crash must not repeat any.
"""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.chaos.company import WATCHED
from tests.chaos.run import BrokenError, Run
from tests.kafka.alert_lives import illegal_lives
from tests.kafka.product import Row, apply, differences, now

TOLD = ("firing", "resolved", "expired")
STORY = ("at", "fingerprint", "class", "subject", "period", "transition", "severity", "reason")
HOOK = "webhook-1"
"""The receiver's name as a sink: the first in the list."""
LOOKS = 3
"""An item may mature, an hour or a day begin, between the two sides of a comparison."""
STILL_S = 3.0
"""Without another row on kpi.values; what is true at a moment is there a tick and a commit later."""
SHOWN = 12
"""Differences of one kind that are written out."""


@dataclass
class Verdict:
    """The end of one run. `problems` is empty where all is exact."""

    rows: int = 0
    different_rows: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    transitions: int = 0
    notices: int = 0
    repeated: int = 0
    """Deliveries that arrived again, with the same key."""
    problems: list[str] = field(default_factory=list)


@dataclass
class Told:
    """Alerts and notices as the topics have them, and first deliveries as the receiver has them."""

    alerts: list[Row]
    notices: list[Row]
    letters: list[Row]


async def judge(run: Run, crashed: bool) -> Verdict:
    """Waits for the end of the run's work and checks it; the fleet is stopped then.

    Raises:
        BrokenError: the work does not end.
    """
    verdict = Verdict()
    verdict.outcomes = await run.drained()
    standing = await _standing(run)
    await _until_delivered(run, verdict)
    for look in run.last_looks:
        await look()
    before = await _transitions(run)
    told = await _read(run)
    after = await _transitions(run)
    if not before <= len(told.alerts) <= after:
        verdict.problems.append(f"{len(told.alerts)} transitions on kpi.alerts, {before} to {after} in the state")
    for worker in list(run.fleet):
        await run.stop(worker)
    told = await _read(run)
    _compare_told(run, verdict, told, crashed)
    replayed = await _compare_values(run, verdict, standing)
    if run.company.ordered:
        verdict.problems += some(_other_story(told.alerts, replayed))
    verdict.problems += run.problems
    tracebacks = run.product.logs().count("Traceback (most recent call last)")
    if tracebacks:
        run.notes.append(f"{tracebacks} tracebacks in the logs")
    return verdict


def _compare_told(run: Run, verdict: Verdict, told: Told, crashed: bool) -> None:
    """Alerts, notices, letters and deliveries among themselves."""
    verdict.transitions, verdict.notices = len(told.alerts), len(told.notices)
    verdict.problems += _wrong_outcomes(run, verdict.outcomes, told.letters)
    verdict.problems += some(illegal_lives(told.alerts))
    verdict.problems += some(_wrong_notices(told))
    verdict.repeated = _repeated(run)
    lost = run.product.logs().count("the commit is lost")
    if lost:
        run.notes.append(f"{lost} commits lost by workers that lived, and done again")
    # A worker that lost its session, as on a machine that is too busy, can settle nothing: for its messages a crash.
    verdict.problems += some(_wrong_deliveries(run, told, crashed or lost > 0))


def some(lines: Sequence[str]) -> list[str]:
    """The first lines, and how many more there are."""
    more = [f"... and {len(lines) - SHOWN} more like these"] if len(lines) > SHOWN else []
    return [*lines[:SHOWN], *more]


# -- values


@dataclass(frozen=True)
class Standing:
    """What stands on kpi.values at a moment."""

    moment: datetime
    rows: dict[bytes, Row]


async def _standing(run: Run) -> Standing:
    """Once rows change no more: all lanes were at rest, but some of what they had taken may not be committed yet."""
    standing = Standing(now(), {})

    async def is_still() -> bool:
        nonlocal standing
        before, standing = standing.rows, Standing(now(), {})
        await asyncio.sleep(STILL_S)
        apply(standing.rows, await run.whole_topic("kpi.values"))
        return standing.rows == before

    await run.until(is_still, "end of new rows on kpi.values")
    return standing


async def _compare_values(run: Run, verdict: Verdict, standing: Standing) -> list[Row]:
    """Compares with a replay until that moment, or where rows differ with one of another; the replay's alerts.

    The fleet is stopped: a replay takes minutes, and the cores that broker and workers want while they wait.
    """
    for look in range(LOOKS):
        if look:
            run.start_worker()
            await run.all_run(*run.fleet)
            standing = await _standing(run)
            await run.stop(run.fleet[0])
        wanted, alerts = await run.replayed(standing.moment)
        wrong = differences(wanted, standing.rows)
        if not wrong:
            break
    verdict.rows, verdict.different_rows = len(wanted), len(wrong)
    verdict.problems += some(wrong)
    if wrong:
        by_kpi = Counter(line.split("|")[0] for line in wrong)
        run.notes.append(f"different rows by KPI: {dict(by_kpi.most_common())}")
    return alerts


# -- outcomes


def _wrong_outcomes(run: Run, outcomes: Counter[str], letters: Iterable[Row]) -> list[str]:
    refused, wrong = run.refused, []
    told = Counter(letter["reason"] for letter in letters if letter["topic"] == "kpi.events")
    if told != refused:
        wrong.append(f"dead letters {dict(told - refused)} too many, {dict(refused - told)} missing")
    expected = {"dead_lettered": refused.total(), "duplicate": run.company.repeated}
    return wrong + [
        f"{outcomes[name]} events are {name}, expected {number}"
        for name, number in expected.items()
        if outcomes[name] != number
    ]


# -- alerts


async def _transitions(run: Run) -> int:
    return sum(figures.transitions for figures in await run.figures())


async def _read(run: Run) -> Told:
    topics = [await run.whole_topic(name) for name in ("kpi.alerts", "kpi.notices", "kpi.dead-letter")]
    return Told(*([json.loads(record.value) for record in records] for records in topics))


def _other_story(alerts: Iterable[Row], replayed: Iterable[Row]) -> list[str]:
    """Transitions of the watched team that only one side has."""
    ours, theirs = (
        Counter(tuple(alert[name] for name in STORY) for alert in side if alert["kpi"] == WATCHED)
        for side in (alerts, replayed)
    )
    missing = [f"alert only in the replay: {alert}" for alert in (theirs - ours).elements()]
    return missing + [f"alert only live: {alert}" for alert in (ours - theirs).elements()]


def _wrong_notices(told: Told) -> list[str]:
    """Every transition that is told makes one notice."""
    wanted = Counter(_transition(alert) for alert in told.alerts if alert["transition"] in TOLD)
    made = Counter(_transition(notice["alert"]) for notice in told.notices if notice["recipient"] == HOOK)
    wrong = [f"no notice of {transition}" for transition in (wanted - made).elements()]
    return wrong + [f"a notice too many of {transition}" for transition in (made - wanted).elements()]


def _transition(alert: Row) -> tuple[str, str, str]:
    return alert["fingerprint"], alert["at"], alert["transition"]


# -- deliveries


async def _until_delivered(run: Run, verdict: Verdict) -> None:
    async def is_delivered() -> bool:
        notices = [json.loads(record.value) for record in await run.whole_topic("kpi.notices")]
        return _ids(notices) <= set(_first_accepted(run))

    try:
        await run.until(is_delivered, "delivery of every notice", every_s=2)
    except BrokenError as error:
        verdict.problems.append(str(error))
    await asyncio.sleep(1)  # what should not come would come right behind


def _first_accepted(run: Run) -> dict[str, Row]:
    """Messages that the receiver took, in order, by notice id."""
    taken: dict[str, Row] = {}
    for body in run.hook.accepted:
        taken.setdefault(body["id"].rsplit("@", 1)[0], body)
    return taken


def _repeated(run: Run) -> int:
    return len(run.hook.accepted) - len({body["id"] for body in run.hook.accepted})


def _wrong_deliveries(run: Run, told: Told, crashed: bool) -> list[str]:
    wrong = []
    taken = _first_accepted(run)
    # The clock runs on: what became news in the last moments before the stop is still in the outbox.
    fresh = now() - timedelta(minutes=3)
    wrong += [
        f"notice {notice['id']} never arrived"
        for notice in told.notices
        if notice["id"] in _ids(told.notices) - set(taken) and datetime.fromisoformat(notice["alert"]["at"]) < fresh
    ]
    wrong += [f"notice {id_} arrived, but is not on kpi.notices" for id_ in set(taken) - _ids(told.notices)]
    keys: dict[str, set[str]] = defaultdict(set)
    for request in run.hook.requests:
        keys[request.body["id"]].add(request.headers["Idempotency-Key"])
    wrong += [f"delivery {id_} came with keys {sorted(found)}" for id_, found in keys.items() if len(found) > 1]
    if not crashed and (repeated := _repeated(run)):
        wrong.append(f"{repeated} deliveries arrived twice though no worker crashed")
    in_order: dict[str, list[str]] = defaultdict(list)
    for body in taken.values():
        in_order[body["alert"]["fingerprint"]].append(body["alert"]["at"])
    return wrong + [f"alert {name} was told out of order: {at}" for name, at in in_order.items() if at != sorted(at)]


def _ids(notices: Iterable[Row]) -> set[str]:
    return {notice["id"] for notice in notices if notice["recipient"] == HOOK}
