"""What JUDGE takes together comes to what it takes cell by cell."""

from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalogue.models import Catalogue, Kpi
from schemas.topics import Stage
from streams.core import partials
from streams.core.frames import Cell, Frame, Slice
from streams.core.layout import Layout
from streams.core.pipeline import stages
from streams.core.policy import MINUTE_US, Policy
from streams.core.rows import packed
from streams.core.stage import Now, PartitionState, PlainRecord, Step
from tests.streams.core.plans import plans_of
from tests.streams.core.test_judge_pacing import CATALOGUE, NOON_US, WALL_US

calm = pytest.importorskip("streams.core.calm", reason="installed where there was no compiler")

CALLS = CATALOGUE.kpis[0]
SALES = {"id": "sales", "measure": {"count": "sale.closed"}, "unit": "sales"}
AIMED = {
    "id": "aimed",
    "kind": "leading",
    "goal": "grow",
    "targets": [{"value": 9}],
    "measure": {"count": "meeting.held"},
}


def company(*more: dict[str, Any]) -> Catalogue:
    kpis = (CALLS, *(Kpi.model_validate(CALLS.model_dump(by_alias=True, exclude_none=True) | one) for one in more))
    return CATALOGUE.model_copy(update={"kpis": kpis})


PLAIN, WITH_TARGETS = company(SALES), company(SALES, AIMED)
parts: st.SearchStrategy[int | str] = st.one_of(st.integers(0, 3), st.sampled_from([str(2**64), 2**63]))
subjects = st.sampled_from(["an", "bo", "t1", "nobody"])
days = st.sampled_from(["2026-11-23", "2026-11-22", "2026-11"])


@st.composite
def chunks(draw: st.DrawFn, width: int) -> list[list[PlainRecord]]:
    """Vectors of two sources, which mostly grow."""
    layout = Layout(plans_of(PLAIN if width == 6 else WITH_TARGETS))
    clock_us, chunks = NOON_US, []
    for _ in range(draw(st.integers(2, 5))):
        chunk = []
        for source in ("o0", "o1"):
            vectors = st.lists(parts, min_size=width, max_size=width)
            cells: list[Cell] = [
                (0, subject, day, draw(vectors))
                for subject, day in draw(st.lists(st.tuples(subjects, days), max_size=4, unique=True))
            ]
            clock_us += draw(st.sampled_from([0, 1, MINUTE_US]))
            slices = [Slice(clock_us // MINUTE_US * MINUTE_US, cells, layout=layout.fingerprint)]
            chunk.append(PlainRecord(0, 0, None, packed(Frame(source, clock_us, NOON_US, slices))))
        chunks.append(chunk)
    return chunks


def opened(catalogue: Catalogue) -> PartitionState:
    specs = stages(catalogue, Policy(), 2, lambda key: 0)
    state = next(spec for spec in specs if spec.stage is Stage.JUDGE).open(0)
    state.ready()
    return state


def fed(catalogue: Catalogue, chunks: list[list[PlainRecord]]) -> list[Step]:
    judge = opened(catalogue)
    steps = [judge.feed(chunk, Now(WALL_US + number * 1_000_000, True)) for number, chunk in enumerate(chunks)]
    return [Step(sorted(step.sends, key=lambda send: send.key or b""), step.rows) for step in steps]


@pytest.mark.parametrize("catalogue", [PLAIN, WITH_TARGETS], ids=["metrics", "targets"])
def test_rows_and_values_are_the_same(catalogue: Catalogue) -> None:
    @settings(max_examples=20, deadline=None)
    @given(chunks(3 * len(catalogue.kpis)))
    def holds(chunks: list[list[PlainRecord]]) -> None:
        together = fed(catalogue, chunks)
        with patch.object(partials, "hear", None):
            assert fed(catalogue, chunks) == together

    holds()


def test_growth_of_open_rows_is_taken_together_and_anything_else_is_left() -> None:
    layout = Layout(plans_of(PLAIN))
    taken: list[int] = []

    def hear(cells: list[Cell], *more: Any) -> Any:
        left = calm.hear(cells, *more)
        taken.append(len(cells) - len(left[0]))
        return left

    def told(*numbers: int) -> list[PlainRecord]:
        cells: list[Cell] = [(0, "an", "2026-11-23", [number, number, number, 0, 0, 0]) for number in numbers]
        slices = [Slice(NOON_US // MINUTE_US * MINUTE_US, cells, layout=layout.fingerprint)]
        return [PlainRecord(0, 0, None, packed(Frame(source, NOON_US, NOON_US, slices))) for source in ("o0", "o1")]

    judge = opened(PLAIN)
    with patch.object(partials, "hear", hear):
        for number in (1, 2, 1, 3):
            judge.feed(told(number), Now(WALL_US, True))

    assert taken == [0, 0, 1, 1, 0, 0, 1, 1]
