"""From a measure of the grammar that joins events to the leaf that computes it."""

from collections.abc import Sequence

from schemas.catalogue.measures import Latest, Quantile
from schemas.catalogue.measures_journeys import (
    AsQuantile,
    AsShareWithin,
    Clock,
    Conversion,
    Credit,
    Elapsed,
    Late,
    Repeat,
    Retention,
)
from schemas.catalogue.measures_parts import Select, Where
from streams.core.journeys import cohorts, elapsed, levels, quantiles, retention, staff
from streams.core.measures.journey_leaves import JourneyLeaf, Part
from streams.core.measures.where import Filter

Joining = Conversion | Elapsed | Retention | Repeat | Latest | Quantile
HIRED, PERSON = "employee.hired", ("person_id",)
ANY = 1
"""The role of events where there is only one."""


def leaf_of(node: Joining, index: int, scale: int) -> JourneyLeaf:
    """The leaf of a measure; `scale` is that of the fields that it adds up."""
    if isinstance(node, Conversion):
        return _conversion(node, index)
    if isinstance(node, Elapsed):
        return _elapsed(node, index)
    if isinstance(node, Repeat):
        repeat = cohorts.Repeat(node.repeat.within.us, node.as_)
        return JourneyLeaf(index, repeat, (_part(ANY, node.repeat.of),), node.repeat.key)
    if isinstance(node, Retention):
        parts = (_select(retention.BASE, node.retention.base), _select(retention.LOST, node.retention.lost))
        idle, key = node.retention.idle, node.retention.key
        if HIRED in node.retention.base.of and key == PERSON:
            return JourneyLeaf(index, staff.Staff(), parts, key)
        return JourneyLeaf(index, retention.Retention(None if idle is None else idle.us), parts, key)
    if isinstance(node, Latest):
        return JourneyLeaf(
            index,
            levels.Latest(node.at, scale),
            (_part(ANY, node.of),),
            node.per,
            falls_back=True,
            by_subject=node.per is None,
            measured=(node.latest,),
            scale=scale,
        )
    return JourneyLeaf(
        index,
        quantiles.Quantile(node.q, scale),
        (_part(ANY, node.of, node.where),),
        node.per,
        falls_back=True,
        measured=node.quantile,
        scale=scale,
    )


def _conversion(node: Conversion, index: int) -> JourneyLeaf:
    said = node.conversion
    journey = cohorts.Conversion(said.within.us, node.as_, said.credit is Credit.TO)
    to = _select(cohorts.TO, said.to)._replace(converts=True)
    return JourneyLeaf(index, journey, (_select(cohorts.FROM, said.from_), to), said.key)


def _elapsed(node: Elapsed, index: int) -> JourneyLeaf:
    said, form = node.elapsed, node.as_
    parts = [_select(elapsed.FROM, said.from_), _select(elapsed.TO, said.to)]
    for role, select in ((elapsed.STOP, said.stop), (elapsed.UNDO, said.undo)):
        if select is not None:
            parts.append(_select(role, select))
    if said.pause is not None:
        parts += [_part(elapsed.PAUSE, said.pause[:1]), _part(elapsed.RESUME, said.pause[1:])]
    journey = elapsed.Elapsed(
        business=said.clock is Clock.BUSINESS,
        within_us=form.share_within.us if isinstance(form, AsShareWithin) else None,
        late_is_good=isinstance(form, AsShareWithin) and form.late is Late.GOOD,
        q=form.quantile if isinstance(form, AsQuantile) else None,
        hold_us=None if said.hold is None else said.hold.us,
        credits_answer=said.credit is Credit.TO,
    )
    return JourneyLeaf(index, journey, tuple(parts), said.key)


def _select(role: int, select: Select) -> Part:
    return _part(role, select.of, select.where)


def _part(role: int, types: Sequence[str], where: Where | None = None) -> Part:
    return Part(role, frozenset(types), Filter(where or {}))
