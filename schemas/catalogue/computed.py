"""What the grammar knows and the engine does not compute: refused at load with a sentence."""

from collections.abc import Iterator
from typing import Any

from schemas.catalogue.growth_rules import grain_of
from schemas.catalogue.measures import Growth, leading_key
from schemas.catalogue.measures_growth import Between
from schemas.catalogue.measures_parts import Node
from schemas.catalogue.models import Catalogue
from schemas.catalogue.problems import Finding

_JOINED = frozenset({"quantile", "latest", "conversion", "elapsed", "retention", "repeat"})


def not_computed(catalogue: Catalogue) -> Iterator[Finding]:
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
