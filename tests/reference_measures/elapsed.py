"""`elapsed`: how long from one event to another of the same key, as a mean, a quantile, or the share within a limit."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from tests import reference
from tests.reference.events import Net
from tests.reference_measures import working_time
from tests.reference_measures.cohorts import earliest
from tests.reference_measures.quantities import QUANTILE_ERROR
from tests.reference_measures.working_time import Stretch
from tests.reference_measures.world import (
    Node,
    Rows,
    Said,
    World,
    duration,
    grouped,
    key_of,
    order_statistic,
)

END_OF_TIME = timedelta(days=10_000)


@dataclass(frozen=True)
class Item:
    """One key's first `from`, and what became of it."""

    root: Net
    to: Net | None  # the first standing one at or after `from`
    stopped: datetime | None  # only where the stop came before `to`
    undone: bool  # after the first `to`, within `hold`
    pauses: tuple[Stretch, ...]  # up to `to`; one that is still on has no end in sight


def rows(world: World, kpi: Node) -> Rows:
    spec, wanted = kpi["measure"]["elapsed"], kpi["measure"]["as"]
    found = list(items(world, spec))
    if isinstance(wanted, dict) and "share_within" in wanted:
        return shares(world, kpi, found)
    return times(world, kpi, found)


def items(world: World, spec: Node) -> Iterator[Item]:
    steps = {name: world.select(spec[name], spec["key"]) for name in ("from", "to", "stop", "undo") if name in spec}
    pausing = [fact for name in spec.get("pause", ()) for fact in world.select(name, spec["key"])]
    for key, root in earliest(steps["from"], spec["key"]).items():
        own = {name: [f for f in facts if key_of(f, spec["key"]) == key] for name, facts in steps.items()}
        to = next((fact for fact in own["to"] if fact.at >= root.at), None)
        stop = next((fact.at for fact in own.get("stop", ()) if fact.at >= root.at), None)
        switches = sorted(
            (fact for fact in pausing if key_of(fact, spec["key"]) == key), key=lambda f: (f.at, *f.identity)
        )
        yield Item(
            root,
            to,
            stop if stop is not None and (to is None or stop < to.at) else None,
            to is not None and any(undoes(fact, to, spec) for fact in own.get("undo", ())),
            tuple(paused(switches, spec.get("pause", ("", ""))[0], to.at if to else None)),
        )


def undoes(undo: Net, to: Net, spec: Node) -> bool:
    return undo.at > to.at and ("hold" not in spec or undo.at <= to.at + duration(spec["hold"]))


def paused(switches: list[Net], pause: str, answered: datetime | None) -> Iterator[Stretch]:
    """From the first pause to the first resumption after it, and so on; the answer ends a pause."""
    since: datetime | None = None
    for fact in switches:
        if answered is not None and fact.at >= answered:
            break
        if fact.type == pause and since is None:
            since = fact.at
        elif fact.type != pause and since is not None:
            yield since, fact.at
            since = None
    if since is not None:
        yield since, answered or since + END_OF_TIME


def running(world: World, spec: Node, item: Item) -> Iterator[Stretch]:
    """The stretches in which an item's clock runs, from its `from` on."""
    calendar = working_time.calendar_of(world.catalogue, spec.get("clock", "business"))
    return working_time.without(working_time.stretches(calendar, item.root.at, world.zone), item.pauses)


def times(world: World, kpi: Node, found: list[Item]) -> Rows:
    """In the period of `to`; without what was undone, and without what was stopped first."""
    spec, wanted = kpi["measure"]["elapsed"], kpi["measure"]["as"]
    answered = [
        (cell, working_time.elapsed(running(world, spec, item), item.to.at))
        for item in found
        if item.to is not None and not item.undone and item.stopped is None
        for cell in world.credited(
            kpi, item.to if spec.get("credit", "from") == "to" else item.root, item.to.at, series=item.root
        )
    ]
    unit = reference.measures.SECONDS_IN.get(kpi["unit"], 1)

    def said(spans: list[Fraction]) -> Said:
        if wanted == "mean":
            return Said(sum(spans, Fraction()) / len(spans) / unit, len(spans))
        return Said(order_statistic(spans, wanted["quantile"]) / unit, len(spans), QUANTILE_ERROR)

    return {cell: said(spans) for cell, spans in grouped(answered).items()}


def shares(world: World, kpi: Node, found: list[Item]) -> Rows:
    """In the period of the due instant; counted from min(answered, due) on."""
    spec, wanted = kpi["measure"]["elapsed"], kpi["measure"]["as"]
    judged = []
    for item in found:
        due = working_time.due(running(world, spec, item), duration(wanted["share_within"]))
        good = verdict(item, due, world.clock, wanted.get("late", "bad"))
        if due is not None and good is not None:
            answered = item.to is not None and item.stopped is None
            credit = item.to if item.to and answered and spec.get("credit", "from") == "to" else item.root
            judged += [(cell, good) for cell in world.credited(kpi, credit, due, series=item.root)]
    return {cell: Said(Fraction(100 * sum(goods), len(goods)), len(goods)) for cell, goods in grouped(judged).items()}


def verdict(item: Item, due: datetime | None, clock: datetime, late: str) -> bool | None:
    """Good, bad, or None for an item that does not count (yet)."""
    if due is None or (item.stopped is not None and item.stopped < due):
        return None
    if item.to is None or item.stopped is not None:
        return False if due <= clock else None
    if item.undone:
        return False
    return item.to.at <= due or late == "good"
