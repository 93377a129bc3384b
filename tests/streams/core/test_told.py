"""Rows that have a value and no more are told alike, compiled and not, and as their readings are."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.topics import VALUES
from schemas.values import Scope, Status, Value
from streams.core import told
from streams.core.calendar import build
from streams.core.journeys.contract import Linked
from streams.core.measures.plan import Slots
from streams.core.readings import Figures, Line
from streams.core.stage import Send
from streams.core.windows import Window
from tests.streams.core import worlds
from tests.streams.core.plans import plans_of

telling = pytest.importorskip("streams.core.telling", reason="installed where there was no compiler")

CATALOGUE = worlds.catalogue(1)
PLAN = plans_of(CATALOGUE)[0]
WIDTH = 4
places = st.integers(0, WIDTH - 1)
factors = st.sampled_from([1, 1, 60, 100, 10**9])
slots = st.builds(
    Slots,
    st.lists(st.tuples(st.sampled_from([1, 1, -1]), places), min_size=1, max_size=3).map(tuple),
    st.none() | places,
    factors,
    factors,
    places,
)
components = st.sampled_from([0, 0, 1, -1, 300]) | st.integers(-(2**70), 2**70)
vectors = st.lists(components, min_size=WIDTH, max_size=WIDTH)
Tell = Callable[[dict[str, Line], set[str], list[int], list[Send]], list[Line]]


def line(subject: str, of: Slots | None) -> Line:
    return Line.of(
        PLAN,
        subject,
        Window("2026-11", 0, 1),
        Scope.PERSON,
        target=None,
        base=None,
        strict=False,
        working_time=build(CATALOGUE).tenant,
        ends=("2026-11-01T00:00:00+07:00", "2026-12-01T00:00:00+07:00"),
        counted_from=None,
        slots=of,
    )


def sent(tell: Tell, of: dict[str, Slots | None], changed: set[str], vectors: list[list[int]]) -> Any:
    lines = {kpi: line(f"Lê {kpi}", one) for kpi, one in of.items()}
    sends: list[Send] = []
    left = [[one.subject for one in tell(lines, changed, vector, sends)] for vector in vectors]
    return sends, left, [one.shown for one in lines.values()]


names = st.sampled_from(["calls", "sales", "leads", "revenue"])


@settings(max_examples=200)
@given(st.dictionaries(names, slots | st.none(), min_size=1), st.sets(names), st.lists(vectors, min_size=1, max_size=3))
def test_both_ways_tell_the_same(of: dict[str, Slots | None], changed: set[str], vectors: list[list[int]]) -> None:
    assert sent(told.tell, of, changed, vectors) == sent(telling.tell, of, changed, vectors)


@pytest.mark.parametrize("tell", [told.tell, telling.tell])
def test_a_row_is_sent_when_its_value_or_its_events_have_changed(tell: Tell) -> None:
    share = Slots(((1, 1),), 2, 100, 1, 0)
    sends, left, (shown,) = sent(
        tell, {"share": share}, {"share"}, [[5, 1, 0, 0], [5, 1, 0, 0], [5, 1, 4, 0], [6, 1, 4, 0]]
    )

    assert [None, 25.0, 25.0] == [Value.model_validate_json(send.value).value for send in sends]
    assert all(send.topic is VALUES and send.partition is None for send in sends)
    assert shown == Figures(25.0, None, None, None, 6, Status.NONE)
    assert left == [[], [], [], []]


@pytest.mark.parametrize("tell", [told.tell, telling.tell])
def test_what_has_not_changed_or_has_no_slots_is_left(tell: Tell) -> None:
    count = Slots(((1, 1),), None, 1, 1, 0)

    assert ([], [["Lê aimed"]], [None, None]) == sent(tell, {"aimed": None, "calls": count}, {"aimed"}, [[1, 1, 0, 0]])


@settings(max_examples=50)
@given(st.integers(1, 50), st.lists(st.integers(0, 2**70), min_size=20, max_size=20))
def test_slots_read_what_a_reading_says(seed: int, numbers: list[int]) -> None:
    known = [(plan, plan.slots(3)) for plan in plans_of(worlds.catalogue(seed, kpis=10))]

    for plan, of in known:
        if of is not None:
            reading = plan.reading(numbers[3 : 3 + plan.width], Linked(()))
            assert (reading.value, reading.n) == (told.read(of, numbers), numbers[of.n])
    assert any(of is not None for _, of in known)
