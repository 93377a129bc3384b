"""Measures that the grammar knows and the engine does not compute yet: refused at load, each with its sentence.

To lift one, take its key out of `NOT_COMPUTED`.
"""

from collections.abc import Iterator
from typing import Any

from schemas.catalogue.measures import leading_key
from schemas.catalogue.measures_parts import Node
from schemas.catalogue.models import Catalogue, Kpi
from schemas.catalogue.problems import Finding, Loc

NOT_COMPUTED = frozenset(
    {"quantile", "latest", "conversion", "elapsed", "retention", "repeat", "growth", "attainment", "by"}
)
"""Leading keys of measures (`quantile` also as a form of `elapsed`), and `by` of a KPI."""


def not_computed(catalogue: Catalogue) -> Iterator[Finding]:
    """One finding for each KPI and each thing in it that no engine computes."""
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
