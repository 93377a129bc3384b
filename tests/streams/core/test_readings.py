"""A value row as a prepared line says what its model says."""

import json

from hypothesis import given
from hypothesis import strategies as st

from schemas.values import Scope, Status, Value
from streams.core.calendar import build
from streams.core.readings import Figures, Line
from streams.core.series import is_whole, joined
from streams.core.windows import Window
from tests.streams.core import worlds
from tests.streams.core.plans import plans_of

CATALOGUE = worlds.catalogue(1)
PLAN = plans_of(CATALOGUE)[0]
HOURS = build(CATALOGUE).tenant
numbers = st.one_of(st.none(), st.integers(), st.floats(allow_nan=False, allow_infinity=False))
fractions = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))
figures = st.builds(
    Figures, numbers, numbers, numbers, fractions, st.integers(), st.sampled_from(Status), numbers, numbers
)


subjects = st.text().filter(is_whole)


def line(name: str, scope: Scope, counted_from: str | None) -> Line:
    return Line.of(
        PLAN,
        name,
        Window("2026-11", 0, 1),
        scope,
        target=None,
        base=None,
        strict=False,
        working_time=HOURS,
        ends=("2026-11-01T00:00:00+07:00", "2026-12-01T00:00:00+07:00"),
        counted_from=counted_from,
    )


begun = st.sampled_from([None, "2026-11-18T07:00:00+07:00"])


@given(subjects, st.one_of(st.none(), st.text()), st.sampled_from(Scope), figures, st.integers(0, 9), begun)
def test_the_record_reads_as_the_model(
    subject: str, series: str | None, scope: Scope, told: Figures, version: int, counted_from: str | None
) -> None:
    row = line(subject if series is None else joined(subject, series), scope, counted_from)

    record = row.record(told, version)

    assert row.model(told, version) == Value.model_validate_json(record)
    assert (row.subject, row.series) == (subject, series)
    optional = {"series": series, "raw": told.raw, "matured": told.matured, "counted_from": counted_from}
    assert list(json.loads(record)) == [name for name in Value.model_fields if optional.get(name, 0) is not None]
