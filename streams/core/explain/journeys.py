"""Measures that join events, explained: each item with what it adds, by the same pure functions that LINK counts with.

What an item is put down as is one function a journey (`put_down`), what the sum reads as another (`formulas`). An item
that adds nothing here is told with the reason.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from streams.core.accumulators import sparse
from streams.core.accumulators.sparse import Sparse
from streams.core.explain.formulas import READ
from streams.core.explain.leaves import Day, Group, LeafTold
from streams.core.explain.put_down import BAD, PUT_DOWN, Item, Put
from streams.core.explain.scene import EXAMPLES, Reason, Scene, Tally, by_time
from streams.core.journeys import elapsed
from streams.core.journeys.cohorts import Share
from streams.core.journeys.contract import POOL, Ground, Linked, Moment, Told, View, aged_us, first
from streams.core.journeys.distinct import COUNTED, DistinctLeads
from streams.core.journeys.elapsed import Elapsed
from streams.core.journeys.quantiles import Quantile
from streams.core.journeys.staff import Staff
from streams.core.link_spec import LinkSpec
from streams.core.measures.journey_leaves import JourneyLeaf
from streams.core.measures.leaves import KEY_SEPARATOR, OWN_KEY
from streams.core.membership import Membership
from streams.core.merges import Merges


@dataclass(frozen=True, slots=True)
class JourneyTold:
    """A leaf that joins events: `value` is what its items read as, in the journey's own unit; `n` the items behind it;
    `formula` and `numbers` say how."""

    leaf: LeafTold
    value: Fraction | None
    n: int
    formula: str
    numbers: str


def tell_journey(leaf: JourneyLeaf, scene: Scene, factor: Fraction) -> JourneyTold:
    """A leaf over all facts that it joins; `factor` brings a duration into the KPI's unit."""
    spec, kpi = scene.spec, scene.plan.kpi
    ground = Ground(spec.windows, kpi.period, kpi.scope, spec.observe.org, spec.calendars.tenant)
    items, pool, tally = _items(leaf, ground, scene)
    vector: Sparse = {}
    for item in items:
        sparse.add(vector, item.vector)
    window = scene.window
    aged = aged_us(spec.windows, window.end_us, scene.clock_us)
    linked = Linked([vector], scene.clock_us, window.start_us, window.end_us, [pool], aged)
    value = leaf.journey.read(vector, linked, pool)
    n = leaf.journey.count(vector)
    amount, formula, numbers = READ[type(leaf.journey)](leaf.journey, vector, value, n, factor)
    told = LeafTold(
        what=_what(leaf),
        unit="",
        scale=amount.denominator,
        integer=amount.numerator,
        events=len(items),
        days=_days(leaf, items, scene),
        excluded=tally.told(),
        groups=_groups(leaf, items, scene),
    )
    return JourneyTold(told, value, n, formula, numbers)


def _items(leaf: JourneyLeaf, ground: Ground, scene: Scene) -> tuple[list[Item], Sparse, Tally]:
    """Items of the subject and period, the pool of all, and why the subject's other events count for nothing here."""
    tally, view = Tally(), View(scene.clock_us, scene.window.start_us, scene.first_us)
    items: list[Item] = []
    pool: Sparse = {}
    merges = scene.merges(leaf)
    for key, moments in sorted(_joined(leaf, scene, merges, tally).items()):
        seen = view._replace(merged=key in merges.joined)
        account = leaf.journey.account(sorted(moments), ground, seen)
        vector: Sparse = {}
        for one in account.told:
            if one.window == POOL:
                sparse.add(pool, one.vector)
            elif one.window == scene.window.id and scene.name in one.subjects:
                sparse.add(vector, one.vector)
        if vector:
            items += [Item(key, sorted(moments), vector)] if leaf.basis is None or leaf.journey.count(vector) else []
        else:
            _note(tally, leaf, moments, account.told, scene)
    return items, pool, tally


def _joined(leaf: JourneyLeaf, scene: Scene, merges: Merges, tally: Tally) -> dict[str, list[Moment]]:
    """The moments of each item; facts of the subject that have no part in one are noted."""
    joined: dict[str, list[Moment]] = defaultdict(list)
    for fact in by_time(fact for fact in scene.evidence.facts() if fact.type in leaf.types):
        taken = leaf.take(fact)
        if taken is not None:
            chain = scene.chain(fact)
            root = merges.root(taken.key)
            origin = "" if root == taken.key else taken.key
            joined[root].append(Moment(fact.time_us, *fact.identity, taken.roles, chain, taken.value, origin))
            counts = leaf.basis is None or taken.roles & COUNTED
            if fact.whole and not counts and scene.within(fact) and scene.credited(fact):
                tally.note(Reason.REVERSED, "", fact.identity)
        elif scene.within(fact) and scene.credited(fact):
            failing = [part.holds.failing(fact.data) for part in leaf.parts if fact.type in part.types]
            if fact.whole:
                tally.note(Reason.REVERSED, "", fact.identity)
            elif all(failing):
                tally.note(Reason.CONDITION, " | ".join(failing), fact.identity)
            else:
                tally.note(Reason.FIELD, ", ".join((*(leaf.fields or ()), *leaf.measured)), fact.identity)
    if isinstance(leaf.journey, Staff):
        spec, catalogue = scene.spec, scene.spec.catalogue
        membership = Membership(catalogue, spec.windows)
        linking = LinkSpec(spec.observe, catalogue.calendar, spec.calendars.tenant, membership)
        for tag, index, key, source, id_, payload, *_ in linking.employed():
            if (tag, index) == (scene.plan.tag, leaf.index) and payload is not None:
                joined[key].append(Moment(payload[0], source, id_, *payload[1:]))
    return joined


def _note(tally: Tally, leaf: JourneyLeaf, moments: Sequence[Moment], told: Sequence[Told], scene: Scene) -> None:
    """Why an item adds nothing, if the subject has an event in it within the period."""
    kpi, org = scene.plan.kpi, scene.spec.observe.org
    ground = Ground(scene.spec.windows, kpi.period, kpi.scope, org, scene.spec.calendars.tenant)
    mine = [
        moment
        for moment in sorted(moments)
        if scene.window.start_us <= moment.time_us < scene.window.end_us and scene.name in ground.subjects(moment.chain)
    ]
    if not mine:
        return
    elsewhere = [one for one in told if one.window != POOL]
    identity = mine[0].source, mine[0].id
    own = sorted({one.window for one in elsewhere if scene.name in one.subjects})
    if own:
        tally.note(Reason.OTHER_PERIOD, own[0] if len(own) == 1 else f"{own[0]} … {own[-1]}", identity)
    elif elsewhere:
        tally.note(Reason.OTHER_SUBJECT, "", identity)
    elif not any(moment.roles & 1 for moment in moments):  # the first role of every journey is what begins an item
        tally.note(Reason.NO_START, "", identity)
    else:
        tally.note(Reason.OPEN, "", identity)


def _days(leaf: JourneyLeaf, items: Sequence[Item], scene: Scene) -> tuple[Day, ...]:
    """Items by the date of the event that they are told of by, with how many of them are good."""
    types = {fact.identity: fact.type for fact in scene.evidence.facts()}
    events: dict[tuple[str, str], int] = defaultdict(int)
    good: dict[tuple[str, str], int] = defaultdict(int)
    for item in items:
        moment = _told_by(leaf.journey, item, scene)
        type_ = None if moment is None else types.get((moment.source, moment.id))
        if moment is not None and type_ is not None:
            name = scene.day(moment.time_us), type_
            events[name] += 1
            good[name] += PUT_DOWN[type(leaf.journey)](leaf.journey, item, scene) not in BAD
    return tuple(Day(*name, events[name], good[name]) for name in sorted(events))


def _told_by(journey: Any, item: Item, scene: Scene) -> Moment | None:
    """The event that an item is shown by: its answer where that decides its period, else its beginning."""
    start = first(item.moments, 1)
    if isinstance(journey, Elapsed) and journey.within_us is None and start is not None:
        return first(item.moments, elapsed.TO, start.time_us)
    if isinstance(journey, Quantile | DistinctLeads):
        return first(item.moments, 1, scene.window.start_us, scene.window.end_us - 1)
    return start if isinstance(journey, Share | Elapsed) else None


def _groups(leaf: JourneyLeaf, items: Sequence[Item], scene: Scene) -> tuple[Group, ...]:
    keys: dict[Put, list[str]] = defaultdict(list)
    for item in items:
        keys[PUT_DOWN[type(leaf.journey)](leaf.journey, item, scene)].append(_key(item.key))
    return tuple(Group(put.value, len(keys[put]), tuple(keys[put][:EXAMPLES])) for put in Put if keys[put])


def _key(key: str) -> str:
    parts = key.removeprefix(OWN_KEY).split(KEY_SEPARATOR)
    return parts[-1] if key.startswith(OWN_KEY) else " + ".join(parts)


def _what(leaf: JourneyLeaf) -> str:
    """`conversion of lead.created, sale.closed by lead_id`: the selections in the measure's order."""
    selections = []
    for part in leaf.parts:
        types = " + ".join(sorted(part.types))
        selections.append(f"{types} where {part.holds}" if part.holds.fields else types)
    key = (
        "event"
        if leaf.fields is None and not leaf.by_subject
        else "subject"
        if leaf.by_subject
        else " + ".join(leaf.fields or ())
    )
    measured = f" {' + '.join(leaf.measured)}" if leaf.measured else ""
    return f"{type(leaf.journey).__name__.lower()}{measured} of {'; '.join(selections)}, by {key}"
