"""`by` of a KPI: a field that every event behind the value has, and that tells few series apart."""

from collections.abc import Iterator, Sequence

from schemas.catalogue.journey_rules import Journey, first_types
from schemas.catalogue.measures import Count, Latest, Mean, Quantile, Retention, Sum
from schemas.catalogue.models import Kpi
from schemas.catalogue.problems import Finding, Loc
from schemas.catalogue.where_rules import lacking
from schemas.events.registry import FieldKind, Registry

HIRED = "employee.hired"
_KINDS = {FieldKind.ID, FieldKind.TEXT, FieldKind.INTEGER, FieldKind.BOOLEAN}


def check_series(
    kpi: Kpi, parts: Sequence[Count | Sum | Mean | Quantile | Latest | Journey], loc: Loc, registry: Registry
) -> Iterator[Finding]:
    """What is wrong with the `by` of a KPI whose `parts` read types that exist; `loc` is the KPI's."""
    if kpi.by is None:
        return
    field, at = kpi.by.field, (*loc, "by")
    if not parts:
        yield Finding(
            "KPI031",
            at,
            field,
            "`attainment` đếm người, không đọc sự kiện, nên không chia được theo trường",
            "`attainment` counts persons and reads no events, so no field can divide it",
        )
    if kpi.anonymous is not None:
        yield Finding(
            "KPI031",
            at,
            field,
            "`by` và `anonymous` không đi cùng nhau: chia nhỏ sẽ lộ từng câu trả lời",
            "`by` and `anonymous` do not go together: small series would reveal single answers",
        )
    if any(isinstance(part, Retention) and HIRED in part.retention.base.of for part in parts):
        yield Finding(
            "KPI031",
            at,
            field,
            "ai đang làm việc đầu kỳ là do danh mục nói, không phải sự kiện, nên không chia được theo trường",
            "who is employed when a period begins the catalogue says, not events, so no field can divide it",
        )
    types = list(dict.fromkeys(type_ for part in parts for type_ in first_types(part)))
    missing = list(lacking(field, types, at, registry))
    yield from missing
    kinds = [] if missing else [registry.fields_of(type_)[field] for type_ in types]
    if odd := [kind for kind in kinds if kind not in _KINDS]:
        yield Finding(
            "KPI031",
            at,
            field,
            f"trường `{field}` kiểu {odd[0]} không chia được thành từng dãy; cần mã, chữ, số nguyên hoặc đúng/sai",
            f"the field `{field}` of kind {odd[0]} makes no series; it takes an id, a text, an integer or a boolean",
        )
