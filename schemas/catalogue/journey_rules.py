"""Measures that join events: every part of them has the key, the parts can be told apart, and the clock fits."""

from collections.abc import Iterator, Mapping

from schemas.catalogue.field_rules import check_key, check_types
from schemas.catalogue.measures import (
    Conversion,
    Count,
    Elapsed,
    Latest,
    Mean,
    Quantile,
    Repeat,
    Retention,
    Select,
    Sum,
)
from schemas.catalogue.measures_journeys import AsShareWithin, Clock
from schemas.catalogue.problems import Finding, Loc
from schemas.catalogue.where_rules import check_where
from schemas.events.registry import Registry

Journey = Conversion | Elapsed | Retention | Repeat
_OPPOSED = (("to", "from"), ("stop", "from"), ("stop", "to"), ("undo", "to"), ("lost", "base"))
"""Parts of which one event cannot be both; `stop` and `undo` may be alike, one counts before `to`, the other after."""


def check_journey(journey: Journey, loc: Loc, registry: Registry) -> Iterator[Finding]:
    """What is wrong with a measure that joins events; `loc` is the measure's."""
    inside, key, selects = _parts(journey, loc)
    known = True
    for name, select in selects.items():
        at = (*inside, name)
        # Types alone may stand for the block; with a `where` it is one.
        bad = list(check_types(select.of, (*at, "of") if select.where else at, registry))
        known = known and not bad
        yield from bad
        if not bad:
            yield from check_where(select.where, select.of, (*at, "where"), registry)
    pause = journey.elapsed.pause or () if isinstance(journey, Elapsed) else ()
    bad = list(check_types(pause, (*inside, "pause"), registry))
    yield from bad
    if known and not bad:
        types = dict.fromkeys((*(type_ for select in selects.values() for type_ in select.of), *pause))
        yield from check_key(key, list(types), (*inside, "key"), registry)
    yield from _not_told_apart(selects, inside)
    if isinstance(journey, Elapsed):
        yield from _clock(journey, loc)


def first_types(part: Count | Sum | Mean | Quantile | Latest | Journey) -> tuple[str, ...]:
    """The types whose events decide in which period, and in which series, a part's value stands."""
    if isinstance(part, Count):
        return part.count
    if isinstance(part, Conversion):
        return part.conversion.from_.of
    if isinstance(part, Elapsed):
        return part.elapsed.from_.of
    if isinstance(part, Retention):
        return part.retention.base.of
    return part.repeat.of if isinstance(part, Repeat) else part.of


def _parts(journey: Journey, loc: Loc) -> tuple[Loc, tuple[str, ...], Mapping[str, Select]]:
    """Where the parts of a journey stand, its key, and what it selects by the name in YAML."""
    if isinstance(journey, Repeat):
        return (*loc, "repeat"), journey.repeat.key, {"of": Select(of=journey.repeat.of)}
    if isinstance(journey, Retention):
        kept = journey.retention
        return (*loc, "retention"), kept.key, {"base": kept.base, "lost": kept.lost}
    if isinstance(journey, Conversion):
        path = journey.conversion
        return (*loc, "conversion"), path.key, {"from": path.from_, "to": path.to}
    took = journey.elapsed
    named = {"from": took.from_, "to": took.to, "stop": took.stop, "undo": took.undo}
    return (*loc, "elapsed"), took.key, {name: select for name, select in named.items() if select is not None}


def _not_told_apart(selects: Mapping[str, Select], loc: Loc) -> Iterator[Finding]:
    for name, other in _OPPOSED:
        select, before = selects.get(name), selects.get(other)
        if select is None or before is None or select.where != before.where:
            continue
        if shared := [type_ for type_ in select.of if type_ in before.of]:
            yield Finding(
                "KPI027",
                (*loc, name),
                ", ".join(shared),
                f"`{name}` và `{other}` cùng chọn `{shared[0]}`, nên không phân biệt được",
                f"`{name}` and `{other}` both select `{shared[0]}` and cannot be told apart",
            )


def _clock(journey: Elapsed, loc: Loc) -> Iterator[Finding]:
    took, form = journey.elapsed, journey.as_
    if took.hold is not None and took.undo is None:
        yield Finding(
            "KPI027",
            (*loc, "elapsed", "hold"),
            str(took.hold),
            "`hold` cần `undo`: nếu không có gì hủy câu trả lời thì không có gì để chờ",
            "`hold` needs `undo`: where nothing takes an answer back there is nothing to wait for",
        )
    if took.clock is Clock.BUSINESS and isinstance(form, AsShareWithin) and form.share_within.unit == "d":
        yield Finding(
            "KPI028",
            (*loc, "as", "share_within"),
            str(form.share_within),
            f"đồng hồ làm việc tính bằng giờ, không bằng ngày; hãy đổi `{form.share_within}` ra giờ làm việc,"
            " hoặc dùng `clock: wall`",
            f"the business clock takes hours, never days; write `{form.share_within}` as working hours,"
            " or use `clock: wall`",
        )
