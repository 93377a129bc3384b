"""An explanation from its evidence: leaves, arithmetic, exclusions, amendments, target, working time.

It also says what the state does not keep. `explain` is all that the commands and pages call.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from babel.numbers import get_currency_precision

from schemas.values import Value
from streams.core.corrections import Role, identity_of
from streams.core.explain.evidence import Case, Change, Effect, Kept, gather, types_of
from streams.core.explain.leaves import LeafTold
from streams.core.explain.measures import Account, account_of
from streams.core.explain.scene import Excluded, Scene
from streams.core.explain.working_time import TimeTold, tell_time
from streams.core.judge_spec import JudgeSpec
from streams.core.measures.journey_leaves import JourneyLeaf
from streams.core.measures.leaves import CountLeaf, KeyLeaf, SumLeaf
from streams.core.policy import DAY_US
from streams.core.series import OTHER
from streams.core.targets import Number, Piece
from streams.core.timers import minute_from
from streams.core.windows import Window

TOLD_FIELDS = ("amount", "cost", "value", "quantity", "owner", "team")
"""Fields of which a correction tells old and new, besides those that the measure reads."""
AGED = 0.01
OUTCOMES = ("duplicate", "beyond_horizon", "dead_lettered", "orphan", "pending")


class Note(StrEnum):
    """What a reader has to know about an explanation; the words are in streams.inspection.explain_words."""

    ANONYMOUS = "anonymous"
    FOLDED = "folded"
    """It is the smaller series in one: each of them is told by its name, and where they do not add up there is no
    value."""
    UNTOLD = "untold"
    """This measure's arithmetic is not told: its events are."""
    NOTHING = "nothing"
    """No event and no row."""
    DIFFERS = "differs"
    """What is counted here is not what is published."""
    FORGOTTEN = "forgotten"
    """The period began before the events that are still kept."""
    COUNTED_FROM = "counted_from"
    """What is published was counted from an instant inside the period on, or its baseline was."""
    IDENTITIES = "identities"
    """Which events were duplicates, too old or refused is not kept, only how many of all KPIs."""
    ARRIVAL = "arrival"
    """When an event came is not kept: what restated a closed value is seen only of amendments dated after the close."""
    MINOR = "minor"
    """Money is told in minor units, of which the currency has more than one to its unit."""
    ELSEWHERE = "elsewhere"
    """Partitions that are not at hand here: their events are missing."""


@dataclass(frozen=True, slots=True)
class ChangeTold:
    """One amendment: `of` is the root's (source, id), `changed` old and new of the fields that matter."""

    role: Role
    effect: Effect
    source: str
    id: str
    type: str
    time_us: int
    of: tuple[str, str]
    of_time_us: int
    changed: dict[str, tuple[object, object]]
    after_close: bool


@dataclass(frozen=True, slots=True)
class TargetTold:
    """The target, where a key result began, whether it must be passed, and the versions and members it is made of."""

    value: Number
    base: Number | None
    strict: bool
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class PartitionTold:
    """One partition of OBSERVE: how far it is, and outcomes of all that it has ever read, of whatever KPI."""

    partition: int
    watermark_us: int | None
    outcomes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a value came about. `published` is the row of kpi.values, None where there is none."""

    scene: Scene
    published: Value | None
    account: Account | None
    leaves: tuple[LeafTold, ...]
    excluded: tuple[Excluded, ...]
    changes: tuple[ChangeTold, ...]
    target: TargetTold | None
    time: TimeTold
    partitions: tuple[PartitionTold, ...]
    kept_from_us: int | None
    elsewhere: tuple[int, ...]
    notes: tuple[Note, ...]


def explain(
    spec: JudgeSpec,
    kpi: str,
    subject: str,
    window: Window,
    clock_us: int,
    kept: Sequence[Kept],
    published: Value | None,
    series: str | None = None,
) -> Explanation:
    """Explains one value from the partitions that are at hand.

    Args:
        clock_us: how far the state has come; what is expected and worked so far is as of then.
        published: the row of kpi.values, where there is one.
        series: which one of a KPI with `by`; None is the whole.
    """
    plan = spec.plans[kpi]
    firsts = [part.first_us for part in kept if part.first_us is not None]
    first_us = min(firsts) if firsts else None
    scene = Scene(
        spec,
        plan,
        subject,
        window,
        clock_us,
        first_us,
        gather(kept, types_of(spec, kpi), spec.policy.horizon_us),
        series,
    )
    leaves, account = account_of(scene)
    partitions = tuple(_partition(part) for part in kept)
    marks = [part.watermark_us for part in kept if part.watermark_us is not None]
    # Whole UTC days go, so a day that the horizon cuts is still there.
    kept_from_us = (max(marks) - spec.policy.horizon_us) // DAY_US * DAY_US if marks else None
    excluded, changes = scene.excluded(), tuple(_changes(scene))
    told = Explanation(
        scene=scene,
        published=published,
        account=account,
        leaves=leaves,
        excluded=excluded,
        changes=changes,
        target=_target(scene),
        time=tell_time(scene),
        partitions=partitions,
        kept_from_us=kept_from_us,
        elsewhere=tuple(sorted(set(range(spec.observe.partitions)) - {part.partition for part in kept})),
        notes=(),
    )
    return _noted(told)


def _noted(told: Explanation) -> Explanation:
    scene, account, published = told.scene, told.account, told.published
    anonymous, folded = scene.plan.kpi.anonymous is not None, scene.series == OTHER
    closed = published is not None and published.version > 0
    differs = (
        not anonymous
        and not folded
        and account is not None
        and published is not None
        and (account.n != published.n or not _same(account.value, published.value, scene))
    )
    nothing = published is None and not any(leaf.events for leaf in told.leaves)
    forgotten = told.kept_from_us is not None and scene.window.start_us < told.kept_from_us
    said = {
        Note.ANONYMOUS: anonymous,
        Note.FOLDED: folded,
        Note.UNTOLD: account is None and not folded,
        Note.NOTHING: nothing,
        Note.DIFFERS: differs,
        Note.FORGOTTEN: forgotten,
        Note.COUNTED_FROM: published is not None and published.counted_from is not None,
        Note.MINOR: _tells_minor_units(told),
        Note.ELSEWHERE: bool(told.elsewhere),
        Note.ARRIVAL: closed and published is not None and published.version > 1,
        Note.IDENTITIES: any(part.outcomes.get(name) for part in told.partitions for name in OUTCOMES[:3]),
    }
    notes = tuple(note for note, holds in said.items() if holds)
    if folded:  # which series these are changes with every publication
        return replace(told, notes=notes, account=None, leaves=(), changes=(), excluded=())
    if not anonymous:
        return replace(told, notes=notes)
    # Successive sums would reveal single answers: of an anonymous KPI only how many there were is told.
    return replace(told, notes=notes, account=None, leaves=(), changes=(), excluded=tuple(_counted_only(told.excluded)))


def _tells_minor_units(told: Explanation) -> bool:
    scene = told.scene
    currency = scene.spec.catalogue.tenant.currency
    money = scene.plan.kpi.unit.startswith(currency) or any(leaf.unit == currency for leaf in told.leaves)
    return money and get_currency_precision(currency) > 0


def _same(counted: Number | None, published: Number | None, scene: Scene) -> bool:
    """What is projected, or has grown to date, moves with every second, and was published some seconds ago."""
    to_date = scene.plan.growing is not None and scene.clock_us < scene.window.end_us
    if counted is None or published is None or not (scene.plan.ages or to_date):
        return counted == published
    whole = scene.plan.percent if to_date else 0  # growth of 0 % is all of the baseline
    return abs(counted - published) <= AGED * max(abs(counted + whole), abs(published + whole))


def _counted_only(excluded: Sequence[Excluded]) -> list[Excluded]:
    return [one._replace(examples=()) for one in excluded]


def _partition(part: Kept) -> PartitionTold:
    outcomes: dict[str, int] = {}
    for (outcome, *_), number in part.counts.items():
        outcomes[outcome] = outcomes.get(outcome, 0) + number
    return PartitionTold(part.partition, part.watermark_us, {name: n for name, n in sorted(outcomes.items()) if n})


def _target(scene: Scene) -> TargetTold | None:
    targets, kpi = scene.spec.targets, scene.plan.kpi
    if scene.series is not None and not scene.plan.measure_class.holds_for_parts:
        return None
    value = targets.of(kpi.id, scene.subject, scene.window)
    if value is None:
        return None
    pieces = targets.pieces(kpi.id, scene.subject, scene.window)
    base = targets.base(kpi.id, scene.subject, scene.window)
    return TargetTold(value, base, targets.strict(kpi.id, scene.subject, scene.window), tuple(pieces))


def _changes(scene: Scene) -> list[ChangeTold]:
    plan = scene.plan
    read = {field for leaf in (*plan.leaves, *plan.keys, *plan.journeys) for field in _fields(leaf)}
    closes_us = minute_from(scene.window.end_us + scene.spec.policy.grace_us)
    return [
        ChangeTold(
            role=change.role,
            effect=change.effect,
            source=change.event.source,
            id=change.event.id,
            type=change.event.type,
            time_us=change.event.time_us,
            of=identity_of(case.root),
            of_time_us=case.root.time_us,
            changed=_changed(case, change, read),
            after_close=change.event.time_us >= closes_us,
        )
        for case in scene.touched()
        for change in case.changes
    ]


def _changed(case: Case, change: Change, read: set[str]) -> dict[str, tuple[object, object]]:
    data = change.event.data
    if change.role is Role.REVERSAL:
        return {"amount": (case.effective.data.get("amount"), data.get("amount"))}
    if change.role is Role.RETRACTION:
        return {}
    old = case.root.data
    fields = [field for field in sorted(read | set(TOLD_FIELDS)) if old.get(field) != data.get(field)]
    return {field: (old.get(field), data.get(field)) for field in fields}


def _fields(leaf: CountLeaf | SumLeaf | KeyLeaf | JourneyLeaf) -> tuple[str, ...]:
    if isinstance(leaf, JourneyLeaf):
        tested = [field for part in leaf.parts for field in part.holds.fields]
        return (*(leaf.fields or ()), *leaf.measured, *tested)
    return (*leaf.holds.fields, *(() if isinstance(leaf, CountLeaf) else leaf.fields))


def weighed(piece: Piece) -> int | float:
    """What a piece adds to its target."""
    exact: Fraction = piece.value * piece.share
    return exact.numerator if exact.denominator == 1 else float(exact)
