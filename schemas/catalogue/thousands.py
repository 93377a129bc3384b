"""Targets written `300.000`, which YAML reads as 300: asked of what was written, for the value no longer tells.

Only where three decimals make little sense: money, and what counts or sums things.
"""

from collections.abc import Iterator

from schemas.catalogue.measures import Count, Difference, Latest, Sum, SumOf
from schemas.catalogue.models import Catalogue, Kpi
from schemas.catalogue.problems import Finding, Loc
from schemas.catalogue.slips import maybe_thousands
from schemas.catalogue.units import DURATION_UNITS
from schemas.catalogue.yaml_tree import Node


def find_thousands(catalogue: Catalogue, tree: Node) -> Iterator[Finding]:
    """Targets of KPIs and goals of which somebody may have meant a thousand times as much."""
    for loc in _amounts(catalogue):
        *_, node = tree.trail(loc)
        if isinstance(node.value, float) and maybe_thousands(node.text):
            text = node.text
            as_read = text.rstrip("0").rstrip(".") if text.endswith("0") else f"{text}0"
            meant = text.replace(".", "")
            yield Finding(
                "KPI017",
                loc,
                node.value,
                f"`{text}` được đọc là {node.value:g}, vì dấu chấm là dấu thập phân; viết {meant}, hoặc {as_read} nếu"
                " đúng là vậy",
                f"`{text}` is read as {node.value:g}, for a dot begins decimals; write {meant}, or {as_read} if that is"
                " meant",
            )


def _amounts(catalogue: Catalogue) -> Iterator[Loc]:
    currency = catalogue.tenant.currency
    for number, goal in enumerate(catalogue.goals):
        if goal.unit == currency:
            yield "goals", number, "target"
    for number, kpi in enumerate(catalogue.kpis):
        for place in range(len(kpi.targets)) if _is_amount(kpi, currency) else ():
            yield "kpis", number, "targets", place, "value"
            yield "kpis", number, "targets", place, "start"


def _is_amount(kpi: Kpi, currency: str) -> bool:
    if kpi.unit.partition("/")[0] == currency:
        return True
    return isinstance(kpi.measure, Count | Sum | SumOf | Difference | Latest) and kpi.unit not in DURATION_UNITS
