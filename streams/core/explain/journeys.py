"""Measures that join events, explained: each item with what it adds, by the same pure functions that LINK counts with.

What an item is put down as is one function a journey (`PUT_DOWN`), what the sum reads as another (`READ`). An item that
adds nothing here is told with the reason.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple

from streams.core.accumulators import sparse
from streams.core.accumulators.sparse import Sparse
from streams.core.explain.leaves import Day, Group, LeafTold
from streams.core.explain.scene import EXAMPLES, Reason, Scene, Tally, by_time
from streams.core.journeys import cohorts, elapsed, retention
from streams.core.journeys.cohorts import Conversion, Repeat, Share
from streams.core.journeys.contract import POOL, Ground, Linked, Moment, Told, View, aged_us, first
from streams.core.journeys.distinct import COUNTED, DistinctLeads
from streams.core.journeys.elapsed import Elapsed
from streams.core.journeys.levels import Latest
from streams.core.journeys.quantiles import Quantile
from streams.core.journeys.retention import Retention
from streams.core.journeys.staff import Staff
from streams.core.link_spec import LinkSpec
from streams.core.measures.journey_leaves import JourneyLeaf
from streams.core.measures.leaves import KEY_SEPARATOR, OWN_KEY
from streams.core.membership import Membership
from streams.core.merges import Merges


class Put(StrEnum):
    """What an item is put down as."""

    CONVERTED = "converted"
    NOT_CONVERTED = "not_converted"
    NOT_YET = "not_yet"
    """It has not gone on, and its window is not over."""
    ANSWERED = "answered"
    GOOD = "good"
    BAD = "bad"
    STILL = "still"
    LOST = "lost"
    LEAD = "lead"
    LEVEL = "level"
    SUM = "sum"
    REACHED = "reached"
    NOT_REACHED = "not_reached"


class Item(NamedTuple):
    """An item of the subject and period: its key, its moments, and what it adds."""

    key: str
    moments: Sequence[Moment]
    vector: Mapping[int, int]


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


# -- one function a journey: what an item is put down as

BAD = frozenset({Put.NOT_CONVERTED, Put.NOT_YET, Put.BAD, Put.LOST})


def _in_cohort(journey: Share, item: Item, scene: Scene) -> Put:
    if item.vector.get(cohorts.CONVERTED):
        return Put.CONVERTED
    start = first(item.moments, cohorts.FROM)
    ripe = start is not None and scene.clock_us >= start.time_us + journey.within_us
    return Put.NOT_CONVERTED if ripe else Put.NOT_YET


def _in_time(journey: Elapsed, item: Item, scene: Scene) -> Put:
    if journey.within_us is None:
        return Put.ANSWERED
    return Put.GOOD if item.vector.get(elapsed.PART) else Put.BAD


def _retained(journey: Retention | Staff, item: Item, scene: Scene) -> Put:
    return Put.STILL if item.vector.get(retention.STILL) else Put.LOST


PUT_DOWN: Mapping[type, Callable[[Any, Item, Scene], Put]] = {
    Conversion: _in_cohort,
    Repeat: _in_cohort,
    Elapsed: _in_time,
    Retention: _retained,
    Staff: _retained,
    DistinctLeads: lambda journey, item, scene: Put.LEAD,
    Latest: lambda journey, item, scene: Put.LEVEL,
    Quantile: lambda journey, item, scene: Put.SUM,
}


# -- and one: the amount that its items add up to, and formula and numbers of the value

Shown = tuple[Fraction, str, str]


def _read_cohort(journey: Share, vector: Mapping[int, int], value: Fraction | None, n: int, factor: Fraction) -> Shown:
    matured = journey.how.value == "matured"
    converted = vector.get(cohorts.MATURED_CONVERTED if matured else cohorts.CONVERTED, 0)
    whole = vector.get(cohorts.MATURED, 0) == n
    if journey.how.value != "projected" or whole or not value:
        items = "matured items" if matured else "items"
        return Fraction(converted), f"converted / {items}", f"{converted:,} / {n:,}"
    expected = float(converted / value)
    return Fraction(converted), "converted / items by their age", f"{converted:,} / {expected:,.6g} (of {n:,})"


def _read_elapsed(
    journey: Elapsed, vector: Mapping[int, int], value: Fraction | None, n: int, factor: Fraction
) -> Shown:
    if journey.q is not None:
        return _read_quantile(journey, vector, value, n, factor)
    part = vector.get(elapsed.PART, 0)
    if journey.within_us is not None:
        return Fraction(part), "good / due", f"{part:,} / {n:,}"
    total = part * factor
    return total, "time / answered", f"{float(total):,.9g} / {n:,}"


def _read_retention(journey: Any, vector: Mapping[int, int], value: Fraction | None, n: int, factor: Fraction) -> Shown:
    still = vector.get(retention.STILL, 0)
    return Fraction(still), "still / at start", f"{still:,} / {n:,}"


def _read_level(journey: Latest, vector: Mapping[int, int], value: Fraction | None, n: int, factor: Fraction) -> Shown:
    level = value or Fraction(0)
    return level, f"level ({journey.at.value})", f"{float(level):,.9g}"


def _read_leads(journey: Any, vector: Mapping[int, int], value: Fraction | None, n: int, factor: Fraction) -> Shown:
    return Fraction(n), "", f"{n:,}"


def _read_quantile(journey: Any, vector: Mapping[int, int], value: Fraction | None, n: int, factor: Fraction) -> Shown:
    found = Fraction(0) if value is None else value * factor
    return Fraction(n), f"quantile {journey.q:g} of items", f"{float(found):,.9g} (of {n:,}, within 1 %)"


READ: Mapping[type, Callable[[Any, Mapping[int, int], Fraction | None, int, Fraction], Shown]] = {
    Conversion: _read_cohort,
    Repeat: _read_cohort,
    Elapsed: _read_elapsed,
    Retention: _read_retention,
    Staff: _read_retention,
    DistinctLeads: _read_leads,
    Latest: _read_level,
    Quantile: _read_quantile,
}
