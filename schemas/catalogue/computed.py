"""Measures that the grammar knows and the engine does not compute yet: refused at load, each with its sentence.

To lift one, take its key out of `NOT_COMPUTED`.
"""

from collections.abc import Iterator
from typing import Any

from schemas.catalogue.growth_rules import grain_of
from schemas.catalogue.measures import Growth, leading_key
from schemas.catalogue.measures_growth import Between
from schemas.catalogue.measures_parts import Node
from schemas.catalogue.models import Catalogue, Kpi
from schemas.catalogue.problems import Finding, Loc

NOT_COMPUTED: frozenset[str] = frozenset()
"""Leading keys of measures, and `by` of a KPI."""

_JOINED = frozenset({"quantile", "latest", "conversion", "elapsed", "retention", "repeat"})


def not_computed(catalogue: Catalogue) -> Iterator[Finding]:
    """One finding for each KPI and each thing in it that no engine computes."""
    yield from _baselines(catalogue)
    for number, kpi in enumerate(catalogue.kpis):
        loc: Loc = ("kpis", number)
        for key in sorted(used_by(kpi) & NOT_COMPUTED):
            yield Finding(
                "KPI040",
                (*loc, "by" if key == "by" else "measure"),
                key,
                f"`{key}` chưa được tính trong phiên bản này; hãy bỏ KPI `{kpi.id}` hoặc chờ phiên bản sau",
                f"`{key}` is not computed by this version; leave the KPI `{kpi.id}` out, or wait for a later one",
            )


def _baselines(catalogue: Catalogue) -> Iterator[Finding]:
    """Growth against dates of what joins events, or counts distinct keys: only one whole period is kept of it."""
    for number, kpi in enumerate(catalogue.kpis):
        if not isinstance(kpi.measure, Growth):
            continue
        parts = kpi.measure.growth
        if isinstance(parts.against, Between) and grain_of(parts.against) is None and _is_joined(parts.of):
            dates = f"{parts.against.from_} - {parts.against.to}"
            yield Finding(
                "KPI040",
                ("kpis", number, "measure", "growth", "against"),
                dates,
                f"phép đo này chỉ so được với trọn một ngày, tuần, tháng, quý hoặc năm; {dates} không phải",
                f"this measure is compared with one whole day, week, month, quarter or year only; {dates} is none",
            )


def _is_joined(part: Any) -> bool:
    """Whether stage LINK computes a measure, or something that it is composed of."""
    if isinstance(part, tuple):
        return any(map(_is_joined, part))
    if not isinstance(part, Node):
        return False
    keyed = getattr(part, "distinct", None) or getattr(part, "per", None)
    return bool(keyed) or leading_key(part) in _JOINED or any(_is_joined(inner) for _, inner in part)


def used_by(kpi: Kpi) -> set[str]:
    """What a KPI needs of the engine, in the words of `NOT_COMPUTED`."""
    return {*_leading_keys(kpi.measure), *(["by"] if kpi.by else [])}


def _leading_keys(part: Any) -> Iterator[str]:
    """The leading keys of a measure and of what it is composed of."""
    if isinstance(part, tuple):
        for item in part:
            yield from _leading_keys(item)
    if isinstance(part, Node):
        if (key := leading_key(part)) is not None:
            yield key
        for _, inner in part:
            yield from _leading_keys(inner)
