"""Names of series: how `by` of a KPI divides what is counted of a subject.

A series is a subject of its own on the road, named after its subject and the value of the field; it is routed, merged
and forgotten with that subject, and taken apart again where rows are made (`series_rows`).
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from schemas.catalogue.models import Kpi

OTHER = "other"
"""The series that the smaller ones are folded into. A field that says `other` is folded into it too."""
SEPARATOR = "\x1f"
"""Between a subject and the series; no subject contains it."""
MOST_CHARACTERS = 128
"""Of a series' name, as of an id: it stands in keys and labels."""


def named_in(kpi: Kpi, data: Mapping[str, Any]) -> str | None:
    """The series that an event belongs to; None where the KPI has none, or the event lacks the field."""
    value = None if kpi.by is None else data.get(kpi.by.field)
    return None if value is None else name_of(value)


def name_of(value: str | int | bool) -> str:
    """A field's value as the name of a series: booleans and integers as JSON has them, a long text by its beginning and
    a digest.

    >>> name_of(True), name_of(7), name_of("Tết | 2026")
    ('true', '7', 'Tết | 2026')
    """
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if len(text) <= MOST_CHARACTERS:
        return text
    digest = blake2b(text.encode(), digest_size=8).hexdigest()
    return f"{text[: MOST_CHARACTERS - len(digest) - 1]}~{digest}"


def joined(subject: str, series: str) -> str:
    """The name under which a series of a subject is counted."""
    return f"{subject}{SEPARATOR}{series}"


def parted(name: str) -> tuple[str, str | None]:
    """(subject, series) of a name; None for the whole."""
    subject, separator, series = name.partition(SEPARATOR)
    return subject, series if separator else None


def whole_of(name: str) -> str:
    """The subject of a name."""
    return name.partition(SEPARATOR)[0]


def is_whole(name: str) -> bool:
    """Whether a name is a subject's own, and no series'."""
    return SEPARATOR not in name
